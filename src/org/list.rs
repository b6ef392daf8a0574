//! Reading a list as a bureau keeps it (departments, people): which column is what, and one line a row.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::register::date;
use crate::register::words;
use crate::sheet::cell::{Row, column_letters};
use crate::sheet::locate::{self, Located};
use crate::sheet::rows::{RowKind, RowSorter};
use crate::sheet::workbook::{Event, Parser};

/// What a person writes into a cell to empty it.
pub(super) const CLEAR: &str = "[清空]";

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ListProblem)]
pub struct Problem {
    /// Row as Excel shows it.
    pub row: u32,
    /// Column letters; none when it is about the row.
    pub column: Option<String>,
    /// What is wrong and what to write, in Chinese.
    pub message: String,
}

/// A column, and the headers that say so, the usual one first.
pub(super) type Headers<C> = [(C, &'static [&'static str])];

/// One row of the list.
pub(super) struct Line<C> {
    /// Row as Excel shows it.
    pub row: u32,
    cells: HashMap<C, String>,
    letters: HashMap<C, String>,
}

impl<C: Copy + Eq + Hash> Line<C> {
    /// The text of a cell, unless it is empty.
    pub fn get(&self, column: C) -> Option<&str> {
        self.cells
            .get(&column)
            .map(String::as_str)
            .filter(|t| !t.is_empty())
    }

    /// What a cell says beside what is stored: empty leaves it, `[清空]` empties it.
    pub fn or(&self, column: C, stored: &str) -> String {
        match self.get(column) {
            None => stored.to_owned(),
            Some(CLEAR) => String::new(),
            Some(text) => text.to_owned(),
        }
    }

    /// The letters of a column of this list.
    pub fn letters(&self, column: C) -> Option<String> {
        self.letters.get(&column).cloned()
    }

    /// A problem with a cell of this row.
    pub fn problem(&self, column: C, message: String) -> Problem {
        Problem {
            row: self.row,
            column: self.letters(column),
            message,
        }
    }

    /// A day, if the cell holds one.
    pub fn day(&self, column: C, label: &str) -> std::result::Result<Option<NaiveDate>, Problem> {
        self.get(column)
            .filter(|t| *t != CLEAR)
            .map(|text| date::whole_day(label, text))
            .transpose()
            .map_err(|message| self.problem(column, message))
    }

    /// Yes or no, if the cell says so.
    pub fn yes(&self, column: C, label: &str) -> std::result::Result<Option<bool>, Problem> {
        match self.get(column).map(str::to_lowercase).as_deref() {
            None => Ok(None),
            Some("是" | "√" | "y" | "yes" | "true" | "1") => Ok(Some(true)),
            Some("否" | "×" | "n" | "no" | "false" | "0" | "无" | CLEAR) => Ok(Some(false)),
            Some(other) => Err(self.problem(column, format!("{label}“{other}”请填“是”或“否”"))),
        }
    }
}

/// The lines of a list, wherever its header stands.
pub(super) fn read<C: Copy + Eq + Hash>(
    parser: &Parser,
    file: &Path,
    headers: &Headers<C>,
    must: &[C],
    missing: &str,
) -> Result<Vec<Line<C>>> {
    let known: HashSet<String> = headers
        .iter()
        .flat_map(|(_, names)| names.iter().map(|n| words::header(n).key))
        .collect();
    let workbook = parser.open(file)?;
    let heads = workbook.sheets().to_vec();
    let found = heads.iter().find_map(|head| {
        let located = locate::locate(head, &known)
            .or_else(|_| locate::locate_at(head, 1))
            .ok()?;
        let columns = columns(headers, &located);
        must.iter()
            .all(|column| columns.contains_key(column))
            .then_some((head, located, columns))
    });
    let Some((head, located, columns)) = found else {
        return Err(Error::Input {
            code: "no_table".to_owned(),
            message: missing.to_owned(),
            suggestion: "请检查表头，或下载模板填写".to_owned(),
        });
    };
    let mut sorter = RowSorter::new(head, &located);
    let mut lines = Vec::new();
    for event in workbook.stream(&[head.index])? {
        let Event::Row(row) = event? else { continue };
        let sorted = sorter.sort(row);
        if sorted.kind == RowKind::Data {
            lines.push(line(&sorted.row, &columns));
        }
    }
    Ok(lines)
}

fn columns<C: Copy + Eq + Hash>(headers: &Headers<C>, located: &Located) -> HashMap<C, u16> {
    let mut out = HashMap::new();
    for (column, names) in headers {
        let keys: Vec<String> = names.iter().map(|n| words::header(n).key).collect();
        let rank = |path: &[String]| {
            path.last()
                .and_then(|t| keys.iter().position(|k| *k == words::header(t).key))
        };
        let best = located
            .columns
            .iter()
            .filter_map(|c| Some((rank(&c.path)?, c.index)))
            .min();
        if let Some((_, index)) = best {
            out.insert(*column, index);
        }
    }
    out
}

fn line<C: Copy + Eq + Hash>(row: &Row, columns: &HashMap<C, u16>) -> Line<C> {
    let cells = columns
        .iter()
        .filter_map(|(column, index)| {
            Some((
                *column,
                words::clean(&row.cells.get(usize::from(*index))?.text()),
            ))
        })
        .collect();
    Line {
        row: row.number,
        cells,
        letters: columns
            .iter()
            .map(|(column, index)| (*column, column_letters(*index)))
            .collect(),
    }
}
