//! The uploaded file handed back, with what its preview or its import said of each row.

use std::path::{Path, PathBuf};

use super::Upload;
use crate::app::App;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::intake::collect::RowNotes;
use crate::intake::correct::{self, Kept};
use crate::intake::preview::{self, Filter, PreviewRow};
use crate::intake::run::Done;
use crate::intake::spool::Weight;
use crate::intake::{annotated, upload::State};
use crate::sheet::annotate::{CellAnnotation, Mark, Outcome, RowAnnotation};
use crate::sheet::cell::column_number;

/// Rows of one read.
const PAGE: i64 = 2_000;

/// Writes the annotated copy to `out`; the extension follows what the copy is.
///
/// # Errors
/// [`Error::Conflict`] while there is nothing to say of it yet; [`Error::Input`] when the file cannot be read.
pub fn write(app: &App, conn: &mut Conn, upload: &Upload, out: &Path) -> Result<PathBuf> {
    let file = upload
        .path(app)
        .filter(|path| path.is_file() && upload.round > 0)
        .ok_or_else(|| {
            Error::Conflict("这次导入没有可以下载的标注文件，请等核对完成后再试".to_owned())
        })?;
    let preview = upload.preview();
    let mut report = preview.report;
    report.applied = upload.state() == State::Applied;
    let mut notes = RowNotes::new();
    for (sheet, ranges) in &preview.same {
        for line in ranges.iter().flat_map(|(from, to)| *from..=*to) {
            notes.insert((*sheet, line), same());
        }
    }
    let mut after = None;
    loop {
        let import = (upload.id, upload.round);
        let rows = preview::page(conn, import, &Filter::default(), after, PAGE)?;
        let Some(last) = rows.last() else { break };
        after = Some((last.sheet, last.line));
        for row in &rows {
            if let (Ok(sheet), Ok(line)) = (usize::try_from(row.sheet), u32::try_from(row.line)) {
                notes.insert((sheet, line), note(row));
            }
        }
    }
    let corrections = correct::list(conn, upload.id)?;
    for kept in &corrections {
        mark_correction(&mut notes, kept);
    }
    let name = |kept: &Kept| {
        let sheet = usize::try_from(kept.sheet).ok();
        sheet
            .and_then(|n| report.sheets.get(n))
            .map_or("", |s| s.sheet.as_str())
            .to_owned()
    };
    let told: Vec<(String, String)> = corrections
        .iter()
        .map(|kept| (place(kept, &name(kept)), change(kept)))
        .collect();
    let workbook = app.parser.open(&file)?;
    let done = Done {
        report,
        notes,
        heads: workbook.sheets().to_vec(),
        plan: String::new(),
        same: preview.same,
        touched: std::collections::BTreeSet::new(),
        moved: false,
    };
    drop(workbook);
    annotated::write_with(app, &file, done, told, out)
}

fn same() -> RowAnnotation {
    RowAnnotation {
        outcome: Outcome::Same,
        text: String::new(),
        cells: Vec::new(),
    }
}

fn note(row: &PreviewRow) -> RowAnnotation {
    let mut out = RowAnnotation {
        outcome: row.outcome,
        text: row.reason.clone(),
        cells: Vec::new(),
    };
    for problem in &row.problems {
        let kind = match problem.weight {
            Weight::Problem => Mark::Problem,
            Weight::Warning => Mark::Warning,
            Weight::Normalised => Mark::Normalised,
        };
        let text = format!("{} {}", problem.message, problem.suggestion);
        let text = text.trim();
        if kind != Mark::Normalised {
            let label = if problem.label.is_empty() {
                String::new()
            } else {
                format!("{}: ", problem.label)
            };
            add(&mut out.text, &format!("{label}{text}"));
        }
        out.cells
            .extend(column_number(&problem.column).map(|column| CellAnnotation {
                column,
                kind,
                text: text.to_owned(),
            }));
    }
    if row.outcome == Outcome::Changed {
        for cell in &row.cells {
            out.cells
                .extend(column_number(&cell.column).map(|column| CellAnnotation {
                    column,
                    kind: Mark::Changed,
                    text: format!("原值: {}", cell.old),
                }));
        }
    }
    out
}

fn mark_correction(notes: &mut RowNotes, kept: &Kept) {
    let at = (
        usize::try_from(kept.sheet),
        u32::try_from(kept.line),
        u16::try_from(kept.place),
    );
    let (Ok(sheet), Ok(line), Ok(column)) = at else {
        return;
    };
    if line == 0 {
        return;
    }
    if let Some(note) = notes.get_mut(&(sheet, line)) {
        add(
            &mut note.text,
            &format!("{} 列: {}", kept.column(), change(kept)),
        );
        note.cells.push(CellAnnotation {
            column,
            kind: Mark::Changed,
            text: change(kept),
        });
    }
}

fn change(kept: &Kept) -> String {
    format!(
        "已更正: “{}” → “{}”（{}）",
        kept.said, kept.text, kept.actor
    )
}

fn place(kept: &Kept, sheet: &str) -> String {
    if kept.line == 0 {
        format!("更正 {sheet}!{} 列所有相同的单元格", kept.column())
    } else {
        format!("更正 {sheet}!{}{}", kept.column(), kept.line)
    }
}

fn add(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push('；');
    }
    text.push_str(more);
}
