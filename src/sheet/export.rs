//! Entries out: xlsx, CSV and JSON, streamed row by row.
//!
//! A sheet has the template's headers in the template's order, so an export can be edited and
//! imported again. What a sheet holds (register, fields, kept unknown columns) is a [`SheetPlan`];
//! the three writers differ only in how a cell is put down.

mod csv;
mod json;
mod out;
mod plan;
mod xlsx;

use std::path::Path;

use crate::register::catalogue::Catalogue;
use crate::register::field::Register;
use crate::register::value::{Document, Names};

pub use csv::CsvExport;
pub use json::{JsonExport, JsonShape};
pub(crate) use out::folder;
pub use out::{Finish, OutFile};
pub use plan::SheetPlan;
pub use xlsx::XlsxExport;

/// Kinds of file an export can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One workbook, a sheet per register.
    Xlsx,
    /// UTF-8 CSV of one register.
    Csv,
    /// A JSON array of one register's entries.
    Json,
    /// One JSON object a line, of one register.
    JsonLines,
    /// A JSON object of arrays, one per register.
    JsonByRegister,
}

impl ExportFormat {
    /// The format a user names: `xlsx`, `csv`, `json` or `jsonl`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "xlsx" => Some(Self::Xlsx),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// The usual file name extension.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Json | Self::JsonByRegister => "json",
            Self::JsonLines => "jsonl",
        }
    }

    /// The media type for HTTP.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json | Self::JsonByRegister => "application/json",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

/// Why an export could not be written; the texts are for the person who asked for it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A text longer than a cell of a workbook.
    #[error(
        "“{sheet}”中条目“{entry}”的“{field}”超过 32767 个字符，Excel 单元格放不下；请缩短该内容，或改为导出 CSV、JSON"
    )]
    TooLong {
        /// The register's label.
        sheet: String,
        /// The entry's name, or its code.
        entry: String,
        /// The column's header.
        field: String,
    },
    /// A file of this kind holds one register only.
    #[error("该格式的文件只能存放一个登记簿；多个登记簿请分别导出，或改为导出 xlsx")]
    OneRegisterOnly,
    /// A row came before any sheet was begun.
    #[error("导出程序出错：写入数据之前没有指定登记簿")]
    NotBegun,
    /// The workbook library refused.
    #[error("写入工作簿失败：{0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The file could not be written.
    #[error("写入导出文件失败：{0}")]
    Io(#[from] std::io::Error),
}

impl From<::csv::Error> for ExportError {
    fn from(error: ::csv::Error) -> Self {
        Self::Io(error.into())
    }
}

impl From<serde_json::Error> for ExportError {
    fn from(error: serde_json::Error) -> Self {
        Self::Io(error.into())
    }
}

/// What values need to be shown: code lists, and names of departments.
#[derive(Clone, Copy)]
pub struct Showing<'a> {
    /// The definitions.
    pub catalogue: &'a Catalogue,
    /// The ledger's names.
    pub names: &'a dyn Names,
}

/// A file of entries on its way out: `begin` a sheet, `row` by row, `finish`.
pub trait Export<'a> {
    /// Starts the sheet of a plan; rows go there until the next one.
    ///
    /// # Errors
    /// When the file cannot hold another register or cannot be written.
    fn begin_plan(&mut self, plan: SheetPlan<'a>) -> Result<(), ExportError>;

    /// Starts the sheet of a register with all its fields and the kept columns `extra_headers`.
    ///
    /// # Errors
    /// As [`Export::begin_plan`].
    fn begin(
        &mut self,
        register: &'a Register,
        extra_headers: &[String],
    ) -> Result<(), ExportError> {
        self.begin_plan(SheetPlan::all(register, extra_headers))
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// When a text is too long for the format or the file cannot be written.
    fn row(&mut self, document: &Document) -> Result<(), ExportError>;

    /// Completes the file and returns the number of entries in it.
    ///
    /// Until then nothing stands at the target path.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn finish(self: Box<Self>) -> Result<u64, ExportError>;
}

/// Opens an export of a format into a file, which appears only when it is finished.
///
/// # Errors
/// When the folder cannot be written.
pub fn create<'a>(
    format: ExportFormat,
    out: &Path,
    showing: Showing<'a>,
) -> Result<Box<dyn Export<'a> + 'a>, ExportError> {
    Ok(match format {
        ExportFormat::Xlsx => Box::new(XlsxExport::create(out, showing)?),
        ExportFormat::Csv => Box::new(CsvExport::new(OutFile::create(out)?, showing)?),
        ExportFormat::Json => Box::new(JsonExport::new(OutFile::create(out)?, JsonShape::Array)),
        ExportFormat::JsonLines => {
            Box::new(JsonExport::new(OutFile::create(out)?, JsonShape::Lines))
        }
        ExportFormat::JsonByRegister => Box::new(JsonExport::new(
            OutFile::create(out)?,
            JsonShape::ByRegister,
        )),
    })
}
