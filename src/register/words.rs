//! Comparing what people write: one normal form for headers, one for names.

use unicode_normalization::UnicodeNormalization;

/// Cell text cleaned for reading: NFKC, no zero-width characters, spaces collapsed and trimmed.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.nfkc() {
        if matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}') {
            continue;
        }
        if c.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if space {
            out.push(' ');
            space = false;
        }
        out.push(c);
    }
    out
}

/// Normal form under which two names are the same name: cleaned, lower case, no spaces.
#[must_use]
pub fn name_key(text: &str) -> String {
    clean(text).to_lowercase().split(' ').collect()
}

/// A header cell taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderText {
    /// Normal form to compare: no `*`, spaces, line breaks or bracketed text; lower case.
    pub key: String,
    /// What stood in brackets, in order: units and remarks.
    pub brackets: Vec<String>,
}

/// Takes a header apart: `*建设资金\n（万元）` → key `建设资金`, brackets `["万元"]`.
#[must_use]
pub fn header(text: &str) -> HeaderText {
    let mut out = HeaderText::default();
    let mut depth = 0_usize;
    for c in clean(text).to_lowercase().chars() {
        match c {
            '(' | '[' | '【' | '〔' => {
                depth += 1;
                if depth == 1 {
                    out.brackets.push(String::new());
                }
            }
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {
                if let Some(last) = out.brackets.last_mut() {
                    last.push(c);
                }
            }
            '*' | '＊' | '※' | ' ' | ':' => {}
            _ => out.key.push(c),
        }
    }
    out
}
