//! The annotated copy as a new workbook: same sheets, values and merges, in constant memory.

use std::collections::BTreeMap;
use std::path::Path;

use rust_xlsxwriter::{Color, Format, Note, Workbook, Worksheet, XlsxError};

use crate::sheet::cell::{Cell, Merge, Row, SheetHead, Shown, column_letters};
use crate::sheet::export::{Finish, OutFile, folder};
use crate::sheet::{REMARK_HEADER, RESULT_HEADER, TOTALS_SHEET, guard, look};

use super::edit::by_cell;
use super::{AUTHOR, AnnotateError, Annotation, MARKS, Mark, SheetAnnotation, SourceRows};

/// Merged cells kept in all; a merge over a whole sheet would otherwise be written cell by cell.
const MERGED_CELLS: u64 = 500_000;

/// Comments kept in all; every text stands in the remark column too.
const COMMENTS: u32 = 20_000;

/// The formats of a new copy.
struct Formats {
    quoted: Format,
    date: Format,
    date_time: Format,
    head: Format,
    wrap: Format,
    marks: BTreeMap<Mark, Format>,
}

/// What is left of the caps.
struct Budget {
    merged_cells: u64,
    comments: u32,
}

/// A sheet being written.
struct Open<'a> {
    worksheet: Worksheet,
    head: &'a SheetHead,
    annotation: Option<&'a SheetAnnotation>,
    /// Merges by their first row, from 0; written when the rows get there.
    merges: BTreeMap<u32, Vec<Merge>>,
    /// Our columns, from 0.
    ours: Option<(u16, u16)>,
}

/// Writes the copy from the rows as read.
///
/// # Errors
/// When a row cannot be read or written.
pub fn rewrite(
    heads: &[SheetHead],
    rows: SourceRows<'_>,
    annotation: &Annotation,
    out: &Path,
) -> Result<(), AnnotateError> {
    let formats = Formats::new();
    let mut budget = Budget {
        merged_cells: MERGED_CELLS,
        comments: COMMENTS,
    };
    let mut workbook = Workbook::new();
    workbook.set_tempdir(folder(out))?;
    write_totals(workbook.add_worksheet(), annotation, &formats)?;
    let mut names = vec![TOTALS_SHEET.to_owned()];
    let mut done: BTreeMap<usize, Worksheet> = BTreeMap::new();
    let mut open: Option<Open<'_>> = None;
    for item in rows {
        let (index, row) = item.map_err(AnnotateError::Read)?;
        if open.as_ref().is_none_or(|sheet| sheet.head.index != index) {
            if let Some(sheet) = open.take() {
                done.insert(sheet.head.index, sheet.close(&mut budget)?);
            }
            let head = heads.iter().find(|head| head.index == index);
            let Some(head) = head.filter(|head| head.name != TOTALS_SHEET) else {
                continue;
            };
            let worksheet = workbook.new_worksheet_with_constant_memory()?;
            open = Some(Open::new(worksheet, head, annotation, &mut names)?);
        }
        if let Some(sheet) = &mut open {
            sheet.write(&row, &formats, &mut budget)?;
        }
    }
    if let Some(sheet) = open.take() {
        done.insert(sheet.head.index, sheet.close(&mut budget)?);
    }
    // Sheets without any row are kept as well.
    for head in heads {
        if head.name != TOTALS_SHEET && !done.contains_key(&head.index) {
            let worksheet = workbook.new_worksheet_with_constant_memory()?;
            let sheet = Open::new(worksheet, head, annotation, &mut names)?;
            done.insert(head.index, sheet.close(&mut budget)?);
        }
    }
    for worksheet in done.into_values() {
        workbook.push_worksheet(worksheet);
    }
    let mut file = OutFile::create(out)?;
    workbook.save_to_writer(&mut file)?;
    file.finish()?;
    Ok(())
}

impl Formats {
    fn new() -> Self {
        let marks = MARKS.iter().map(|(mark, _)| {
            let format = Format::new().set_background_color(Color::RGB(mark.rgb()));
            (*mark, format)
        });
        Self {
            quoted: look::quoted_format(),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            date_time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            head: look::header_format(Color::RGB(0x00F2_F2F2)),
            wrap: Format::new().set_text_wrap(),
            marks: marks.collect(),
        }
    }

