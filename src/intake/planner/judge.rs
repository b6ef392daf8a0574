//! Rows against the ledger: at once, in batches, or at the end when they had to wait.

use std::collections::HashMap;

use super::{BATCH, Planner, position_of, value_of};
use crate::error::{Error, Result};
use crate::intake::collect::Place as At;
use crate::intake::compare::{self, Comparison, Prepared};
use crate::intake::ends::Statement;
use crate::intake::identify::{self, Referred};
use crate::intake::sheet_plan::SheetPlan;
use crate::ledger::change::Edges;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::KEPT;
use crate::ledger::read;
use crate::register::field::Register;
use crate::register::rules::Finding;
use crate::register::value::{Document, Fault, Value};
use crate::sheet::annotate::Outcome;

impl<'c> Planner<'c> {
    /// Compares a row at once, with its batch, or lets it wait for what it refers to.
    pub(super) fn settle(&mut self, plan: &'c SheetPlan<'c>, mut row: Prepared) -> Result<()> {
        let resolved = if self.may_turn_out_otherwise(plan, &row) {
            None
        } else {
            self.resolve(plan.register, &mut row).ok()
        };
        match resolved {
            Some(edges) if !row.stored => {
                self.learn(&row, None)?;
                self.judge(&row, edges, None);
            }
            Some(edges) => self.stored.push((row, edges)),
            None => {
                if let Some(entry) = self.start.known.get_mut(&plan.register.key, row.slot) {
                    entry.tentative = row.fresh;
                }
                self.waiting.push(row);
            }
        }
        Ok(())
    }

    /// Whether a row refers by name to a register of which rows are still to come.
    fn may_turn_out_otherwise(&self, plan: &SheetPlan<'_>, row: &Prepared) -> bool {
        if self.ended {
            return false;
        }
        let here = self.plans.iter().position(|p| p.number == plan.number);
        let to_come = self.plans.get(here.unwrap_or(0)..).unwrap_or_default();
        row.references.iter().any(|reference| {
            let field = plan.register.fields.get(reference.position);
            let target = field.and_then(|f| f.refers_to.as_deref());
            target.is_some_and(|target| {
                to_come.iter().any(|p| p.register.key == target)
                    && reference
                        .texts
                        .iter()
                        .any(|text| self.start.known.by_code(target, text).is_none())
            })
        })
    }

    /// Fills in the codes of what a row refers to; the first reference that does not resolve is the error.
    fn resolve(
        &self,
        register: &Register,
        row: &mut Prepared,
    ) -> std::result::Result<Vec<Edges>, (usize, Fault)> {
        let mut edges = Vec::with_capacity(row.references.len());
        for reference in &row.references {
            let Some(field) = register.fields.get(reference.position) else {
                continue;
            };
            let Some(target) = field
                .refers_to
                .as_deref()
                .and_then(|k| self.start.catalogue.register(k))
            else {
                continue;
            };
            let mut codes = Vec::with_capacity(reference.texts.len());
            let mut to = Vec::with_capacity(reference.texts.len());
            for text in &reference.texts {
                let fault = match identify::refer(
                    &self.start.known,
                    &target.key,
                    text,
                    Some(row.place.department_id),
                ) {
                    Referred::Entry(slot) => {
                        let entry = self.start.known.get(&target.key, slot);
                        let certain = entry.is_some_and(|e| !e.tentative || e.id == row.id);
                        if let (Some(entry), Some(code), true) =
                            (entry, self.start.known.code(&target.key, slot), certain)
                        {
                            if !to.contains(&entry.id) {
                                to.push(entry.id);
                                codes.push(code.to_owned());
                            }
                            continue;
                        }
                        identify::absent(target, text)
                    }
                    Referred::Absent => identify::absent(target, text),
                    Referred::Several(slots) => {
                        identify::several(&self.start.known, target, text, &slots)
                    }
                };
                return Err((reference.position, fault));
            }
            if let Some((_, value)) = row
                .fields
                .iter_mut()
                .find(|(p, _)| *p == reference.position)
            {
                *value = (!codes.is_empty()).then(|| value_of(field.multiple, codes));
            }
            edges.push(Edges {
                field: field.key.clone(),
                to,
            });
        }
        Ok(edges)
    }

