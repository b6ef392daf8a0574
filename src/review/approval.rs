//! Approvals: what was approved on which day, as which version, for how much. They are never changed.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{approval_answers, approval_cuts, approvals, entries};
use crate::db::scope;
use crate::error::Result;
use crate::ledger::chain;
use crate::ledger::entry::EntryRow;
use crate::review::decision::Decided;
use crate::review::submission::{self, Submission};
use crate::review::{checked, duplicate};

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
    /// The check for duplicates that was answered for it.
    pub duplicate_run: Option<i64>,
}

/// What was answered to one hit of the check for duplicates, as the decision found it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_answers, treat_none_as_default_value = false)]
pub struct ApprovalAnswer {
    /// The approval.
    pub approval_id: i64,
    /// Place among the answers, from 1.
    pub ordinal: i32,
    /// The entry that is like it.
    pub other_id: i64,
    /// 0 to 100.
    pub score: i32,
    /// It had to be answered.
    pub strong: bool,
    /// `reuse`, `extend` or `different`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub answered_by: String,
    /// When, UTC.
    pub answered_at: Option<NaiveDateTime>,
}

/// Answers that belong to an approval, as far as their entries may be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldAnswers {
    /// Name and code of the entry with what was answered.
    pub lines: Vec<(String, ApprovalAnswer)>,
    /// How many there are about entries that may not be named.
    pub hidden: usize,
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
    /// Whether it was checked for duplicates.
    pub checked: bool,
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
    let run = if given.checked {
        duplicate::last_run(conn, row.id)?
    } else {
        None
    };
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
        duplicate_run: run.as_ref().map(|r| r.id),
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
    if run.is_some() {
        keep_answers(conn, made.id, row.id)?;
    }
    Ok(())
}

/// Keeps the answers of the run that counts with an approval.
fn keep_answers(conn: &mut Conn, approval: i64, entry: i64) -> Result<()> {
    let mut ordinal = 0;
    for hit in duplicate::answers(conn, entry)? {
        let Some(verdict) = hit.verdict else { continue };
        ordinal += 1;
        let line = ApprovalAnswer {
            approval_id: approval,
            ordinal,
            other_id: hit.other_id,
            score: hit.score,
            strong: hit.strong,
            verdict,
            reason: hit.reason,
            answered_by: hit.answered_by.unwrap_or_default(),
            answered_at: hit.answered_at,
        };
        diesel::insert_into(approval_answers::table)
            .values(&line)
            .execute(conn)?;
    }
    Ok(())
}

/// What was answered to the hits of its check, named as far as the viewer sees them.
///
/// # Errors
/// When the database fails.
pub fn answers(conn: &mut Conn, viewer: &Viewer, approval: i64) -> Result<ToldAnswers> {
    let all = stored_answers(conn, approval)?;
    let names = checked::names(conn, viewer, all.iter().map(|a| a.other_id))?;
    Ok(named(all, &names))
}

/// The same as a paper shows it to whoever holds it: entries of the department, and those published to everyone.
///
/// # Errors
/// When the database fails.
pub(super) fn answers_on_paper(
    conn: &mut Conn,
    approval: i64,
    department: i64,
) -> Result<ToldAnswers> {
    let all = stored_answers(conn, approval)?;
    let ids: Vec<i64> = all.iter().map(|a| a.other_id).collect();
    let found: Vec<(i64, String, String)> = scope::printed(department)
        .filter(entries::id.eq_any(ids))
        .select((entries::id, entries::name, entries::code))
        .load(conn)?;
    let names = found
        .into_iter()
        .map(|(id, name, code)| (id, format!("“{name}”（{code}）")))
        .collect();
    Ok(named(all, &names))
}

fn stored_answers(conn: &mut Conn, approval: i64) -> Result<Vec<ApprovalAnswer>> {
    Ok(approval_answers::table
        .filter(approval_answers::approval_id.eq(approval))
        .order(approval_answers::ordinal)
        .select(ApprovalAnswer::as_select())
        .load(conn)?)
}

fn named(all: Vec<ApprovalAnswer>, names: &HashMap<i64, String>) -> ToldAnswers {
    let mut out = ToldAnswers::default();
    for answer in all {
        match names.get(&answer.other_id) {
            Some(name) => out.lines.push((name.clone(), answer)),
            None => out.hidden += 1,
        }
    }
    out
}

/// Approvals of an entry, the first one first; none for who does not see the entry in full.
///
/// # Errors
/// When the database fails.
pub fn of_entry(conn: &mut Conn, viewer: &Viewer, row: &EntryRow) -> Result<Vec<Approval>> {
    if !viewer.can(Right::SeeOwn, row) {
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
