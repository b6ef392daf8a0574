//! The way of an entry through its stages: each step is a value and a line, written together in one change set.
//!
//! Who may take a step, and whether its gate opens, has been judged by the caller.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::auth::Viewer;
use crate::clock;
use crate::db::schema::stage_steps;
use crate::error::Result;
use crate::ledger::amend::amend;
use crate::ledger::as_of::Definitions;
use crate::ledger::change_set::ChangeSet;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::step_of;
use crate::register::lifecycle::{Facts, missing};
use crate::register::value::{Document, Value};

/// A step that an entry took.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = stage_steps, treat_none_as_default_value = false)]
pub struct StageStep {
    /// Identity.
    pub id: i64,
    /// The entry.
    pub entry_id: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Key of the arrow.
    pub arrow: String,
    /// Where it stood; empty when it had not said.
    pub from_step: String,
    /// Where it stands.
    pub to_step: String,
    /// The gate that judged it; may be empty.
    pub gate: String,
    /// Its version.
    pub gate_version: Option<i64>,
    /// The submission that moved it.
    pub submission_id: Option<i64>,
    /// The entry that carried it along.
    pub carried_by: Option<i64>,
    /// The account.
    pub account_id: Option<i64>,
    /// The name.
    pub actor: String,
    /// What was said.
    pub note: String,
    /// The change set.
    pub change_set: i64,
}

/// A step about to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Step<'s> {
    /// Key of the arrow.
    pub arrow: &'s str,
    /// Where it leads.
    pub to: &'s str,
    /// The gate that opened, with its version.
    pub gate: Option<(&'s str, u32)>,
    /// The submission that moves it.
    pub submission: Option<i64>,
    /// The entry that carries it along.
    pub carried_by: Option<i64>,
    /// What was said.
    pub note: &'s str,
}

/// Takes a step: writes where the entry stands now, what else the step says of it, and the line of its way.
///
/// # Errors
/// As [`amend()`].
pub fn take(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
    step: &Step<'_>,
    mut values: BTreeMap<String, Option<Value>>,
) -> Result<EntryRow> {
    let document = row.document();
    let from = step_of(definitions.register, &document);
    if let Some(status) = &definitions.register.keys.status {
        values.insert(status.clone(), Some(Value::Text(step.to.to_owned())));
    }
    let stands = amend(set, definitions, row, &values)?;
    note(set, viewer, (row.id, from), step)?;
    Ok(stands)
}

/// Writes the line of a step that the entry's values say already.
///
/// # Errors
/// When the database fails.
pub fn note(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    (entry, from): (i64, &str),
    step: &Step<'_>,
) -> Result<()> {
    let seq = set.seq();
    let last: Option<i64> = stage_steps::table
        .select(diesel::dsl::max(stage_steps::id))
        .first(set.conn())?;
    let line = StageStep {
        id: last.unwrap_or(0) + 1,
        entry_id: entry,
        at: clock::now(),
        arrow: step.arrow.to_owned(),
        from_step: from.to_owned(),
        to_step: step.to.to_owned(),
        gate: step.gate.map_or("", |(gate, _)| gate).to_owned(),
        gate_version: step.gate.map(|(_, version)| i64::from(version)),
        submission_id: step.submission,
        carried_by: step.carried_by,
        account_id: viewer.account(),
        actor: viewer.name().to_owned(),
        note: step.note.to_owned(),
        change_set: seq,
    };
    diesel::insert_into(stage_steps::table)
        .values(&line)
        .execute(set.conn())?;
    Ok(())
}

/// The arrow of a register's model from one step to another, by key, with its gate in force on a day where the values of
/// the entry alone open that. None where the model has no such arrow.
#[must_use]
pub fn arrow<'c>(
    definitions: Definitions<'c>,
    (from, to): (&str, &str),
    document: &Document,
    day: NaiveDate,
) -> Option<(&'c str, Option<(&'c str, u32)>)> {
    let register = definitions.register;
    let model = definitions.catalogue.lifecycle(&register.key)?;
    let arrow = model.next(from).find(|a| a.to == to)?;
    let gate = arrow.gate.as_deref().and_then(|key| {
        let (gate, version) = model.gate(key, day)?;
        let facts = Facts {
            document: document.clone(),
            ..Facts::default()
        };
        let opens = missing(definitions.catalogue, register, version, &facts).is_empty();
        opens.then_some((gate.key.as_str(), version.version))
    });
    Some((arrow.key.as_str(), gate))
}
