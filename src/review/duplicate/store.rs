//! Checks that are kept: runs with their hits.
//!
//! An answer belongs to a pair as it was compared: a later run takes it over while both texts are the same.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::answer::answers_for;
use super::check::{Means, Report, Subject, What, look};
use super::listed::Listed;
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{duplicate_hits, duplicate_runs, entries};
use crate::db::scope::summaries;
use crate::error::{Doing, Error, Result};
use crate::ledger::entry::EntryRow;

/// A check that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = duplicate_runs, treat_none_as_default_value = false)]
pub struct Run {
    /// Identity.
    pub id: i64,
    /// The entry that was checked.
    pub entry_id: i64,
    /// The submission it was made for.
    pub submission_id: Option<i64>,
    /// The batch it was part of.
    pub batch_id: Option<i64>,
    /// It was made by somebody who may answer; such a one counts before a department's own.
    pub review: bool,
    /// Digest of what was compared on the entry's side.
    pub digest: String,
    /// How many entries it was compared with.
    pub compared: i64,
    /// Hits that who made it may not see.
    pub hidden: i64,
    /// What the lists said, as JSON.
    pub listed: String,
    /// Account that made it.
    pub account_id: Option<i64>,
    /// Who made it.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
}

impl Run {
    /// What the lists said.
    #[must_use]
    pub fn listed(&self) -> Vec<Listed> {
        serde_json::from_str(&self.listed).unwrap_or_default()
    }
}

/// A hit that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = duplicate_hits, treat_none_as_default_value = false)]
pub struct StoredHit {
    /// Identity.
    pub id: i64,
    /// The check.
    pub run_id: i64,
    /// The entry that was checked.
    pub entry_id: i64,
    /// The entry that is like it.
    pub other_id: i64,
    /// 0 to 100.
    pub score: i32,
    /// It must be answered.
    pub strong: bool,
    /// Another phase of the same thing.
    pub phase: bool,
    /// What the score is made of, as JSON.
    pub parts: String,
    /// Words that both have, as JSON.
    pub words: String,
    /// Digest of both sides as they were compared.
    pub digest: String,
    /// The answer.
    pub verdict: Option<String>,
    /// Why.
    pub reason: String,
    /// Account that answered.
    pub account_id: Option<i64>,
    /// Who answered.
    pub answered_by: Option<String>,
    /// When, UTC.
    pub answered_at: Option<NaiveDateTime>,
    /// Counts its changes from 1.
    pub version: i64,
}

