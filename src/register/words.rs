//! Comparing what people write: one normal form for headers, one for names.

use unicode_normalization::UnicodeNormalization;

/// Cell text cleaned for reading: NFKC, no zero-width characters, spaces collapsed and trimmed.
#[must_use]
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
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

/// Whether cleaning would change nothing; sure for Chinese characters and visible ASCII, the bulk of all cells.
fn is_clean(text: &str) -> bool {
    let plain = |c: char| matches!(c, '!'..='~' | '\u{4e00}'..='\u{9fff}' | '、' | '。' | '《' | '》' | '“' | '”');
    text.chars().all(plain)
}

/// Normal form under which two names are the same name: cleaned, lower case, no spaces.
#[must_use]
pub fn name_key(text: &str) -> String {
    let clean = clean(text);
    if clean.bytes().any(|b| b == b' ' || b.is_ascii_uppercase()) || !is_clean(&clean) {
        return clean.to_lowercase().split(' ').collect();
    }
    clean
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

/// Whether a header names something that must never be stored, such as 密码 or 登录账号.
///
/// 密码应用方案, 商用密码测评 and 账号数量 are ordinary columns.
#[must_use]
pub fn is_secret_header(text: &str) -> bool {
    let key = header(text).key;
    let has = |words: &[&str]| words.iter().any(|w| key.contains(w));
    if has(&[
        "应用", "测评", "评估", "方案", "商用", "改造", "产品", "备案",
    ]) || key.ends_with('数')
        || key.ends_with("数量")
        || key.ends_with("方式")
    {
        return false;
    }
    has(&[
        "密码",
        "口令",
        "账号",
        "帐号",
        "账户",
        "帐户",
        "用户名",
        "登录名",
        "密钥",
        "私钥",
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
    ])
}