    /// Compares the rows of entries that the ledger has, fetched together.
    pub(super) fn compare_stored(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.stored);
        let stored = rows.iter().filter(|(r, _)| r.stored);
        let ids: Vec<i64> = stored.map(|(r, _)| r.id).collect();
        let found = read::by_ids(&mut self.start.conn, &self.start.viewer, &ids)?;
        let standing: HashMap<i64, EntryRow> = found.into_iter().map(|r| (r.id, r)).collect();
        for (row, edges) in rows {
            let old = standing.get(&row.id);
            if row.stored && old.is_none() {
                return Err(Error::Conflict("账本在核对期间发生变化，请重试".to_owned()));
            }
            self.learn(&row, old)?;
            self.judge(&row, edges, old);
        }
        Ok(())
    }

    /// Compares the rows that waited and hold together.
    pub(super) fn compare_waiting(&mut self) -> Result<()> {
        for mut row in std::mem::take(&mut self.waiting) {
            let Some(plan) = self.plan(row.sheet) else {
                continue;
            };
            let edges = self
                .resolve(plan.register, &mut row)
                .map_err(|(_, fault)| Error::Conflict(fault.message))?;
            self.stored.push((row, edges));
            if self.stored.len() >= BATCH {
                self.compare_stored()?;
            }
        }
        self.compare_stored()
    }

    fn plan(&self, number: usize) -> Option<&'c SheetPlan<'c>> {
        self.plans.iter().find(|p| p.number == number)
    }

    /// Compares one row and counts what it comes to.
    fn judge(&mut self, row: &Prepared, edges: Vec<Edges>, old: Option<&EntryRow>) {
        let Some(plan) = self.plan(row.sheet) else {
            return;
        };
        let register = plan.register;
        let at = At {
            plan,
            row: row.row,
            column: None,
            field: None,
        };
        let mut checked = compare::compare(
            compare::Ground {
                catalogue: self.start.catalogue,
                directory: &self.start.directory,
                guarded: &self.start.guarded,
                viewer: &self.start.viewer,
                spoken: &self.start.spoken,
            },
            register,
            row,
            edges,
            old,
            self.collector.is_previewing(),
        );
        let on = |key: &str| At {
            field: register.field(key),
            column: plan.column_of(key),
            ..at
        };
        let is_kept = |f: &Finding| matches!(f, Finding::Note(note) if KEPT.contains(&note.code));
        if checked.findings.iter().any(|(_, f)| is_kept(f)) {
            self.collector.kept();
        }
        self.say(at, row, checked.statement.take());
        for (key, finding) in checked.findings {
            match finding {
                Finding::Note(note) => self.collector.note(on(&key), note),
                Finding::Fault(fault) => self.collector.fault(on(&key), fault),
            }
        }
        if let (Some(old), false) = (old, checked.held.is_empty()) {
            self.collector.held(at, old, &checked.held);
            self.held.push((old.id, checked.held));
        }
        let outcome = match checked.comparison {
            None => {
                if row.fresh {
                    self.start.known.withdraw(&register.key, row.slot);
                }
                Outcome::Refused
            }
            Some(Comparison::Same) => Outcome::Same,
            Some(Comparison::Change(change, mut cells)) => {
                let is_new = old.is_none_or(|o| !o.present);
                compare::name_columns(&mut cells, |key| plan.column_of(key));
                self.collector.planned(at, &change, &cells);
                if is_new && self.plans.iter().any(|p| p.register.keys.party.is_some()) {
                    let made = &change.row;
                    let names = &mut self.start.spoken.names;
                    names.note(&made.register, &made.code, &made.name);
                }
                if !is_new {
                    self.collector
                        .changed(at, &change.row.code, &change.row.name, cells);
                }
                self.out.push(*change);
                if is_new {
                    Outcome::New
                } else {
                    Outcome::Changed
                }
            }
        };
        if outcome != Outcome::Refused {
            if let Some(entry) = self.start.known.get_mut(&register.key, row.slot) {
                entry.tentative = false;
            }
            self.add_amount(register, row);
        }
        self.collector.outcome(row.sheet, row.row, outcome);
    }

    /// Looks up the names that a link is called after.
    fn learn(&mut self, row: &Prepared, old: Option<&EntryRow>) -> Result<()> {
        let Some(plan) = self.plan(row.sheet) else {
            return Ok(());
        };
        let register = plan.register;
        if register.keys.party.is_none() {
            return Ok(());
        }
        let mut document = old.map(EntryRow::document).unwrap_or_default();
        let (names, conn) = (&mut self.start.spoken.names, &mut self.start.conn);
        names.learn(conn, register, &document)?;
        row.write(register, &mut document);
        names.learn(conn, register, &document)
    }

    /// Keeps what a row says for the end that imports it.
    fn say(&mut self, at: At<'c>, row: &Prepared, statement: Option<Statement>) {
        if let Some(statement) = statement.filter(|s| s.is_news) {
            let known = row.stored.then_some(row.id);
            self.collector.stated(at, known, &statement);
            self.statements.push((row.id, statement));
        }
    }

    fn add_amount(&mut self, register: &Register, row: &Prepared) {
        let amount = register.keys.amount.as_deref();
        if let Some(position) = amount.and_then(|key| position_of(register, key))
            && let Some(Value::Text(wan)) = row.value(position)
        {
            self.collector.amount(row.sheet, wan);
        }
    }

    /// Refuses waiting rows whose references lead nowhere, until only rows that hold together are left.
    pub(super) fn refuse_unresolved(&mut self) {
        for row in &self.waiting {
            let Some(plan) = self.plan(row.sheet) else {
                continue;
            };
            if let Some(entry) = self.start.known.get_mut(&plan.register.key, row.slot) {
                entry.tentative = false;
            }
        }
        loop {
            let before = self.waiting.len();
            let rows = std::mem::take(&mut self.waiting);
            for mut row in rows {
                let Some(plan) = self.plan(row.sheet) else {
                    continue;
                };
                let fault = self
                    .resolve(plan.register, &mut row)
                    .err()
                    .or_else(|| self.rule_fault(plan, &row));
                match fault {
                    None => self.waiting.push(row),
                    Some((position, fault)) => {
                        let fault = self.with_candidates(plan.register, &row, position, fault);
                        let field = plan.register.fields.get(position);
                        let column = field.and_then(|f| plan.column_of(&f.key));
                        self.collector.fault(
                            At {
                                plan,
                                row: row.row,
                                column,
                                field,
                            },
                            fault,
                        );
                        self.collector.outcome(row.sheet, row.row, Outcome::Refused);
                        if row.fresh {
                            self.start.known.withdraw(&plan.register.key, row.slot);
                        }
                    }
                }
            }
            if self.waiting.len() == before {
                return;
            }
        }
    }

    /// A whole-row rule that a waiting fresh row breaks, so that nothing comes to depend on it.
    fn rule_fault(&self, plan: &SheetPlan<'_>, row: &Prepared) -> Option<(usize, Fault)> {
        if !row.fresh {
            return None;
        }
        let mut document = Document::new();
        row.write(plan.register, &mut document);
        let findings = plan.register.check(self.start.catalogue, &document);
        let fault = |(key, finding): (String, Finding)| match finding {
            Finding::Fault(fault) => Some((
                position_of(plan.register, &key).unwrap_or(usize::MAX),
                fault,
            )),
            Finding::Note(_) => None,
        };
        findings.into_iter().find_map(fault)
    }
}
