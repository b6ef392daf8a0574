//! Plans a file row by row against the ledger; prepared changes come out in batches.
//!
//! A row that refers to others by name waits while more of those may come further down: what it means must
//! not hang on the order of rows. So does a row whose references are not there yet. At the end
//! the waiting rows that can be resolved go in together, however they refer to each other; the others are
//! refused, and with them the rows that needed those.

mod admit;
mod judge;
mod links;
mod missing;
mod namesakes;
mod places;
mod reach;
mod similar;
mod totals;

use std::collections::HashMap;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::intake::collect::{Collector, Place as At};
use crate::intake::compare::Prepared;
use crate::intake::ends::{Spoken, Statement};
use crate::intake::identify::{self, Claim, Identity};
use crate::intake::known::{Known, KnownEntry, Match, Scope, Slot};
use crate::intake::read::Line;
use crate::intake::row::Values;
use crate::intake::sheet_plan::SheetPlan;
use crate::ledger::change::{Change, Edges};
use crate::ledger::held::{Guarded, Proposals};
use crate::org::directory::{Department, Directory};
use crate::register::catalogue::Catalogue;
use crate::register::field::Register;
use crate::register::rules::Finding;
use crate::register::value::Value;
use crate::sheet::annotate::Outcome;
use crate::sheet::rows::RowKind;
use links::Linked;
use namesakes::Namesake;
use totals::Total;

/// Rows of existing entries are fetched together.
const BATCH: usize = 500;

/// What the planner starts from.
pub struct Start<'c> {
    /// Definitions.
    pub catalogue: &'c Catalogue,
    /// Who imports.
    pub viewer: Viewer,
    /// A connection for reading; the ledger does not move while the planner works.
    pub conn: Conn,
    /// The organisation.
    pub directory: Directory,
    /// Entries by code and name.
    pub known: Known,
    /// Entries that not everything may be written of.
    pub guarded: Guarded,
    /// What the ends of links say.
    pub spoken: Spoken,
    /// First free entry id.
    pub next_entry: i64,
    /// Owner of rows that name none.
    pub department: Option<i64>,
}

/// What becomes of a row next.
enum Next {
    /// It cannot go in.
    Refused,
    /// Decided at the end.
    Later,
    /// It speaks of this entry.
    Entry(Box<Prepared>),
}

/// What a row says of the entry it belongs to.
enum Within {
    /// Nothing, or its register has no such thing.
    Unsaid,
    /// It was named, and is not to be found.
    Nowhere,
    /// This one.
    Entry {
        /// Its id.
        id: i64,
        /// Its department.
        department: i64,
    },
}

/// Names and codes that candidates are chosen from, by register and department.
type Names = HashMap<(String, Option<i64>), Vec<(String, String, String)>>;

/// Plans the rows of one file.
pub struct Planner<'c> {
    start: Start<'c>,
    plans: &'c [SheetPlan<'c>],
    /// The report in the making.
    pub collector: Collector,
    /// Departments that the file named before any organisation was loaded.
    pub new_departments: Vec<Department>,
    /// Values that go into change requests, by entry.
    pub held: Vec<(i64, Proposals)>,
    /// What rows say for one end of an entry.
    pub statements: Vec<(i64, Statement)>,
    stored: Vec<(Prepared, Vec<Edges>)>,
    waiting: Vec<Prepared>,
    namesakes: Vec<Namesake<'c>>,
    links: Vec<Linked<'c>>,
    totals: Vec<Total<'c>>,
    out: Vec<Change>,
    owners: HashMap<String, Option<i64>>,
    names: Names,
    /// Entries that refused rows speak of.
    spoken_of: Vec<(&'c SheetPlan<'c>, u32, Slot)>,
    /// Codes that only refused rows have named so far, by register, with the row: the next one with such a code is
    /// no more certain than the first, or the same file would be read otherwise the next time.
    claimed: HashMap<(&'c str, String), KnownEntry>,
    /// Every row has been read.
    ended: bool,
}

