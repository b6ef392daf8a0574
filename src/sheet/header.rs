//! A sheet's first rows as a grid in which merged areas answer with their first cell, and header paths read from it.

use super::cell::{Cell, Merge, SheetHead};
use crate::register::words;

/// What a cell of the head shows.
pub(super) struct Shows<'h> {
    /// The cell as it stands, or the first cell of its merged area.
    pub cell: &'h Cell,
    /// The merged area it belongs to.
    pub merge: Option<Merge>,
}

/// The head as a grid.
pub(super) struct Grid<'h> {
    head: &'h SheetHead,
    merges: Vec<Merge>,
}

const NOTHING: Cell = Cell::Empty;

impl<'h> Grid<'h> {
    pub(super) fn new(head: &'h SheetHead) -> Self {
        let last = head.head.last().map_or(0, |row| row.number);
        let merges = head
            .merges
            .iter()
            .copied()
            .filter(|m| m.top <= last)
            .collect();
        Self { head, merges }
    }

    /// Row numbers that hold anything.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = u32> + 'h {
        self.head.head.iter().map(|row| row.number)
    }

    /// The cell itself, merged areas aside.
    pub(super) fn own(&self, row: u32, column: u16) -> &'h Cell {
        let found = self.head.head.binary_search_by_key(&row, |r| r.number).ok();
        let cell = found.and_then(|at| self.head.head.get(at)?.cells.get(usize::from(column)));
        cell.unwrap_or(&NOTHING)
    }

    /// What is seen at a place.
    pub(super) fn shows(&self, row: u32, column: u16) -> Shows<'h> {
        match self.merge_at(row, column) {
            Some(merge) => Shows {
                cell: self.own(merge.top, merge.left),
                merge: Some(merge),
            },
            None => Shows {
                cell: self.own(row, column),
                merge: None,
            },
        }
    }

    /// The merged area over a place.
    pub(super) fn merge_at(&self, row: u32, column: u16) -> Option<Merge> {
        let covers =
            |m: &&Merge| m.top <= row && row <= m.bottom && m.left <= column && column <= m.right;
        self.merges.iter().find(covers).copied()
    }

    /// Merged areas that begin in a row.
    pub(super) fn merges_from(&self, row: u32) -> impl Iterator<Item = Merge> + '_ {
        self.merges.iter().copied().filter(move |m| m.top == row)
    }

    /// The cells of a row that hold anything themselves.
    pub(super) fn filled(&self, row: u32) -> impl Iterator<Item = (u16, &'h Cell)> {
        let found = self.head.head.binary_search_by_key(&row, |r| r.number).ok();
        let cells = found
            .and_then(|at| self.head.head.get(at))
            .map(|r| r.cells.as_slice())
            .unwrap_or_default();
        (0_u16..).zip(cells).filter(|(_, cell)| !cell.is_blank())
    }

    /// How many columns the head reaches.
    pub(super) fn width(&self) -> u16 {
        let widest = self
            .head
            .head
            .iter()
            .map(|row| row.cells.len())
            .max()
            .unwrap_or(0);
        u16::try_from(widest).unwrap_or(u16::MAX)
    }

    /// The header texts over a column, from the top, each merged area once.
    pub(super) fn path(&self, top: u32, bottom: u32, column: u16) -> Vec<String> {
        let mut path: Vec<String> = Vec::new();
        let mut before: Option<Merge> = None;
        for row in top..=bottom {
            let shows = self.shows(row, column);
            if before.is_some() && shows.merge == before {
                continue;
            }
            before = shows.merge;
            let mut text = words::clean(&shows.cell.text());
            if text.is_empty() && row < bottom {
                text = self.group_to_the_left(row, bottom, column);
            }
            if !text.is_empty() && path.last() != Some(&text) {
                path.push(text);
            }
        }
        path
    }

    /// A group written once over several columns without merging: the text to the left, while cells below are filled.
    fn group_to_the_left(&self, row: u32, bottom: u32, column: u16) -> String {
        let below = |c: u16| (row + 1..=bottom).any(|r| !self.shows(r, c).cell.is_blank());
        let mut at = column;
        while below(at) && self.merge_at(row, at).is_none() {
            let text = words::clean(&self.own(row, at).text());
            if !text.is_empty() {
                return text;
            }
            match at.checked_sub(1) {
                Some(left) => at = left,
                None => break,
            }
        }
        String::new()
    }
}
