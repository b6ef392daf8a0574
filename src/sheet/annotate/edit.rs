//! Annotating the user's own file: read whole, marked, written again.
//!
//! The library may panic or exhaust memory on a stranger's file; run it in a child process.

use std::collections::BTreeSet;
use std::path::Path;

use umya_spreadsheet::{Comment, SheetView, Style, Workbook, Worksheet, reader, writer};

use crate::sheet::{REMARK_HEADER, RESULT_HEADER, TOTALS_SHEET, look};

use super::{AUTHOR, Annotation, MARKS, Mark, RowAnnotation, SheetAnnotation};

/// Edits `original` and writes the copy to `out`.
///
/// # Errors
/// What the library says; not for users.
pub fn edit(original: &Path, annotation: &Annotation, out: &Path) -> Result<(), String> {
    let mut book = reader::xlsx::read(original).map_err(|e| format!("{e:?}"))?;
    // Positions are those of the file as it came, so the marks go in before our sheet moves them.
    for sheet in &annotation.sheets {
        let found = book
            .sheet_collection_mut()
            .iter()
            .position(|s| s.name() == sheet.name);
        let index = found.unwrap_or(sheet.index);
        let worksheet = book.sheet_mut(index).map_err(|e| format!("{e:?}"))?;
        mark_sheet(worksheet, sheet);
    }
    put_totals_first(&mut book, annotation)?;
    writer::xlsx::write(&book, out).map_err(|e| format!("{e:?}"))
}

/// Marks cells and fills our two columns.
fn mark_sheet(worksheet: &mut Worksheet, sheet: &SheetAnnotation) {
    let (result, remark) = our_columns(worksheet, sheet);
    clear_earlier_round(worksheet, result, remark);
    let head = worksheet
        .cell((u32::from(sheet.last_column) + 1, sheet.header_row))
        .map(|cell| cell.style().clone())
        .unwrap_or_default();
    for (column, text, width) in [(result, RESULT_HEADER, 16.0), (remark, REMARK_HEADER, 60.0)] {
        let cell = worksheet.cell_mut((column, sheet.header_row));
        cell.set_value_string(text);
        cell.set_style(head.clone());
        worksheet
            .column_dimension_by_number_mut(column)
            .set_width(width);
    }
    let commented: BTreeSet<(u32, u32)> = worksheet
        .comments()
        .iter()
        .map(|c| (c.coordinate().col_num(), c.coordinate().row_num()))
        .collect();
    for (number, row) in &sheet.rows {
        mark_row(worksheet, *number, row, (result, remark), &commented);
    }
}

fn mark_row(
    worksheet: &mut Worksheet,
    number: u32,
    row: &RowAnnotation,
    (result, remark): (u32, u32),
    commented: &BTreeSet<(u32, u32)>,
) {
    let mut style = Style::default();
    if let Some(mark) = row.outcome.mark() {
        style.set_background_color(mark.argb());
    }
    let cell = worksheet.cell_mut((result, number));
    cell.set_value_string(row.outcome.label());
    cell.set_style(style);
    if !row.text.is_empty() {
        let mut style = Style::default();
        style.alignment_mut().set_wrap_text(true);
        let cell = worksheet.cell_mut((remark, number));
        cell.set_value_string(look::shorten(&row.text, look::CELL_LIMIT));
        cell.set_style(style);
    }
    for (column, mark, text) in by_cell(row) {
        let at = (u32::from(column) + 1, number);
        worksheet.style_mut(at).set_background_color(mark.argb());
        // A cell has one comment: the user's own stays, ours is in the remark as well.
        if !text.is_empty() && !commented.contains(&at) {
            let mut comment = Comment::default();
            comment.new_comment(at);
            comment.set_author(AUTHOR);
            comment.set_text_string(text);
            worksheet.add_comments(comment);
        }
    }
}

