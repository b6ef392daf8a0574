//! JSON out: objects with field keys and canonical values, for scripts; nothing is shown or rounded.

use std::io::Write;

use crate::register::value::{Document, Value};

use super::out::Finish;
use super::{Export, ExportError, SheetPlan};

/// How entries are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonShape {
    /// `[{…},{…}]`, one register.
    Array,
    /// One object a line, one register.
    Lines,
    /// `{"information_system":[…],"dataset":[…]}`.
    ByRegister,
}

/// A JSON file of one or several registers.
pub struct JsonExport<'a, W: Write> {
    out: W,
    shape: JsonShape,
    plan: Option<SheetPlan<'a>>,
    /// Entries under the current register.
    here: u64,
    rows: u64,
}

impl<W: Write> JsonExport<'_, W> {
    /// Starts a JSON file on any writer.
    pub fn new(out: W, shape: JsonShape) -> Self {
        Self {
            out,
            shape,
            plan: None,
            here: 0,
            rows: 0,
        }
    }
}

impl<'a, W: Write + Finish> Export<'a> for JsonExport<'a, W> {
    fn begin_plan(&mut self, plan: SheetPlan<'a>) -> Result<(), ExportError> {
        match (self.shape, self.plan.is_some()) {
            (JsonShape::Array, false) => self.out.write_all(b"[")?,
            (JsonShape::Lines, false) => {}
            (JsonShape::Array | JsonShape::Lines, true) => {
                return Err(ExportError::OneRegisterOnly);
            }
            (JsonShape::ByRegister, begun) => {
                self.out.write_all(if begun { b"\n],\n" } else { b"{" })?;
                serde_json::to_writer(&mut self.out, &plan.register.key)?;
                self.out.write_all(b":[")?;
            }
        }
        self.plan = Some(plan);
        self.here = 0;
        Ok(())
    }

    fn row(&mut self, document: &Document) -> Result<(), ExportError> {
        let plan = self.plan.as_ref().ok_or(ExportError::NotBegun)?;
        match (self.shape, self.here) {
            (JsonShape::Lines, _) => {}
            (_, 0) => self.out.write_all(b"\n")?,
            _ => self.out.write_all(b",\n")?,
        }
        write_object(&mut self.out, plan, &plan.values(document))?;
        if self.shape == JsonShape::Lines {
            self.out.write_all(b"\n")?;
        }
        self.here += 1;
        self.rows += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, ExportError> {
        let end: &[u8] = match (self.shape, self.plan.is_some()) {
            (JsonShape::Lines, _) => b"",
            (JsonShape::Array, true) => b"\n]\n",
            (JsonShape::Array, false) => b"[]\n",
            (JsonShape::ByRegister, true) => b"\n]}\n",
            (JsonShape::ByRegister, false) => b"{}\n",
        };
        self.out.write_all(end)?;
        self.out.finish()?;
        Ok(self.rows)
    }
}

/// One entry as an object, keys in the order of the columns, absent values left out.
fn write_object(
    out: &mut impl Write,
    plan: &SheetPlan<'_>,
    values: &[Option<&Value>],
) -> Result<(), ExportError> {
    out.write_all(b"{")?;
    let mut first = true;
    for (column, value) in plan.columns.iter().zip(values) {
        let Some(value) = value else { continue };
        if !first {
            out.write_all(b",")?;
        }
        first = false;
        serde_json::to_writer(&mut *out, &column.key)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"}")?;
    Ok(())
}
