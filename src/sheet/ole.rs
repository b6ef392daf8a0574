//! Old binary workbooks and `OpenDocument`: the library reads them whole, so the child's memory limit is their guard.

use super::assemble::{Assembler, Sink};
use super::fault::SheetFault;
use super::limits::Limits;
use super::ods::Table;
use super::scan::encrypted;
use super::source::{
    SheetFacts, Source, check_merges, date, iso_date, merge_of, note, real, shown_of, words,
};
use super::wire::Piece;
use super::workbook::{Format, Note};
use calamine::{Data, Ods, OdsError, Range, Reader, SheetType, Xls, XlsError, XlsOptions};
use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;

type Buffered = BufReader<File>;

enum Book {
    Xls(Box<Xls<Buffered>>),
    Ods(Box<Ods<Buffered>>),
}

/// A workbook whose sheets are in memory.
pub(super) struct WholeBook {
    book: Book,
    sheets: Vec<SheetFacts>,
    notes: Vec<Note>,
}

impl WholeBook {
    pub(super) fn xls(file: Buffered, limits: &Limits) -> Result<Self, SheetFault> {
        let book =
            Xls::new_with_options(file, XlsOptions::default()).map_err(|error| match error {
                XlsError::Password => encrypted(),
                error => SheetFault::corrupt(error),
            })?;
        let mut out = Self {
            sheets: Vec::new(),
            notes: Vec::new(),
            book: Book::Xls(Box::new(book)),
        };
        for sheet in out.metadata() {
            if sheet.typ != SheetType::WorkSheet {
                out.notes.push(note(
                    "not_a_worksheet",
                    format!("「{}」不是普通工作表（图表等），已跳过", sheet.name),
                ));
                continue;
            }
            let merges = match &out.book {
                Book::Xls(book) => book
                    .merge_cells_by_sheet_name(&sheet.name)
                    .unwrap_or_default(),
                Book::Ods(_) => Vec::new(),
            };
            check_merges(&sheet.name, merges.len(), limits)?;
            let merges = merges.iter().filter_map(|area| merge_of(*area)).collect();
            out.sheets.push(SheetFacts {
                name: sheet.name,
                shown: shown_of(sheet.visible),
                merges,
                hidden_rows: 0,
            });
        }
        Ok(out)
    }

    pub(super) fn ods(
        file: Buffered,
        mut tables: Vec<Table>,
        limits: &Limits,
    ) -> Result<Self, SheetFault> {
        let book = Ods::new(file).map_err(|error| match error {
            OdsError::Password => encrypted(),
            OdsError::CellLimitExceeded { .. } => SheetFault::new(
                "too_many_rows",
                "工作表中重复的行列展开后过多，无法读取",
                "请删除数据区域以外的空白行列后重新保存，或另存为 .xlsx 后上传。",
            ),
            error => SheetFault::corrupt(error),
        })?;
        let mut out = Self {
            sheets: Vec::new(),
            notes: Vec::new(),
            book: Book::Ods(Box::new(book)),
        };
        let metadata = out.metadata();
        // Nested or unnamed tables would shift the order: then no merged area is better than a wrong one.
        if metadata.len() != tables.len() {
            tables.clear();
        }
        let mut tables = tables.into_iter();
        for sheet in metadata {
            let table = tables.next().unwrap_or_default();
            check_merges(&sheet.name, table.merges.len(), limits)?;
            out.sheets.push(SheetFacts {
                name: sheet.name,
                shown: shown_of(sheet.visible),
                merges: table.merges,
                hidden_rows: table.hidden_rows,
            });
        }
        Ok(out)
    }

    fn metadata(&self) -> Vec<calamine::Sheet> {
        match &self.book {
            Book::Xls(book) => book.sheets_metadata().to_vec(),
            Book::Ods(book) => book.sheets_metadata().to_vec(),
        }
    }

    fn range(&mut self, name: &str) -> Result<(Range<Data>, bool), SheetFault> {
        match &mut self.book {
            Book::Xls(book) => {
                let is_1904 = book.has_1904_epoch();
                Ok((
                    book.worksheet_range(name).map_err(SheetFault::corrupt)?,
                    is_1904,
                ))
            }
            Book::Ods(book) => Ok((
                book.worksheet_range(name).map_err(SheetFault::corrupt)?,
                false,
            )),
        }
    }
}

impl Source for WholeBook {
    fn format(&self) -> Format {
        match self.book {
            Book::Xls(_) => Format::Xls,
            Book::Ods(_) => Format::Ods,
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
        let (range, is_1904) = self.range(&name)?;
        // A range begins at its first used cell.
        let (top, left) = range.start().unwrap_or_default();
        let mut rows = Assembler::new(limits, &name, sink);
        for (row, column, value) in range.used_cells() {
            let piece = piece(value, is_1904);
            if piece == Piece::Empty {
                continue;
            }
            let row = u32::try_from(row).unwrap_or(u32::MAX).saturating_add(top);
            let column = u32::try_from(column)
                .unwrap_or(u32::MAX)
                .saturating_add(left);
            if rows.put(row, column, piece)?.is_break() {
                return Ok(());
            }
        }
        rows.finish()
    }
}

fn piece(value: &Data, is_1904: bool) -> Piece<'_> {
    match value {
        Data::String(text) => words(Cow::Borrowed(text)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "Excel itself keeps numbers as f64"
        )]
        Data::Int(number) => Piece::Number(*number as f64),
        Data::Float(number) => real(*number),
        Data::Bool(value) => Piece::Bool(*value),
        Data::DateTime(moment) => date(moment, is_1904),
        Data::DateTimeIso(text) => Piece::Text(Cow::Owned(iso_date(text))),
        Data::DurationIso(text) => Piece::Text(Cow::Borrowed(text)),
        Data::Error(error) => Piece::Error(error.to_string()),
        Data::Empty => Piece::Empty,
    }
}
