//! How well it tells: pairs that people would call the same or not, and what holds for every pair.

use one_ledger::register::value::{Document, Value};
use one_ledger::review::duplicate::index::{Index, Place, Sort};
use one_ledger::review::duplicate::tell::{pieces, terms};
use one_ledger::review::duplicate::{Lexicon, Rules, kept, text};

use crate::app::{catalogue, root};

struct Pair {
    same: bool,
    names: [String; 2],
    functions: [String; 2],
}

fn pairs() -> Vec<Pair> {
    let mut reader = csv::Reader::from_path(root().join("tests/data/duplicate_pairs.csv")).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let cell = |n: usize| row[n].to_owned();
        Pair {
            same: &row[0] == "1",
            names: [cell(2), cell(4)],
            functions: [cell(3), cell(5)],
        }
    });
    rows.collect()
}

/// All entries of the pairs, two numbers a pair.
fn indexed(pairs: &[Pair]) -> Index {
    let lexicon = Lexicon::new(catalogue().regions());
    let mut index = Index::default();
    let mut id = 0;
    for pair in pairs {
        for (name, function) in pair.names.iter().zip(&pair.functions) {
            let mut document = Document::new();
            let function = Value::Text(function.clone());
            document.insert("main_function".to_owned(), function);
            let facts = kept::facts(&lexicon, Sort::System, "", name, &document, &[]);
            let place = Place {
                id,
                sort: Sort::System,
                code: id.to_string(),
                department: id,
                retired: false,
                present: true,
            };
            index.put(place, &facts);
            id += 1;
        }
    }
    index
}

fn score(index: &Index, one: i64, other: i64) -> u8 {
    let query = index.about(one).unwrap();
    index.compare(&query, index.doc(other).unwrap()).score
}

#[test]
fn precision_and_recall_are_what_the_readme_says() {
    let pairs = pairs();
    assert!(pairs.len() >= 120, "{} pairs", pairs.len());
    let index = indexed(&pairs);
    let mut judged = Vec::new();
    for (first, pair) in (0_i64..).step_by(2).zip(&pairs) {
        let there = score(&index, first, first + 1);
        assert_eq!(there, score(&index, first + 1, first), "{:?}", pair.names);
        judged.push((pair.same, there));
    }
    let figures = |from: u8| {
        let same = judged.iter().filter(|j| j.0).count();
        let hit = judged.iter().filter(|j| j.0 && j.1 >= from).count();
        let wrong = judged.iter().filter(|j| !j.0 && j.1 >= from).count();
        (hit * 1_000 / (hit + wrong), hit * 1_000 / same)
    };
    let rules = Rules::default();
    let (strong, possible) = (figures(rules.strong), figures(rules.possible));
    eprintln!("of 1000: strong {strong:?}, possible {possible:?} (precision, recall)");
    assert!(strong.0 >= 980 && strong.1 >= 900, "strong: {strong:?}");
    assert!(
        possible.0 >= 930 && possible.1 >= 980,
        "possible: {possible:?}"
    );
}

#[test]
fn generic_words_alone_are_never_strong() {
    let generic = [
        "综合信息管理平台",
        "信息管理系统",
        "综合服务平台",
        "大数据平台",
        "智慧城市数字化系统建设项目",
        "业务管理信息系统升级改造项目",
        "统一数据共享服务平台（二期）",
    ];
    let mut all = pairs();
    let first = i64::try_from(all.len() * 2).unwrap();
    let count = generic.len();
    for name in generic {
        all.push(Pair {
            same: false,
            names: [name.to_owned(), name.to_owned()],
            functions: [String::new(), String::new()],
        });
    }
    let index = indexed(&all);
    let possible = Rules::default().possible;
    for one in 0..i64::try_from(count * 2).unwrap() {
        for other in 0..i64::try_from(count * 2).unwrap() {
            let name = generic[usize::try_from(one / 2).unwrap()];
            let score = score(&index, first + one, first + other);
            // 智慧城市 still says which of the generic ones it is.
            let same = one / 2 == other / 2 && name.contains("城市");
            assert!(same || score < possible, "{name}: {score}");
        }
    }
}

#[test]
fn what_is_marked_is_in_both() {
    let lexicon = Lexicon::new(catalogue().regions());
    let mut marked = 0;
    for pair in pairs() {
        for [one, other] in [&pair.names, &pair.functions].map(|p| [&p[0], &p[1]]) {
            let (a, b) = (
                text::read(&lexicon, one, &[]),
                text::read(&lexicon, other, &[]),
            );
            let (of_a, of_b) = (terms(&[&a]), terms(&[&b]));
            for (written, read, theirs) in [(one, &a, &of_b), (other, &b, &of_a)] {
                let shown = pieces(written, read, theirs);
                let whole: String = shown.iter().map(|p| p.text.as_str()).collect();
                assert_eq!(&whole, written);
                let places: Vec<bool> = shown
                    .iter()
                    .flat_map(|p| std::iter::repeat_n(p.shared, p.text.chars().count()))
                    .collect();
                for (at, shared) in places.iter().enumerate() {
                    let covered = read.terms.iter().any(|t| {
                        (t.from..t.to).contains(&at)
                            && of_a.contains(&t.term)
                            && of_b.contains(&t.term)
                    });
                    assert!(!shared || covered, "{written} at {at}");
                    marked += usize::from(*shared);
                }
            }
        }
    }
    assert!(marked > 500, "{marked} characters only");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    /// Whatever is written: a text is taken apart without loss, and both directions score alike.
    #[test]
    fn any_two_texts_score_the_same_both_ways(
        one in "[学籍医保信息管理系统平台a-z0-9（）\\.二期年 ]{0,40}",
        other in "\\PC{0,60}",
    ) {
        let pair = Pair {
            same: false,
            names: [one.clone(), other.clone()],
            functions: [other, one],
        };
        let index = indexed(&[pair]);
        proptest::prop_assert_eq!(score(&index, 0, 1), score(&index, 1, 0));
    }
}
