//! 汇聚: how datasets stand on the platform, rates that equal a naive count, reports of many at once.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use one_ledger::auth::viewer::Extents;
use one_ledger::auth::{Role, Viewer};
use one_ledger::clock;
use one_ledger::error::Error;
use one_ledger::ledger::as_of::Definitions;
use one_ledger::org::directory::Directory;
use one_ledger::sharing::collection::{
    self, CYCLES, Counts, Cursor, Fate, Filter, Item, Listed, Pushed, Rate, Slice, State,
};
use one_ledger::sheet::export::ExportFormat;
use proptest::prelude::*;

use crate::app::{Ledger, on_both_settled};

mod walk;
mod web;

const HEAD: &str = "信息资源代码|信息资源名称|信息资源提供方|目录状态|共享类型|开放属性|更新周期|最近更新时间|是否已汇聚|汇聚方式|汇聚起始日期|平台最近更新时间";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Datasets of three departments, near and far, in every state.
pub fn fill(ledger: &Ledger) {
    let today = clock::today();
    let ago = |days: u64| today.checked_sub_days(Days::new(days)).unwrap().to_string();
    let lines = [
        HEAD.to_owned(),
        format!(
            "D-1|学籍信息|示例市教育局|已发布|无条件共享|不予开放|每月||是|增量|2024-06|{}",
            ago(20)
        ),
        format!(
            "D-2|教师信息|示例市教育局|已发布|有条件共享|有条件开放|每月|{}|是|全量|2024-06-01|{}",
            ago(1),
            ago(60)
        ),
        format!(
            "D-3|招生信息|示例市教育局|已发布|不予共享|不予开放|每年|{}|否|||",
            ago(9)
        ),
        "D-4|考试信息|示例市教育局|已发布||||||||".to_owned(),
        format!(
            "D-5|校舍信息|示例市教育局|已发布|无条件共享|无条件开放|不定期||是|全量|2023|{}",
            ago(900)
        ),
        "D-6|学校名录|示例市教育局|已发布|无条件共享|无条件开放|每周||是|实时||".to_owned(),
        format!(
            "D-7|未发布信息|示例市教育局|待审核|无条件共享|无条件开放|每周||是|实时||{}",
            ago(1)
        ),
        format!(
            "D-8|医保结算信息|示例市医疗保障局|已发布|有条件共享|不予开放|实时||是|实时|2025-01-01|{}",
            ago(5)
        ),
        format!(
            "D-9|县学籍信息|示例县教育局|已发布|无条件共享|不予开放|每日||是|增量|2025-01-01|{}",
            ago(2)
        ),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    ledger.partial(&ledger.draw("datasets.xlsx", &lines));
    collection::refresh(&mut ledger.conn()).unwrap();
}

fn directory(ledger: &Ledger) -> Directory {
    Directory::load(&mut ledger.conn()).unwrap()
}

/// Somebody with a role over departments by code.
fn viewer(ledger: &Ledger, role: Role, own: &[&str], level: &[&str], subtree: &[&str]) -> Viewer {
    let directory = directory(ledger);
    let ids = |codes: &[&str]| {
        let mut ids: Vec<i64> = codes
            .iter()
            .map(|c| directory.by_code(c).unwrap().id)
            .collect();
        ids.sort_unstable();
        ids
    };
    let home = own.first().map(|c| directory.by_code(c).unwrap().id);
    let extents = Extents {
        own: ids(own),
        level: ids(level),
        subtree: ids(subtree),
    };
    Viewer::signed_in(7, "某人", home, &[(role, home, extents)])
}

fn bureau(ledger: &Ledger) -> Viewer {
    let city = ["SL001", "SL013", "SL015"];
    let below = ["SL001", "SL013", "SL015", "SL202"];
    viewer(ledger, Role::Bureau, &["SL015"], &city, &below)
}

fn list(ledger: &Ledger, viewer: &Viewer, slice: Slice) -> Vec<Listed> {
    let filter = Filter {
        slice,
        departments: None,
    };
    let today = clock::today();
    collection::page(&mut ledger.conn(), viewer, &filter, (None, 500), today).unwrap()
}

fn codes(found: &[Listed]) -> Vec<&str> {
    found.iter().map(|l| l.code.as_str()).collect()
}

fn counts(ledger: &Ledger, viewer: &Viewer) -> Counts {
    let found = collection::by_department(&mut ledger.conn(), viewer, None, clock::today());
    collection::total(found.unwrap().values())
}

fn push(
    ledger: &Ledger,
    viewer: &Viewer,
    items: &[Item],
    partial: bool,
) -> one_ledger::error::Result<Pushed> {
    let directory = Directory::load(&mut ledger.conn()).unwrap();
    let definitions = Definitions {
        catalogue: &ledger.app.catalogue,
        directory: &directory,
        register: ledger.app.catalogue.register("dataset").unwrap(),
    };
    collection::push(
        &mut ledger.conn(),
        viewer,
        definitions,
        items,
        ("", partial),
    )
}

fn item(code: &str, collected: bool, updated: Option<&str>) -> Item {
    Item {
        code: code.to_owned(),
        collected,
        mode: None,
        since: None,
        updated: updated.map(str::to_owned),
    }
}

#[test]
fn every_dataset_stands_as_it_says_and_is_listed_under_its_number() {
    on_both_settled(|ledger| {
        fill(ledger);
        let all = list(ledger, &ledger.viewer, Slice::All);
        let states: Vec<(&str, State)> = all.iter().map(|l| (l.code.as_str(), l.state)).collect();
        assert_eq!(
            states,
            [
                ("D-1", State::UpToDate),
                ("D-2", State::Overdue),
                ("D-3", State::Uncollected),
                ("D-4", State::Unstated),
                ("D-5", State::Untimed),
                ("D-6", State::Unknown),
                ("D-8", State::Overdue),
                ("D-9", State::UpToDate),
            ],
            "what is not published is in no rate"
        );
        // A month of 31 days and 10 days of grace; the platform's word goes before the source's.
        let late = list(ledger, &ledger.viewer, Slice::Overdue);
        assert_eq!(codes(&late), ["D-2", "D-8"], "the latest first");
        assert_eq!(
            (late[0].days_late, late[1].days_late),
            (Some(60 - 41), Some(2))
        );
        let counts = counts(ledger, &ledger.viewer);
        for slice in Slice::ALL {
            let listed = list(ledger, &ledger.viewer, slice).len();
            assert_eq!(counts.of(slice), listed, "{slice:?}");
        }
        let rates: Vec<Option<usize>> = Rate::ALL.map(|r| r.permille(&counts)).to_vec();
        assert_eq!(rates, [Some(750), Some(375), Some(750), Some(400)]);
        assert_eq!(Rate::Timely.permille(&Counts::default()), None);
    });
}

#[test]
fn one_counts_what_one_sees_and_hears_how_many_others_there_are() {
    on_both_settled(|ledger| {
        fill(ledger);
        let conn = &mut ledger.conn();
        let liaison = viewer(ledger, Role::Liaison, &["SL001"], &[], &[]);
        assert_eq!(counts(ledger, &liaison).total, 6);
        assert_eq!(collection::hidden(conn, &liaison).unwrap(), 2);
        let bureau = bureau(ledger);
        assert_eq!(counts(ledger, &bureau).total, 8);
        assert_eq!(collection::hidden(conn, &bureau).unwrap(), 0);
        let other = viewer(ledger, Role::Cdo, &["SL013"], &[], &[]);
        assert_eq!(codes(&list(ledger, &other, Slice::All)), ["D-8"]);
        let reviewer = viewer(ledger, Role::Reviewer, &["SL015"], &[], &[]);
        assert_eq!(counts(ledger, &reviewer), Counts::default());
        assert_eq!(list(ledger, &reviewer, Slice::All), []);
        // A wish narrows, and never widens.
        let foreign = directory(ledger).by_code("SL013").unwrap().id;
        let today = clock::today();
        let found = collection::by_department(conn, &liaison, Some(&[foreign]), today).unwrap();
        assert_eq!(found, BTreeMap::new());
    });
}

#[test]
fn a_file_holds_exactly_what_is_listed() {
    on_both_settled(|ledger| {
        fill(ledger);
        let liaison = viewer(ledger, Role::Liaison, &["SL001"], &[], &[]);
        let directory = directory(ledger);
        let definitions = Definitions {
            catalogue: &ledger.app.catalogue,
            directory: &directory,
            register: ledger.app.catalogue.register("dataset").unwrap(),
        };
        let out = ledger.file("清单.csv");
        let conn = &mut ledger.conn();
        for who in [&ledger.viewer, &liaison] {
            for slice in Slice::ALL {
                let filter = Filter {
                    slice,
                    departments: None,
                };
                let (what, to) = (
                    (&filter, clock::today()),
                    (ExportFormat::Csv, out.as_path()),
                );
                let rows = collection::export(conn, who, definitions, what, to).unwrap();
                let text = std::fs::read_to_string(&out).unwrap();
                let listed = list(ledger, who, slice);
                let lines = text.lines().skip(1);
                let told: Vec<&str> = lines.map(|l| l.split(',').nth(1).unwrap()).collect();
                assert_eq!(told, codes(&listed), "{slice:?}");
                assert_eq!(rows, listed.len(), "{slice:?}");
            }
        }
        let json = (ExportFormat::Json, out.as_path());
        let what = (&Filter::default(), clock::today());
        let refused = collection::export(conn, &liaison, definitions, what, json);
        assert!(matches!(refused, Err(Error::Usage(_))), "{refused:?}");
    });
}

#[test]
fn the_table_follows_changes_and_pages_join_without_a_gap() {
    on_both_settled(|ledger| {
        fill(ledger);
        let conn = &mut ledger.conn();
        assert!(!collection::is_behind(conn).unwrap());
        assert_eq!(collection::refresh(conn).unwrap().entries, 0);
        ledger.partial(&ledger.draw(
            "again.xlsx",
            &[
                "信息资源代码|信息资源名称|信息资源提供方|目录状态|是否已汇聚",
                "D-3|招生信息|示例市教育局|已发布|是",
                "D-10|体检信息|示例市教育局|已发布|否",
            ],
        ));
        assert!(collection::is_behind(conn).unwrap());
        let done = collection::refresh(conn).unwrap();
        assert_eq!((done.entries, done.changed, done.gone), (2, 2, 0));
        let of = |slice| list(ledger, &ledger.viewer, slice);
        assert_eq!(codes(&of(Slice::Uncollected)), ["D-10"]);
        // Its source was updated nine days ago, and the platform has said nothing else.
        assert_eq!(codes(&of(Slice::UpToDate)), ["D-1", "D-3", "D-9"]);
        for slice in [Slice::All, Slice::Overdue] {
            let filter = Filter {
                slice,
                departments: None,
            };
            let mut seen = Vec::new();
            let mut after: Option<Cursor> = None;
            loop {
                let part = (after.as_ref(), 1);
                let page = collection::page(conn, &ledger.viewer, &filter, part, clock::today());
                let page = page.unwrap();
                let Some(last) = page.last() else { break };
                let text = last.cursor(&filter).to_string();
                seen.push(last.code.clone());
                after = Some(Cursor::parse(&text).unwrap());
            }
            assert_eq!(seen, codes(&of(slice)), "{slice:?}");
        }
        assert_eq!(Cursor::parse("x"), None);
        assert_eq!(Cursor::parse("1_2026-02-30"), None);
        assert_eq!(
            Cursor::parse("1_-200000-01-01"),
            None,
            "PostgreSQL has no such day"
        );
    });
}

#[test]
fn the_platform_reports_many_in_one_change_set() {
    on_both_settled(|ledger| {
        fill(ledger);
        let bureau = bureau(ledger);
        let today = clock::today().to_string();
        let mut first = item("D-2", true, Some(&today));
        first.mode = Some("增量汇聚".to_owned());
        let items = [first, item("D-8", false, None), item("D-6", true, None)];
        let done = push(ledger, &bureau, &items, false).unwrap();
        assert_eq!((done.changed, done.same, done.refused), (2, 1, 0));
        assert!(done.change_set.is_some());
        let snapshot = ledger.snapshot();
        let of = |code: &str| {
            let key = ("dataset".to_owned(), code.to_owned());
            let document = &snapshot.entries[&key].1;
            let text = |k: &str| document.get(k).map(|v| format!("{v:?}"));
            (
                text("collect_mode"),
                text("collect_updated"),
                text("collected_since"),
            )
        };
        assert_eq!(of("D-2").0.unwrap(), "Text(\"3\")");
        assert_eq!(of("D-2").1.unwrap(), format!("Text({today:?})"));
        // What is not collected has no mode and no days.
        assert_eq!(of("D-8"), (None, None, None));
        let again = push(ledger, &bureau, &items, false).unwrap();
        assert_eq!((again.change_set, again.same), (None, 3));
        collection::refresh(&mut ledger.conn()).unwrap();
        assert_eq!(
            codes(&list(ledger, &bureau, Slice::Overdue)),
            Vec::<&str>::new()
        );
        assert_eq!(
            codes(&list(ledger, &bureau, Slice::Uncollected)),
            ["D-3", "D-8"]
        );
    });
}

#[test]
fn a_report_with_a_fault_is_refused_as_a_whole_or_taken_in_part() {
    on_both_settled(|ledger| {
        fill(ledger);
        let bureau = bureau(ledger);
        let tomorrow = (clock::today() + Days::new(1)).to_string();
        let mut mode = item("D-1", true, None);
        mode.mode = Some("偶尔".to_owned());
        let mut order = item("D-5", true, Some("2024-01-05"));
        order.since = Some("2024-03-01".to_owned());
        let items = [
            item("D-4", true, Some("2026-01-05")),
            item("没有的", true, None),
            mode,
            item("D-6", true, Some(&tomorrow)),
            item("D-2", false, Some("2026-01-05")),
            item("D-4", true, None),
            order,
            // Seen by the bureau, but a county's bureau reports of its own level.
            item("D-9", true, None),
            item("D-8\u{1}", true, None),
            item("D-3", true, Some("2026-02-30")),
        ];
        let head = ledger.head();
        let Err(Error::Invalid(problems)) = push(ledger, &bureau, &items, false) else {
            panic!("it is not refused")
        };
        let told: Vec<(&str, &str)> = problems
            .iter()
            .map(|p| (p.field.as_str(), p.code.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("items[1].code", "unknown_dataset"),
                ("items[2].mode", "unknown_choice"),
                ("items[3].updated", "future_date"),
                ("items[4].updated", "contradiction"),
                ("items[5].code", "duplicate_entry"),
                ("items[6].since", "wrong_order"),
                ("items[7].code", "unknown_dataset"),
                ("items[8].code", "unknown_dataset"),
                ("items[9].updated", "impossible_date"),
            ]
        );
        assert_eq!(ledger.head(), head, "nothing was written");
        let done = push(ledger, &bureau, &items, true).unwrap();
        assert_eq!((done.changed, done.same, done.refused), (1, 0, 9));
        assert_eq!(done.items[0].fate, Fate::Changed);
        assert_eq!(done.items[1].problems[0].code, "unknown_dataset");
        assert!(done.items.iter().skip(1).all(|i| i.fate == Fate::Refused));

        let liaison = viewer(ledger, Role::Liaison, &["SL001"], &[], &[]);
        let own = [item("D-1", true, None)];
        assert!(matches!(
            push(ledger, &liaison, &own, false),
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            push(ledger, &bureau, &[], true),
            Err(Error::Invalid(_))
        ));
        let many = vec![item("D-1", true, None); 501];
        assert!(matches!(
            push(ledger, &bureau, &many, true),
            Err(Error::TooLarge(_))
        ));
    });
}

#[test]
fn the_cycles_that_bind_are_those_of_the_list() {
    let catalogue = crate::app::catalogue();
    let list = catalogue.list("update_cycle").unwrap();
    for cycle in CYCLES {
        assert!(list.item(cycle.code).is_some(), "{cycle:?}");
    }
    let register = catalogue.register("dataset").unwrap();
    for key in [
        "is_collected",
        "collect_mode",
        "collected_since",
        "collect_updated",
        "last_updated",
        "update_cycle",
        "share_attr",
        "open_attr",
    ] {
        assert!(register.field(key).is_some(), "{key}");
    }
    // A monthly dataset of 31 January is late from 14 March on.
    let monthly = CYCLES.iter().find(|c| c.code == "6").unwrap();
    let due = day("2026-01-31") + Days::new(monthly.days + monthly.grace);
    assert_eq!(due, day("2026-03-13"));
}

/// What a dataset may say: owner, published, shared, open, collected, cycle, days since the last update.
type Said = (
    bool,
    bool,
    Option<u8>,
    Option<u8>,
    Option<bool>,
    Option<usize>,
    Option<u64>,
);

fn said() -> impl Strategy<Value = Said> {
    (
        any::<bool>(),
        prop::bool::weighted(0.8),
        prop::option::of(1..4_u8),
        prop::option::of(1..4_u8),
        prop::option::of(any::<bool>()),
        prop::option::of(1..13_usize),
        prop::option::of(0..500_u64),
    )
}

/// Longest cycle and grace by code, written anew.
const NAIVE: [(usize, u64); 9] = [
    (1, 3),
    (2, 3),
    (3, 3),
    (4, 10),
    (5, 15),
    (6, 41),
    (7, 107),
    (8, 204),
    (9, 396),
];

fn in_time((_, _, _, _, _, cycle, ago): &Said) -> Option<bool> {
    let (_, longest) = NAIVE.iter().find(|(c, _)| Some(*c) == *cycle)?;
    Some((*ago)? <= *longest)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn the_rates_are_those_of_a_naive_count(all in prop::collection::vec(said(), 1..25)) {
        let ledger = Ledger::settled();
        let today = clock::today();
        let mut lines = vec!["信息资源代码|信息资源名称|信息资源提供方|目录状态|共享类型|开放属性|更新周期|是否已汇聚|平台最近更新时间".to_owned()];
        let words = |n: &Option<u8>, words: [&str; 3]| n.map_or(String::new(), |n| words[usize::from(n) - 1].to_owned());
        for (n, (ours, published, share, open, collected, cycle, ago)) in all.iter().enumerate() {
            let owner = if *ours { "示例市教育局" } else { "示例市医疗保障局" };
            let status = if *published { "已发布" } else { "草稿" };
            let share = words(share, ["无条件共享", "有条件共享", "不予共享"]);
            let open = words(open, ["无条件开放", "有条件开放", "不予开放"]);
            let cycles = ["实时", "每小时", "每日", "每周", "每旬", "每月", "每季度", "每半年", "每年", "不定期", "其他", "不更新"];
            let cycle = cycle.map_or("", |c| cycles[c - 1]);
            let collected = collected.map_or("", |c| if c { "是" } else { "否" });
            let updated = ago.map_or(String::new(), |a| today.checked_sub_days(Days::new(a)).unwrap().to_string());
            lines.push(format!("N-{n}|资源{n}|{owner}|{status}|{share}|{open}|{cycle}|{collected}|{updated}"));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        ledger.partial(&ledger.draw("n.xlsx", &lines));
        collection::refresh(&mut ledger.conn()).unwrap();
        let who = viewer(&ledger, Role::Liaison, &["SL001"], &[], &[]);
        let counted = counts(&ledger, &who);
        let seen: Vec<&Said> = all.iter().filter(|s| s.0 && s.1).collect();
        let collected: Vec<&&Said> = seen.iter().filter(|s| s.4 == Some(true)).collect();
        let periodic: Vec<&&&Said> = collected.iter().filter(|s| s.5.is_none_or(|c| c < 10)).collect();
        let timely = periodic.iter().filter(|s| in_time(s) == Some(true)).count();
        let rate = |part: usize, whole: usize| (whole > 0).then(|| (part * 1000 + whole / 2) / whole);
        let naive = [
            rate(seen.iter().filter(|s| matches!(s.2, Some(1 | 2))).count(), seen.len()),
            rate(seen.iter().filter(|s| matches!(s.3, Some(1 | 2))).count(), seen.len()),
            rate(collected.len(), seen.len()),
            rate(timely, periodic.len()),
        ];
        prop_assert_eq!(Rate::ALL.map(|r| r.permille(&counted)), naive);
        prop_assert_eq!(counted.overdue, periodic.iter().filter(|s| in_time(s) == Some(false)).count());
        for slice in Slice::ALL {
            prop_assert_eq!(counted.of(slice), list(&ledger, &who, slice).len(), "{:?}", slice);
        }
    }
}
