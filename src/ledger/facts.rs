//! One entry as somebody sees it: facts by group, stage, completeness, relations; history and comparison beside it.

mod history;
mod relations;

use diesel::prelude::*;

use crate::auth::{Ends, Right, Sight, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::summaries;
use crate::error::{Error, Result};
use crate::ledger::as_of::{self, Definitions};
use crate::ledger::entry::{EntryRow, stage_word};
use crate::ledger::sight;
use crate::register::field::{Register, Stage};
use crate::register::value::{Document, EXTRA_PREFIX, Value};

pub use history::{Diff, Version, compare, diff, document_at, history, since};
pub use relations::{Relation, Relations, relations};

/// An entry, cut to what the viewer sees of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Identity.
    pub id: i64,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owning department.
    pub department_id: i64,
    /// The other end, of a link.
    pub party_id: Option<i64>,
    /// Stage.
    pub stage: Stage,
    /// Version; what a change says it was made from.
    pub revision: i32,
    /// `false` once removed.
    pub present: bool,
    /// Its summary is shown to everyone.
    pub published: bool,
    /// Change set that made it.
    pub created_seq: i64,
    /// Change set that changed it last.
    pub changed_seq: i64,
    /// How much of it is seen.
    pub sight: Sight,
    /// The values that are seen.
    pub document: Document,
    /// How complete it is, for those who see it in full.
    pub completeness: Option<i32>,
    /// Keys of the fields that are expected by now and missing, of those that are seen.
    pub missing: Vec<String>,
}

impl From<&Entry> for Ends {
    fn from(entry: &Entry) -> Self {
        Self::of(entry.department_id, entry.party_id)
    }
}

/// The words for an entry that is not there, or not for this viewer: the same.
#[must_use]
pub fn nowhere(register: &Register, code: &str) -> Error {
    Error::NotFound(format!("{}“{code}”", register.label))
}

/// The stored row behind an entry that the viewer sees at least in part; a removed one only in full.
///
/// # Errors
/// [`Error::NotFound`] when there is none or it is out of reach; when the database fails.
pub fn row(conn: &mut Conn, viewer: &Viewer, register: &Register, code: &str) -> Result<EntryRow> {
    let there: Option<EntryRow> = summaries(viewer)
        .filter(entries::register.eq(register.key.clone()))
        .filter(entries::code.eq(code.to_owned()))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    let seen = |row: &EntryRow| row.present || viewer.can(Right::SeeOwn, row);
    there.filter(seen).ok_or_else(|| nowhere(register, code))
}

/// An entry by its code; with `seq`, as it stood after that change set.
///
/// # Errors
/// [`Error::NotFound`] when it is not there (then), or out of reach; [`Error::Refused`] for the past of an
/// entry that is not seen in full; when the database fails.
pub fn entry(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    code: &str,
    seq: Option<i64>,
) -> Result<Entry> {
    let register = definitions.register;
    let mut row = row(conn, viewer, register, code)?;
    if let Some(seq) = seq {
        viewer.may(Right::SeeOwn, &row)?;
        let rows = as_of::stood(conn, definitions, seq, vec![row])?;
        row = rows
            .into_iter()
            .next()
            .ok_or_else(|| nowhere(register, code))?;
    }
    Ok(seen(viewer, definitions, row))
}

/// What a viewer sees of a stored row.
#[must_use]
pub fn seen(viewer: &Viewer, definitions: Definitions<'_>, row: EntryRow) -> Entry {
    let register = definitions.register;
    let sight = viewer.sight(&row);
    let mut document = row.document();
    let stage = stage_of(&row.stage);
    let full = sight >= Sight::Own;
    let missing = if full && row.present {
        let expected = register.completeness(stage, &document);
        let shown = expected.missing.into_iter();
        let shown = shown.filter(|f| sight::shows(register, f, sight));
        shown.map(|f| f.key.clone()).collect()
    } else {
        Vec::new()
    };
    sight::cut(register, sight, &mut document);
    Entry {
        id: row.id,
        code: row.code,
        name: row.name,
        department_id: row.department_id,
        party_id: row.party_id,
        stage,
        revision: row.revision,
        present: row.present,
        published: row.published,
        created_seq: row.created_seq,
        changed_seq: row.changed_seq,
        sight,
        document,
        completeness: full.then_some(row.completeness),
        missing,
    }
}

/// The stage that a stored word means.
#[must_use]
pub fn stage_of(word: &str) -> Stage {
    let stage = Stage::ALL.into_iter().find(|s| stage_word(*s) == word);
    stage.unwrap_or_default()
}

/// One step of the way of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stage.
    pub stage: Stage,
    /// It lies behind.
    pub done: bool,
    /// The entry is here.
    pub current: bool,
}

/// The five stages, with how far an entry has come.
#[must_use]
pub fn steps(stage: Stage) -> [Step; 5] {
    Stage::ALL.map(|s| Step {
        stage: s,
        done: s < stage,
        current: s == stage,
    })
}

/// One field of an entry with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Key of the field.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// Its unit; empty when it has none.
    pub unit: String,
    /// The value as people read it; empty when there is none.
    pub text: String,
    /// Expected by now and not there.
    pub missing: bool,
}

/// Facts that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What people call them.
    pub label: String,
    /// The facts, in the register's order.
    pub facts: Vec<Fact>,
}

impl Group {
    /// Whether any of it is filled, or expected and missing.
    #[must_use]
    pub fn says_something(&self) -> bool {
        self.facts.iter().any(|f| !f.text.is_empty() || f.missing)
    }

    /// Labels of the fields that are empty and not expected yet, joined: one line instead of many blanks.
    #[must_use]
    pub fn unfilled(&self) -> String {
        let empty = self
            .facts
            .iter()
            .filter(|f| f.text.is_empty() && !f.missing);
        let labels: Vec<&str> = empty.map(|f| f.label.as_str()).collect();
        labels.join("、")
    }
}

/// The label of columns that the definitions do not know.
const EXTRAS: &str = "其他列";

/// The facts of an entry by group, in the register's order; fields that are not seen are not there.
#[must_use]
pub fn groups(definitions: Definitions<'_>, entry: &Entry) -> Vec<Group> {
    let register = definitions.register;
    let mut out: Vec<Group> = Vec::new();
    for field in &register.fields {
        if !sight::shows(register, field, entry.sight) {
            continue;
        }
        let value = entry.document.get(&field.key);
        let fact = Fact {
            key: field.key.clone(),
            label: field.label.clone(),
            unit: field.unit.clone().unwrap_or_default(),
            text: value
                .map(|v| field.show(definitions.catalogue, definitions.directory, v))
                .unwrap_or_default(),
            missing: entry.missing.contains(&field.key),
        };
        add(&mut out, &field.group, fact);
    }
    for (key, value) in &entry.document {
        if let (Some(header), Value::Text(text)) = (key.strip_prefix(EXTRA_PREFIX), value) {
            let fact = Fact {
                key: key.clone(),
                label: header.to_owned(),
                unit: String::new(),
                text: text.clone(),
                missing: false,
            };
            add(&mut out, EXTRAS, fact);
        }
    }
    out
}

fn add(groups: &mut Vec<Group>, label: &str, fact: Fact) {
    match groups.iter_mut().find(|g| g.label == label) {
        Some(group) => group.facts.push(fact),
        None => groups.push(Group {
            label: label.to_owned(),
            facts: vec![fact],
        }),
    }
}