    /// The format of a value, with the fill of its mark.
    fn of(&self, cell: &Cell, mark: Option<Mark>) -> Option<Format> {
        let base = match cell {
            Cell::Date(serial) if serial.fract() == 0.0 => Some(&self.date),
            Cell::Date(_) => Some(&self.date_time),
            Cell::Text(text) | Cell::Error(text) if guard::needs_guard(text) => Some(&self.quoted),
            _ => None,
        };
        let fill = mark.and_then(|mark| self.marks.get(&mark));
        match (base, fill) {
            (Some(base), Some(fill)) => Some(base.merge(fill)),
            (one, other) => one.or(other).cloned(),
        }
    }
}

impl<'a> Open<'a> {
    fn new(
        mut worksheet: Worksheet,
        head: &'a SheetHead,
        annotation: &'a Annotation,
        names: &mut Vec<String>,
    ) -> Result<Self, AnnotateError> {
        let name = look::sheet_name(&head.name, names);
        worksheet.set_name(&name)?;
        worksheet.set_hidden(head.shown == Shown::Hidden);
        names.push(name);
        let annotation = annotation.sheets.iter().find(|a| a.index == head.index);
        let mut merges: BTreeMap<u32, Vec<Merge>> = BTreeMap::new();
        for merge in &head.merges {
            if let Some(top) = merge.top.checked_sub(1) {
                merges.entry(top).or_default().push(*merge);
            }
        }
        Ok(Self {
            worksheet,
            head,
            annotation,
            merges,
            ours: annotation.map(|a| our_columns(head, a)),
        })
    }