impl<'c> Planner<'c> {
    /// A planner for these sheets.
    #[must_use]
    pub fn new(start: Start<'c>, plans: &'c [SheetPlan<'c>], collector: Collector) -> Self {
        Self {
            start,
            plans,
            collector,
            new_departments: Vec::new(),
            held: Vec::new(),
            statements: Vec::new(),
            stored: Vec::new(),
            waiting: Vec::new(),
            namesakes: Vec::new(),
            links: Vec::new(),
            totals: Vec::new(),
            out: Vec::new(),
            owners: HashMap::new(),
            names: Names::new(),
            spoken_of: Vec::new(),
            claimed: HashMap::new(),
            ended: false,
        }
    }

    /// Prepared changes so far; they are handed over once.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.out)
    }

    /// Takes one line of the file.
    ///
    /// # Errors
    /// When the database fails.
    pub fn line(&mut self, line: Line<'c>) -> Result<()> {
        match line {
            Line::Entry { plan, row, values } => return self.row(plan, row, values),
            Line::Total { plan, row } => {
                self.total(plan, &row);
                self.skip(plan, row.number, RowKind::Total);
            }
            Line::Skipped { plan, row, kind } => self.skip(plan, row, kind),
            Line::End { plan, blank } => {
                if let Some(sheet) = self.collector.report.sheets.get_mut(plan.number) {
                    sheet.skipped.blank += u64::from(blank);
                    sheet.rows.skipped += u64::from(blank);
                }
            }
        }
        Ok(())
    }

    /// Counts a row that is no entry.
    fn skip(&mut self, plan: &SheetPlan<'_>, row: u32, kind: RowKind) {
        let Some(sheet) = self.collector.report.sheets.get_mut(plan.number) else {
            return;
        };
        let (counter, why) = match kind {
            RowKind::Total => (&mut sheet.skipped.total, "合计行"),
            RowKind::Note => (&mut sheet.skipped.note, "说明"),
            RowKind::Example => (&mut sheet.skipped.example, "示例行"),
            RowKind::RepeatedHeader => (&mut sheet.skipped.header, "重复的表头"),
            RowKind::Blank | RowKind::Heading | RowKind::Data => return,
        };
        *counter += 1;
        self.collector.outcome(plan.number, row, Outcome::Skipped);
        self.collector.remark(plan.number, row, why);
    }

    /// Takes one data row of a sheet, as it was read.
    ///
    /// # Errors
    /// When the database fails.
    fn row(&mut self, plan: &'c SheetPlan<'c>, number: u32, mut values: Values) -> Result<()> {
        let at = At {
            plan,
            row: number,
            column: None,
            field: None,
        };
        if self.collector.is_previewing() {
            let texts = std::mem::take(&mut values.texts);
            self.collector.texts(at, texts);
        }
        for said in std::mem::take(&mut values.said) {
            let column = Some(said.column);
            let field = said.position.and_then(|p| plan.register.fields.get(p));
            let at = At {
                column,
                field,
                ..at
            };
            match said.finding {
                Finding::Note(note) => self.collector.note(at, note),
                Finding::Fault(fault) => self.collector.fault(at, fault),
            }
        }
        if values.is_empty() {
            self.collector
                .outcome(plan.number, number, Outcome::Skipped);
            if let Some(sheet) = self.collector.report.sheets.get_mut(plan.number) {
                sheet.skipped.blank += 1;
            }
            return Ok(());
        }
        match self.prepare(at, values) {
            Next::Refused => self
                .collector
                .outcome(plan.number, number, Outcome::Refused),
            Next::Later => {}
            Next::Entry(prepared) => self.settle(plan, *prepared)?,
        }
        if self.stored.len() >= BATCH {
            self.compare_stored()?;
        }
        Ok(())
    }

    /// Ends the file: compares what is left and decides about the rows that wait.
    ///
    /// # Errors
    /// When the database fails.
    pub fn finish(&mut self) -> Result<()> {
        self.ended = true;
        self.settle_namesakes()?;
        self.settle_links()?;
        self.compare_stored()?;
        self.refuse_unresolved();
        self.compare_waiting()?;
        self.mark_seen();
        self.compare_totals();
        if let Some(spool) = self.collector.spool() {
            spool.finish();
        }
        Ok(())
    }

