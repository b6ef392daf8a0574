//! The shapes of entries in JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::edit::Given;
use crate::ledger::entry::stage_word;
use crate::ledger::facts::{Diff, Entry, Relation, Version};
use crate::ledger::list::{Row, Values};
use crate::register::value::Document;

/// A department, by code and name.
#[derive(Serialize, ToSchema)]
pub struct DepartmentRef {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// The department with this number.
pub fn department(definitions: Definitions<'_>, id: i64) -> DepartmentRef {
    let found = definitions.directory.get(id);
    DepartmentRef {
        code: found.map(|d| d.code.clone()).unwrap_or_default(),
        name: found.map(|d| d.name.clone()).unwrap_or_default(),
    }
}

/// An entry in a list.
#[derive(Serialize, ToSchema)]
pub struct EntryItem {
    code: String,
    name: String,
    department: DepartmentRef,
    /// `application`, `build`, `acceptance`, `operation` or `retired`.
    stage: String,
    /// Share of the expected fields that are filled, 0 to 100; absent when the entry is not seen in full.
    completeness: Option<i32>,
    revision: i32,
    /// The change set that changed it last.
    changed_in: i64,
    /// Values by field key, as far as they are seen.
    #[schema(value_type = Object)]
    values: Values,
}

impl EntryItem {
    /// A row of a list.
    pub fn of(definitions: Definitions<'_>, row: Row) -> Self {
        Self {
            department: department(definitions, row.department_id),
            code: row.code,
            name: row.name,
            stage: row.stage,
            completeness: row.completeness,
            revision: row.revision,
            changed_in: row.changed_seq,
            values: row.values,
        }
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct EntryPage {
    /// The entries.
    pub items: Vec<EntryItem>,
    /// Cursor of the page behind this one.
    pub next: Option<String>,
    /// Cursor of the page before this one.
    pub previous: Option<String>,
}

/// An entry.
#[derive(Serialize, ToSchema)]
pub struct EntryBody {
    register: String,
    code: String,
    name: String,
    department: DepartmentRef,
    stage: String,
    completeness: Option<i32>,
    /// Keys of the fields that are expected by now and missing.
    missing: Vec<String>,
    revision: i32,
    /// `false` once removed.
    present: bool,
    /// Its summary is shown to everyone signed in.
    published: bool,
    changed_in: i64,
    /// Values by field key, as far as they are seen.
    #[schema(value_type = Object)]
    values: Document,
    /// After a change: the change request that proposes what was held back because it had been approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_request: Option<i64>,
    /// After a change: keys of the fields that were held back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<String>,
}

impl EntryBody {
    /// The same entry, with what was held back of a change.
    pub fn held(mut self, request: Option<i64>, held: Vec<String>) -> Self {
        self.change_request = request;
        self.held = held;
        self
    }

    /// An entry as it is seen.
    pub fn of(definitions: Definitions<'_>, entry: Entry) -> Self {
        Self {
            register: definitions.register.key.clone(),
            department: department(definitions, entry.department_id),
            code: entry.code,
            name: entry.name,
            stage: stage_word(entry.stage).to_owned(),
            completeness: entry.completeness,
            missing: entry.missing,
            revision: entry.revision,
            present: entry.present,
            published: entry.published,
            changed_in: entry.changed_seq,
            values: entry.document,
            change_request: None,
            held: Vec::new(),
        }
    }
}

/// A field that differs.
#[derive(Serialize, ToSchema)]
pub struct DiffBody {
    field: String,
    label: String,
    old: String,
    new: String,
}

/// Fields that differ.
pub fn diffs(diffs: Vec<Diff>) -> Vec<DiffBody> {
    let body = |d: Diff| DiffBody {
        field: d.key,
        label: d.label,
        old: d.old,
        new: d.new,
    };
    diffs.into_iter().map(body).collect()
}

/// One version of an entry.
#[derive(Serialize, ToSchema)]
pub struct VersionBody {
    revision: i32,
    /// `create`, `change` or `remove`.
    op: String,
    change_set: i64,
    /// UTC.
    at: String,
    actor: String,
    reason: String,
    changes: Vec<DiffBody>,
    /// How many more fields changed that are not seen.
    hidden: usize,
}

impl VersionBody {
    /// A version.
    pub fn of(version: Version) -> Self {
        Self {
            revision: version.revision,
            op: version.op,
            change_set: version.seq,
            at: clock::stamp(version.at),
            actor: version.actor,
            reason: version.reason,
            changes: diffs(version.changes),
            hidden: version.hidden,
        }
    }
}

/// The versions of an entry.
#[derive(Serialize, ToSchema)]
pub struct History {
    /// The newest first.
    pub items: Vec<VersionBody>,
}

/// The fields in which two versions differ.
#[derive(Serialize, ToSchema)]
pub struct Comparison {
    /// In the register's order.
    pub items: Vec<DiffBody>,
}

/// One end of a relation.
#[derive(Serialize, ToSchema)]
pub struct RelationBody {
    /// Key of the reference field, in the register the relation starts from.
    field: String,
    /// The entry asked about is where it starts.
    outgoing: bool,
    register: String,
    code: String,
    name: String,
    department: DepartmentRef,
    stage: String,
}

impl RelationBody {
    /// A relation.
    pub fn of(definitions: Definitions<'_>, relation: Relation) -> Self {
        Self {
            department: department(definitions, relation.department_id),
            field: relation.field,
            outgoing: relation.outgoing,
            register: relation.register,
            code: relation.code,
            name: relation.name,
            stage: relation.stage,
        }
    }
}

/// The relations of an entry.
#[derive(Serialize, ToSchema)]
pub struct RelationList {
    /// Those whose other end is seen.
    pub items: Vec<RelationBody>,
    /// How many others there are.
    pub hidden: i64,
    /// Only the first two hundred of each direction are told.
    pub more: bool,
}

/// Values for an entry.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValuesBody {
    /// By field key: text, number, true or false, a list of texts, or null to take a value out.
    #[schema(value_type = Object)]
    pub values: Map<String, Json>,
    /// Why, for the history.
    #[serde(default)]
    pub reason: String,
    /// The day from which it is true, `YYYY-MM-DD`.
    pub valid_on: Option<String>,
}

/// Reads values; `prefix` goes before the names of those that are wrong.
pub fn given(
    definitions: Definitions<'_>,
    values: &Map<String, Json>,
    prefix: &str,
) -> Result<std::collections::BTreeMap<String, Given>> {
    let mut problems = Vec::new();
    let mut out = std::collections::BTreeMap::new();
    for (key, value) in values {
        let label = definitions
            .register
            .field(key)
            .map_or(key.as_str(), |f| f.label.as_str());
        match Given::of_json(label, value) {
            Ok(given) => {
                out.insert(key.clone(), given);
            }
            Err(fault) => problems.push(Problem::new(
                &format!("{prefix}{key}"),
                fault.code,
                &fault.message,
                &fault.suggestion,
            )),
        }
    }
    if problems.is_empty() {
        Ok(out)
    } else {
        Err(Error::Invalid(problems))
    }
}
