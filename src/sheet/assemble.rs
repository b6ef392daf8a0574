//! Cells come one by one; rows go out. The caps on columns, rows and cell length are held here.

use super::cell::column_letters;
use super::fault::SheetFault;
use super::limits::Limits;
use super::scan::SHEET_ROWS;
use super::wire::Piece;
use std::ops::ControlFlow;

/// Takes rows: (the number Excel shows, cells from column A). `Break` when it has enough.
pub(super) type Sink<'s> = dyn FnMut(u32, &[Piece<'_>]) -> Result<ControlFlow<()>, SheetFault> + 's;

/// Builds the rows of one sheet.
pub(super) struct Assembler<'a, 's, 'k> {
    limits: &'s Limits,
    sheet: &'s str,
    sink: &'s mut Sink<'k>,
    row: u32,
    cells: Vec<Piece<'a>>,
    rows: u32,
}

impl<'a, 's, 'k> Assembler<'a, 's, 'k> {
    pub(super) fn new(limits: &'s Limits, sheet: &'s str, sink: &'s mut Sink<'k>) -> Self {
        Self {
            limits,
            sheet,
            sink,
            row: 0,
            cells: Vec::new(),
            rows: 0,
        }
    }

    /// Puts a cell at 0-based (row, column).
    pub(super) fn put(
        &mut self,
        row: u32,
        column: u32,
        piece: Piece<'a>,
    ) -> Result<ControlFlow<()>, SheetFault> {
        let number = row.saturating_add(1);
        if number != self.row {
            if u64::from(number) > SHEET_ROWS {
                return Err(SheetFault::corrupt(format!(
                    "工作表「{}」的行号 {number} 超出 Excel 的上限",
                    self.sheet
                )));
            }
            if number < self.row {
                return Err(SheetFault::corrupt(format!(
                    "工作表「{}」的行顺序错乱（第 {number} 行）",
                    self.sheet
                )));
            }
            if self.flush()?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            self.row = number;
        }
        self.check(column, &piece)?;
        if column >= u32::from(self.limits.columns) {
            // Only blanks come here: `check` refuses anything else.
            return Ok(ControlFlow::Continue(()));
        }
        let at = usize::try_from(column).unwrap_or(usize::MAX);
        if let Some(old) = self.cells.get_mut(at) {
            *old = piece;
        } else {
            self.cells.resize(at, Piece::Empty);
            self.cells.push(piece);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Sends the last row.
    pub(super) fn finish(mut self) -> Result<(), SheetFault> {
        self.flush().map(|_| ())
    }

    fn flush(&mut self) -> Result<ControlFlow<()>, SheetFault> {
        if self.cells.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        self.rows += 1;
        check_rows(self.rows, self.sheet, self.limits)?;
        let flow = (self.sink)(self.row, &self.cells)?;
        self.cells.clear();
        Ok(flow)
    }

    fn check(&self, column: u32, piece: &Piece<'_>) -> Result<(), SheetFault> {
        let text = match piece {
            Piece::Text(text) => Some(text.as_ref()),
            Piece::Empty => return Ok(()),
            _ => None,
        };
        if column >= u32::from(self.limits.columns) {
            if text.is_some_and(|t| t.chars().all(char::is_whitespace)) {
                return Ok(());
            }
            return Err(too_far_right(&self.place(column), self.limits));
        }
        if text.is_some_and(|t| too_long(t, self.limits)) {
            return Err(cell_too_long(&self.place(column), self.limits));
        }
        Ok(())
    }

    fn place(&self, column: u32) -> String {
        let letters =
            u16::try_from(column).map_or_else(|_| format!("第{column}列"), column_letters);
        format!("工作表「{}」的单元格 {letters}{}", self.sheet, self.row)
    }
}

/// More characters than a cell may hold.
pub(super) fn too_long(text: &str, limits: &Limits) -> bool {
    text.len() > limits.cell_chars && text.chars().count() > limits.cell_chars
}

/// More rows than a sheet may hold.
pub(super) fn check_rows(rows: u32, sheet: &str, limits: &Limits) -> Result<(), SheetFault> {
    if rows <= limits.rows_per_sheet {
        return Ok(());
    }
    Err(SheetFault::new(
        "too_many_rows",
        format!(
            "工作表「{sheet}」有内容的行超过上限 {} 行",
            limits.rows_per_sheet
        ),
        "请拆成几个文件分批上传，或请系统管理员调高上限。",
    ))
}

pub(super) fn too_far_right(place: &str, limits: &Limits) -> SheetFault {
    SheetFault::new(
        "too_many_columns",
        format!("{place}有内容，超出列数上限（{} 列）", limits.columns),
        "请清除表格右侧多余的内容后重新保存。",
    )
}

pub(super) fn cell_too_long(place: &str, limits: &Limits) -> SheetFault {
    SheetFault::new(
        "cell_too_long",
        format!("{place}超过 {} 个字", limits.cell_chars),
        "请缩短该单元格的内容，详细材料请作为附件提供。",
    )
}
