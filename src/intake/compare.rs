//! A row against the ledger: what it says, what that would change.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::auth::Viewer;
use crate::intake::ends::{self, Spoken, Statement};
use crate::intake::known::Slot;
use crate::intake::report::CellChange;
use crate::ledger::as_of::Definitions;
use crate::ledger::change::{Change, Edges};
use crate::ledger::ends as ledger_ends;
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::facts::{self, Diff};
use crate::ledger::held::{Fate, Guarded, Proposal, Proposals};
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::field::Register;
use crate::register::rules::Finding;
use crate::register::value::{Document, Note, Value};
use crate::sheet::cell::column_letters;

/// What a row of the file says, with its identity and its references found.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Number of the sheet in the report.
    pub sheet: usize,
    /// Row as Excel shows it.
    pub row: u32,
    /// The entry, in the index of its register.
    pub slot: Slot,
    /// Its id.
    pub id: i64,
    /// Whether the ledger has it already (removed or not).
    pub stored: bool,
    /// Whether nothing stands until this row goes in: a new entry, or one that was removed before.
    pub fresh: bool,
    /// Where it belongs.
    pub place: Place,
    /// Values by position of the field in its register; `None` clears.
    pub fields: Vec<(usize, Option<Value>)>,
    /// Unknown columns: storage key and text.
    pub extras: Vec<(String, String)>,
    /// References by field, found or not yet.
    pub references: Vec<Reference>,
}

impl Prepared {
    /// Puts what the row says into a document.
    pub fn write(&self, register: &Register, document: &mut Document) {
        for (position, value) in &self.fields {
            let Some(field) = register.fields.get(*position) else {
                continue;
            };
            match value {
                Some(value) => document.insert(field.key.clone(), value.clone()),
                None => document.remove(&field.key),
            };
        }
        for (key, text) in &self.extras {
            document.insert(key.clone(), Value::Text(text.clone()));
        }
    }

    /// Whether an entry already says everything that the row says.
    fn says_only(&self, register: &Register, document: &Document) -> bool {
        let held = |(position, value): &(usize, Option<Value>)| {
            let field = register.fields.get(*position);
            field.is_none_or(|f| document.get(&f.key) == value.as_ref())
        };
        let kept = |(key, text): &(String, String)| entry::text(document, key) == Some(text);
        self.fields.iter().all(held) && self.extras.iter().all(kept)
    }

    /// The value given for a field.
    #[must_use]
    pub fn value(&self, position: usize) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(p, _)| *p == position)
            .and_then(|(_, v)| v.as_ref())
    }
}

/// A reference field of a row.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Position of the field in its register.
    pub position: usize,
    /// What the cell says, one text a target.
    pub texts: Vec<String>,
}

/// What a row comes to.
pub enum Comparison {
    /// It goes in as this.
    Change(Box<Change>, Vec<CellChange>),
    /// Nothing changes.
    Same,
}

/// A row's rules, checked on the whole document.
pub struct Checked {
    /// The comparison, unless something is wrong.
    pub comparison: Option<Comparison>,
    /// What is wrong or worth a look, with the field.
    pub findings: Vec<(String, Finding)>,
    /// Values that go into a change request instead of the entry.
    pub held: Proposals,
    /// What the row says for the end that imports it.
    pub statement: Option<Statement>,
}

/// What rows are compared with.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// Registers, lists, models of stages.
    pub catalogue: &'g Catalogue,
    /// The organisation.
    pub directory: &'g Directory,
    /// Entries that not everything may be written of.
    pub guarded: &'g Guarded,
    /// Who imports.
    pub viewer: &'g Viewer,
    /// What the ends of links say.
    pub spoken: &'g Spoken,
}

