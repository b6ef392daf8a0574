//! Approvals: what was approved on which day, as which version, for how much. They are never changed.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{approval_cuts, approvals};
use crate::error::Result;
use crate::ledger::chain;
use crate::ledger::entry::EntryRow;
use crate::review::decision::Decided;
use crate::review::submission::{self, Submission};

/// An approval as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = approvals, treat_none_as_default_value = false)]
pub struct Approval {
    /// Identity.
    pub id: i64,
    /// The entry.
    pub entry_id: i64,
    /// The submission that led to it.
    pub submission_id: i64,
    /// Key of the kind of submission.
    pub kind: String,
    /// `passed` or `cut`.
    pub outcome: String,
    /// The day in China.
    pub day: NaiveDate,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// The entry's version with the decision in it.
    pub revision: i32,
    /// SM3 of that version, in hexadecimal.
    pub digest: String,
    /// What was asked for, in 分.
    pub asked: Option<i64>,
    /// What was approved, in 分.
    pub amount: Option<i64>,
    /// Version of the gate that judged it.
    pub gate_version: Option<i64>,
    /// Number of the approving paper.
    pub number: String,
    /// The bureau.
    pub bureau_id: Option<i64>,
    /// Who decided, by account.
    pub account_id: Option<i64>,
    /// Who decided, by name.
    pub actor: String,
    /// The change set that wrote it into the entry.
    pub change_set: Option<i64>,
}

/// One item that was cut.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_cuts)]
pub struct ApprovalCut {
    /// The approval.
    pub approval_id: i64,
    /// Place among the items, from 1.
    pub ordinal: i32,
    /// What was cut.
    pub item: String,
    /// By how much, in 分.
    pub amount: i64,
    /// Why.
    pub reason: String,
}

/// What is recorded as approved.
pub(super) struct Given<'g> {
    /// The submission as it stands after the decision.
    pub submission: &'g Submission,
    /// The entry as it stands after the decision.
    pub row: &'g EntryRow,
    /// What was decided.
    pub decided: &'g Decided,
    /// The change set, when the entry changed.
    pub change_set: Option<i64>,
}

/// Records an approval.
pub(super) fn record(conn: &mut Conn, viewer: &Viewer, given: &Given<'_>) -> Result<()> {
    let last: Option<i64> = approvals::table
        .select(diesel::dsl::max(approvals::id))
        .first(conn)?;
    let (submission, row) = (given.submission, given.row);
    let digest = chain::row_digest(row.id, &row.register, Some(&row.attributes));
    let now = clock::now();
    let made = Approval {
        id: last.unwrap_or(0) + 1,
        entry_id: row.id,
        submission_id: submission.id,
        kind: submission.kind.clone(),
        outcome: submission.outcome.clone(),
        day: clock::day_of(now),
        at: now,
        revision: row.revision,
        digest: chain::hex(&digest),
        asked: given.decided.asked,
        amount: given.decided.amount,
        gate_version: submission.gate_version,
        number: given.decided.number.clone(),
        bureau_id: submission.bureau_id,
        account_id: viewer.account(),
        actor: viewer.name().to_owned(),
        change_set: given.change_set,
    };
    diesel::insert_into(approvals::table)
        .values(&made)
        .execute(conn)?;
    for (ordinal, cut) in (1..).zip(&given.decided.cuts) {
        let line = ApprovalCut {
            approval_id: made.id,
            ordinal,
            item: cut.item.clone(),
            amount: cut.amount,
            reason: cut.reason.clone(),
        };
        diesel::insert_into(approval_cuts::table)
            .values(&line)
            .execute(conn)?;
    }
    Ok(())
}

/// Approvals of an entry, the first one first; none for who does not see the entry in full.
///
/// # Errors
/// When the database fails.
pub fn of_entry(conn: &mut Conn, viewer: &Viewer, row: &EntryRow) -> Result<Vec<Approval>> {
    if !viewer.can(Right::SeeOwn, row.department_id) {
        return Ok(Vec::new());
    }
    Ok(approvals::table
        .filter(approvals::entry_id.eq(row.id))
        .order(approvals::id)
        .select(Approval::as_select())
        .load(conn)?)
}

/// The approval that a submission led to, with what was cut.
///
/// # Errors
/// As [`submission::get`].
pub fn of_submission(
    conn: &mut Conn,
    viewer: &Viewer,
    submission: i64,
) -> Result<Option<(Approval, Vec<ApprovalCut>)>> {
    submission::get(conn, viewer, submission)?;
    let found: Option<Approval> = approvals::table
        .filter(approvals::submission_id.eq(submission))
        .select(Approval::as_select())
        .first(conn)
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let cuts = approval_cuts::table
        .filter(approval_cuts::approval_id.eq(found.id))
        .order(approval_cuts::ordinal)
        .select(ApprovalCut::as_select())
        .load(conn)?;
    Ok(Some((found, cuts)))
}
