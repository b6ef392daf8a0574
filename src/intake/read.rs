//! Reading a file's sheets line by line: what each row is, and the values of those that are entries.

use crate::error::{Error, Result};
use crate::intake::correct::Corrections;
use crate::intake::row::{self, Values};
use crate::intake::sheet_plan::SheetPlan;
use crate::register::catalogue::Catalogue;
use crate::sheet::cell::{Row, SheetHead};
use crate::sheet::rows::{RowKind, RowSorter};
use crate::sheet::workbook::{Event, Rows};

/// Lines are handed over together.
const BATCH: usize = 1_000;

/// One line of a sheet, read.
pub enum Line<'c> {
    /// An entry, or what would be one.
    Entry {
        /// The sheet.
        plan: &'c SheetPlan<'c>,
        /// Row as Excel shows it.
        row: u32,
        /// What it says.
        values: Values,
    },
    /// A sum of the rows above.
    Total {
        /// The sheet.
        plan: &'c SheetPlan<'c>,
        /// The row.
        row: Row,
    },
    /// A row that is no entry.
    Skipped {
        /// The sheet.
        plan: &'c SheetPlan<'c>,
        /// Row as Excel shows it.
        row: u32,
        /// Why.
        kind: RowKind,
    },
    /// The sheet is read to its end.
    End {
        /// The sheet.
        plan: &'c SheetPlan<'c>,
        /// Blank rows among its rows.
        blank: u32,
    },
}

/// Reads the sheets that are taken in.
pub struct Reader<'c> {
    /// Definitions.
    pub catalogue: &'c Catalogue,
    /// How each sheet is taken in.
    pub plans: &'c [SheetPlan<'c>],
    /// How the sheets introduced themselves.
    pub heads: &'c [SheetHead],
    /// Cells that somebody corrected.
    pub corrections: &'c Corrections,
    /// Whether a preview wants the cells as they stand.
    pub with_texts: bool,
}

impl<'c> Reader<'c> {
    /// Reads to the end; `hand_over` takes the lines in batches and says whether to go on.
    ///
    /// # Errors
    /// When the file cannot be read to its end: nothing of it counts then.
    pub fn run(&self, rows: Rows, mut hand_over: impl FnMut(Vec<Line<'c>>) -> bool) -> Result<()> {
        let mut current: Option<(&'c SheetPlan<'c>, RowSorter)> = None;
        let mut batch = Vec::with_capacity(BATCH);
        let mut ended = false;
        for event in rows {
            match event? {
                Event::Sheet(index) => {
                    batch.extend(current.take().map(close));
                    current = self.begin(index);
                }
                Event::Row(row) => {
                    if let Some((plan, sorter)) = &mut current {
                        batch.extend(self.line(plan, sorter, row));
                    }
                }
                Event::End => ended = true,
            }
            if batch.len() >= BATCH && !hand_over(std::mem::take(&mut batch)) {
                return Ok(());
            }
        }
        if !ended {
            return Err(Error::Internal {
                doing: "读取文件",
                cause: "文件没有读完".to_owned(),
            });
        }
        batch.extend(current.take().map(close));
        hand_over(batch);
        Ok(())
    }

    fn begin(&self, index: usize) -> Option<(&'c SheetPlan<'c>, RowSorter)> {
        let plan = self.plans.iter().find(|p| p.index == index)?;
        let head = self.heads.iter().find(|h| h.index == index)?;
        Some((plan, RowSorter::new(head, &plan.located)))
    }

    fn line(&self, plan: &'c SheetPlan<'c>, sorter: &mut RowSorter, row: Row) -> Option<Line<'c>> {
        let mut sorted = sorter.sort(row);
        let row = sorted.row.number;
        match sorted.kind {
            RowKind::Data => {
                self.corrections.lay_over(plan.index, &mut sorted.row);
                let mut values = row::read(self.catalogue, plan, &sorted.row);
                if self.with_texts {
                    values.texts = row::texts(&sorted.row);
                }
                Some(Line::Entry { plan, row, values })
            }
            RowKind::Heading | RowKind::Blank => None,
            RowKind::Total => Some(Line::Total {
                plan,
                row: sorted.row,
            }),
            kind => Some(Line::Skipped { plan, row, kind }),
        }
    }
}

fn close<'c>((plan, sorter): (&'c SheetPlan<'c>, RowSorter)) -> Line<'c> {
    Line::End {
        plan,
        blank: sorter.counts().blank,
    }
}
