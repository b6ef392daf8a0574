//! Search words: what makes `医保` and `ybxt` find `医保系统` on both databases alike.
//!
//! Full-text engines do not cut Chinese into words of two characters, so the words are made here:
//! every pair of neighbouring characters, every Latin word, every pair of pinyin initials.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use pinyin::ToPinyin;

use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::entry;
use crate::register::field::{Field, FieldType, Register};
use crate::register::value::{Document, Value};
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

/// Marks words that stand for a value: both engines keep a private character as part of a word, and no name has one.
const MARK: char = '\u{e000}';

/// Key under which an entry's stage is found among its value words.
pub const STAGE: &str = "stage";

/// All words of an entry: those it is searched by, and one for each value it is filtered by.
///
/// The values ride on the index of the search words. Measured on 100,000 rows of 22 columns: all of them
/// together cost an import 0.4 s of processor time, two more indexes on the entries 0.6 s.
#[must_use]
pub fn entry_words(register: &Register, row: &entry::EntryRow, document: &Document) -> String {
    let mut out = index_words(&row.name_key, &row.code);
    value_words(register, &row.stage, document, &mut out);
    out
}

/// Adds the words for the values an entry is filtered by, in the order of the fields.
pub fn value_words(register: &Register, stage: &str, document: &Document, out: &mut String) {
    let mut add = |key: &str, value: &str| {
        if !out.is_empty() {
            out.push(' ');
        }
        push_word(&register.key, key, value, out);
    };
    add("", "");
    add(STAGE, stage);
    for field in register.fields.iter().filter(|f| f.filter) {
        match document.get(&field.key) {
            None => {}
            Some(Value::Text(text))
                if !matches!(field.kind, FieldType::Date | FieldType::Region) =>
            {
                add(&field.key, text);
            }
            Some(value) => {
                for value in filter_values(field, value) {
                    add(&field.key, &value);
                }
            }
        }
    }
}

/// The word that every entry of a register has.
#[must_use]
pub fn register_word(register: &str) -> String {
    value_word(register, "", "")
}

/// The word for one value of one field.
#[must_use]
pub fn value_word(register: &str, key: &str, value: &str) -> String {
    let mut out = String::with_capacity(20);
    push_word(register, key, value, &mut out);
    out
}

fn push_word(register: &str, key: &str, value: &str, out: &mut String) {
    // FNV-1a: stored in the index, so it must never change with a version of the language.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in [register, key, value] {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    out.push(MARK);
    for _ in 0..16 {
        let digit = u32::try_from(hash >> 60).unwrap_or(0);
        out.extend(char::from_digit(digit, 16));
        hash <<= 4;
    }
}

/// One number of a raw answer.
#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Entries that have a word, removed ones included, whoever owns them: the caller cuts them to what may be seen.
///
/// # Errors
/// When the database fails.
pub fn with_word(conn: &mut Conn, word: &str) -> Result<Vec<i64>> {
    let (statement, word) = match conn {
        Conn::Sqlite(_) => (
            "SELECT rowid AS id FROM entry_words WHERE entry_words MATCH ?",
            format!("\"{word}\""),
        ),
        Conn::Postgres(_) => (
            "SELECT entry_id AS id FROM entry_words WHERE words @@ CAST($1 AS tsquery)",
            format!("'{word}'"),
        ),
    };
    let found: Vec<Number> = diesel::sql_query(statement)
        .bind::<Text, _>(word)
        .load(conn)?;
    Ok(found.into_iter().map(|n| n.id).collect())
}

/// The values under which a value is found: a region also under those above it, a date under its year.
#[must_use]
pub fn filter_values(field: &Field, value: &Value) -> Vec<String> {
    match (field.kind, value) {
        (_, Value::Bool(b)) => vec![b.to_string()],
        (_, Value::Integer(n)) => vec![n.to_string()],
        (_, Value::List(list)) => list.clone(),
        (FieldType::Date, Value::Text(date)) => vec![date.chars().take(4).collect()],
        (FieldType::Region, Value::Text(code)) => regions(code),
        (_, Value::Text(text)) => vec![text.clone()],
    }
}

/// A region code and those of the province and the city it lies in (GB/T 2260 pads with zeros).
fn regions(code: &str) -> Vec<String> {
    let mut out = vec![code.to_owned()];
    for digits in [2, 4] {
        let above: String = code.chars().take(digits).collect();
        let above = format!("{above:0<6}");
        if !out.contains(&above) {
            out.push(above);
        }
    }
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
