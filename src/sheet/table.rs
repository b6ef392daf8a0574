//! A plain table of texts out, as a workbook or CSV: lists of departments and people, and their templates.
//!
//! The leading column counts the rows, as in every sheet of ours; what looks like a formula stays text.

use std::io::Write as _;
use std::path::Path;

use rust_xlsxwriter::{DataValidation, Workbook};

use super::export::{ExportError, ExportFormat, Finish as _, OutFile};
use super::template::EXAMPLE_MARK;
use super::{guard, look};

/// One column.
#[derive(Clone, Debug)]
pub struct TableColumn {
    /// Its header.
    pub header: &'static str,
    /// What it means, for the sheet that explains the columns.
    pub help: &'static str,
    /// What may be chosen; anything when empty.
    pub choices: Vec<String>,
    /// What stands in the example row of a template.
    pub example: &'static str,
}

/// How far drop-downs reach in an empty template.
const DROP_DOWN_ROWS: u32 = 2_000;
/// A list inside a cell rule may have so many characters.
const CHOICES_LIMIT: usize = 255;

/// Writes a table; `example` adds the row that shows how, and the sheet that explains the columns.
///
/// # Errors
/// When a text is too long for a cell, or the file cannot be written.
pub fn write(
    format: ExportFormat,
    out: &Path,
    name: &str,
    columns: &[TableColumn],
    rows: &[Vec<String>],
    example: Example,
) -> Result<(), ExportError> {
    match format {
        ExportFormat::Csv => csv(out, columns, rows),
        _ => xlsx(out, name, columns, rows, example),
    }
}

/// Whether a table begins with an example row, as a template does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// With the row and the explanations.
    Shown,
    /// Only the data.
    Left,
}

fn csv(out: &Path, columns: &[TableColumn], rows: &[Vec<String>]) -> Result<(), ExportError> {
    let mut file = OutFile::create(out)?;
    file.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(file);
    let headers = columns.iter().map(|c| c.header);
    writer.write_record(std::iter::once(look::SERIAL_HEADER).chain(headers))?;
    for (number, row) in (1_usize..).zip(rows) {
        writer.write_field(number.to_string())?;
        for text in row {
            writer.write_field(guard::guard(text).as_ref())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    let file = writer.into_inner().map_err(|e| e.into_error())?;
    file.finish()?;
    Ok(())
}

fn xlsx(
    out: &Path,
    name: &str,
    columns: &[TableColumn],
    rows: &[Vec<String>],
    example: Example,
) -> Result<(), ExportError> {
    let mut workbook = Workbook::new();
    fill(&mut workbook, name, columns, rows, example)?;
    save(&mut workbook, out)
}

/// One sheet of a workbook that has several.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its name.
    pub name: &'static str,
    /// Headers of its columns.
    pub headers: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Writes a workbook of several plain tables.
///
/// # Errors
/// As [`write()`].
pub fn write_sheets(out: &Path, sheets: &[Sheet]) -> Result<(), ExportError> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        let columns: Vec<TableColumn> = sheet
            .headers
            .iter()
            .map(|header| TableColumn {
                header,
                help: "",
                choices: Vec::new(),
                example: "",
            })
            .collect();
        fill(
            &mut workbook,
            sheet.name,
            &columns,
            &sheet.rows,
            Example::Left,
        )?;
    }
    save(&mut workbook, out)
}

fn save(workbook: &mut Workbook, out: &Path) -> Result<(), ExportError> {
    let mut file = OutFile::create(out)?;
    workbook.save_to_writer(&mut file)?;
    file.finish()?;
    Ok(())
}

fn fill(
    workbook: &mut Workbook,
    name: &str,
    columns: &[TableColumn],
    rows: &[Vec<String>],
    example: Example,
) -> Result<(), ExportError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name(look::sheet_name(name, &[]))?;
    let header = look::header_format(rust_xlsxwriter::Color::RGB(0x00D9_E7F5));
    let quoted = look::quoted_format();
    let text = look::text_format();
    sheet.set_column_width(0, 8)?;
    sheet.set_row_height(0, 32)?;
    sheet.write_string_with_format(0, 0, look::SERIAL_HEADER, &header)?;
    let shown: Vec<Vec<String>> = match example {
        Example::Shown => vec![columns.iter().map(|c| c.example.to_owned()).collect()],
        Example::Left => Vec::new(),
    };
    for (col, column) in (1_u16..).zip(columns) {
        sheet.set_column_width(col, 18)?;
        sheet.set_column_format(col, &text)?;
        sheet.write_string_with_format(0, col, column.header, &header)?;
        let length: usize = column.choices.iter().map(|c| c.chars().count() + 1).sum();
        if !column.choices.is_empty() && length <= CHOICES_LIMIT {
            let rule = DataValidation::new().allow_list_strings(&column.choices)?;
            sheet.add_data_validation(1, col, DROP_DOWN_ROWS, col, &rule)?;
        }
    }
    for (line, row) in (1_u32..).zip(shown.iter().chain(rows)) {
        if line == 1 && example == Example::Shown {
            sheet.write_string(line, 0, EXAMPLE_MARK)?;
        } else {
            sheet.write_number(line, 0, line)?;
        }
        for ((col, column), cell) in (1_u16..).zip(columns).zip(row) {
            if !look::fits(cell) {
                return Err(ExportError::TooLong {
                    sheet: name.to_owned(),
                    entry: row.first().cloned().unwrap_or_default(),
                    field: column.header.to_owned(),
                });
            }
            if guard::needs_guard(cell) {
                sheet.write_string_with_format(line, col, cell, &quoted)?;
            } else if !cell.is_empty() {
                sheet.write_string(line, col, cell)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    if example == Example::Shown {
        let guide = workbook.add_worksheet();
        guide.set_name(super::template::GUIDE_SHEET)?;
        guide.set_column_width(0, 22)?.set_column_width(1, 70)?;
        guide.write_string_with_format(0, 0, "列", &header)?;
        guide.write_string_with_format(0, 1, "填写说明", &header)?;
        for (line, column) in (1_u32..).zip(columns) {
            guide.write_string(line, 0, column.header)?;
            guide.write_string(line, 1, column.help)?;
        }
    }
    Ok(())
}
