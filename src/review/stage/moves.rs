//! Where review moves an entry: what was judged becomes a step of its way (`ledger::walk`).

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{entries, relations};
use crate::error::{Error, Result};
use crate::ledger::amend::amend;
use crate::ledger::change_set::ChangeSet;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::step_of;
use crate::ledger::walk;
use crate::register::lifecycle::Kind;
use crate::register::value::Value;
use crate::review::Ground;
use crate::review::facts::Judged;
use crate::review::steps::State;
use crate::review::submission::step_for;

/// A step about to be taken.
pub(crate) struct Step<'s> {
    /// Key of the arrow.
    pub arrow: &'s str,
    /// Where it leads.
    pub to: &'s str,
    /// The gate that opened.
    pub judged: Option<&'s Judged>,
    /// The submission that moves it.
    pub submission: Option<i64>,
    /// The entry that carries it along.
    pub carried_by: Option<i64>,
    /// What was said.
    pub note: &'s str,
}

/// Takes a step that has been judged.
///
/// # Errors
/// When the entry moved since; when the database fails.
pub(crate) fn take(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    step: &Step<'_>,
) -> Result<EntryRow> {
    write(set, viewer, ground, row, step, BTreeMap::new())
}

fn write(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    step: &Step<'_>,
    values: BTreeMap<String, Option<Value>>,
) -> Result<EntryRow> {
    let definitions = ground.definitions(&row.register)?;
    let step = walk::Step {
        arrow: step.arrow,
        to: step.to,
        gate: step.judged.map(|j| (j.gate.as_str(), j.version)),
        submission: step.submission,
        carried_by: step.carried_by,
        note: step.note,
    };
    walk::take(set, viewer, definitions, row, &step, values)
}

/// Moves an entry to where it stands while a submission is in a state, and writes what a decision writes.
///
/// # Errors
/// [`Error::Conflict`] when no arrow leads there: the model has moved under a submission.
pub(crate) fn with_values(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    about: (&Kind, State, i64),
    values: BTreeMap<String, Option<Value>>,
) -> Result<EntryRow> {
    let (kind, state, submission) = about;
    let definitions = ground.definitions(&row.register)?;
    let model = ground.model(&row.register)?;
    let document = row.document();
    let from = step_of(definitions.register, &document);
    let to = step_for(kind, state, from).filter(|to| to != from);
    let Some(to) = to else {
        return amend(set, definitions, row, &values);
    };
    // An entry that never said where it stands begins with its first submission.
    let arrow = match (from.is_empty(), model.by_submission(from, &to)) {
        (true, _) => "open",
        (false, Some(arrow)) => arrow.key.as_str(),
        (false, None) => {
            let here = ground.step_label(&row.register, from);
            let there = ground.step_label(&row.register, &to);
            return Err(Error::Conflict(format!(
                "“{}”当前为“{here}”，不能转为“{there}”",
                row.name
            )));
        }
    };
    let step = Step {
        arrow,
        to: &to,
        judged: None,
        submission: Some(submission),
        carried_by: None,
        note: "",
    };
    write(set, viewer, ground, row, &step, values)
}

/// The same without values; `None` when the entry stays where it is.
///
/// # Errors
/// As [`with_values`].
pub(crate) fn to_state(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    kind: &Kind,
    state: State,
    submission: i64,
) -> Result<Option<EntryRow>> {
    let about = (kind, state, submission);
    let stands = with_values(set, viewer, ground, row, about, BTreeMap::new())?;
    Ok((stands.revision != row.revision).then_some(stands))
}

/// Present entries that a reference field of an entry names.
///
/// # Errors
/// When the database fails.
pub(crate) fn named(conn: &mut Conn, row: &EntryRow, via: &str) -> Result<Vec<EntryRow>> {
    Ok(relations::table
        .inner_join(entries::table.on(entries::id.eq(relations::to_id)))
        .filter(relations::from_id.eq(row.id))
        .filter(relations::field.eq(via.to_owned()))
        .filter(relations::until_seq.is_null())
        .filter(entries::present.eq(true))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?)
}
