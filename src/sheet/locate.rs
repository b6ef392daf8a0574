//! Where the table of a sheet begins: header rows under titles, attachments and lines of particulars.
//!
//! ```text
//!  1 │ 附件1
//!  2 │        示例市市直部门政务信息系统清单            title
//!  3 │ 填报单位：X      填报时间：Y      单位：万元      particulars
//!  4 │ 序号 │ 系统名称 │    建设情况     │ 联系人       header, first row
//!  5 │      │          │ 资金   │ 时间   │              header, second row
//!  6 │ 1    │ …                                          first data row
//! ```

use super::cell::{Merge, SheetHead, column_letters};
use super::header::Grid;
use super::info::{self, SheetInfo};
use super::marks;
use crate::register::words;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::hash::BuildHasher;

/// A header has at most this many rows.
const HEADER_ROWS_MOST: u32 = 4;
/// Known words that make a row a header whatever else stands in it.
const WORDS_ENOUGH: usize = 3;

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// 0 = A.
    pub index: u16,
    /// Header texts from the top group down; empty when the column has none.
    pub path: Vec<String>,
}

impl Column {
    /// The header in one line, or `第K列` when there is none.
    #[must_use]
    pub fn name(&self) -> String {
        if self.path.is_empty() {
            format!("第{}列", column_letters(self.index))
        } else {
            self.path.join("/")
        }
    }
}

/// A table found on a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// First row of the header, as Excel shows it.
    pub header_row: u32,
    /// Rows of the header.
    pub header_rows: u32,
    /// Row below the header.
    pub first_data_row: u32,
    /// Columns from the left.
    pub columns: Vec<Column>,
    /// What stands above.
    pub info: SheetInfo,
}

/// No table was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct LocateFault {
    /// Stable word for programs: `no_header`.
    pub code: String,
    /// What was looked for and the best row seen, in Chinese.
    pub message: String,
    /// What to do, in Chinese.
    pub suggestion: String,
    /// The row most like a header.
    pub best_row: Option<u32>,
    /// The known words in it.
    pub best_words: Vec<String>,
}

/// Finds the header by known words, which are `register::words::header(…).key` of every header that may be meant.
///
/// # Errors
/// When no row holds enough of them.
pub fn locate<S: BuildHasher>(
    head: &SheetHead,
    words: &HashSet<String, S>,
) -> Result<Located, LocateFault> {
    let grid = Grid::new(head);
    let mut best: Option<(u32, Vec<(u16, String)>)> = None;
    for row in grid.rows() {
        let known = known(&grid, row, words);
        if known.len() > best.as_ref().map_or(0, |(_, k)| k.len()) {
            best = Some((row, known));
        }
    }
    match best {
        Some((row, known)) if is_header(&grid, row, &known) => {
            let (top, bottom) = block(&grid, row, words);
            Ok(describe(&grid, top, bottom))
        }
        best => Err(no_header(head, best)),
    }
}

/// Takes the header to be at a row the user names, for tables whose words are not known.
///
/// # Errors
/// When that row is blank or beyond the rows looked at.
pub fn locate_at(head: &SheetHead, header_row: u32) -> Result<Located, LocateFault> {
    let grid = Grid::new(head);
    if grid.filled(header_row).next().is_none() {
        return Err(LocateFault {
            code: "no_header".to_owned(),
            message: format!(
                "工作表「{}」第 {header_row} 行是空的，不能作为表头",
                head.name
            ),
            suggestion: "请指定表头所在的行号（Excel 左侧显示的行号）。".to_owned(),
            best_row: None,
            best_words: Vec::new(),
        });
    }
    let bottom = merged_down(&grid, header_row, header_row);
    Ok(describe(&grid, header_row, bottom))
}

/// The known words of a row, each once, with their columns.
fn known<S: BuildHasher>(
    grid: &Grid<'_>,
    row: u32,
    words: &HashSet<String, S>,
) -> Vec<(u16, String)> {
    let mut seen = HashSet::new();
    grid.filled(row)
        .filter_map(|(column, cell)| {
            let key = words::header(&cell.text()).key;
            (words.contains(&key) && seen.insert(key.clone())).then_some((column, key))
        })
        .collect()
}

fn is_header(grid: &Grid<'_>, row: u32, known: &[(u16, String)]) -> bool {
    let filled = grid.filled(row).count();
    match known {
        // A line of particulars names 联系人 and 联系电话 too, but each beside its value.
        [(left, _), (right, _)] => filled <= 3 || (filled <= 6 && *right == left + 1),
        known => known.len() >= WORDS_ENOUGH,
    }
}

/// The rows of the header around its best row.
fn block<S: BuildHasher>(grid: &Grid<'_>, row: u32, words: &HashSet<String, S>) -> (u32, u32) {
    let mut top = row;
    // Cells merged from above into this row.
    for column in 0..grid.width() {
        if let Some(merge) = grid
            .merge_at(row, column)
            .filter(|m| is_header_merge(grid, *m))
        {
            top = top.min(merge.top);
        }
    }
    while let Some(above) = top
        .checked_sub(1)
        .filter(|r| *r > 0 && row - r < HEADER_ROWS_MOST)
    {
        if !is_group_row(grid, above, top, row, words) {
            break;
        }
        top = above;
    }
    let mut bottom = merged_down(grid, top, row);
    if bottom - top + 1 < HEADER_ROWS_MOST && completes(grid, bottom, words) {
        bottom += 1;
    }
    (top, bottom)
}

