//! What a sheet is made of, whatever file it came from.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

/// One cell as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text as it stands, line breaks included.
    Text(String),
    /// A number cell.
    Number(f64),
    /// A number cell in a date format: its serial in the 1900 system (a 1904 workbook is converted).
    Date(f64),
    /// TRUE or FALSE.
    Bool(bool),
    /// An error value, such as `#N/A`.
    Error(String),
    /// A formula whose result the file does not hold.
    NoValue,
}

/// One row; columns from A on, trailing empties left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The number Excel shows, from 1.
    pub number: u32,
    /// Cells from column A.
    pub cells: Vec<Cell>,
}

/// A merged area, 1-based, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// First row.
    pub top: u32,
    /// Last row.
    pub bottom: u32,
    /// First column, 0 = A.
    pub left: u16,
    /// Last column.
    pub right: u16,
}

/// Whether a sheet is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// Visible.
    Visible,
    /// Hidden or very hidden.
    Hidden,
}

/// A sheet as it introduces itself: everything needed to find its header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SheetHead {
    /// Position in the workbook, from 0.
    pub index: usize,
    /// Sheet name (the file's stem for CSV).
    pub name: String,
    /// Visibility.
    pub shown: Shown,
    /// All merged areas of the sheet.
    pub merges: Vec<Merge>,
    /// Rows the file marks as hidden or filtered away; they are read all the same.
    pub hidden_rows: u32,
    /// The first rows that hold anything, at most [`HEAD_ROWS`].
    pub head: Vec<Row>,
}

/// How many rows [`SheetHead::head`] holds at most.
pub const HEAD_ROWS: usize = 60;

/// Column letters as Excel shows them: 0 → `A`, 26 → `AA`.
#[must_use]
pub fn column_letters(column: u16) -> String {
    let mut n = u32::from(column) + 1;
    let mut out = Vec::new();
    while n > 0 {
        let digit = u8::try_from((n - 1) % 26).unwrap_or(0);
        out.push(char::from(b'A' + digit));
        n = (n - 1) / 26;
    }
    out.iter().rev().collect()
}

/// The column with these letters: `A` → 0, `AA` → 26.
#[must_use]
pub fn column_number(letters: &str) -> Option<u16> {
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut n = 0_u32;
    for letter in letters.bytes() {
        if !letter.is_ascii_uppercase() {
            return None;
        }
        n = n * 26 + u32::from(letter - b'A') + 1;
    }
    u16::try_from(n - 1).ok()
}

/// A date cell as text: the day, and the time when there is one.
fn date_text(serial: f64) -> String {
    let seconds = (serial * 86_400.0).round();
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30).map(|d| d.and_time(NaiveTime::MIN));
    // Whole seconds within a few thousand years: exact in an f64, and no larger than an i64.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be within the range of dates"
    )]
    let span = (seconds.abs() < 1e12).then(|| TimeDelta::seconds(seconds as i64));
    match epoch.zip(span).and_then(|(e, s)| e.checked_add_signed(s)) {
        None => serial.to_string(),
        Some(at) if at.time() == NaiveTime::MIN => at.format("%Y-%m-%d").to_string(),
        Some(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

impl Cell {
    /// The text of a cell as a person would read it; numbers without exponent where possible.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Empty | Self::NoValue => String::new(),
            Self::Text(t) => t.clone(),
            Self::Number(n) => n.to_string(),
            Self::Date(serial) => date_text(*serial),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Error(e) => e.clone(),
        }
    }

    /// Nothing a person could see: empty, or only white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(t) => t.chars().all(char::is_whitespace),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_cell_reads_as_its_day_and_time() {
        assert_eq!(Cell::Date(45_352.0).text(), "2024-03-01");
        assert_eq!(Cell::Date(45_352.75).text(), "2024-03-01 18:00:00");
        assert_eq!(Cell::Date(1e300).text(), 1e300.to_string());
    }

    #[test]
    fn columns_are_lettered_as_excel_does() {
        let letters = [0, 25, 26, 701, 702].map(column_letters);
        assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA"]);
        let back = letters.map(|l| column_number(&l).unwrap());
        assert_eq!(back, [0, 25, 26, 701, 702]);
        assert_eq!(["", "a", "A1", "ABCD"].map(column_number), [None; 4]);
    }
}
