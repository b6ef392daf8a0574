//! What each row below the header is for, and merged areas filled from their first cell.
//!
//! One pass, in row order, without looking ahead; merged areas cost the same whether there are ten or a hundred
//! thousand of them.

use super::cell::{Cell, Merge, Row, SheetHead};
use super::info;
use super::locate::Located;
use super::marks;
use crate::register::words;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// The header and what stands above it.
    Heading,
    /// A record.
    Data,
    /// Nothing a person could see.
    Blank,
    /// A total of the rows above.
    Total,
    /// Instructions, remarks, who filled in.
    Note,
    /// A sample row of the template.
    Example,
    /// The header once more, as on printed pages.
    RepeatedHeader,
}

/// A row and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted {
    /// What it is for.
    pub kind: RowKind,
    /// The row, merged areas filled in if it is [`RowKind::Data`].
    pub row: Row,
    /// Columns whose value was filled from a merged area that begins in an earlier row.
    pub filled: Vec<u16>,
}

/// How many rows of each kind were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Records.
    pub data: u32,
    /// Blank rows between others; those after the last row do not count.
    pub blank: u32,
    /// Totals.
    pub total: u32,
    /// Notes.
    pub note: u32,
    /// Examples.
    pub example: u32,
    /// Repeated headers.
    pub repeated_header: u32,
}

/// Sorts the rows of one table; feed it every row of the sheet in order.
#[derive(Debug)]
pub struct RowSorter {
    first_data_row: u32,
    width: usize,
    /// For each column, the keys of its header texts.
    headers: Vec<Vec<String>>,
    fill: Fill,
    wide: HashSet<u32>,
    last: u32,
    gap: u32,
    in_notes: bool,
    counts: RowCounts,
}

impl RowSorter {
    /// A sorter for the table found on a sheet.
    #[must_use]
    pub fn new(head: &SheetHead, located: &Located) -> Self {
        let width = located
            .columns
            .last()
            .map_or(0, |c| usize::from(c.index) + 1);
        let mut headers = vec![Vec::new(); width];
        for column in &located.columns {
            if let Some(keys) = headers.get_mut(usize::from(column.index)) {
                *keys = column
                    .path
                    .iter()
                    .map(|text| words::header(text).key)
                    .collect();
            }
        }
        let below = head
            .merges
            .iter()
            .copied()
            .filter(|m| m.top >= located.first_data_row);
        let spans = |m: &Merge| {
            m.top == m.bottom && usize::from(m.right - m.left) + 1 >= (width / 2).max(3)
        };
        let wide = below.clone().filter(spans).map(|m| m.top).collect();
        Self {
            first_data_row: located.first_data_row,
            width,
            headers,
            fill: Fill::new(below.collect()),
            wide,
            last: located.first_data_row.saturating_sub(1),
            gap: 0,
            in_notes: false,
            counts: RowCounts::default(),
        }
    }

    /// Says what a row is for.
    pub fn sort(&mut self, mut row: Row) -> Sorted {
        if row.number < self.first_data_row {
            return Sorted {
                kind: RowKind::Heading,
                row,
                filled: Vec::new(),
            };
        }
        self.fill.advance(&row);
        let kind = self.kind(&row);
        self.count(kind, row.number);
        let filled = if kind == RowKind::Data {
            self.fill.apply(&mut row)
        } else {
            Vec::new()
        };
        Sorted { kind, row, filled }
    }

    /// What was seen so far.
    #[must_use]
    pub fn counts(&self) -> RowCounts {
        self.counts
    }

    fn count(&mut self, kind: RowKind, number: u32) {
        if kind == RowKind::Blank {
            return;
        }
        self.gap += number.saturating_sub(self.last).saturating_sub(1);
        self.last = number;
        let counter = match kind {
            RowKind::Total => &mut self.counts.total,
            RowKind::Note => {
                // A gap before closing notes is no gap in the table, unless the table goes on.
                self.counts.note += 1;
                return;
            }
            RowKind::Example => &mut self.counts.example,
            RowKind::RepeatedHeader => &mut self.counts.repeated_header,
            _ => &mut self.counts.data,
        };
        *counter += 1;
        self.counts.blank += std::mem::take(&mut self.gap);
    }

    fn kind(&mut self, row: &Row) -> RowKind {
        let filled = row.cells.iter().filter(|cell| !cell.is_blank()).count();
        if filled == 0 {
            return RowKind::Blank;
        }
        if row.number == self.first_data_row && numbers_columns(row, filled) {
            return RowKind::RepeatedHeader;
        }
        // Separated text has numbers as text; words say what a row is for.
        let words =
            texts(row).find(|(_, text)| !text.trim().parse::<f64>().is_ok_and(f64::is_finite));
        let Some((column, text)) = words else {
            self.in_notes = false;
            return RowKind::Data;
        };
        self.in_notes = self.is_note(row, text, filled);
        if self.in_notes {
            RowKind::Note
        } else if self.repeats_header(row, column, text, filled) {
            RowKind::RepeatedHeader
        } else if is_total(row, column, text) {
            RowKind::Total
        } else if texts(row)
            .take(3)
            .any(|(_, text)| marks::may_be_example(text) && marks::is_example(text))
        {
            RowKind::Example
        } else {
            RowKind::Data
        }
    }

    fn is_note(&self, row: &Row, text: &str, filled: usize) -> bool {
        const FEW: usize = 2;
        // One cell across the table, or one more line of the notes above it.
        if filled == 1 && (self.in_notes || self.wide.contains(&row.number)) {
            return true;
        }
        if !marks::may_be_note(text) {
            return false;
        }
        if filled <= FEW && marks::starts_note(&words::clean(text)) {
            return true;
        }
        // 填表人：张三    审核人：李四
        let foot = |label: &str| marks::is_foot_label(&words::header(label).key);
        filled * 2 <= self.width.max(FEW * 2)
            && (info::pairs(text).iter().any(|(label, _)| foot(label)) || foot(text))
    }

