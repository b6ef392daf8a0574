//! Workbooks in a zip, read cell by cell; never as a dense range, which one stray cell would blow up.

use super::assemble::{Assembler, Sink};
use super::cell::{Merge, Shown};
use super::fault::SheetFault;
use super::limits::Limits;
use super::package;
use super::scan::{Facts, Scan, encrypted};
use super::wire::Piece;
use super::workbook::{Format, Note};
use calamine::{
    Cell, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsb, XlsbError, Xlsx, XlsxError,
};
use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;

/// One sheet before its rows.
#[derive(Clone, Debug)]
pub(super) struct SheetFacts {
    pub name: String,
    pub shown: Shown,
    pub merges: Vec<Merge>,
    pub hidden_rows: u32,
}

/// A file that can be read sheet by sheet, as often as wanted.
pub(super) trait Source {
    fn format(&self) -> Format;
    fn notes(&self) -> Vec<Note>;
    fn sheets(&self) -> &[SheetFacts];
    /// Streams a sheet's rows from the first; stops early when the sink breaks.
    fn stream(
        &mut self,
        index: usize,
        limits: &Limits,
        sink: &mut Sink<'_>,
    ) -> Result<(), SheetFault>;
}

type Buffered = BufReader<File>;

enum Book {
    Xlsx(Box<Xlsx<Buffered>>),
    Xlsb(Box<Xlsb<Buffered>>),
}

/// An xlsx or xlsb workbook after its scan.
pub(super) struct ZipBook {
    book: Book,
    sheets: Vec<SheetFacts>,
    bare: Vec<Vec<(u32, u32)>>,
    notes: Vec<Note>,
}

impl ZipBook {
    pub(super) fn xlsx(
        file: Buffered,
        scan: &mut Scan,
        limits: &Limits,
    ) -> Result<Self, SheetFault> {
        let book = Xlsx::new(file).map_err(|error| match error {
            XlsxError::Password => encrypted(),
            error => SheetFault::corrupt(error),
        })?;
        let parts = package::xlsx_sheet_parts(&scan.kept);
        let metadata = book.sheets_metadata().to_vec();
        Self::new(Book::Xlsx(Box::new(book)), &metadata, &parts, scan, limits)
    }

    pub(super) fn xlsb(
        file: Buffered,
        scan: &mut Scan,
        limits: &Limits,
    ) -> Result<Self, SheetFault> {
        let book = Xlsb::new(file).map_err(|error| match error {
            XlsbError::Password => encrypted(),
            error => SheetFault::corrupt(error),
        })?;
        let parts = package::xlsb_sheet_parts(&scan.kept);
        let metadata = book.sheets_metadata().to_vec();
        Self::new(Book::Xlsb(Box::new(book)), &metadata, &parts, scan, limits)
    }

    fn new(
        book: Book,
        metadata: &[calamine::Sheet],
        parts: &[Option<String>],
        scan: &mut Scan,
        limits: &Limits,
    ) -> Result<Self, SheetFault> {
        let mut out = Self {
            book,
            sheets: Vec::new(),
            bare: Vec::new(),
            notes: Vec::new(),
        };
        if scan.macros {
            out.notes
                .push(note("macros", "工作簿含有宏；宏不会运行，也不会被导入"));
        }
        for (index, sheet) in metadata.iter().enumerate() {
            if sheet.typ != SheetType::WorkSheet {
                out.notes.push(note(
                    "not_a_worksheet",
                    format!("「{}」不是普通工作表（图表等），已跳过", sheet.name),
                ));
                continue;
            }
            let facts = parts
                .get(index)
                .cloned()
                .flatten()
                .and_then(|part| scan.parts.remove(&part));
            out.add(&sheet.name, sheet.visible, facts, limits)?;
        }
        Ok(out)
    }

    fn add(
        &mut self,
        name: &str,
        shown: SheetVisible,
        facts: Option<Facts>,
        limits: &Limits,
    ) -> Result<(), SheetFault> {
        let mut bare = Vec::new();
        let (merges, count, hidden_rows) = match facts {
            Some(Facts::Xml(facts)) => {
                bare = facts.bare_formulas;
                (facts.merges, facts.merge_count, facts.hidden_rows)
            }
            Some(Facts::Bin(facts)) => (facts.merges, facts.merge_count, facts.hidden_rows),
            None => {
                let merges = self.merges_by_library(name)?;
                let count = merges.len();
                (merges, count, 0)
            }
        };
        check_merges(name, count, limits)?;
        if !bare.is_empty() {
            self.notes.push(note(
                "formulas_without_value",
                format!("工作表「{name}」有 {} 个公式没有保存计算结果", bare.len()),
            ));
        }
        self.bare.push(bare);
        self.sheets.push(SheetFacts {
            name: name.to_owned(),
            shown: shown_of(shown),
            merges,
            hidden_rows,
        });
        Ok(())
    }

    /// The library's own pass, for a sheet whose part is not where the scan looked.
    fn merges_by_library(&mut self, name: &str) -> Result<Vec<Merge>, SheetFault> {
        match &mut self.book {
            Book::Xlsx(book) => {
                let areas = book
                    .merge_cells_by_sheet_name(name)
                    .map_err(SheetFault::corrupt)?;
                Ok(areas.iter().filter_map(|area| merge_of(*area)).collect())
            }
            Book::Xlsb(_) => Ok(Vec::new()),
        }
    }
}

