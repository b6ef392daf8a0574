//! A text taken apart into terms: pairs of characters and Latin words, each with the place it stands at.
//!
//! Known words (`lexicon.rs`) come first: generic ones and places weigh little, synonyms become the word that stands
//! for them, numbers of phases and years are set aside. The owner's own name in a text says nothing about it.

use unicode_normalization::UnicodeNormalization as _;

use super::lexicon::{Lexicon, Mark};

/// The most characters of one text that are looked at.
const MOST: usize = 2_000;

/// How a term counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// By how rare it is.
    Word,
    /// Little.
    Generic,
    /// Next to nothing.
    Region,
}

/// A term where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The term, as a number made from its characters.
    pub term: u64,
    /// How it counts.
    pub kind: Kind,
    /// First character of the original text.
    pub from: usize,
    /// The character behind it.
    pub to: usize,
}

/// A text taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Terms in the order of the text.
    pub terms: Vec<Occurrence>,
    /// Phases, years, versions and words of upgrading, as written.
    pub phases: Vec<String>,
}

/// FNV-1a over characters; terms of different kinds differ.
pub(super) fn number(kind: Kind, chars: &[char]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let first = match kind {
        Kind::Word => 1,
        Kind::Generic => 2,
        Kind::Region => 3,
    };
    for part in std::iter::once(first).chain(chars.iter().map(|c| u32::from(*c))) {
        for byte in part.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

/// Characters in the form that is compared, each with the place it came from.
struct Folded {
    chars: Vec<char>,
    at: Vec<usize>,
}

fn fold(text: &str) -> Folded {
    let mut out = Folded {
        chars: Vec::new(),
        at: Vec::new(),
    };
    for (place, c) in text.chars().take(MOST).enumerate() {
        for folded in c.nfkc().flat_map(char::to_lowercase) {
            out.chars.push(folded);
            out.at.push(place);
        }
    }
    out
}

/// Takes texts apart.
struct Reader<'t> {
    folded: &'t Folded,
    out: Text,
    /// Characters that stand together, with their places.
    run: Vec<(char, usize, usize)>,
}

impl Reader<'_> {
    fn place(&self, at: usize) -> usize {
        self.folded.at.get(at).copied().unwrap_or(0)
    }

    /// The end, in the original, of what begins at `at` and has `length` characters.
    fn end(&self, at: usize, length: usize) -> usize {
        self.place(at + length.max(1) - 1) + 1
    }

    fn take(&mut self, kind: Kind, chars: &[char], from: usize, to: usize) {
        self.out.terms.push(Occurrence {
            term: number(kind, chars),
            kind,
            from,
            to,
        });
    }

    /// Ends the characters that stand together: pairs, or the one that stands alone.
    fn close(&mut self) {
        let run = std::mem::take(&mut self.run);
        if let [(c, from, to)] = run.as_slice() {
            self.take(Kind::Word, &[*c], *from, *to);
        }
        for pair in run.windows(2) {
            if let [a, b] = pair {
                self.take(Kind::Word, &[a.0, b.0], a.1, b.2.max(a.2));
            }
        }
    }

    fn phase(&mut self, at: usize, length: usize) {
        self.close();
        let chars = self.folded.chars.iter().skip(at).take(length);
        self.out.phases.push(chars.collect());
    }

    fn read(mut self, lexicon: &Lexicon, own: &[Vec<char>]) -> Text {
        let mut at = 0;
        let mut before = ' ';
        while let Some(rest) = self.folded.chars.get(at..).filter(|r| !r.is_empty()) {
            let Some(&first) = rest.first() else { break };
            let inside = before.is_ascii_alphanumeric() && first.is_ascii_alphanumeric();
            let length = self.step(lexicon, own, rest, at, inside);
            before = rest.get(length - 1).copied().unwrap_or(' ');
            at += length;
        }
        self.close();
        self.out
    }

    /// Takes what stands at a place, and says how long it is.
    fn step(
        &mut self,
        lexicon: &Lexicon,
        own: &[Vec<char>],
        rest: &[char],
        at: usize,
        inside: bool,
    ) -> usize {
        if let Some(name) = own.iter().find(|name| rest.starts_with(name)) {
            self.close();
            return name.len();
        }
        if let Some(length) = phase(rest).filter(|_| !inside) {
            self.phase(at, length);
            return length;
        }
        if let Some((length, mark)) = lexicon.longest(rest).filter(|_| !inside) {
            let (from, to) = (self.place(at), self.end(at, length));
            let word = rest.get(..length).unwrap_or_default();
            match mark {
                Mark::Same(canonical) => {
                    self.run.extend(canonical.iter().map(|c| (*c, from, to)));
                }
                Mark::Upgrade => {
                    self.phase(at, length);
                    self.take(Kind::Generic, word, from, to);
                }
                Mark::Generic => {
                    self.close();
                    self.take(Kind::Generic, word, from, to);
                }
                Mark::Region => {
                    self.close();
                    self.take(Kind::Region, word, from, to);
                }
            }
            return length;
        }
        let latin = rest
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric())
            .count();
        if latin > 0 {
            self.close();
            let word = rest.get(..latin).unwrap_or_default();
            let letters = word.iter().any(char::is_ascii_alphabetic);
            if letters || (3..=6).contains(&latin) {
                self.take(Kind::Word, word, self.place(at), self.end(at, latin));
            }
            return latin;
        }
        match rest.first() {
            Some(c) if c.is_alphanumeric() && !matches!(c, '的' | '与' | '及') => {
                self.run.push((*c, self.place(at), self.end(at, 1)));
            }
            _ => self.close(),
        }
        1
    }
}

