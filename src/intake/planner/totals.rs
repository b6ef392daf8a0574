//! Totals that people write under a table, held against the rows above them.

use rust_decimal::Decimal;

use super::Planner;
use crate::intake::collect::Place as At;
use crate::intake::sheet_plan::SheetPlan;
use crate::register::field::Field;
use crate::register::value::Note;
use crate::sheet::cell::Row;

/// What a 合计 row states.
pub(super) struct Total<'c> {
    plan: &'c SheetPlan<'c>,
    row: u32,
    column: u16,
    field: &'c Field,
    wan: Decimal,
}

impl<'c> Planner<'c> {
    /// Notes what a 合计 row states, to compare it with the sum when all rows are in.
    pub fn total(&mut self, plan: &'c SheetPlan<'c>, row: &Row) {
        if let Some((field, column, wan)) = plan.total(self.start.catalogue, row) {
            self.totals.push(Total {
                plan,
                row: row.number,
                column,
                field,
                wan,
            });
        }
    }

    /// A 合计 that is not the sum of its rows deserves a look; subtotals that add up to it are its business.
    pub(super) fn compare_totals(&mut self) {
        let totals = std::mem::take(&mut self.totals);
        for plan in self.plans {
            let sum = self.collector.sum(plan.number);
            let refused = self
                .collector
                .report
                .sheets
                .get(plan.number)
                .is_some_and(|s| s.rows.refused > 0);
            let mut stated = totals.iter().filter(|t| t.plan.number == plan.number);
            let Some(last) = stated.clone().next_back().filter(|_| !refused) else {
                continue;
            };
            if stated.any(|t| t.wan == sum) {
                continue;
            }
            let message = format!(
                "合计写的是 {} 万元，各行相加为 {} 万元",
                last.wan.normalize(),
                sum.normalize()
            );
            let at = At {
                plan,
                row: last.row,
                column: Some(last.column),
                field: Some(last.field),
            };
            self.collector.note(
                at,
                Note {
                    warning: true,
                    code: "total_differs",
                    message,
                },
            );
        }
    }
}
