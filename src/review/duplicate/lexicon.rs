//! Words with a meaning of their own in names: generic ones, places, synonyms, and what tells phases apart.

use std::collections::HashMap;

use crate::register::region::Regions;
use crate::register::words::name_key;

const GENERIC: &str = include_str!("words/generic.txt");
const UPGRADE: &str = include_str!("words/upgrade.txt");
const SYNONYMS: &str = include_str!("words/synonyms.txt");

/// What a known word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Says little.
    Generic,
    /// A place.
    Region,
    /// A further step of something that is there.
    Upgrade,
    /// Another word for this.
    Same(Vec<char>),
}

/// The known words.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    /// By first character, the longest first.
    words: HashMap<char, Vec<(Vec<char>, Mark)>>,
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
}

impl Lexicon {
    /// The shipped words with the places of a deployment.
    #[must_use]
    pub fn new(regions: &Regions) -> Self {
        let mut out = Self::default();
        for word in lines(GENERIC).flat_map(str::split_whitespace) {
            out.add(word, Mark::Generic);
        }
        for word in lines(UPGRADE).flat_map(str::split_whitespace) {
            out.add(word, Mark::Upgrade);
        }
        for line in lines(SYNONYMS) {
            let mut group = line.split_whitespace();
            let Some(first) = group.next() else { continue };
            let canonical: Vec<char> = name_key(first).chars().collect();
            // The word itself too: a shorter known word inside it must not break it up.
            out.add(first, Mark::Same(canonical.clone()));
            for word in group {
                out.add(word, Mark::Same(canonical.clone()));
            }
        }
        for region in regions.iter() {
            out.add(&region.name, Mark::Region);
            // 济南, not 市中: a county's short name may be part of other words.
            if matches!(region.level.as_str(), "province" | "city")
                && let Some(bare) = region.name.strip_suffix(['省', '市'])
                && bare.chars().count() >= 2
            {
                out.add(bare, Mark::Region);
            }
        }
        for list in out.words.values_mut() {
            list.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        }
        out
    }

    /// Keeps a word; the first meaning given stays.
    fn add(&mut self, word: &str, mark: Mark) {
        let chars: Vec<char> = name_key(word).chars().collect();
        let Some(first) = chars.first() else { return };
        let list = self.words.entry(*first).or_default();
        if !list.iter().any(|(known, _)| *known == chars) {
            list.push((chars, mark));
        }
    }

    /// The longest known word at the beginning of a text: its length and what it is.
    pub(super) fn longest(&self, text: &[char]) -> Option<(usize, &Mark)> {
        let list = self.words.get(text.first()?)?;
        let (word, mark) = list.iter().find(|(word, _)| text.starts_with(word))?;
        // A Latin word inside a longer one is something else.
        let latin = |c: Option<&char>| c.is_some_and(char::is_ascii_alphanumeric);
        if latin(word.last()) && latin(text.get(word.len())) {
            return None;
        }
        Some((word.len(), mark))
    }
}
