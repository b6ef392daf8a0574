//! The user's workbook handed back, with what happened to each row.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::error::{Doing, Error, Result};
use crate::intake::report::Report;
use crate::intake::run::Done;
use crate::sheet::annotate::{self, Annotation, Original, SheetAnnotation, SourceRows};
use crate::sheet::cell::SheetHead;
use crate::sheet::workbook::{Event, Format};

/// Writes the annotated copy of a file to `out`; the extension follows what the copy is.
///
/// # Errors
/// When the copy cannot be written.
pub fn write(app: &App, file: &Path, done: Done, out: &Path) -> Result<PathBuf> {
    write_with(app, file, done, Vec::new(), out)
}

/// The same, with more lines for the sheet of totals.
///
/// # Errors
/// As [`write()`].
pub fn write_with(
    app: &App,
    file: &Path,
    done: Done,
    more: Vec<(String, String)>,
    out: &Path,
) -> Result<PathBuf> {
    let Done {
        report,
        notes,
        heads,
        ..
    } = done;
    let mut sheets: Vec<SheetAnnotation> = Vec::new();
    for (number, (sheet, head)) in report.sheets.iter().zip(&heads).enumerate() {
        let Some(header_row) = sheet.header_row else {
            continue;
        };
        sheets.push(SheetAnnotation {
            index: head.index,
            name: head.name.clone(),
            header_row,
            last_column: last_column(head),
            rows: notes
                .range((number, 0)..(number + 1, 0))
                .map(|((_, row), note)| (*row, note.clone()))
                .collect(),
        });
    }
    let annotation = Annotation {
        totals: totals(&report).into_iter().chain(more).collect(),
        sheets,
    };
    let rows = report.rows();
    let original = Original {
        path: file,
        editable: report.format == Format::Xlsx.to_string(),
        rows: rows.new + rows.changed + rows.same + rows.refused + rows.skipped,
        heads: &heads,
        read: Box::new(|| reread(app, file)),
    };
    let made = annotate::annotate(&app.parser.program, original, &annotation, out)
        .doing("生成标注后的工作簿")?;
    let mut named = out.with_extension(made.extension());
    if named != out {
        if named.exists() {
            let stem = out.file_stem().unwrap_or_default().to_string_lossy();
            named.set_file_name(format!("{stem}（标注）.{}", made.extension()));
        }
        std::fs::rename(out, &named).doing("生成标注后的工作簿")?;
    }
    Ok(named)
}

/// Refuses to write the copy over the user's own file, or under a name that no workbook program opens.
///
/// # Errors
/// [`Error::Usage`]; nothing was read or written yet.
pub fn check_target(file: &Path, out: &Path) -> Result<()> {
    let is_same = match (file.canonicalize(), out.canonicalize()) {
        (Ok(file), Ok(out)) => file == out,
        _ => file == out,
    };
    if is_same {
        return Err(Error::Usage(
            "标注的副本不能写在原文件上，请用 --annotate 指定另一个文件名".to_owned(),
        ));
    }
    let extension = out.extension().map(|e| e.to_ascii_lowercase());
    if extension.is_none_or(|e| e != "xlsx" && e != "xlsm") {
        return Err(Error::Usage(
            "标注的副本是工作簿，文件名请以 .xlsx 结尾".to_owned(),
        ));
    }
    Ok(())
}

fn last_column(head: &SheetHead) -> u16 {
    let widest = head.head.iter().map(|r| r.cells.len()).max().unwrap_or(0);
    u16::try_from(widest.saturating_sub(1)).unwrap_or(u16::MAX)
}

fn reread<'a>(app: &App, file: &Path) -> std::result::Result<SourceRows<'a>, String> {
    let workbook = app.parser.open(file).map_err(|e| e.to_string())?;
    let order: Vec<usize> = workbook.sheets().iter().map(|s| s.index).collect();
    let rows = workbook.stream(&order).map_err(|e| e.to_string())?;
    let mut sheet = 0;
    Ok(Box::new(rows.filter_map(move |event| match event {
        Ok(Event::Sheet(index)) => {
            sheet = index;
            None
        }
        Ok(Event::Row(row)) => Some(Ok((sheet, row))),
        Ok(Event::End) => None,
        Err(fault) => Some(Err(fault.to_string())),
    })))
}

fn totals(report: &Report) -> Vec<(String, String)> {
    let rows = report.rows();
    let mut out = vec![
        ("文件".to_owned(), report.file.clone()),
        (
            "结果".to_owned(),
            if report.applied {
                "已写入账本"
            } else {
                "未写入账本"
            }
            .to_owned(),
        ),
    ];
    let counts = [
        ("新增", rows.new),
        ("变更", rows.changed),
        ("一致", rows.same),
        ("不通过", rows.refused),
        ("跳过", rows.skipped),
        ("问题", report.problems_total),
        ("提醒", report.warnings_total),
        ("账本中有而本文件没有", report.missing),
    ];
    out.extend(counts.map(|(label, n)| (label.to_owned(), n.to_string())));
    for sheet in &report.sheets {
        let said = match (&sheet.register_label, &sheet.left_out) {
            (Some(register), _) => {
                format!("{register}，表头在第 {} 行", sheet.header_row.unwrap_or(0))
            }
            (None, why) => why.clone().unwrap_or_default(),
        };
        out.push((format!("工作表“{}”", sheet.sheet), said));
    }
    out
}
