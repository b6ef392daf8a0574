//! Plans a file row by row against the ledger; prepared changes come out in batches.
//!
//! A row whose references are not there yet waits: what it refers to may come further down. At the end
//! the waiting rows that can be resolved go in together, however they refer to each other; the others are
//! refused, and with them the rows that needed those.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::intake::collect::{Collector, Place as At};
use crate::intake::compare::{self, Comparison, Prepared, Reference};
use crate::intake::identify::{self, Claim, Identity, Referred};
use crate::intake::known::{Known, KnownEntry, Scope};
use crate::intake::layout::SheetPlan;
use crate::intake::report::{MissingEntry, Report};
use crate::intake::row::{self, Values};
use crate::ledger::change::{Change, Edges};
use crate::ledger::entry::{EntryRow, Place};
use crate::ledger::read;
use crate::org::directory::{Department, Directory, Found};
use crate::register::catalogue::Catalogue;
use crate::register::field::{FieldType, Register};
use crate::register::value::{Fault, Note, Value};
use crate::register::words;
use crate::sheet::annotate::{Outcome, RowAnnotation};
use crate::sheet::cell::Row;

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

/// Plans the rows of one file.
pub struct Planner<'c> {
    start: Start<'c>,
    plans: &'c [SheetPlan<'c>],
    /// The report in the making.
    pub collector: Collector,
    /// Departments that the file named before any organisation was loaded.
    pub new_departments: Vec<Department>,
    stored: Vec<Prepared>,
    waiting: Vec<Prepared>,
    out: Vec<Change>,
    owners: HashMap<String, Option<i64>>,
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
            out: Vec::new(),
            owners: HashMap::new(),
        }
    }

    /// Prepared changes so far; they are handed over once.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.out)
    }

    /// Definitions.
    #[must_use]
    pub fn catalogue(&self) -> &'c Catalogue {
        self.start.catalogue
    }

    /// The report and the notes, with the entries that the file does not mention.
    ///
    /// # Errors
    /// When the database fails.
    pub fn into_outcomes(mut self) -> Result<(Report, BTreeMap<(usize, u32), RowAnnotation>)> {
        let registers: BTreeSet<&str> = self.plans.iter().map(|p| p.register.key.as_str()).collect();
        let mut ids = Vec::new();
        for register in registers {
            let known = &self.start.known;
            let seen: HashSet<i64> = known.entries(register).filter(|e| is_seen(e)).map(place_number).collect();
            let unseen = known.entries(register).filter(|e| e.stored && e.present && e.row == 0);
            for entry in unseen.filter(|e| seen.contains(&place_number(e))) {
                self.collector.report.missing += 1;
                if ids.len() < MISSING_LISTED {
                    ids.push(entry.id);
                }
            }
        }
        for row in read::by_ids(&mut self.start.conn, &self.start.viewer, &ids)? {
            let missing = MissingEntry { register: row.register, code: row.code, name: row.name };
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
            self.collector.outcome(plan.number, row.number, Outcome::Skipped);
            if let Some(sheet) = self.collector.report.sheets.get_mut(plan.number) {
                sheet.skipped.blank += 1;
            }
            return Ok(());
        }
        let at = At { plan, row: row.number, column: None, field: None };
        match self.prepare(at, values) {
            None => self.collector.outcome(plan.number, row.number, Outcome::Refused),
            Some(prepared) => self.settle(plan, prepared)?,
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
        self.compare_stored()?;
        self.refuse_unresolved();
        let waiting = std::mem::take(&mut self.waiting);
        for part in waiting.chunks(BATCH) {
            self.stored.extend(part.iter().cloned());
            self.compare_stored()?;
        }
        Ok(())
    }

    /// Finds out whose row it is and which entry; `None` when it is refused.
    fn prepare(&mut self, at: At<'c>, mut values: Values) -> Option<Prepared> {
        let register = at.plan.register;
        let department = self.owner(at, &mut values);
        let within = self.within(at, &values);
        self.other_departments(at, &mut values);
        let position = |key: &str| register.fields.iter().position(|f| f.key == key);
        let code = position(&register.keys.code).and_then(|p| values.text(p));
        let name = position(&register.keys.name).and_then(|p| values.text(p));
        let by_code = code.and_then(|c| self.start.known.by_code(&register.key, c));
        let standing = by_code.and_then(|slot| self.start.known.get(&register.key, slot)).filter(|e| e.present);
        let place = match (&register.keys.owner, department, within, standing) {
            (Some(_), Some(d), _, _) => Place { department_id: d, within_id: None },
            (None, _, Some(Ok((id, d))), _) => Place { department_id: d, within_id: Some(id) },
            (_, _, Some(Err(())), _) => {
                values.faults += 1;
                Place { department_id: 0, within_id: None }
            }
            (_, None, None, Some(e)) if values.faults == 0 => Place { department_id: e.department, within_id: e.within },
            _ => {
                if values.faults == 0 {
                    self.collector.fault(at, missing_place(register));
                }
                values.faults += 1;
                Place { department_id: 0, within_id: None }
            }
        };
        let claim = Claim { code, name, scope: Scope { department: place.department_id, within: place.within_id } };
        if values.faults > 0 {
            self.mark_seen(register, claim, at);
            return None;
        }
        match identify::identify(&self.start.known, register, &self.start.directory, claim) {
            Ok(identity) => self.admit(at, identity, place, values),
            Err(fault) => {
                self.collector.fault(at, fault);
                None
            }
        }
    }

    /// A refused row still speaks of its entry: it does not count as missing from the file.
    fn mark_seen(&mut self, register: &Register, claim: Claim<'_>, at: At<'_>) {
        if let Ok(Identity::Known(slot)) = identify::identify(&self.start.known, register, &self.start.directory, claim)
            && let Some(entry) = self.start.known.get_mut(&register.key, slot)
            && entry.row == 0
        {
            entry.row = at.row;
            entry.sheet = u16::try_from(at.plan.number).unwrap_or(u16::MAX);
        }
    }

    /// Gives a row its entry, unless another row has it already.
    fn admit(&mut self, at: At<'c>, identity: Identity, place: Place, values: Values) -> Option<Prepared> {
        let register = at.plan.register;
        let sheet = u16::try_from(at.plan.number).unwrap_or(u16::MAX);
        let references = references(register, &values);
        let mut pairs: Vec<(String, Option<Value>)> = values
            .fields
            .into_iter()
            .filter_map(|(p, v)| register.fields.get(p).map(|f| (f.key.clone(), v)))
            .collect();
        pairs.extend(values.extras.into_iter().map(|(k, t)| (k, Some(Value::Text(t)))));
        let (slot, id, stored) = match identity {
            Identity::Known(slot) => {
                let first = self.start.known.get(&register.key, slot).copied()?;
                if first.row != 0 {
                    self.collector.fault(at, self.duplicate(&first));
                    return None;
                }
                let entry = self.start.known.get_mut(&register.key, slot)?;
                entry.row = at.row;
                entry.sheet = sheet;
                (slot, entry.id, true)
            }
            Identity::New(note) => {
                note.into_iter().for_each(|n| self.collector.note(at, n));
                self.require(at, &pairs)?;
                let (id, code) = self.number(register, &pairs);
                let name = pairs.iter().find(|(k, _)| *k == register.keys.name).and_then(|(_, v)| text(v.as_ref()));
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
                };
                (self.start.known.add(&register.key, entry, &code, &name_key), id, false)
            }
        };
        Some(Prepared { sheet: at.plan.number, row: at.row, slot, id, stored, place, values: pairs, references })
    }

    fn duplicate(&self, first: &KnownEntry) -> Fault {
        let sheets = &self.collector.report.sheets;
        let sheet = sheets.get(usize::from(first.sheet)).map_or("", |s| s.sheet.as_str());
        Fault {
            code: "duplicate_row",
            message: format!("与“{sheet}”第{}行是同一条目。", first.row),
            suggestion: "请只保留一行；如确是两个条目，请用名称或编码区分".to_owned(),
        }
    }

    fn require(&mut self, at: At<'c>, pairs: &[(String, Option<Value>)]) -> Option<()> {
        let given = |key: &str| pairs.iter().any(|(k, v)| k == key && v.is_some());
        let mut whole = true;
        for field in at.plan.register.fields.iter().filter(|f| f.required && f.key != at.plan.register.keys.code) {
            if !given(&field.key) {
                whole = false;
                let fault = Fault {
                    code: "required",
                    message: format!("缺少必填项“{}”。", field.label),
                    suggestion: format!("请填写{}", field.label),
                };
                self.collector.fault(At { field: Some(field), column: at.plan.column_of(&field.key), ..at }, fault);
            }
        }
        whole.then_some(())
    }

    /// Id and code of a new entry: the code given, else one of our own that is free.
    fn number(&mut self, register: &Register, pairs: &[(String, Option<Value>)]) -> (i64, String) {
        let given = pairs.iter().find(|(k, _)| *k == register.keys.code).and_then(|(_, v)| text(v.as_ref()));
        loop {
            let id = self.start.next_entry;
            self.start.next_entry += 1;
            let code = given.map_or_else(|| format!("{}-{id:08}", register.code_prefix), str::to_owned);
            if given.is_some() || self.start.known.by_code(&register.key, &code).is_none() {
                return (id, code);
            }
        }
    }

    /// The owner of a row: its cell, the lines above the header, or the one named with the file.
    fn owner(&mut self, at: At<'c>, values: &mut Values) -> Option<i64> {
        let register = at.plan.register;
        let key = register.keys.owner.as_ref()?;
        let position = register.fields.iter().position(|f| &f.key == key)?;
        let field = register.fields.get(position);
        let given = values.text(position).map(str::to_owned);
        let from_cell = given.is_some();
        let code = position_of(register, &register.keys.code).and_then(|p| values.text(p));
        let stands = code.and_then(|c| self.start.known.by_code(&register.key, c));
        if !from_cell && stands.is_some() {
            return None;
        }
        let text = given.or_else(|| if self.start.department.is_some() { None } else { at.plan.department.clone() });
        let id = match text {
            Some(text) => {
                let column = if from_cell { at.plan.column_of(key) } else { None };
                self.department(At { field, column, ..at }, &text)
            }
            None => self.start.department,
        };
        let code = id.and_then(|id| self.start.directory.get(id)).map(|d| d.code.clone());
        values.fields.retain(|(p, _)| *p != position);
        match code {
            Some(code) => values.fields.push((position, Some(Value::Text(code)))),
            None if from_cell || at.plan.department.is_some() => values.faults += 1,
            None => {}
        }
        id
    }

    /// The department that a text means; a fault is reported at each place that names an unknown one.
    fn department(&mut self, at: At<'c>, text: &str) -> Option<i64> {
        if let Some(Some(id)) = self.owners.get(text) {
            return Some(*id);
        }
        let found = self.start.directory.find(text);
        let id = match &found {
            Found::One(id) => Some(*id),
            Found::None(_) if !self.start.directory.is_settled() => Some(self.add_department(at, text)),
            _ => None,
        };
        if id.is_none() {
            self.collector.fault(at, identify::department_fault(&self.start.directory, text, &found));
        }
        self.owners.insert(text.to_owned(), id);
        id
    }

    fn add_department(&mut self, at: At<'c>, text: &str) -> i64 {
        let id = self.start.directory.next_id();
        self.start.directory.add_provisional(id, text);
        self.new_departments.extend(self.start.directory.get(id).cloned());
        self.collector.report.new_departments.push(words::clean(text));
        let note = Note {
            warning: true,
            code: "new_department",
            message: format!("尚未载入机构名录，已按文件登记单位“{}”", words::clean(text)),
        };
        self.collector.note(at, note);
        id
    }

    /// Department fields other than the owner.
    fn other_departments(&mut self, at: At<'c>, values: &mut Values) {
        let register = at.plan.register;
        let owner = register.keys.owner.as_deref();
        let lookups: Vec<usize> = values
            .fields
            .iter()
            .filter(|(_, v)| v.is_some())
            .map(|(p, _)| *p)
            .filter(|p| register.fields.get(*p).is_some_and(|f| f.kind == FieldType::Department && Some(f.key.as_str()) != owner))
            .collect();
        for position in lookups {
            let Some(field) = register.fields.get(position) else { continue };
            let texts = values.value(position).map(row::targets).unwrap_or_default();
            let place = At { field: Some(field), column: at.plan.column_of(&field.key), ..at };
            let codes: Vec<String> = texts
                .iter()
                .filter_map(|t| self.department(place, t))
                .filter_map(|id| self.start.directory.get(id).map(|d| d.code.clone()))
                .collect();
            if codes.len() < texts.len() {
                values.faults += 1;
            } else if let Some((_, value)) = values.fields.iter_mut().find(|(p, _)| *p == position) {
                *value = Some(value_of(field.multiple, codes));
            }
        }
    }

    /// The entry that a row belongs to: its id and department.
    fn within(&mut self, at: At<'c>, values: &Values) -> Option<std::result::Result<(i64, i64), ()>> {
        let register = at.plan.register;
        let position = position_of(register, register.keys.within.as_ref()?)?;
        let field = register.fields.get(position)?;
        let text = values.text(position)?;
        let target = self.start.catalogue.register(field.refers_to.as_deref()?)?;
        let place = At { field: Some(field), column: at.plan.column_of(&field.key), ..at };
        let fault = match identify::refer(&self.start.known, &target.key, text, self.start.department) {
            Referred::Entry(slot) => {
                let entry = self.start.known.get(&target.key, slot)?;
                return Some(Ok((entry.id, entry.department)));
            }
            Referred::Absent => identify::absent(target, text),
            Referred::Several(slots) => identify::several(&self.start.known, target, text, &slots),
        };
        self.collector.fault(place, fault);
        Some(Err(()))
    }

    /// Compares a row at once, with its batch, or lets it wait for what it refers to.
    fn settle(&mut self, plan: &'c SheetPlan<'c>, mut row: Prepared) -> Result<()> {
        match self.resolve(plan.register, &mut row) {
            Ok(edges) if !row.stored => self.judge(&row, edges, None),
            Ok(_) => self.stored.push(row),
            Err(_) => {
                if let Some(entry) = self.start.known.get_mut(&plan.register.key, row.slot) {
                    entry.tentative = !row.stored;
                }
                self.waiting.push(row);
            }
        }
        Ok(())
    }

    /// Fills in the codes of what a row refers to; the first reference that does not resolve is the error.
    fn resolve(&self, register: &Register, row: &mut Prepared) -> std::result::Result<Vec<Edges>, (usize, Fault)> {
        let mut edges = Vec::with_capacity(row.references.len());
        for reference in &row.references {
            let Some(field) = register.fields.get(reference.position) else { continue };
            let Some(target) = field.refers_to.as_deref().and_then(|k| self.start.catalogue.register(k)) else { continue };
            let mut codes = Vec::with_capacity(reference.texts.len());
            let mut to = Vec::with_capacity(reference.texts.len());
            for text in &reference.texts {
                let fault = match identify::refer(&self.start.known, &target.key, text, Some(row.place.department_id)) {
                    Referred::Entry(slot) => {
                        let entry = self.start.known.get(&target.key, slot);
                        let certain = entry.is_some_and(|e| !e.tentative || e.id == row.id);
                        if let (Some(entry), Some(code), true) = (entry, self.start.known.code(&target.key, slot), certain) {
                            if !to.contains(&entry.id) {
                                to.push(entry.id);
                                codes.push(code.to_owned());
                            }
                            continue;
                        }
                        identify::absent(target, text)
                    }
                    Referred::Absent => identify::absent(target, text),
                    Referred::Several(slots) => identify::several(&self.start.known, target, text, &slots),
                };
                return Err((reference.position, fault));
            }
            if let Some((_, value)) = row.values.iter_mut().find(|(k, _)| *k == field.key) {
                *value = (!codes.is_empty()).then(|| value_of(field.multiple, codes));
            }
            edges.push(Edges { field: field.key.clone(), to });
        }
        Ok(edges)
    }

    /// Compares the rows of entries that the ledger has, fetched together.
    fn compare_stored(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.stored);
        let ids: Vec<i64> = rows.iter().filter(|r| r.stored).map(|r| r.id).collect();
        let found = read::by_ids(&mut self.start.conn, &self.start.viewer, &ids)?;
        let standing: HashMap<i64, EntryRow> = found.into_iter().map(|r| (r.id, r)).collect();
        for mut row in rows {
            let Some(plan) = self.plan(row.sheet) else { continue };
            let edges = self.resolve(plan.register, &mut row).map_err(|(_, f)| Error::Conflict(f.message))?;
            let old = standing.get(&row.id);
            if row.stored && old.is_none() {
                return Err(Error::Conflict("账本在核对期间发生变化，请重试".to_owned()));
            }
            self.judge(&row, edges, old);
        }
        Ok(())
    }

    fn plan(&self, number: usize) -> Option<&'c SheetPlan<'c>> {
        self.plans.iter().find(|p| p.number == number)
    }

    /// Compares one row and counts what it comes to.
    fn judge(&mut self, row: &Prepared, edges: Vec<Edges>, old: Option<&EntryRow>) {
        let Some(plan) = self.plan(row.sheet) else { return };
        let register = plan.register;
        let at = At { plan, row: row.row, column: None, field: None };
        let checked = compare::compare(self.start.catalogue, &self.start.directory, register, row, edges, old);
        let on = |key: &str| At { field: register.field(key), column: plan.column_of(key), ..at };
        for (key, note) in checked.notes {
            self.collector.note(on(&key), note);
        }
        for (key, fault) in checked.faults {
            self.collector.fault(on(&key), fault);
        }
        let outcome = match checked.comparison {
            None => {
                if !row.stored {
                    self.start.known.withdraw(&register.key, row.slot);
                }
                Outcome::Refused
            }
            Some(Comparison::Same) => Outcome::Same,
            Some(Comparison::Change(change, mut cells)) => {
                let is_new = old.is_none_or(|o| !o.present);
                if !is_new {
                    compare::name_columns(&mut cells, |key| plan.column_of(key));
                    self.collector.changed(at, &change.row.code, &change.row.name, cells);
                }
                self.out.push(*change);
                if is_new { Outcome::New } else { Outcome::Changed }
            }
        };
        if outcome != Outcome::Refused {
            self.add_amount(register, row);
        }
        self.collector.outcome(row.sheet, row.row, outcome);
    }

    fn add_amount(&mut self, register: &Register, row: &Prepared) {
        if let Some(key) = &register.keys.amount
            && let Some((_, Some(Value::Text(wan)))) = row.values.iter().find(|(k, _)| k == key)
        {
            self.collector.amount(row.sheet, wan);
        }
    }

    /// Refuses waiting rows whose references lead nowhere, until only rows that hold together are left.
    fn refuse_unresolved(&mut self) {
        for row in &self.waiting {
            let Some(plan) = self.plan(row.sheet) else { continue };
            if let Some(entry) = self.start.known.get_mut(&plan.register.key, row.slot) {
                entry.tentative = false;
            }
        }
        loop {
            let before = self.waiting.len();
            let rows = std::mem::take(&mut self.waiting);
            for mut row in rows {
                let Some(plan) = self.plan(row.sheet) else { continue };
                let fault = self.resolve(plan.register, &mut row).err().or_else(|| self.rule_fault(plan, &row));
                match fault {
                    None => self.waiting.push(row),
                    Some((position, fault)) => {
                        let field = plan.register.fields.get(position);
                        let column = field.and_then(|f| plan.column_of(&f.key));
                        self.collector.fault(At { plan, row: row.row, column, field }, fault);
                        self.collector.outcome(row.sheet, row.row, Outcome::Refused);
                        if !row.stored {
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

    /// A whole-row rule that a waiting new row breaks, so that nothing comes to depend on it.
    fn rule_fault(&self, plan: &SheetPlan<'_>, row: &Prepared) -> Option<(usize, Fault)> {
        if row.stored {
            return None;
        }
        let document = row.values.iter().filter_map(|(k, v)| v.clone().map(|v| (k.clone(), v))).collect();
        let (faults, _) = plan.register.check(self.start.catalogue, &document);
        let (key, fault) = faults.into_iter().next()?;
        Some((position_of(plan.register, &key).unwrap_or(usize::MAX), fault))
    }
}

fn is_seen(entry: &KnownEntry) -> bool {
    entry.row != 0 && entry.row != u32::MAX
}

/// What an entry's completeness is asked of: the entry it belongs to, else its department.
fn place_number(entry: &KnownEntry) -> i64 {
    entry.within.map_or(entry.department, |w| -w)
}

fn missing_place(register: &Register) -> Fault {
    let (what, how) = match &register.keys.within {
        Some(_) if register.keys.owner.is_none() => ("没有写明所属的上级条目。", "请填写所属条目的编码或名称"),
        _ => ("没有写明所属部门。", "请填写部门全称，或在导入时指定部门"),
    };
    Fault { code: "missing_owner", message: what.to_owned(), suggestion: how.to_owned() }
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
    if multiple { Value::List(codes) } else { Value::Text(codes.pop().unwrap_or_default()) }
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
