//! CSV out: UTF-8 with a byte order mark (Excel and WPS need it), CRLF, formula starts guarded.

use std::io::Write;

use crate::register::value::Document;
use crate::sheet::{guard, look};

use super::out::Finish;
use super::plan::Shown;
use super::{Export, ExportError, SheetPlan, Showing};

/// A CSV file of one register.
pub struct CsvExport<'a, W: Write> {
    writer: csv::Writer<W>,
    showing: Showing<'a>,
    plan: Option<SheetPlan<'a>>,
    rows: u64,
}

impl<'a, W: Write> CsvExport<'a, W> {
    /// Starts a CSV file on any writer.
    ///
    /// # Errors
    /// When the byte order mark cannot be written.
    pub fn new(mut out: W, showing: Showing<'a>) -> Result<Self, ExportError> {
        out.write_all("\u{feff}".as_bytes())?;
        let writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        Ok(Self {
            writer,
            showing,
            plan: None,
            rows: 0,
        })
    }
}

impl<'a, W: Write + Finish> Export<'a> for CsvExport<'a, W> {
    fn begin_plan(&mut self, plan: SheetPlan<'a>) -> Result<(), ExportError> {
        if self.plan.is_some() {
            return Err(ExportError::OneRegisterOnly);
        }
        self.writer.write_field(look::SERIAL_HEADER)?;
        for header in plan.headers() {
            self.writer.write_field(guard::guard(header).as_bytes())?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        self.plan = Some(plan);
        Ok(())
    }

    fn row(&mut self, document: &Document) -> Result<(), ExportError> {
        let plan = self.plan.as_ref().ok_or(ExportError::NotBegun)?;
        self.rows += 1;
        self.writer.write_field(self.rows.to_string())?;
        for (column, value) in plan.columns.iter().zip(plan.values(document)) {
            match value.map(|value| column.show(self.showing, value)) {
                None => self.writer.write_field("")?,
                Some(Shown::Number(number)) => self.writer.write_field(number.to_string())?,
                // A plain decimal of any length is no formula, whatever its sign.
                Some(Shown::LongNumber(text)) if is_plain_decimal(&text) => {
                    self.writer.write_field(text)?;
                }
                Some(Shown::LongNumber(text) | Shown::Text(text)) => {
                    self.writer.write_field(guard::guard(&text).as_bytes())?;
                }
            }
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, ExportError> {
        let rows = self.rows;
        let out = self
            .writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        out.finish()?;
        Ok(rows)
    }
}

/// Digits with at most one point, perhaps negative.
fn is_plain_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() <= 1
}