    fn repeats_header(&self, row: &Row, column: usize, text: &str, filled: usize) -> bool {
        let matches = |column: usize, text: &str| {
            let Some(keys) = self.headers.get(column).filter(|keys| !keys.is_empty()) else {
                return false;
            };
            // The first characters are compared before the careful, slow way.
            let first = text
                .chars()
                .find(|c| !c.is_whitespace() && !matches!(c, '*' | '＊' | '※' | '(' | '（'))
                .map(|c| c.to_ascii_lowercase());
            let plain = |c: char| c.is_ascii() || ('\u{4e00}'..='\u{9fff}').contains(&c);
            let alike = |key: &String| key.chars().next() == first || !first.is_some_and(plain);
            keys.iter().any(alike) && text.len() <= 256 && keys.contains(&words::header(text).key)
        };
        if !matches(column, text) {
            return false;
        }
        let same = texts(row)
            .filter(|(column, text)| matches(*column, text))
            .count();
        same >= 2 && same * 3 >= filled * 2
    }
}

/// A row of column numbers below the header, as statistical forms have it: 1 2 3 4 …
fn numbers_columns(row: &Row, filled: usize) -> bool {
    const ENOUGH: usize = 4;
    let mut last: Option<u32> = None;
    let counts_on = |cell: &Cell| {
        let number = marks::column_number(cell);
        let on = number.is_some_and(|n| last.is_none_or(|before| before.checked_add(1) == Some(n)));
        last = number;
        on
    };
    filled >= ENOUGH
        && row
            .cells
            .iter()
            .filter(|cell| !cell.is_blank())
            .all(counts_on)
}

/// The texts of a row that are not blank, with their columns.
fn texts(row: &Row) -> impl Iterator<Item = (usize, &str)> {
    row.cells
        .iter()
        .enumerate()
        .filter_map(|(column, cell)| match cell {
            Cell::Text(text) if !cell.is_blank() => Some((column, text.as_str())),
            _ => None,
        })
}

/// `合计` in the first text of a row that otherwise holds figures; a name that merely contains the word is none.
fn is_total(row: &Row, column: usize, text: &str) -> bool {
    const REMARKS_MOST: usize = 2;
    if !marks::may_be_total(text) {
        return false;
    }
    let key = words::header(text).key;
    let others = || {
        row.cells
            .iter()
            .enumerate()
            .filter(|(at, cell)| *at != column && !cell.is_blank())
    };
    let remarks = others().filter(|(_, cell)| !marks::is_figure(cell)).count();
    if marks::is_total(&key) {
        return remarks <= REMARKS_MOST;
    }
    let first = others().all(|(at, _)| at > column);
    marks::ends_as_total(&key) && first && remarks == 0 && others().next().is_some()
}

/// The merged areas of the data, as a slot per column: what is merged over it, and down to where.
#[derive(Debug)]
struct Fill {
    merges: Vec<Merge>,
    next: usize,
    slots: Vec<Option<Slot>>,
    open: usize,
}

#[derive(Clone, Debug)]
struct Slot {
    top: u32,
    bottom: u32,
    value: Cell,
}

impl Fill {
    /// Areas wider than this are remarks across the table and not repeated in every column.
    const WIDE: u16 = 16;

    fn new(mut merges: Vec<Merge>) -> Self {
        merges.sort_unstable_by_key(|m| (m.top, m.left));
        Self {
            merges,
            next: 0,
            slots: Vec::new(),
            open: 0,
        }
    }

    /// Opens the areas that begin in this row.
    fn advance(&mut self, row: &Row) {
        while let Some(merge) = self
            .merges
            .get(self.next)
            .copied()
            .filter(|m| m.top <= row.number)
        {
            self.next += 1;
            // An area whose first row holds nothing shows nothing.
            let value = row
                .cells
                .get(usize::from(merge.left))
                .filter(|cell| !cell.is_blank());
            if let (true, Some(value)) = (merge.top == row.number, value) {
                self.open(merge, value);
            }
        }
    }

    fn open(&mut self, merge: Merge, value: &Cell) {
        let right = if merge.right - merge.left < Self::WIDE {
            merge.right
        } else {
            merge.left
        };
        if self.slots.len() <= usize::from(right) {
            self.slots.resize(usize::from(right) + 1, None);
        }
        for column in merge.left..=right {
            if let Some(slot) = self.slots.get_mut(usize::from(column)) {
                self.open += usize::from(slot.is_none());
                *slot = Some(Slot {
                    top: merge.top,
                    bottom: merge.bottom,
                    value: value.clone(),
                });
            }
        }
    }

    /// Writes into a row what is merged over it, as Excel shows it; says which columns came from above.
    fn apply(&mut self, row: &mut Row) -> Vec<u16> {
        let mut filled = Vec::new();
        if self.open == 0 {
            return filled;
        }
        for (column, slot) in (0_u16..).zip(self.slots.iter_mut()) {
            let Some(area) = slot else { continue };
            if area.bottom < row.number {
                *slot = None;
                self.open -= 1;
                continue;
            }
            let at = usize::from(column);
            if row.cells.len() <= at {
                row.cells.resize(at + 1, Cell::Empty);
            }
            if let Some(cell) = row.cells.get_mut(at) {
                cell.clone_from(&area.value);
            }
            if area.top < row.number {
                filled.push(column);
            }
        }
        filled
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
