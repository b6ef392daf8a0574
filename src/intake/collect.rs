//! Gathers what the planner finds into the report, and into notes for the annotated copy.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use crate::intake::report::{CellChange, EntryChange, LISTED, Problem, Report, SheetReport};
use crate::intake::sheet_plan::SheetPlan;
use crate::register::field::Field;
use crate::register::value::{Fault, Note};
use crate::sheet::annotate::{CellAnnotation, Mark, Outcome, RowAnnotation};
use crate::sheet::cell::column_letters;

/// Where something was found.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The sheet's plan.
    pub plan: &'p SheetPlan<'p>,
    /// Row as Excel shows it.
    pub row: u32,
    /// Column, 0 = A; `None` = the row as a whole.
    pub column: Option<u16>,
    /// The field concerned.
    pub field: Option<&'p Field>,
}

/// What was noted of rows, by sheet number and row.
pub type RowNotes = BTreeMap<(usize, u32), RowAnnotation>;

/// The report in the making.
#[derive(Default)]
pub struct Collector {
    /// The report.
    pub report: Report,
    annotating: bool,
    notes: RowNotes,
    sums: Vec<Decimal>,
}

impl Collector {
    /// An empty one; `annotating` keeps a note for every row.
    #[must_use]
    pub fn new(annotating: bool) -> Self {
        Self {
            annotating,
            ..Self::default()
        }
    }

    /// Adds a sheet; its position is the plan's number.
    pub fn sheet(&mut self, report: SheetReport) -> usize {
        self.report.sheets.push(report);
        self.sums.push(Decimal::ZERO);
        self.report.sheets.len() - 1
    }

    /// The report, and the notes for the annotated copy by sheet number and row.
    #[must_use]
    pub fn into_parts(self) -> (Report, RowNotes) {
        let mut report = self.report;
        let place: HashMap<String, usize> = report
            .sheets
            .iter()
            .enumerate()
            .map(|(n, s)| (s.sheet.clone(), n))
            .collect();
        let order = |p: &Problem| {
            (
                place.get(&p.sheet).copied(),
                p.row,
                p.column.len(),
                p.column.clone(),
            )
        };
        for list in [
            &mut report.problems,
            &mut report.warnings,
            &mut report.normalised,
        ] {
            list.sort_by_cached_key(order);
        }
        for (sheet, sum) in report.sheets.iter_mut().zip(self.sums) {
            if sheet.register.is_some() && sheet.amount.is_some() {
                sheet.amount = Some(sum.normalize().to_string());
            }
        }
        (report, self.notes)
    }

    /// The sum of the amounts taken so far.
    #[must_use]
    pub fn sum(&self, sheet: usize) -> Decimal {
        self.sums.get(sheet).copied().unwrap_or_default()
    }

    /// Adds to the sum of amounts.
    pub fn amount(&mut self, sheet: usize, wan: &str) {
        if let (Some(sum), Ok(wan)) = (self.sums.get_mut(sheet), wan.parse::<Decimal>()) {
            *sum = sum.checked_add(wan).unwrap_or(*sum);
        }
    }

    /// A fault: the row cannot go in.
    pub fn fault(&mut self, place: Place<'_>, fault: Fault) {
        self.report.problems_total += 1;
        self.mark(
            place,
            Mark::Problem,
            &format!("{} {}", fault.message, fault.suggestion),
        );
        if self.report.problems.len() < LISTED {
            self.report
                .problems
                .push(problem(place, fault.code, fault.message, fault.suggestion));
        }
    }

    /// A note: the value stands.
    pub fn note(&mut self, place: Place<'_>, note: Note) {
        let kind = if note.warning {
            Mark::Warning
        } else {
            Mark::Normalised
        };
        self.mark(place, kind, &note.message);
        let (list, total) = if note.warning {
            (&mut self.report.warnings, &mut self.report.warnings_total)
        } else {
            (
                &mut self.report.normalised,
                &mut self.report.normalised_total,
            )
        };
        *total += 1;
        if list.len() < LISTED {
            list.push(problem(place, note.code, note.message, String::new()));
        }
    }

    /// A changed entry.
    pub fn changed(&mut self, place: Place<'_>, code: &str, name: &str, cells: Vec<CellChange>) {
        if self.annotating {
            for cell in &cells {
                let column = place.plan.column_of(&cell.field);
                let at = Place { column, ..place };
                self.mark(at, Mark::Changed, &format!("原值: {}", cell.old));
            }
        }
        if self.report.changes.len() < LISTED {
            self.report.changes.push(EntryChange {
                sheet: place.plan.name.clone(),
                row: place.row,
                code: code.to_owned(),
                name: name.to_owned(),
                cells,
            });
        }
    }

    /// Counts a row that is an entry, or would be.
    pub fn outcome(&mut self, sheet: usize, row: u32, outcome: Outcome) {
        let Some(report) = self.report.sheets.get_mut(sheet) else {
            return;
        };
        match outcome {
            Outcome::New => report.rows.new += 1,
            Outcome::Changed => report.rows.changed += 1,
            Outcome::Same => report.rows.same += 1,
            Outcome::Refused => report.rows.refused += 1,
            Outcome::Skipped => report.rows.skipped += 1,
        }
        if self.annotating {
            self.row_note(sheet, row).outcome = outcome;
        }
    }

    /// Remarks on a skipped row.
    pub fn remark(&mut self, sheet: usize, row: u32, text: &str) {
        if self.annotating {
            add_text(&mut self.row_note(sheet, row).text, text);
        }
    }

    fn row_note(&mut self, sheet: usize, row: u32) -> &mut RowAnnotation {
        self.notes
            .entry((sheet, row))
            .or_insert_with(|| RowAnnotation {
                outcome: Outcome::Skipped,
                text: String::new(),
                cells: Vec::new(),
            })
    }

    fn mark(&mut self, place: Place<'_>, kind: Mark, text: &str) {
        if !self.annotating {
            return;
        }
        let label = place.field.map_or("", |f| f.label.as_str());
        let note = self.row_note(place.plan.number, place.row);
        if kind != Mark::Normalised {
            let said = if label.is_empty() {
                text.to_owned()
            } else {
                format!("{label}: {text}")
            };
            add_text(&mut note.text, &said);
        }
        if let Some(column) = place.column {
            note.cells.push(CellAnnotation {
                column,
                kind,
                text: text.to_owned(),
            });
        }
    }
}

fn add_text(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push('；');
    }
    text.push_str(more);
}

fn problem(place: Place<'_>, code: &str, message: String, suggestion: String) -> Problem {
    Problem {
        sheet: place.plan.name.clone(),
        row: place.row,
        column: place.column.map(column_letters).unwrap_or_default(),
        field: place.field.map(|f| f.key.clone()),
        code: code.to_owned(),
        message,
        suggestion,
    }
}
