//! What a sheet is made of, whatever file it came from.

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

impl Cell {
    /// The text of a cell as a person would read it; numbers without exponent where possible.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Empty | Self::NoValue => String::new(),
            Self::Text(t) => t.clone(),
            Self::Number(n) | Self::Date(n) => n.to_string(),
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
