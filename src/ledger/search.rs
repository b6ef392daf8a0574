//! Search words: what makes `医保` and `ybxt` find `医保系统` on both databases alike.
//!
//! Full-text engines do not cut Chinese into words of two characters, so the words are made here:
//! every pair of neighbouring characters, every Latin word, every pair of pinyin initials.

use pinyin::ToPinyin;

use crate::register::words;

/// Marks a pair of pinyin initials, so that `yb` typed as a word of a name is something else.
const INITIALS: &str = "py";

/// The words under which an entry is found, separated by spaces.
///
/// `name_key` is its name in the form that is compared.
#[must_use]
pub fn index_words(name_key: &str, code: &str) -> String {
    let mut out = String::with_capacity(name_key.len() * 5 + code.len() * 2);
    add_words(name_key, &mut out);
    add_words(&words::name_key(code), &mut out);
    let mut previous = None;
    for c in name_key.chars().filter_map(initial) {
        if let Some(p) = previous.replace(c) {
            out.push_str(INITIALS);
            out.extend([p, c, ' ']);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The words that a query needs, all of them; empty when there is nothing to look for.
#[must_use]
pub fn query_words(query: &str) -> Vec<String> {
    let key = words::name_key(query);
    let mut out: Vec<String> = if key.len() > 1 && key.chars().all(|c| c.is_ascii_lowercase()) {
        let letters: Vec<char> = key.chars().collect();
        let pair = |p: &[char]| INITIALS.chars().chain(p.iter().copied()).collect();
        letters.windows(2).map(pair).collect()
    } else {
        let mut spaced = String::new();
        add_words(&key, &mut spaced);
        spaced.split_whitespace().map(str::to_owned).collect()
    };
    out.sort_unstable();
    out.dedup();
    out
}

/// Pinyin initial of a Chinese character; a letter or digit stands for itself.
fn initial(c: char) -> Option<char> {
    if c.is_ascii_alphanumeric() {
        return Some(c);
    }
    c.to_pinyin().and_then(|p| p.plain().chars().next())
}

/// Chinese text in pairs, runs of letters and digits whole; a space after each.
fn add_words(key: &str, out: &mut String) {
    let mut previous: Option<char> = None;
    let mut in_run = false;
    for c in key.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
            in_run = true;
            previous = None;
            continue;
        }
        if std::mem::take(&mut in_run) {
            out.push(' ');
        }
        if !c.is_alphanumeric() {
            previous = None;
            continue;
        }
        if let Some(p) = previous.replace(c) {
            out.extend([p, c, ' ']);
        }
    }
    if in_run {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_characters_and_initials_are_words_of_the_name() {
        let index = index_words("省医保系统oa", "XT-0001");
        let words: Vec<&str> = index.split(' ').collect();
        let finds = |query: &str| {
            query_words(query)
                .iter()
                .all(|w| words.contains(&w.as_str()))
        };
        for query in ["医保", "系统", "ybxt", "保系统", "0001", "XT-0001"] {
            assert!(
                !query_words(query).is_empty() && finds(query),
                "{query} in {words:?}"
            );
        }
        assert!(!finds("公安"));
    }
}
