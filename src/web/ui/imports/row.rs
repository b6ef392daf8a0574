//! A row of the preview as the table shows it.

use std::collections::HashMap;

use crate::intake::preview::PreviewRow;
use crate::intake::report::SheetReport;
use crate::intake::spool::Weight;
use crate::org::directory::Directory;
use crate::sheet::annotate::Outcome;
use crate::sheet::cell::column_letters;

/// Values of a new entry that are shown at once; the others are folded away.
const SHOWN: usize = 8;

/// One value: what it was and what it will be.
pub(super) struct Value {
    pub(super) label: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// Something to say about a cell, with what is needed to correct it in place.
pub(super) struct Remark {
    pub(super) class: &'static str,
    pub(super) column: String,
    pub(super) header: String,
    pub(super) label: String,
    pub(super) message: String,
    pub(super) suggestion: String,
    pub(super) said: String,
    /// How many other cells of the column say the same is not known; whether it is worth asking is.
    pub(super) repeats: bool,
}

/// A cell that can be corrected.
pub(super) struct CellOf {
    pub(super) column: String,
    pub(super) header: String,
    pub(super) text: String,
}

/// A row.
pub(super) struct RowView {
    pub(super) sheet: i64,
    pub(super) sheet_name: String,
    pub(super) line: i64,
    pub(super) name: String,
    pub(super) code: String,
    pub(super) department: String,
    pub(super) group: &'static str,
    pub(super) bad: bool,
    pub(super) changes: bool,
    pub(super) reason: String,
    pub(super) values: Vec<Value>,
    pub(super) more: Vec<Value>,
    pub(super) remarks: Vec<Remark>,
    pub(super) cells: Vec<CellOf>,
}

impl RowView {
    /// As the table shows it.
    pub(super) fn of(directory: &Directory, sheets: &[SheetReport], row: PreviewRow) -> Self {
        let sheet = usize::try_from(row.sheet).ok().and_then(|n| sheets.get(n));
        let headers: HashMap<&str, &str> = sheet
            .map(|s| {
                s.columns
                    .iter()
                    .map(|c| (c.column.as_str(), c.header.as_str()))
                    .collect()
            })
            .unwrap_or_default();
        let header = |column: &str| headers.get(column).copied().unwrap_or_default().to_owned();
        let texts: HashMap<String, String> = row
            .texts
            .iter()
            .map(|t| (column_letters(t.place), t.text.clone()))
            .collect();
        let remarks = row
            .problems
            .into_iter()
            .map(|p| Remark {
                class: match p.weight {
                    Weight::Problem => "ol-badge--bad",
                    Weight::Warning => "ol-badge--warn",
                    Weight::Normalised => "",
                },
                header: header(&p.column),
                said: texts.get(&p.column).cloned().unwrap_or_default(),
                repeats: texts.contains_key(&p.column),
                column: p.column,
                label: p.label,
                message: p.message,
                suggestion: p.suggestion,
            })
            .collect();
        let mut values: Vec<Value> = row
            .cells
            .into_iter()
            .map(|c| Value {
                label: c.label,
                old: c.old,
                new: c.new,
            })
            .collect();
        let changes = row.outcome == Outcome::Changed;
        let keep = if changes {
            values.len()
        } else {
            SHOWN.min(values.len())
        };
        let more = values.split_off(keep);
        let cells = sheet
            .map(|s| s.columns.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|c| CellOf {
                text: texts.get(&c.column).cloned().unwrap_or_default(),
                column: c.column.clone(),
                header: c.header.clone(),
            })
            .collect();
        let department = row.department.and_then(|id| directory.get(id));
        Self {
            sheet: row.sheet,
            sheet_name: sheet.map(|s| s.sheet.clone()).unwrap_or_default(),
            line: row.line,
            name: row.name,
            code: row.code,
            department: department.map(|d| d.name.clone()).unwrap_or_default(),
            group: row.outcome.label(),
            bad: row.outcome == Outcome::Refused,
            changes,
            reason: row.reason,
            values,
            more,
            remarks,
            cells,
        }
    }
}