    /// Finds out whose row it is and which entry.
    fn prepare(&mut self, at: At<'c>, mut values: Values) -> Next {
        let register = at.plan.register;
        let department = self.owner(at, &mut values);
        let within = self.within(at, &values);
        self.other_departments(at, &mut values);
        let code = given(register, &values, &register.keys.code);
        let name = given(register, &values, &register.keys.name);
        if self.is_taken(at, code.as_deref()) {
            self.collector
                .about(at, code.as_deref(), name.as_deref(), department);
            return Next::Refused;
        }
        let mut place = self.place(at, code.as_deref(), department, within, &mut values);
        let has_party = register.keys.party.is_some();
        if has_party {
            place.party_id = self.party(at, place.department_id, &mut values);
        }
        let known = (place.department_id != 0).then_some(place.department_id);
        self.collector
            .about(at, code.as_deref(), name.as_deref(), known);
        self.check_reach(at, place, &mut values);
        let claim = Claim {
            code: code.as_deref(),
            name: name.as_deref(),
            scope: Scope {
                department: place.department_id,
                within: place.within_id,
            },
        };
        if values.faults > 0 {
            if claim.code.is_none() && claim.name.is_none() && !values.misnamed && !has_party {
                self.collector.fault(at, identify::nameless());
            }
            self.note_seen(register, claim, at);
            return Next::Refused;
        }
        if has_party && claim.code.is_none() {
            self.links.push(Linked {
                plan: at.plan,
                row: at.row,
                place,
                values,
            });
            return Next::Later;
        }
        if let (true, None, Some(name)) = (register.names_repeat, claim.code, claim.name) {
            let candidates = match self.start.known.by_name(&register.key, claim.scope, name) {
                Match::None => Vec::new(),
                Match::One(slot) => vec![slot],
                Match::Many(slots) => slots,
            };
            if candidates.iter().any(|s| {
                self.start
                    .known
                    .get(&register.key, *s)
                    .is_some_and(|e| e.present)
            }) {
                let name = name.to_owned();
                self.namesakes.push(Namesake {
                    plan: at.plan,
                    row: at.row,
                    place,
                    values,
                    name,
                    candidates,
                });
                return Next::Later;
            }
        }
        match identify::identify(&self.start.known, register, &self.start.directory, claim) {
            Ok(identity) => match self.admit(at, identity, place, values) {
                Some(prepared) => Next::Entry(Box::new(prepared)),
                None => Next::Refused,
            },
            Err(fault) => {
                self.collector.fault(at, fault);
                Next::Refused
            }
        }
    }

    /// A refused row still speaks of its entry: it does not count as missing from the file. But only at the
    /// end, so that it does not take the entry from a row that is right.
    fn note_seen(&mut self, register: &Register, claim: Claim<'_>, at: At<'c>) {
        let directory = &self.start.directory;
        let found = identify::identify(&self.start.known, register, directory, claim);
        if let Ok(Identity::Known(slot)) = found {
            self.spoken_of.push((at.plan, at.row, slot));
        }
    }

    /// Marks the entries that only refused rows speak of.
    fn mark_seen(&mut self) {
        for (plan, row, slot) in std::mem::take(&mut self.spoken_of) {
            let entry = self.start.known.get_mut(&plan.register.key, slot);
            if let Some(entry) = entry.filter(|e| e.row == 0) {
                entry.row = row;
                entry.sheet = u16::try_from(plan.number).unwrap_or(u16::MAX);
            }
        }
    }
}

fn given(register: &Register, values: &Values, key: &str) -> Option<String> {
    position_of(register, key)
        .and_then(|p| values.text(p))
        .map(str::to_owned)
}

fn position_of(register: &Register, key: &str) -> Option<usize> {
    register.fields.iter().position(|f| f.key == key)
}

fn value_of(multiple: bool, mut codes: Vec<String>) -> Value {
    if multiple {
        Value::List(codes)
    } else {
        Value::Text(codes.pop().unwrap_or_default())
    }
}
