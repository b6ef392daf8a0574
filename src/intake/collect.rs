//! Gathers what the planner finds into the report, and into notes for the annotated copy.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;

use crate::intake::ends::Statement;
use crate::intake::report::{CellChange, EntryChange, LISTED, Problem, Report, SheetReport};
use crate::intake::sheet_plan::SheetPlan;
use crate::intake::spool::{RowProblem, RowText, Spool, Weight};
use crate::ledger::change::Change;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::Proposals;
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
    spool: Option<Spool>,
    touched: BTreeSet<i64>,
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

    /// The same, with a spool for a preview or its digest.
    #[must_use]
    pub fn spooling(mut self, spool: Spool) -> Self {
        self.spool = Some(spool);
        self
    }

    /// The spool, when there is one.
    pub fn spool(&mut self) -> Option<&mut Spool> {
        self.spool.as_mut()
    }

    /// Whether rows are kept for a preview.
    #[must_use]
    pub fn is_previewing(&self) -> bool {
        self.spool.as_ref().is_some_and(Spool::is_keeping)
    }

    /// Departments whose entries the rows speak of, whatever became of the rows.
    #[must_use]
    pub fn touched(&self) -> &BTreeSet<i64> {
        &self.touched
    }

    /// Who a row speaks of, as far as it is known.
    pub fn about(
        &mut self,
        at: Place<'_>,
        code: Option<&str>,
        name: Option<&str>,
        department: Option<i64>,
    ) {
        self.touched.extend(department);
        if let Some(row) = self.spooled(at) {
            row.register.clone_from(&at.plan.register.key);
            row.code = code.unwrap_or_default().to_owned();
            row.name = name.unwrap_or_default().to_owned();
            row.department = department;
        }
    }

    /// The cells of a row as the file has them.
    pub fn texts(&mut self, at: Place<'_>, texts: Vec<RowText>) {
        if let Some(row) = self.spooled(at) {
            row.texts = texts;
        }
    }

    /// What a row would write, with the values as people read them.
    pub fn planned(&mut self, at: Place<'_>, change: &Change, cells: &[CellChange]) {
        if let Some(row) = self.spooled(at) {
            row.register.clone_from(&change.row.register);
            row.code.clone_from(&change.row.code);
            row.name.clone_from(&change.row.name);
            row.department = Some(change.row.department_id);
            row.cells = cells.to_vec();
        }
        if let Some(spool) = &mut self.spool {
            spool.planned(at.plan.number, at.row, change);
        }
    }

    /// What a row would put into a change request.
    pub fn held(&mut self, at: Place<'_>, entry: &EntryRow, held: &Proposals) {
        self.report.requests += 1;
        if let Some(row) = self.spooled(at) {
            row.register.clone_from(&entry.register);
            row.code.clone_from(&entry.code);
            row.name.clone_from(&entry.name);
            row.department = Some(entry.department_id);
        }
        if let Some(spool) = &mut self.spool {
            spool.held(entry.id, held);
        }
    }

    /// What a row says for one end of an entry; of an entry that is there, by its number.
    pub fn stated(&mut self, at: Place<'_>, entry: Option<i64>, statement: &Statement) {
        self.report.stated += u64::from(entry.is_some());
        if let Some(spool) = &mut self.spool {
            spool.stated((at.plan.number, at.row), entry, statement);
        }
    }

    /// Counts a row with values that stay as they are because reviews and stage acts alone change them.
    pub fn kept(&mut self) {
        self.report.kept += 1;
    }

    fn spooled(&mut self, at: Place<'_>) -> Option<&mut crate::intake::spool::SpooledRow> {
        self.spool.as_mut()?.row(at.plan.number, at.row)
    }

    fn spool_problem(&mut self, at: Place<'_>, weight: Weight, said: &Problem) {
        let label = at.field.map_or("", |f| f.label.as_str()).to_owned();
        if let Some(row) = self.spooled(at) {
            row.problems.push(RowProblem {
                weight,
                column: said.column.clone(),
                field: said.field.clone(),
                label,
                code: said.code.clone(),
                message: said.message.clone(),
                suggestion: said.suggestion.clone(),
            });
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
        let said = problem(place, fault.code, fault.message, fault.suggestion);
        self.spool_problem(place, Weight::Problem, &said);
        if self.report.problems.len() < LISTED {
            self.report.problems.push(said);
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
        let weight = if note.warning {
            Weight::Warning
        } else {
            Weight::Normalised
        };
        let said = problem(place, note.code, note.message, String::new());
        self.spool_problem(place, weight, &said);
        let (list, total) = if weight == Weight::Warning {
            (&mut self.report.warnings, &mut self.report.warnings_total)
        } else {
            (
                &mut self.report.normalised,
                &mut self.report.normalised_total,
            )
        };
        *total += 1;
        if list.len() < LISTED {
            list.push(said);
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
        if let Some(spool) = &mut self.spool {
            spool.close(sheet, row, outcome);
        }
        if self.annotating {
            self.row_note(sheet, row).outcome = outcome;
        }
    }

    /// Remarks on a skipped row.
    pub fn remark(&mut self, sheet: usize, row: u32, text: &str) {
        if let Some(skipped) = self.spool.as_mut().and_then(|s| s.row(sheet, row)) {
            text.clone_into(&mut skipped.reason);
        }
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