/// The last row that cells merged within the header reach.
fn merged_down(grid: &Grid<'_>, top: u32, row: u32) -> u32 {
    let mut bottom = row;
    let mut at = top;
    while at <= bottom {
        for merge in grid.merges_from(at).filter(|m| is_header_merge(grid, *m)) {
            bottom = bottom.max(merge.bottom).min(top + HEADER_ROWS_MOST - 1);
        }
        at += 1;
    }
    bottom
}

/// A merged area of a header: filled, not tall, and not a title across the table.
fn is_header_merge(grid: &Grid<'_>, merge: Merge) -> bool {
    // Columns added behind the table later, ours among them, leave its title short of the last one.
    let alone = grid.filled(merge.top).count() == 1;
    let across = if alone {
        (u32::from(merge.right) + 1) * 2 > u32::from(grid.width())
    } else {
        merge.right + 1 >= grid.width()
    };
    merge.bottom - merge.top < HEADER_ROWS_MOST
        && !grid.own(merge.top, merge.left).is_blank()
        && !(merge.left == 0 && across && merge.right > 0)
}

/// Whether the row above the header groups its columns: no title, no particulars.
fn is_group_row<S: BuildHasher>(
    grid: &Grid<'_>,
    above: u32,
    top: u32,
    row: u32,
    words: &HashSet<String, S>,
) -> bool {
    let filled: Vec<(u16, String)> = grid
        .filled(above)
        .map(|(c, cell)| (c, cell.text()))
        .collect();
    if filled.is_empty() || filled.iter().any(|(_, text)| !info::pairs(text).is_empty()) {
        return false;
    }
    if filled.iter().any(|(_, text)| marks::is_particular(text)) {
        return false;
    }
    let grouped = grid
        .merges_from(above)
        .filter(|m| m.right > m.left && m.bottom < top.max(m.top + 1) && is_header_merge(grid, *m));
    if filled.len() < 2 {
        // One cell alone is a group when it covers the smaller part of the table, and a title otherwise.
        let narrow = |m: Merge| m.left > 0 && (m.right - m.left + 1) * 2 <= grid.width();
        return grouped.into_iter().any(narrow);
    }
    // Labels with their values beside them: every second cell is a label of particulars.
    let labels = filled
        .iter()
        .filter(|(_, text)| marks::is_info_label(&words::header(text).key))
        .count();
    // A known word over an empty cell completes the header.
    let completes = known(grid, above, words)
        .iter()
        .any(|(c, _)| grid.shows(row, *c).cell.is_blank());
    completes
        || (grouped.count() > 0 && labels * 2 < filled.len() + 1)
        || (labels == 0 && over_filled(grid, &filled, row))
}

/// Several texts, each over a filled header cell, with gaps between: groups written without merging.
fn over_filled(grid: &Grid<'_>, filled: &[(u16, String)], row: u32) -> bool {
    let header = grid.filled(row).count();
    filled.len() < header
        && filled
            .iter()
            .all(|(c, text)| !grid.own(row, *c).is_blank() && text.chars().count() <= 12)
}

/// Whether the row below adds header words where the header has only groups.
fn completes<S: BuildHasher>(grid: &Grid<'_>, bottom: u32, words: &HashSet<String, S>) -> bool {
    let below = known(grid, bottom + 1, words);
    let filled = grid.filled(bottom + 1).count();
    let above = |c: u16| words.contains(&words::header(&grid.shows(bottom, c).cell.text()).key);
    below.len() >= 2
        && below.len() * 2 > filled
        && below.iter().filter(|(c, _)| !above(*c)).count() * 2 > below.len()
}

fn describe(grid: &Grid<'_>, top: u32, bottom: u32) -> Located {
    let used = |column: u16| {
        grid.rows()
            .any(|row| row > bottom && !grid.own(row, column).is_blank())
    };
    let columns = (0..grid.width())
        .map(|index| Column {
            index,
            path: grid.path(top, bottom, index),
        })
        .filter(|column| !column.path.is_empty() || used(column.index))
        .collect();
    Located {
        header_row: top,
        header_rows: bottom - top + 1,
        first_data_row: bottom + 1,
        columns,
        info: SheetInfo::above(grid, top),
    }
}

fn no_header(head: &SheetHead, best: Option<(u32, Vec<(u16, String)>)>) -> LocateFault {
    let (best_row, best_words) = match best {
        Some((row, known)) => (Some(row), known.into_iter().map(|(_, key)| key).collect()),
        None => (None, Vec::<String>::new()),
    };
    let seen = match best_row {
        Some(row) => format!("最接近的是第 {row} 行，只认出「{}」", best_words.join("、")),
        None if head.head.is_empty() => "工作表是空的".to_owned(),
        None => "没有一行含有认识的列名".to_owned(),
    };
    LocateFault {
        code: "no_header".to_owned(),
        message: format!("在工作表「{}」里没有找到表头：{seen}（至少需要同一行有 {WORDS_ENOUGH} 个认识的列名）", head.name),
        suggestion: "请保留模板中的表头（如：系统名称、主管部门、建设资金），或指定表头所在行并提供列对照文件。".to_owned(),
        best_row,
        best_words,
    }
}

#[cfg(test)]
#[path = "locate_tests.rs"]
mod tests;
