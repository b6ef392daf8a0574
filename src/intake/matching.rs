//! Which column of a sheet is which field, and which register a sheet speaks of.
//!
//! Short Chinese headers differ in meaning by one character (开工时间, 完工时间), so a header needs
//! the exact word or a known alias; only longer ones may be merely similar, and then it is said.

mod recognise;

#[cfg(test)]
mod demo;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use sm3::{Digest, Sm3};

use crate::register::Catalogue;
use crate::register::field::Register;
use crate::register::money::MoneyUnit;
use crate::register::words::header;
use crate::sheet::{REMARK_HEADER, RESULT_HEADER, cell::column_letters};
use recognise::{IGNORED, Words};

/// A column's header with the merged headers above it, from the top: 建设情况, 上线时间.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPath {
    /// Column, 0 = A.
    pub column: u16,
    /// The header texts from the top; the last one is the column's own.
    pub path: Vec<String>,
}

/// How a column was recognised, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The field's label.
    Label,
    /// One of its other headers.
    Alias,
    /// Together with the header above it.
    Path,
    /// By likeness; somebody should look.
    Similar,
    /// As this department mapped it before.
    Remembered,
    /// A running number and the like, which no entry needs.
    Ignored,
    /// A column that an annotated workbook carries.
    OurOwn,
    /// Passwords and accounts; never read.
    Secret,
    /// Not recognised.
    Unknown,
    /// Another column is the better one for its field.
    DuplicateOf(u16),
}

/// What a column is.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnMatch {
    /// The column, 0 = A.
    pub column: u16,
    /// Key of its field.
    pub field: Option<String>,
    /// From 0 to 1.
    pub confidence: f32,
    /// How it was recognised.
    pub how: How,
    /// What a person should know about it, in Chinese.
    pub note: Option<String>,
    /// Unit of money that the header names.
    pub money_unit: Option<MoneyUnit>,
}

/// Matches a sheet's columns with a register's fields, in the order of the headers.
#[must_use]
pub fn match_columns(register: &Register, headers: &[HeaderPath]) -> Vec<ColumnMatch> {
    Words::of(register).match_all(headers)
}

/// The unit of money that a header's brackets name.
#[must_use]
pub fn money_unit(brackets: &[String]) -> Option<MoneyUnit> {
    brackets.iter().find_map(|b| MoneyUnit::find(b))
}

/// The register that the headers speak of, best by what its columns and the titles say.
///
/// Its name field must be among the columns, and at least one field more.
#[must_use]
pub fn best_register<'a>(
    catalogue: &'a Catalogue,
    headers: &[HeaderPath],
    title_words: &[&str],
) -> Option<(&'a Register, Vec<ColumnMatch>, f32)> {
    let mut best: Option<(&Register, Vec<ColumnMatch>, f32)> = None;
    for register in catalogue.registers() {
        let matches = match_columns(register, headers);
        let Some(score) = score(register, &matches, title_words) else {
            continue;
        };
        if best.as_ref().is_none_or(|(_, _, s)| score > *s) {
            best = Some((register, matches, score));
        }
    }
    best
}

/// Share of the columns that are understood, more where the name stands early or a title agrees.
fn score(register: &Register, matches: &[ColumnMatch], title_words: &[&str]) -> Option<f32> {
    let counted = |m: &&ColumnMatch| !matches!(m.how, How::Ignored | How::OurOwn | How::Secret);
    let columns = matches.iter().filter(counted).count();
    let place = |key: &str| {
        let mut counted = matches.iter().filter(counted);
        counted.position(|m| m.field.as_deref() == Some(key))
    };
    let keys = &register.keys;
    // What has two ends is known by both of them, named or not.
    let ends = || {
        let (owner, party) = (keys.owner.as_deref()?, keys.party.as_deref()?);
        place(party).and(place(owner))
    };
    let named = place(&keys.name).or_else(ends)?;
    if matches.iter().filter(|m| m.field.is_some()).count() < 2 {
        return None;
    }
    let sum: f32 = matches.iter().map(|m| m.confidence).sum();
    let of = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    let share = sum / of(columns.max(1));
    let early = 0.1 * (1.0 - of(named) / of(columns.max(1)));
    let longest = register
        .titles
        .iter()
        .filter(|t| title_words.iter().any(|w| w.contains(t.as_str())))
        .map(|t| t.chars().count())
        .max();
    let title = longest.map_or(0.0, |n| 0.04 * of(n.min(6)));
    Some(share + early + title)
}

/// Words by which the finder of header rows knows a header: labels, aliases, groups, 序号.
#[must_use]
pub fn header_words(catalogue: &Catalogue) -> HashSet<String> {
    let mut out: HashSet<String> = IGNORED.iter().map(|w| (*w).to_owned()).collect();
    for own in [RESULT_HEADER, REMARK_HEADER] {
        out.insert(header(own).key);
    }
    for field in catalogue.registers().iter().flat_map(|r| &r.fields) {
        for text in [&field.label, &field.group]
            .into_iter()
            .chain(&field.aliases)
        {
            out.insert(header(text).key);
        }
    }
    out.remove("");
    out
}

/// A stable signature of a set of headers, under which a mapping is remembered.
#[must_use]
pub fn signature(headers: &[HeaderPath]) -> String {
    let mut keys: Vec<String> = headers
        .iter()
        .map(|h| {
            let parts: Vec<String> = h.path.iter().map(|p| header(p).key).collect();
            parts.join("/")
        })
        .filter(|k| !k.is_empty())
        .collect();
    keys.sort();
    let digest = Sm3::digest(keys.join("\n").as_bytes());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether the values of a 单位 column are companies: then it names the vendor, not the owner.
#[must_use]
pub fn looks_like_vendor(values: &[&str]) -> bool {
    let filled: Vec<&&str> = values.iter().filter(|v| !v.trim().is_empty()).collect();
    let company = |v: &&&str| {
        ["公司", "有限", "集团", "科技股份"]
            .iter()
            .any(|w| v.contains(w))
    };
    let companies = filled.iter().filter(|v| company(v)).count();
    !filled.is_empty() && companies * 2 > filled.len()
}

/// Moves a 建设单位 column full of companies from the owner to the vendor, with a note.
///
/// `values` holds some cells of each column.
pub fn reconsider_owner(
    register: &Register,
    matches: &mut [ColumnMatch],
    values: &BTreeMap<u16, Vec<&str>>,
) {
    let words = Words::of(register);
    let Some(vendor) = words.by_key.get("承建单位").map(|w| w.field) else {
        return;
    };
    let taken = matches
        .iter()
        .any(|m| m.field.as_ref() == Some(&vendor.key));
    let owner = matches
        .iter()
        .find(|m| m.field.is_some() && m.field == register.keys.owner)
        .map(|m| m.column);
    for column in matches {
        let is_owner = owner.is_some()
            && (owner == Some(column.column)
                || matches!(column.how, How::DuplicateOf(other) if Some(other) == owner));
        let cells = values
            .get(&column.column)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if !is_owner || !looks_like_vendor(cells) {
            continue;
        }
        let letters = column_letters(column.column);
        column.field = (!taken).then(|| vendor.key.clone());
        column.confidence = if taken { 0.0 } else { 0.8 };
        column.how = if taken { How::Unknown } else { How::Alias };
        column.note = Some(if taken {
            format!("{letters} 列填的是公司，不作为归属单位；承建单位已有另一列，这一列没有读取")
        } else {
            format!("{letters} 列填的是公司，按“{}”识别，请核对", vendor.label)
        });
    }
}