/// The length of a phase, a year or a version at the beginning of a text.
fn phase(text: &[char]) -> Option<usize> {
    let numeral = |c: &char| c.is_ascii_digit() || "一二三四五六七八九十".contains(*c);
    let skip = usize::from(text.first() == Some(&'第'));
    let digits = text.iter().skip(skip).take_while(|c| numeral(c)).count();
    if (1..=3).contains(&digits) && text.get(skip + digits) == Some(&'期') {
        return Some(skip + digits + 1);
    }
    let v = usize::from(text.first() == Some(&'v'));
    let version = text.iter().skip(v);
    let length = version
        .take_while(|c| c.is_ascii_digit() || **c == '.')
        .count();
    let written: String = text.iter().skip(v).take(length).collect();
    let behind = text.get(v + length);
    if behind.is_some_and(char::is_ascii_alphabetic) || length == 0 {
        return None;
    }
    let year = length == 4 && (written.starts_with("19") || written.starts_with("20"));
    if v == 0 && year && !written.contains('.') {
        let mut end = 4;
        for word in ['年', '度'] {
            end += usize::from(text.get(end) == Some(&word));
        }
        return Some(end);
    }
    let is_version = v == 1 || (written.contains('.') && !written.ends_with('.'));
    is_version.then_some(v + length)
}

/// Takes a text apart; `own` are names that say nothing in it, in the form that is compared.
#[must_use]
pub fn read(lexicon: &Lexicon, text: &str, own: &[Vec<char>]) -> Text {
    let folded = fold(text);
    let reader = Reader {
        folded: &folded,
        out: Text::default(),
        run: Vec::new(),
    };
    reader.read(lexicon, own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::region::Regions;

    fn words(text: &str) -> Vec<String> {
        let lexicon = Lexicon::new(&Regions::default());
        let chars: Vec<char> = text.chars().collect();
        let read = read(&lexicon, text, &[]);
        let words = read.terms.iter().filter(|t| t.kind == Kind::Word);
        words
            .map(|t| chars.get(t.from..t.to).unwrap().iter().collect())
            .collect()
    }

    #[test]
    fn generic_words_split_and_phases_are_set_aside() {
        assert_eq!(words("学籍管理信息系统（二期）"), ["学籍"; 1]);
        let lexicon = Lexicon::new(&Regions::default());
        let read = read(&lexicon, "不动产登记平台V2.0 2025年度升级改造", &[]);
        assert_eq!(read.phases, ["v2.0", "2025年度", "升级改造"]);
    }

    #[test]
    fn synonyms_are_one_term_and_point_at_what_is_written() {
        let lexicon = Lexicon::new(&Regions::default());
        let terms = |t: &str| -> Vec<u64> {
            let read = read(&lexicon, t, &[]);
            read.terms.iter().map(|o| o.term).collect()
        };
        assert_eq!(terms("医保结算"), terms("医疗保障结算"));
        assert!(words("医保结算").contains(&"医保".to_owned()));
        assert_eq!(words("OAK"), ["OAK"]);
    }

    #[test]
    fn the_owners_name_is_no_term() {
        let lexicon = Lexicon::new(&Regions::default());
        let own = vec!["示例市教育局".chars().collect::<Vec<char>>()];
        let with = read(&lexicon, "示例市教育局学籍系统", &own);
        let words = with.terms.iter().filter(|t| t.kind == Kind::Word);
        assert_eq!(words.count(), 1);
    }
}
