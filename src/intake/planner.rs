//! Plans a file row by row against the ledger; prepared changes come out in batches.
//!
//! A row that refers to others by name waits while more of those may come further down: what it means must
//! not hang on the order of rows. So does a row whose references are not there yet. At the end
//! the waiting rows that can be resolved go in together, however they refer to each other; the others are
//! refused, and with them the rows that needed those.

mod judge;
mod namesakes;
mod places;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rust_decimal::Decimal;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::intake::collect::{Collector, Place as At};
use crate::intake::compare::{Prepared, Reference};
use crate::intake::identify::{self, Claim, Identity};
use crate::intake::known::{Known, KnownEntry, Match, Scope, Slot};
use crate::intake::layout::SheetPlan;
use crate::intake::report::{MissingEntry, Report};
use crate::intake::row::{self, Values};
use crate::ledger::change::{Change, Edges};
use crate::ledger::entry::Place;
use crate::ledger::read;
use crate::org::directory::{Department, Directory};
use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register};
use crate::register::value::{Fault, Note, Value};
use crate::register::words;
use crate::sheet::annotate::{Outcome, RowAnnotation};
use crate::sheet::cell::Row;
use namesakes::Namesake;

/// Rows of existing entries are fetched together.
const BATCH: usize = 500;

/// How many missing entries are listed by name.
const MISSING_LISTED: usize = 1_000;

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
    /// First free entry id.
    pub next_entry: i64,
    /// Owner of rows that name none.
    pub department: Option<i64>,
}

/// What a 合计 row states.
struct Total<'c> {
    plan: &'c SheetPlan<'c>,
    row: u32,
    column: u16,
    field: &'c Field,
    wan: Decimal,
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