    /// Writes the merges whose first row is at or before `row`.
    fn write_merges(&mut self, row: u32, budget: &mut Budget) -> Result<(), AnnotateError> {
        while let Some(entry) = self.merges.first_entry() {
            if *entry.key() > row {
                break;
            }
            let top = *entry.key();
            for merge in entry.remove() {
                let bottom = merge.bottom.saturating_sub(1);
                let high = u64::from(bottom.saturating_sub(top)) + 1;
                let wide = u64::from(merge.right.saturating_sub(merge.left)) + 1;
                let Some(rest) = budget.merged_cells.checked_sub(high.saturating_mul(wide)) else {
                    continue;
                };
                budget.merged_cells = rest;
                let made = self.worksheet.merge_range(
                    top,
                    merge.left,
                    bottom,
                    merge.right,
                    "",
                    &Format::default(),
                );
                match made {
                    // A stranger's merges may overlap or lie outside; the values count, not they.
                    Ok(_)
                    | Err(
                        XlsxError::MergeRangeOverlaps(..)
                        | XlsxError::MergeRangeSingleCell
                        | XlsxError::RowColumnOrderError
                        | XlsxError::RowColumnLimitError,
                    ) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        row: &Row,
        formats: &Formats,
        budget: &mut Budget,
    ) -> Result<(), AnnotateError> {
        let Some(at) = row.number.checked_sub(1) else {
            return Ok(());
        };
        self.write_merges(at, budget)?;
        let said = self.annotation.and_then(|a| a.rows.get(&row.number));
        let marks = said.map(by_cell).unwrap_or_default();
        for (col, cell) in (0_u16..).zip(&row.cells) {
            if self.ours.is_some_and(|(a, b)| a == col || b == col) {
                continue;
            }
            let mark = marks.iter().find(|(c, ..)| *c == col).map(|(_, m, _)| *m);
            let format = formats.of(cell, mark);
            self.write_cell(at, col, cell, format.as_ref())?;
        }
        for (col, mark, text) in &marks {
            if usize::from(*col) >= row.cells.len() {
                let format = formats.of(&Cell::Empty, Some(*mark));
                self.write_cell(at, *col, &Cell::Empty, format.as_ref())?;
            }
            if !text.is_empty() && budget.comments > 0 {
                budget.comments -= 1;
                let note = Note::new(text).set_author(AUTHOR).add_author_prefix(false);
                self.worksheet.insert_note(at, *col, &note)?;
            }
        }
        self.write_ours(row.number, formats)
    }

    /// Our two columns: headers in the header row, outcome and remark in annotated rows.
    fn write_ours(&mut self, number: u32, formats: &Formats) -> Result<(), AnnotateError> {
        let (Some((result, remark)), Some(annotation)) = (self.ours, self.annotation) else {
            return Ok(());
        };
        let at = number.saturating_sub(1);
        let sheet = &mut self.worksheet;
        if number == annotation.header_row {
            sheet.write_string_with_format(at, result, RESULT_HEADER, &formats.head)?;
            sheet.write_string_with_format(at, remark, REMARK_HEADER, &formats.head)?;
        }
        if let Some(said) = annotation.rows.get(&number) {
            let label = said.outcome.label();
            match said
                .outcome
                .mark()
                .and_then(|mark| formats.marks.get(&mark))
            {
                Some(format) => sheet.write_string_with_format(at, result, label, format)?,
                None => sheet.write_string(at, result, label)?,
            };
            if !said.text.is_empty() {
                let text = look::shorten(&said.text, look::CELL_LIMIT);
                sheet.write_string_with_format(at, remark, text, &formats.wrap)?;
            }
        }
        Ok(())
    }

    fn write_cell(
        &mut self,
        row: u32,
        col: u16,
        cell: &Cell,
        format: Option<&Format>,
    ) -> Result<(), AnnotateError> {
        let sheet = &mut self.worksheet;
        match (cell, format) {
            (Cell::Empty | Cell::NoValue, None) => {}
            (Cell::Empty | Cell::NoValue, Some(format)) => {
                sheet.write_blank(row, col, format)?;
            }
            (Cell::Text(text) | Cell::Error(text), format) => {
                if !look::fits(text) {
                    return Err(AnnotateError::TooLong {
                        sheet: self.head.name.clone(),
                        column: column_letters(col),
                        row: row + 1,
                    });
                }
                match format {
                    Some(format) => sheet.write_string_with_format(row, col, text, format)?,
                    None => sheet.write_string(row, col, text)?,
                };
            }
            (Cell::Number(n) | Cell::Date(n), Some(format)) => {
                sheet.write_number_with_format(row, col, *n, format)?;
            }
            (Cell::Number(n) | Cell::Date(n), None) => {
                sheet.write_number(row, col, *n)?;
            }
            (Cell::Bool(yes), Some(format)) => {
                sheet.write_boolean_with_format(row, col, *yes, format)?;
            }
            (Cell::Bool(yes), None) => {
                sheet.write_boolean(row, col, *yes)?;
            }
        }
        Ok(())
    }

    fn close(mut self, budget: &mut Budget) -> Result<Worksheet, AnnotateError> {
        self.write_merges(look::ROW_LIMIT, budget)?;
        if let Some((result, remark)) = self.ours {
            self.worksheet.set_column_width(result, 16)?;
            self.worksheet.set_column_width(remark, 60)?;
        }
        Ok(self.worksheet)
    }
}

/// Our columns: those of an earlier round, else the two behind the last used one.
fn our_columns(head: &SheetHead, annotation: &SheetAnnotation) -> (u16, u16) {
    let header = head
        .head
        .iter()
        .find(|row| row.number == annotation.header_row);
    let find = |wanted: &str| {
        let cells = &header?.cells;
        let at = cells.iter().position(|cell| cell.text().trim() == wanted)?;
        u16::try_from(at).ok()
    };
    let next = annotation.last_column.saturating_add(1);
    match (find(RESULT_HEADER), find(REMARK_HEADER)) {
        (Some(result), Some(remark)) => (result, remark),
        (Some(result), None) => (result, next.max(result.saturating_add(1))),
        (None, Some(remark)) => (next.max(remark.saturating_add(1)), remark),
        (None, None) => (next, next.saturating_add(1)),
    }
}

fn write_totals(
    worksheet: &mut Worksheet,
    annotation: &Annotation,
    formats: &Formats,
) -> Result<(), AnnotateError> {
    worksheet.set_name(TOTALS_SHEET)?;
    worksheet.set_column_width(0, 32)?;
    worksheet.set_column_width(1, 48)?;
    worksheet.write_string_with_format(0, 0, TOTALS_SHEET, &Format::new().set_bold())?;
    let mut row = 1;
    for (what, value) in &annotation.totals {
        worksheet.write_string(row, 0, look::shorten(what, look::CELL_LIMIT))?;
        worksheet.write_string(row, 1, look::shorten(value, look::CELL_LIMIT))?;
        row += 1;
    }
    row += 1;
    for (mark, meaning) in MARKS {
        match formats.marks.get(&mark) {
            Some(format) => worksheet.write_string_with_format(row, 0, meaning, format)?,
            None => worksheet.write_string(row, 0, meaning)?,
        };
        row += 1;
    }
    Ok(())
}