/// The entry with this number, which the viewer sees in full.
pub(super) fn entry(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<EntryRow> {
    let found: Option<EntryRow> = summaries(viewer)
        .filter(entries::id.eq(id))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    let row = found.ok_or_else(|| Error::NotFound(format!("条目 {id}")))?;
    viewer.may(Right::SeeOwn, &row)?;
    Ok(row)
}

/// Checks an entry and keeps what came of it; returns the number of the run.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Refused`] unless the viewer may write the entry or answer for it; when the
/// database fails.
pub fn run(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    entry_id: i64,
    submission: Option<i64>,
    batch: Option<i64>,
) -> Result<i64> {
    let row = entry(conn, viewer, entry_id)?;
    let review = answers_for(conn, viewer, means, &row)?;
    if !review {
        viewer.may(Right::Write, row.department_id)?;
    }
    if !row.present {
        return Err(Error::Conflict(format!("“{}”已被移除，不能查重", row.name)));
    }
    let what = What::Entry(row.register.clone(), row.code.clone());
    let subject = Subject::read(conn, viewer, means, &what)?;
    let report = look(conn, viewer, means, &subject)?;
    conn.transaction(|conn| {
        let object = format!("“{}”（{}）", row.name, row.code);
        let detail = serde_json::json!({ "hits": report.hits.len(), "hidden": report.hidden });
        let event = Event::done("check_duplicates", &object).of(Some(row.department_id));
        audit::record(conn, viewer, &event.with(detail))?;
        keep(conn, viewer, &row, &report, (submission, batch, review))
    })
}

/// Writes a run with its hits, and takes over the answers that still hold.
fn keep(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &EntryRow,
    report: &Report,
    about: (Option<i64>, Option<i64>, bool),
) -> Result<i64> {
    let (submission_id, batch_id, review) = about;
    let last: Option<i64> = duplicate_runs::table
        .select(diesel::dsl::max(duplicate_runs::id))
        .first(conn)?;
    let run = Run {
        id: last.unwrap_or(0) + 1,
        entry_id: row.id,
        submission_id,
        batch_id,
        review,
        digest: report.digest.clone(),
        compared: i64::try_from(report.compared).unwrap_or(i64::MAX),
        hidden: i64::try_from(report.hidden).unwrap_or(i64::MAX),
        listed: serde_json::to_string(&report.listed).doing("保存查重结果")?,
        account_id: viewer.account(),
        actor: viewer.name().to_owned(),
        at: clock::now(),
    };
    diesel::insert_into(duplicate_runs::table)
        .values(&run)
        .execute(conn)?;
    let last: Option<i64> = duplicate_hits::table
        .select(diesel::dsl::max(duplicate_hits::id))
        .first(conn)?;
    for (id, hit) in (last.unwrap_or(0) + 1..).zip(&report.hits) {
        let before: Option<StoredHit> = duplicate_hits::table
            .filter(duplicate_hits::entry_id.eq(row.id))
            .filter(duplicate_hits::other_id.eq(hit.entry_id))
            .filter(duplicate_hits::digest.eq(&hit.digest))
            .filter(duplicate_hits::verdict.is_not_null())
            .order(duplicate_hits::id.desc())
            .select(StoredHit::as_select())
            .first(conn)
            .optional()?;
        let stored = StoredHit {
            id,
            run_id: run.id,
            entry_id: row.id,
            other_id: hit.entry_id,
            score: i32::from(hit.score),
            strong: hit.strong,
            phase: hit.phase,
            parts: serde_json::to_string(&hit.parts).doing("保存查重结果")?,
            words: serde_json::to_string(&hit.words).doing("保存查重结果")?,
            digest: hit.digest.clone(),
            verdict: before.as_ref().and_then(|b| b.verdict.clone()),
            reason: before
                .as_ref()
                .map(|b| b.reason.clone())
                .unwrap_or_default(),
            account_id: before.as_ref().and_then(|b| b.account_id),
            answered_by: before.as_ref().and_then(|b| b.answered_by.clone()),
            answered_at: before.as_ref().and_then(|b| b.answered_at),
            version: 1,
        };
        diesel::insert_into(duplicate_hits::table)
            .values(&stored)
            .execute(conn)?;
    }
    Ok(run.id)
}

/// The run that counts for an entry: the last one of a reviewer, else the last one.
///
/// # Errors
/// When the database fails.
pub fn last_run(conn: &mut Conn, entry_id: i64) -> Result<Option<Run>> {
    Ok(duplicate_runs::table
        .filter(duplicate_runs::entry_id.eq(entry_id))
        .order((duplicate_runs::review.desc(), duplicate_runs::id.desc()))
        .select(Run::as_select())
        .first(conn)
        .optional()?)
}

/// Whether the run that counts for an entry compared it as it stands now.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] for an entry that is not seen in full; when the database fails.
pub fn is_current(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    entry_id: i64,
) -> Result<bool> {
    let row = entry(conn, viewer, entry_id)?;
    let subject = Subject::read(conn, viewer, means, &What::Entry(row.register, row.code))?;
    let run = last_run(conn, entry_id)?;
    Ok(run.is_some_and(|run| run.digest == subject.digest()))
}

/// Hits of the run that counts, the best first.
///
/// # Errors
/// When the database fails.
pub fn answers(conn: &mut Conn, entry_id: i64) -> Result<Vec<StoredHit>> {
    match last_run(conn, entry_id)? {
        Some(run) => hits(conn, run.id),
        None => Ok(Vec::new()),
    }
}

/// Strong hits of the run that counts that nobody has answered: while there are any, nothing is decided.
///
/// An entry that was never checked has none; whoever decides asks [`last_run`] too.
///
/// # Errors
/// When the database fails.
pub fn unanswered(conn: &mut Conn, entry_id: i64) -> Result<Vec<StoredHit>> {
    let mut found = answers(conn, entry_id)?;
    found.retain(|h| h.strong && h.verdict.is_none());
    Ok(found)
}

pub(super) fn hits(conn: &mut Conn, run: i64) -> Result<Vec<StoredHit>> {
    Ok(duplicate_hits::table
        .filter(duplicate_hits::run_id.eq(run))
        .order(duplicate_hits::id)
        .select(StoredHit::as_select())
        .load(conn)?)
}