impl Source for ZipBook {
    fn format(&self) -> Format {
        match self.book {
            Book::Xlsx(_) => Format::Xlsx,
            Book::Xlsb(_) => Format::Xlsb,
        }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn sheets(&self) -> &[SheetFacts] {
        &self.sheets
    }

    fn stream(
        &mut self,
        index: usize,
        limits: &Limits,
        sink: &mut Sink<'_>,
    ) -> Result<(), SheetFault> {
        let Some(name) = self.sheets.get(index).map(|s| s.name.clone()) else {
            return Ok(());
        };
        let bare = self.bare.get(index).map(Vec::as_slice).unwrap_or_default();
        let rows = Assembler::new(limits, &name, sink);
        let failed =
            |error: &dyn std::fmt::Display| SheetFault::corrupt(format!("工作表「{name}」{error}"));
        match &mut self.book {
            Book::Xlsx(book) => {
                let is_1904 = book.has_1904_epoch();
                let mut reader = book.worksheet_cells_reader(&name).map_err(|e| failed(&e))?;
                drive(
                    || reader.next_cell().map_err(|e| failed(&e)),
                    rows,
                    bare,
                    is_1904,
                )
            }
            Book::Xlsb(book) => {
                let is_1904 = book.has_1904_epoch();
                let mut reader = book.worksheet_cells_reader(&name).map_err(|e| failed(&e))?;
                drive(
                    || reader.next_cell().map_err(|e| failed(&e)),
                    rows,
                    bare,
                    is_1904,
                )
            }
        }
    }
}

fn drive<'a>(
    mut next: impl FnMut() -> Result<Option<Cell<DataRef<'a>>>, SheetFault>,
    mut rows: Assembler<'a, '_, '_>,
    bare: &[(u32, u32)],
    is_1904: bool,
) -> Result<(), SheetFault> {
    while let Some(cell) = next()? {
        let (row, column) = cell.get_position();
        let piece = match piece(cell.get_value(), is_1904) {
            Piece::Empty if !bare.is_empty() && bare.binary_search(&(row, column)).is_ok() => {
                Piece::NoValue
            }
            Piece::Empty => continue,
            piece => piece,
        };
        if rows.put(row, column, piece)?.is_break() {
            return Ok(());
        }
    }
    rows.finish()
}

fn piece<'a>(value: &DataRef<'a>, is_1904: bool) -> Piece<'a> {
    match value {
        DataRef::SharedString(text) => words(Cow::Borrowed(text)),
        DataRef::String(text) => words(Cow::Owned(text.clone())),
        #[expect(
            clippy::cast_precision_loss,
            reason = "Excel itself keeps numbers as f64"
        )]
        DataRef::Int(number) => Piece::Number(*number as f64),
        DataRef::Float(number) => real(*number),
        DataRef::Bool(value) => Piece::Bool(*value),
        DataRef::DateTime(moment) => date(moment, is_1904),
        DataRef::DateTimeIso(text) => Piece::Text(Cow::Owned(iso_date(text))),
        DataRef::DurationIso(text) => Piece::Text(Cow::Owned(text.clone())),
        DataRef::Error(error) => Piece::Error(error.to_string()),
        DataRef::Empty => Piece::Empty,
    }
}

/// An empty text is no cell.
pub(super) fn words(text: Cow<'_, str>) -> Piece<'_> {
    if text.is_empty() {
        Piece::Empty
    } else {
        Piece::Text(text)
    }
}

/// A number; what is none is shown as text.
pub(super) fn real(number: f64) -> Piece<'static> {
    if number.is_finite() {
        Piece::Number(number)
    } else {
        Piece::Text(Cow::Owned(number.to_string()))
    }
}

/// A date cell in the 1900 system; a duration as `h:mm:ss`.
pub(super) fn date(moment: &ExcelDateTime, is_1904: bool) -> Piece<'static> {
    /// Days between the two epochs, the 1900 leap day included.
    const BETWEEN: f64 = 1462.0;
    let serial = moment.as_f64();
    if !serial.is_finite() {
        return real(serial);
    }
    if moment.is_duration() {
        let seconds = (serial * 86_400.0).round();
        let minutes = (seconds / 60.0).floor();
        let hours = (minutes / 60.0).floor();
        let text = format!(
            "{hours}:{:02}:{:02}",
            minutes - hours * 60.0,
            seconds - minutes * 60.0
        );
        return Piece::Text(Cow::Owned(text));
    }
    Piece::Date(if is_1904 { serial + BETWEEN } else { serial })
}

/// An ISO moment; midnight is a date.
pub(super) fn iso_date(text: &str) -> String {
    let day = text
        .strip_suffix("T00:00:00")
        .or_else(|| text.strip_suffix("T00:00:00.000"));
    day.unwrap_or(text).to_owned()
}

pub(super) fn note(code: &str, message: impl Into<String>) -> Note {
    Note {
        code: code.to_owned(),
        message: message.into(),
    }
}

pub(super) fn shown_of(visible: SheetVisible) -> Shown {
    match visible {
        SheetVisible::Visible => Shown::Visible,
        SheetVisible::Hidden | SheetVisible::VeryHidden => Shown::Hidden,
    }
}

pub(super) fn merge_of(area: calamine::Dimensions) -> Option<Merge> {
    Some(Merge {
        top: area.start.0.checked_add(1)?,
        bottom: area.end.0.checked_add(1)?,
        left: u16::try_from(area.start.1).ok()?,
        right: u16::try_from(area.end.1).ok()?,
    })
}

pub(super) fn check_merges(sheet: &str, count: usize, limits: &Limits) -> Result<(), SheetFault> {
    if count <= limits.merges {
        return Ok(());
    }
    Err(SheetFault::new(
        "too_many_merges",
        format!("工作表「{sheet}」的合并单元格超过上限 {} 个", limits.merges),
        "请取消不必要的合并单元格后重新保存。",
    ))
}
