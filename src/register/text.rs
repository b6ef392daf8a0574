//! Text as people leave it in cells: cleaned, checked, split into several values.

use std::borrow::Cow;

use super::value::Fault;
use super::words;

/// The most characters a cell may hold, as in Excel.
pub const MAX_CHARS: usize = 32_767;

/// What joins several values of a text, code, department or reference field.
pub const JOIN: char = '；';

/// Cell text under [`words::clean`], without a copy where nothing is to be done.
#[must_use]
pub fn cleaned(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let mut before = 'x';
    for c in text.chars() {
        let plain = matches!(c, '\u{21}'..='\u{7e}' | '\u{4e00}'..='\u{9fff}')
            || matches!(
                c,
                '、' | '。' | '《' | '》' | '“' | '”' | '—' | '·' | '〇' | '○' | '√' | '×'
            )
            || (c == ' ' && before != ' ');
        if !plain {
            return Cow::Owned(words::clean(text));
        }
        before = c;
    }
    Cow::Borrowed(text)
}

/// Free text: characters as they stand, but odd spaces and invisible marks tidied, lines kept.
#[must_use]
pub fn tidy(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(is_gap);
    let mut before = 'x';
    let rough = text.chars().any(|c| {
        let odd = c == '\r'
            || c == '\t'
            || is_invisible(c)
            || (c.is_whitespace() && c != ' ' && c != '\n')
            || (c == ' ' && matches!(before, ' ' | '\n'))
            || (c == '\n' && before == ' ');
        before = c;
        odd
    });
    if !rough {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<String> = text.split('\n').map(tidy_line).collect();
    Cow::Owned(lines.join("\n").trim_matches(is_gap).to_owned())
}

fn tidy_line(line: &str) -> String {
    let visible: String = line.chars().filter(|c| !is_invisible(*c)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ")
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}')
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// A dash or slash in place of text; a text that says 无 says something.
#[must_use]
pub fn is_dash(text: &str) -> bool {
    matches!(text, "/" | "-" | "—" | "——" | "－" | "--" | "／" | "–")
}

/// A word for "nothing to say" in a typed field.
#[must_use]
pub fn is_null_word(text: &str) -> bool {
    if text.len() > 12 {
        return false;
    }
    is_dash(text)
        || matches!(
            text,
            "无" | "暂无"
                | "不涉及"
                | "不适用"
                | "待定"
                | "未填"
                | "空"
                | "不详"
                | "未知"
                | "待补充"
                | "待确认"
                | "N/A"
                | "n/a"
                | "NA"
                | "null"
                | "NULL"
                | "None"
                | "\\"
                | "//"
                | "\u{2014}\u{2014}\u{2014}"
        )
}

/// Refuses what no database and no sheet should hold: control characters, texts longer than a cell.
///
/// # Errors
/// The fault, with the place of the character.
pub fn check(label: &str, text: &str) -> Result<(), Fault> {
    // 0xC2 0x80..=0x9F is the second block of control characters in UTF-8.
    let suspicious = text
        .bytes()
        .any(|b| (b < 0x20 && !matches!(b, b'\n' | b'\t' | b'\r')) || b == 0x7f || b == 0xc2);
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    if suspicious && let Some((at, c)) = (1..).zip(text.chars()).find(|(_, c)| control(*c)) {
        return Err(Fault::new(
            "control_character",
            format!(
                "{label}的第 {at} 个字符是看不见的控制字符（U+{:04X}）。",
                u32::from(c)
            ),
            "请删去这个字符，或重新录入该单元格",
        ));
    }
    if text.len() > MAX_CHARS && text.chars().count() > MAX_CHARS {
        return Err(Fault::new(
            "too_long",
            format!("{label}超过 {MAX_CHARS} 个字"),
            "请缩短内容，或将全文作为附件上传",
        ));
    }
    Ok(())
}

/// Splits free text into values: one a line, or between semicolons.
pub(super) fn split(text: &str) -> Vec<String> {
    parts(text, &['\n', ';', '；'])
}

/// Splits names or codes: also between 、 and commas, never at `/`, which codes contain.
pub(super) fn split_names(text: &str) -> Vec<String> {
    parts(text, &['\n', ';', '；', '、', ',', '，'])
}

fn parts(text: &str, separators: &[char]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in text.split(separators) {
        let part = tidy(part);
        if !part.is_empty() && !is_dash(&part) && !out.iter().any(|p| *p == part) {
            out.push(part.into_owned());
        }
    }
    out
}
