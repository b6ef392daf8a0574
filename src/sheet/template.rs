//! Empty workbooks to fill in, made from the definitions.
//!
//! Per register one sheet whose row 1 holds the headers and row 2 an example the importer skips; a
//! hidden sheet 字典 holds the drop-down values (inline lists are limited to 255 characters) and
//! 填表说明 says what each column means. The same definitions always give the same bytes inside, so
//! the shipped workbooks can be checked against them.

mod compare;
mod dictionary;
mod entry_sheet;
mod guide;

use std::fs;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

use crate::register::catalogue::Catalogue;
use crate::register::field::Register;

use super::export::{Finish, OutFile};
use dictionary::Dictionary;

pub use compare::{differing_parts, same_content};

/// Name of the hidden sheet of drop-down values.
pub const DICTIONARY_SHEET: &str = "字典";
/// Name of the sheet that explains the columns.
pub const GUIDE_SHEET: &str = "填表说明";
/// What stands under 序号 in the example row; the importer skips such a row.
pub const EXAMPLE_MARK: &str = "示例";
/// File name of the workbook with every register.
pub const ALL_FILE: &str = "all.xlsx";

/// Why a template could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The workbook library refused.
    #[error("生成模板失败：{0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The file could not be written.
    #[error("写入模板文件“{path}”失败：{error}")]
    Io {
        /// Which file or folder.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
}

impl TemplateError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::Io {
            path: path.display().to_string(),
            error,
        }
    }
}

/// Writes the template of some registers into one workbook.
///
/// # Errors
/// When a definition does not fit into a workbook or the file cannot be written.
pub fn write_template(
    catalogue: &Catalogue,
    registers: &[&Register],
    out: &Path,
) -> Result<(), TemplateError> {
    let mut workbook = Workbook::new();
    // A fixed date: the same definitions give the same file.
    let created = ExcelDateTime::from_ymd(2025, 1, 1)?;
    let title = match registers {
        [one] => format!("{}填报模板", one.label),
        _ => "一本账填报模板（全套）".to_owned(),
    };
    let properties = DocProperties::new()
        .set_title(title)
        .set_author("数字资源一本账")
        .set_creation_datetime(&created);
    workbook.set_properties(&properties);

    let dictionary = Dictionary::collect(catalogue, registers);
    let mut names = vec![DICTIONARY_SHEET.to_owned(), GUIDE_SHEET.to_owned()];
    for register in registers {
        let name = super::look::sheet_name(&register.label, &names);
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(&name)?;
        entry_sheet::write(worksheet, catalogue, register, &dictionary)?;
        names.push(name);
    }
    guide::write(workbook.add_worksheet(), catalogue, registers)?;
    dictionary.write(workbook.add_worksheet())?;

    let mut file = OutFile::create(out).map_err(TemplateError::io(out))?;
    workbook.save_to_writer(&mut file)?;
    file.finish().map_err(TemplateError::io(out))
}

/// Writes every template into a folder: `<register>.xlsx` each, and all in [`ALL_FILE`].
///
/// Returns the paths written.
///
/// # Errors
/// As [`write_template`].
pub fn write_all(catalogue: &Catalogue, dir: &Path) -> Result<Vec<PathBuf>, TemplateError> {
    fs::create_dir_all(dir).map_err(TemplateError::io(dir))?;
    let mut written = Vec::new();
    for register in catalogue.registers() {
        let out = dir.join(format!("{}.xlsx", register.key));
        write_template(catalogue, &[register], &out)?;
        written.push(out);
    }
    let all: Vec<&Register> = catalogue.registers().iter().collect();
    let out = dir.join(ALL_FILE);
    write_template(catalogue, &all, &out)?;
    written.push(out);
    Ok(written)
}