/// A row's annotations by cell: the heaviest mark, all texts.
pub(super) fn by_cell(row: &RowAnnotation) -> Vec<(u16, Mark, String)> {
    let mut out: Vec<(u16, Mark, String)> = Vec::new();
    for cell in &row.cells {
        match out.iter_mut().find(|(column, ..)| *column == cell.column) {
            Some((_, mark, text)) => {
                *mark = (*mark).max(cell.kind);
                if !cell.text.is_empty() {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&cell.text);
                }
            }
            None => out.push((cell.column, cell.kind, cell.text.clone())),
        }
    }
    for (.., text) in &mut out {
        // Comments have a shorter limit than cells; nobody reads that far.
        *text = look::shorten(text, 8_000);
    }
    out
}

/// Our columns, 1 = A: those of an earlier round, else the two behind the last used one.
fn our_columns(worksheet: &Worksheet, sheet: &SheetAnnotation) -> (u32, u32) {
    let find = |header: &str| {
        (1..=u32::from(sheet.last_column) + 3)
            .find(|column| worksheet.value((*column, sheet.header_row)).trim() == header)
    };
    let next = u32::from(sheet.last_column) + 2;
    match (find(RESULT_HEADER), find(REMARK_HEADER)) {
        (Some(result), Some(remark)) => (result, remark),
        (Some(result), None) => (result, next.max(result + 1)),
        (None, Some(remark)) => (next.max(remark + 1), remark),
        (None, None) => (next, next + 1),
    }
}

/// Takes away what an earlier round left: our columns' cells, our fills, our comments.
fn clear_earlier_round(worksheet: &mut Worksheet, result: u32, remark: u32) {
    let ours: Vec<String> = MARKS.iter().map(|(mark, _)| mark.argb()).collect();
    let mut fills = Vec::new();
    let mut cells = Vec::new();
    for cell in worksheet.cells() {
        let at = (cell.coordinate().col_num(), cell.coordinate().row_num());
        if at.0 == result || at.0 == remark {
            cells.push(at);
        } else if let Some(colour) = cell.style().background_color()
            && ours.contains(&colour.argb_str())
        {
            fills.push(at);
        }
    }
    for at in cells {
        worksheet.remove_cell(at);
    }
    for at in fills {
        worksheet.style_mut(at).remove_fill();
    }
    worksheet.comments_mut().retain(|c| c.author() != AUTHOR);
}

/// Puts the sheet of totals in front, replacing an earlier one, and shows it.
fn put_totals_first(book: &mut Workbook, annotation: &Annotation) -> Result<(), String> {
    if book.sheet_by_name(TOTALS_SHEET).is_ok() {
        book.remove_sheet_by_name(TOTALS_SHEET)
            .map_err(|e| format!("{e:?}"))?;
    }
    let totals = book.new_sheet(TOTALS_SHEET).map_err(|e| format!("{e:?}"))?;
    let mut view = SheetView::default();
    view.set_workbook_view_id(0);
    totals.sheet_views_mut().add_sheet_view_list_mut(view);
    write_totals(totals, annotation);
    let sheets = book.sheet_collection_mut();
    sheets.rotate_right(1);
    for (index, sheet) in (0_u32..).zip(sheets) {
        for view in sheet.sheet_views_mut().sheet_view_list_mut() {
            view.set_tab_selected(index == 0);
        }
        // Names that belong to a sheet (print areas, filters) say so by its position.
        for name in sheet.defined_names_mut() {
            if name.has_local_sheet_id() {
                name.set_local_sheet_id(index);
            }
        }
    }
    book.set_active_sheet(0);
    Ok(())
}

fn write_totals(worksheet: &mut Worksheet, annotation: &Annotation) {
    worksheet.column_dimension_by_number_mut(1).set_width(32.0);
    worksheet.column_dimension_by_number_mut(2).set_width(48.0);
    worksheet.cell_mut((1, 1)).set_value_string(TOTALS_SHEET);
    worksheet.style_mut((1, 1)).font_mut().set_bold(true);
    let mut row = 2;
    for (what, value) in &annotation.totals {
        worksheet.cell_mut((1, row)).set_value_string(what);
        worksheet.cell_mut((2, row)).set_value_string(value);
        row += 1;
    }
    row += 1;
    for (mark, meaning) in MARKS {
        worksheet.cell_mut((1, row)).set_value_string(meaning);
        worksheet
            .style_mut((1, row))
            .set_background_color(mark.argb());
        row += 1;
    }
}