/// Plans the rows of one file.
pub struct Planner<'c> {
    start: Start<'c>,
    plans: &'c [SheetPlan<'c>],
    /// The report in the making.
    pub collector: Collector,
    /// Departments that the file named before any organisation was loaded.
    pub new_departments: Vec<Department>,
    stored: Vec<(Prepared, Vec<Edges>)>,
    waiting: Vec<Prepared>,
    namesakes: Vec<Namesake<'c>>,
    totals: Vec<Total<'c>>,
    out: Vec<Change>,
    owners: HashMap<String, Option<i64>>,
    /// Entries that refused rows speak of.
    spoken_of: Vec<(&'c SheetPlan<'c>, u32, Slot)>,
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
            stored: Vec::new(),
            waiting: Vec::new(),
            namesakes: Vec::new(),
            totals: Vec::new(),
            out: Vec::new(),
            owners: HashMap::new(),
            spoken_of: Vec::new(),
            ended: false,
        }
    }

    /// Prepared changes so far; they are handed over once.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.out)
    }

    /// The report and the notes, with the entries that the file does not mention.
    ///
    /// # Errors
    /// When the database fails.
    pub fn into_outcomes(mut self) -> Result<(Report, BTreeMap<(usize, u32), RowAnnotation>)> {
        let registers: BTreeSet<&str> =
            self.plans.iter().map(|p| p.register.key.as_str()).collect();
        let mut ids = Vec::new();
        for register in registers {
            let known = &self.start.known;
            let seen: HashSet<i64> = known
                .entries(register)
                .filter(|e| is_seen(e))
                .map(place_number)
                .collect();
            let unseen = known
                .entries(register)
                .filter(|e| e.stored && e.present && e.row == 0);
            for entry in unseen.filter(|e| seen.contains(&place_number(e))) {
                self.collector.report.missing += 1;
                if ids.len() < MISSING_LISTED {
                    ids.push(entry.id);
                }
            }
        }
        for row in read::by_ids(&mut self.start.conn, &self.start.viewer, &ids)? {
            let missing = MissingEntry {
                register: row.register,
                code: row.code,
                name: row.name,
            };
            self.collector.report.missing_entries.push(missing);
        }
        Ok(self.collector.into_parts())
    }

    /// Takes one data row of a sheet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn row(&mut self, plan: &'c SheetPlan<'c>, row: &Row) -> Result<()> {
        let values = row::read(self.start.catalogue, plan, row, &mut self.collector);
        if values.is_empty() {
            self.collector
                .outcome(plan.number, row.number, Outcome::Skipped);
            if let Some(sheet) = self.collector.report.sheets.get_mut(plan.number) {
                sheet.skipped.blank += 1;
            }
            return Ok(());
        }
        let at = At {
            plan,
            row: row.number,
            column: None,
            field: None,
        };
        match self.prepare(at, values) {
            Next::Refused => self
                .collector
                .outcome(plan.number, row.number, Outcome::Refused),
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
        self.compare_stored()?;
        self.refuse_unresolved();
        self.compare_waiting()?;
        self.mark_seen();
        self.compare_totals();
        Ok(())
    }

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
    fn compare_totals(&mut self) {
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

    /// Finds out whose row it is and which entry.
    fn prepare(&mut self, at: At<'c>, mut values: Values) -> Next {
        let register = at.plan.register;
        let department = self.owner(at, &mut values);
        let within = self.within(at, &values);
        self.other_departments(at, &mut values);
        let code = given(register, &values, &register.keys.code);
        let name = given(register, &values, &register.keys.name);
        let place = self.place(at, code.as_deref(), department, within, &mut values);
        let claim = Claim {
            code: code.as_deref(),
            name: name.as_deref(),
            scope: Scope {
                department: place.department_id,
                within: place.within_id,
            },
        };
        if values.faults > 0 {
            self.note_seen(register, claim, at);
            return Next::Refused;
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

    /// Where a row belongs; a fault when nothing says so.
    fn place(
        &mut self,
        at: At<'c>,
        code: Option<&str>,
        department: Option<i64>,
        within: Within,
        values: &mut Values,
    ) -> Place {
        let register = at.plan.register;
        let by_code = code.and_then(|c| self.start.known.by_code(&register.key, c));
        let standing = by_code
            .and_then(|slot| self.start.known.get(&register.key, slot))
            .filter(|e| e.present);
        match (&register.keys.owner, department, within, standing) {
            (Some(_), Some(d), _, _) => {
                return Place {
                    department_id: d,
                    within_id: None,
                };
            }
            (None, _, Within::Entry { id, department }, _) => {
                return Place {
                    department_id: department,
                    within_id: Some(id),
                };
            }
            (_, None, Within::Unsaid, Some(e)) if values.faults == 0 => {
                return Place {
                    department_id: e.department,
                    within_id: e.within,
                };
            }
            (_, _, Within::Unsaid, _) if values.faults == 0 => {
                self.collector.fault(at, missing_place(register))
            }
            _ => {}
        }
        values.faults += 1;
        Place {
            department_id: 0,
            within_id: None,
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

    /// Gives a row its entry, unless another row has it already.
    fn admit(
        &mut self,
        at: At<'c>,
        identity: Identity,
        place: Place,
        values: Values,
    ) -> Option<Prepared> {
        let register = at.plan.register;
        let sheet = u16::try_from(at.plan.number).unwrap_or(u16::MAX);
        let references = references(register, &values);
        let by_name = given(register, &values, &register.keys.code).is_none();
        let content = if register.names_repeat {
            namesakes::content(&values)
        } else {
            0
        };
        let mut pairs: Vec<(String, Option<Value>)> = values
            .fields
            .into_iter()
            .filter_map(|(p, v)| register.fields.get(p).map(|f| (f.key.clone(), v)))
            .collect();
        pairs.extend(
            values
                .extras
                .into_iter()
                .map(|(k, t)| (k, Some(Value::Text(t)))),
        );
        let (slot, id, stored, fresh) = match identity {
            Identity::Known(slot) => {
                let first = self.start.known.get(&register.key, slot).copied()?;
                if first.row != 0 {
                    self.collector.fault(at, self.duplicate(&first));
                    return None;
                }
                let entry = self.start.known.get_mut(&register.key, slot)?;
                entry.row = at.row;
                entry.sheet = sheet;
                entry.by_name = by_name;
                entry.content = content;
                // A removed entry comes back with its row, if that row goes in.
                let fresh = !entry.present;
                entry.present = true;
                entry.tentative = fresh;
                (slot, entry.id, true, fresh)
            }
            Identity::New(note) => {
                note.into_iter().for_each(|n| self.collector.note(at, n));
                self.require(at, &pairs)?;
                let (id, code) = self.number(register, &pairs);
                let name = pairs
                    .iter()
                    .find(|(k, _)| *k == register.keys.name)
                    .and_then(|(_, v)| text(v.as_ref()));
                let name_key = words::name_key(name.unwrap_or_default());
                pairs.retain(|(k, _)| *k != register.keys.code);
                pairs.push((register.keys.code.clone(), Some(Value::Text(code.clone()))));
                let entry = KnownEntry {
                    id,
                    department: place.department_id,
                    within: place.within_id,
                    present: true,
                    tentative: false,
                    stored: false,
                    row: at.row,
                    sheet,
                    by_name,
                    content,
                };
                (
                    self.start.known.add(&register.key, entry, &code, &name_key),
                    id,
                    false,
                    true,
                )
            }
        };
        Some(Prepared {
            sheet: at.plan.number,
            row: at.row,
            slot,
            id,
            stored,
            fresh,
            place,
            values: pairs,
            references,
        })
    }

    fn duplicate(&self, first: &KnownEntry) -> Fault {
        let sheets = &self.collector.report.sheets;
        let sheet = sheets
            .get(usize::from(first.sheet))
            .map_or("", |s| s.sheet.as_str());
        Fault {
            code: "duplicate_row",
            message: format!("与“{sheet}”第{}行是同一条目。", first.row),
            suggestion: "请只保留一行；如确是两个条目，请用名称或编码区分".to_owned(),
        }
    }

    fn require(&mut self, at: At<'c>, pairs: &[(String, Option<Value>)]) -> Option<()> {
        let given = |key: &str| pairs.iter().any(|(k, v)| k == key && v.is_some());
        let mut whole = true;
        for field in at
            .plan
            .register
            .fields
            .iter()
            .filter(|f| f.required && f.key != at.plan.register.keys.code)
        {
            if !given(&field.key) {
                whole = false;
                let fault = Fault {
                    code: "required",
                    message: format!("缺少必填项“{}”。", field.label),
                    suggestion: format!("请填写{}", field.label),
                };
                self.collector.fault(
                    At {
                        field: Some(field),
                        column: at.plan.column_of(&field.key),
                        ..at
                    },
                    fault,
                );
            }
        }
        whole.then_some(())
    }

    /// Id and code of a new entry: the code given, else one of our own that is free.
    fn number(&mut self, register: &Register, pairs: &[(String, Option<Value>)]) -> (i64, String) {
        let given = pairs
            .iter()
            .find(|(k, _)| *k == register.keys.code)
            .and_then(|(_, v)| text(v.as_ref()));
        loop {
            let id = self.start.next_entry;
            self.start.next_entry += 1;
            let code = given.map_or_else(
                || format!("{}-{id:08}", register.code_prefix),
                str::to_owned,
            );
            if given.is_some() || self.start.known.by_code(&register.key, &code).is_none() {
                return (id, code);
            }
        }
    }
}

fn is_seen(entry: &KnownEntry) -> bool {
    entry.row != 0 && entry.row != u32::MAX
}

/// What an entry's completeness is asked of: the entry it belongs to, else its department.
fn place_number(entry: &KnownEntry) -> i64 {
    entry.within.map_or(entry.department, |w| -w)
}

fn given(register: &Register, values: &Values, key: &str) -> Option<String> {
    position_of(register, key)
        .and_then(|p| values.text(p))
        .map(str::to_owned)
}

fn missing_place(register: &Register) -> Fault {
    let (what, how) = match &register.keys.within {
        Some(_) if register.keys.owner.is_none() => {
            ("没有写明所属的上级条目。", "请填写所属条目的编码或名称")
        }
        _ => ("没有写明所属部门。", "请填写部门全称，或在导入时指定部门"),
    };
    Fault {
        code: "missing_owner",
        message: what.to_owned(),
        suggestion: how.to_owned(),
    }
}

fn position_of(register: &Register, key: &str) -> Option<usize> {
    register.fields.iter().position(|f| f.key == key)
}

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(t)) => Some(t),
        _ => None,
    }
}

fn value_of(multiple: bool, mut codes: Vec<String>) -> Value {
    if multiple {
        Value::List(codes)
    } else {
        Value::Text(codes.pop().unwrap_or_default())
    }
}

fn references(register: &Register, values: &Values) -> Vec<Reference> {
    let reference = |(position, value): &(usize, Option<Value>)| {
        let field = register.fields.get(*position)?;
        (field.kind == FieldType::Reference).then(|| Reference {
            position: *position,
            texts: value.as_ref().map(row::targets).unwrap_or_default(),
        })
    };
    values.fields.iter().filter_map(reference).collect()
}