/// Compares a row with the entry as it stands (`None` for a new one); `fully` lists the values of a new one too.
#[must_use]
pub fn compare(
    ground: Ground<'_>,
    register: &Register,
    row: &Prepared,
    mut edges: Vec<Edges>,
    old: Option<&EntryRow>,
    fully: bool,
) -> Checked {
    let Ground {
        catalogue,
        directory,
        ..
    } = ground;
    let before = old.map(EntryRow::document).unwrap_or_default();
    let mut said = Withheld::default();
    let mut row = Cow::Borrowed(row);
    let statement = ends::statement(ground, register, &row, old);
    if let Some(old) = old.filter(|o| o.present) {
        if !row.says_only(register, &before) {
            said = withhold(ground, register, &mut row, &mut edges, old, &before);
        }
        if let Some(statement) = &statement {
            let stands = (old, &before);
            let notes = ends::yield_to(ground, register, &mut row, &mut edges, stands, statement);
            said.notes.extend(notes);
            if said.notes.iter().any(is_fault) {
                return refused(said.notes);
            }
        }
        if row.says_only(register, &before) {
            return Checked {
                comparison: Some(Comparison::Same),
                findings: said.notes,
                held: said.held,
                statement,
            };
        }
    }
    let mut after = before.clone();
    row.write(register, &mut after);
    if let Some(old) = old {
        after
            .entry(register.keys.code.clone())
            .or_insert_with(|| Value::Text(old.code.clone()));
    }
    if register.keys.party.is_some() {
        let stood = old.map(|_| &before);
        ends_name(ground, register, stood, &mut after);
    }
    let mut findings = said.notes;
    findings.extend(register.check(catalogue, &after));
    if findings.iter().any(is_fault) {
        return refused(findings);
    }
    let derived = EntryRow::derive(catalogue, register, row.id, row.place, &after);
    let stands = old.is_some_and(|o| o.present);
    let cells = match (stands, fully) {
        (true, _) => cells(catalogue, directory, register, &before, &after),
        (false, true) => cells(catalogue, directory, register, &Document::new(), &after),
        (false, false) => Vec::new(),
    };
    let change = match old {
        None => Change::create(register, &after, derived, edges),
        Some(old) => Change::amend(register, old, derived, edges),
    };
    Checked {
        comparison: Some(Comparison::Change(Box::new(change), cells)),
        findings,
        held: said.held,
        statement,
    }
}

fn is_fault((_, finding): &(String, Finding)) -> bool {
    matches!(finding, Finding::Fault(_))
}

fn refused(findings: Vec<(String, Finding)>) -> Checked {
    Checked {
        comparison: None,
        findings,
        held: Proposals::new(),
        statement: None,
    }
}

/// A link that nobody names is called after what it links.
fn ends_name(
    ground: Ground<'_>,
    register: &Register,
    before: Option<&Document>,
    after: &mut Document,
) {
    let names = &ground.spoken.names;
    ledger_ends::settle_name(register, ground.directory, names, before, after);
}

/// What was taken out of a row, and what there is to say about it.
#[derive(Default)]
struct Withheld {
    notes: Vec<(String, Finding)>,
    held: Proposals,
}

/// Takes out of a row what an import does not write: stages, decisions, what was approved or is being reviewed.
/// Every such cell is named; the rest of the row goes in.
fn withhold(
    ground: Ground<'_>,
    register: &Register,
    row: &mut Cow<'_, Prepared>,
    edges: &mut Vec<Edges>,
    old: &EntryRow,
    before: &Document,
) -> Withheld {
    let mut out = Withheld::default();
    let Some(model) = ground.catalogue.lifecycle(&register.key) else {
        return out;
    };
    let mut gone: Vec<usize> = Vec::new();
    for (position, value) in &row.fields {
        let Some(field) = register.fields.get(*position) else {
            continue;
        };
        if before.get(&field.key) == value.as_ref() {
            continue;
        }
        let fate = ground
            .guarded
            .fate(register, model, old.id, before, &field.key);
        if fate == Fate::Free {
            continue;
        }
        gone.push(*position);
        let message = match fate {
            Fate::Stage => "阶段由审核和阶段办理改变，导入不改".to_owned(),
            other => other.message(&field.label),
        };
        let note = Note::warning(fate.code(), message);
        out.notes.push((field.key.clone(), Finding::Note(note)));
        if fate == Fate::Held {
            let proposal = Proposal {
                old: before.get(&field.key).cloned(),
                new: value.clone(),
            };
            out.held.insert(field.key.clone(), proposal);
        }
    }
    if !gone.is_empty() {
        let kept = |key: &str| {
            let position = register.fields.iter().position(|f| f.key == key);
            position.is_none_or(|p| !gone.contains(&p))
        };
        edges.retain(|e| kept(&e.field));
        let owner = register.keys.owner.as_deref().is_none_or(kept);
        let row = row.to_mut();
        row.fields.retain(|(p, _)| !gone.contains(p));
        if !owner {
            row.place.department_id = old.department_id;
        }
    }
    out
}

/// The cells that change, in the register's order.
fn cells(
    catalogue: &Catalogue,
    directory: &Directory,
    register: &Register,
    before: &Document,
    after: &Document,
) -> Vec<CellChange> {
    let definitions = Definitions {
        catalogue,
        directory,
        register,
    };
    let cell = |d: Diff| CellChange {
        column: String::new(),
        field: d.key,
        label: d.label,
        old: d.old,
        new: d.new,
    };
    facts::diff(definitions, before, after)
        .into_iter()
        .map(cell)
        .collect()
}

/// Names the columns of changed cells.
pub fn name_columns(cells: &mut [CellChange], column_of: impl Fn(&str) -> Option<u16>) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for cell in cells {
        let letters = seen.entry(cell.field.clone()).or_insert_with(|| {
            column_of(&cell.field)
                .map(column_letters)
                .unwrap_or_default()
        });
        cell.column.clone_from(letters);
    }
}
