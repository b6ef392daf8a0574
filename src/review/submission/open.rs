//! Opening a submission: the entry goes to where one begins.

use diesel::prelude::*;

use super::{Submission, moving, note};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::submissions;
use crate::error::{Error, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::ledger::held::step_of;
use crate::register::lifecycle::Kind;
use crate::review::Ground;
use crate::review::announce::{Announced, announce};
use crate::review::decision;
use crate::review::stage::moves;
use crate::review::steps::State;

/// Opens a submission of a kind for an entry; change requests open themselves, with what they propose.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Conflict`] when one is open or the
/// entry does not stand where one begins.
pub fn open(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    entry: (&str, &str),
    kind: &str,
    reason: &str,
) -> Result<Submission> {
    let (register, code) = entry;
    let definitions = ground.definitions(register)?;
    // Whether the entry is there, and whose it is, comes before what can be done with it.
    crate::ledger::edit::may_write(conn, viewer, definitions.register, code)?;
    let kind = ground
        .model(register)?
        .kind(kind)
        .filter(|k| k.steps.is_some())
        .ok_or_else(|| Error::Conflict("这个登记簿没有这种送审".to_owned()))?;
    let reason = decision::text("reason", "说明", reason, 500)?;
    let purpose = Purpose {
        source: "review",
        reason: format!("{}: 开始填报", kind.label),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let (_, made) = change_set::write(conn, viewer, purpose, |set| {
        let row = crate::ledger::facts::row(set.conn(), viewer, definitions.register, code)?;
        viewer.may(Right::SeeOwn, &row)?;
        viewer.may(Right::Write, row.department_id)?;
        if !row.present {
            return Err(crate::ledger::facts::nowhere(definitions.register, code));
        }
        let document = row.document();
        let step = step_of(definitions.register, &document);
        if moving(set.conn(), ground, &row)?.is_some() {
            return Err(Error::Conflict(format!("“{}”已有正在办理的送审", row.name)));
        }
        if !step.is_empty() && !kind.starts.iter().any(|s| s == step) {
            let here = ground.step_label(register, step);
            return Err(Error::Conflict(format!(
                "“{}”当前为“{here}”，不能再{}",
                row.name, kind.label
            )));
        }
        let made = insert(set.conn(), viewer, kind, &row, &reason)?;
        let moved = moves::to_state(set, viewer, ground, &row, kind, State::Drafting, made.id)?;
        let seq = moved.map(|_| set.seq());
        note(
            set.conn(),
            viewer,
            &made,
            "open",
            "",
            &made.reason,
            seq,
            "{}",
        )?;
        announce(
            set.conn(),
            viewer,
            &Announced {
                action: "submission_act",
                object: format!("建立{} {}", kind.label, row.code),
                department: row.department_id,
                submission: Some(made.id),
                entry: row.id,
                act: "open",
                detail: serde_json::json!(made.reason),
            },
        )?;
        Ok(Verdict::Commit(made))
    })?;
    Ok(made)
}

fn insert(
    conn: &mut Conn,
    viewer: &Viewer,
    kind: &Kind,
    row: &EntryRow,
    reason: &str,
) -> Result<Submission> {
    let last: Option<i64> = submissions::table
        .select(diesel::dsl::max(submissions::id))
        .first(conn)?;
    let now = clock::now();
    let document = row.document();
    let season = kind
        .season
        .as_deref()
        .and_then(|key| crate::ledger::entry::text(&document, key));
    let made = Submission {
        id: last.unwrap_or(0) + 1,
        entry_id: row.id,
        kind: kind.key.clone(),
        state: State::Drafting.word().to_owned(),
        open: true,
        version: 1,
        round: 1,
        department_id: row.department_id,
        bureau_id: None,
        season: season.unwrap_or_default().to_owned(),
        reason: reason.to_owned(),
        reason_class: String::new(),
        proposed: String::new(),
        form_revision: None,
        form_digest: String::new(),
        gate_version: None,
        opened_at: now,
        opened_by: viewer.name().to_owned(),
        opener_id: viewer.account(),
        submitted_at: None,
        submitter: None,
        submitter_id: None,
        state_since: now,
        decided_at: None,
        decided_by: None,
        outcome: String::new(),
        opinion: String::new(),
        merged_into: None,
    };
    diesel::insert_into(submissions::table)
        .values(&made)
        .execute(conn)?;
    Ok(made)
}
