//! The table of jobs: put in, claimed, beaten for, finished; every step a conditional update.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::jobs;
use crate::error::Result;

/// Waiting for a worker.
pub const QUEUED: &str = "queued";
/// A worker has it.
pub const RUNNING: &str = "running";
/// Done.
pub const DONE: &str = "done";
/// Given up.
pub const FAILED: &str = "failed";

/// One job.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = jobs)]
pub struct Job {
    /// Number.
    pub id: i64,
    /// What kind of work.
    pub kind: String,
    /// What it is about, such as the number of an import.
    pub subject: Option<i64>,
    /// The account that asked for it; none for the operator.
    #[serde(skip)]
    pub account_id: Option<i64>,
    /// Who asked for it, by name.
    pub actor: String,
    /// What the work needs to know, as JSON.
    #[serde(skip)]
    pub payload: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempts: i64,
    /// How far it is.
    pub done: i64,
    /// How far it goes, where that is known.
    pub total: Option<i64>,
    /// What became of it, in Chinese.
    pub message: String,
    /// The process that has it.
    #[serde(skip)]
    pub claimed_by: Option<String>,
    /// When that process was last heard of, UTC.
    #[serde(skip)]
    pub heartbeat: Option<NaiveDateTime>,
    /// When it was asked for, UTC.
    pub created_at: NaiveDateTime,
    /// When it was begun, UTC.
    pub started_at: Option<NaiveDateTime>,
    /// When it ended, UTC.
    pub finished_at: Option<NaiveDateTime>,
}

impl Job {
    /// Whether it is still to be done or being done.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == QUEUED || self.state == RUNNING
    }

    /// What the work needs to know.
    #[must_use]
    pub fn payload(&self) -> serde_json::Value {
        serde_json::from_str(&self.payload).unwrap_or_default()
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// What kind of work.
    pub kind: &'static str,
    /// What it is about.
    pub subject: Option<i64>,
    /// What the work needs to know.
    pub payload: serde_json::Value,
}

/// Puts a job into the queue. Call it in the transaction of the act that asks for it; wake the runner after.
///
/// # Errors
/// When the database fails.
pub fn enqueue(conn: &mut Conn, viewer: &Viewer, order: &Order) -> Result<i64> {
    let origin = viewer.origin();
    let mut payload = order.payload.clone();
    if let Some(object) = payload.as_object_mut() {
        let origin =
            serde_json::json!({"address": origin.address, "request_id": origin.request_id});
        object.insert("origin".to_owned(), origin);
    }
    Ok(diesel::insert_into(jobs::table)
        .values((
            jobs::kind.eq(order.kind),
            jobs::subject.eq(order.subject),
            jobs::account_id.eq(viewer.account()),
            jobs::actor.eq(viewer.name()),
            jobs::payload.eq(payload.to_string()),
            jobs::state.eq(QUEUED),
            jobs::attempts.eq(0_i64),
            jobs::done.eq(0_i64),
            jobs::message.eq(""),
            jobs::created_at.eq(clock::now()),
        ))
        .returning(jobs::id)
        .get_result(conn)?)
}

/// The job with this number.
///
/// # Errors
/// When the database fails.
pub fn find(conn: &mut Conn, id: i64) -> Result<Option<Job>> {
    let found = jobs::table.find(id).select(Job::as_select());
    Ok(found.first(conn).optional()?)
}

/// The last job of these kinds about a subject.
///
/// # Errors
/// When the database fails.
pub fn last_about(conn: &mut Conn, kinds: &[&str], subject: i64) -> Result<Option<Job>> {
    let kinds: Vec<String> = kinds.iter().map(|k| (*k).to_owned()).collect();
    Ok(jobs::table
        .filter(jobs::subject.eq(subject))
        .filter(jobs::kind.eq_any(kinds))
        .order(jobs::id.desc())
        .select(Job::as_select())
        .first(conn)
        .optional()?)
}

/// Whether another job of this kind about a subject is still to be done or being done.
///
/// # Errors
/// When the database fails.
pub fn is_open(conn: &mut Conn, kind: &str, subject: i64, but: i64) -> Result<bool> {
    let waiting = jobs::table
        .filter(jobs::subject.eq(subject))
        .filter(jobs::kind.eq(kind))
        .filter(jobs::state.eq_any([QUEUED, RUNNING]))
        .filter(jobs::id.ne(but))
        .select(jobs::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(waiting.is_some())
}

/// Forgets jobs of a kind that were done: for chores, of which only what is to be done matters.
///
/// # Errors
/// When the database fails.
pub(super) fn forget_done(conn: &mut Conn, kind: &str) -> Result<()> {
    diesel::delete(jobs::table)
        .filter(jobs::kind.eq(kind))
        .filter(jobs::subject.eq(super::chores::SUBJECT))
        .filter(jobs::state.eq(DONE))
        .execute(conn)?;
    Ok(())
}

/// Claims the oldest waiting job for a process.
///
/// # Errors
/// When the database fails.
pub(super) fn claim(conn: &mut Conn, process: &str) -> Result<Option<Job>> {
    loop {
        let oldest: Option<i64> = jobs::table
            .filter(jobs::state.eq(QUEUED))
            .order(jobs::id)
            .select(jobs::id)
            .first(conn)
            .optional()?;
        let Some(id) = oldest else {
            return Ok(None);
        };
        let now = clock::now();
        let claimed = diesel::update(jobs::table.find(id))
            .filter(jobs::state.eq(QUEUED))
            .set((
                jobs::state.eq(RUNNING),
                jobs::attempts.eq(jobs::attempts + 1),
                jobs::claimed_by.eq(process),
                jobs::heartbeat.eq(now),
                jobs::started_at.eq(now),
                jobs::done.eq(0_i64),
            ))
            .execute(conn)?;
        // Otherwise another worker was quicker.
        if claimed == 1 {
            return find(conn, id);
        }
    }
}

/// Ends a job that this process has, or puts it back into the queue.
///
/// # Errors
/// When the database fails.
pub(super) fn leave(
    conn: &mut Conn,
    process: &str,
    id: i64,
    state: &str,
    message: &str,
) -> Result<()> {
    let finished = (state != QUEUED).then(clock::now);
    diesel::update(jobs::table.find(id))
        .filter(jobs::state.eq(RUNNING))
        .filter(jobs::claimed_by.eq(process))
        .set((
            jobs::state.eq(state),
            jobs::message.eq(message),
            jobs::finished_at.eq(finished),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes how far a job is.
///
/// # Errors
/// When the database fails, also because it is busy: the next note will do.
pub(super) fn note(
    conn: &mut Conn,
    process: &str,
    id: i64,
    done: u64,
    total: Option<u64>,
) -> Result<()> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    diesel::update(jobs::table.find(id))
        .filter(jobs::state.eq(RUNNING))
        .filter(jobs::claimed_by.eq(process))
        .set((
            jobs::done.eq(number(done)),
            jobs::total.eq(total.map(number)),
            jobs::heartbeat.eq(clock::now()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Says that this process lives.
///
/// # Errors
/// When the database fails.
pub(super) fn beat(conn: &mut Conn, process: &str) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::state.eq(RUNNING))
        .filter(jobs::claimed_by.eq(process))
        .set(jobs::heartbeat.eq(clock::now()))
        .execute(conn)?;
    Ok(())
}

/// Puts what this process has back into the queue: it is about to end.
///
/// # Errors
/// When the database fails.
pub(super) fn release(conn: &mut Conn, process: &str) -> Result<usize> {
    Ok(diesel::update(jobs::table)
        .filter(jobs::state.eq(RUNNING))
        .filter(jobs::claimed_by.eq(process))
        .set(jobs::state.eq(QUEUED))
        .execute(conn)?)
}

/// Puts jobs of processes that were not heard of since `heard` back into the queue; returns how many.
///
/// # Errors
/// When the database fails.
pub(super) fn take_over(conn: &mut Conn, process: &str, heard: NaiveDateTime) -> Result<usize> {
    let orphans: Vec<i64> = jobs::table
        .filter(jobs::state.eq(RUNNING))
        .filter(jobs::claimed_by.ne(process))
        .filter(jobs::heartbeat.lt(heard))
        .select(jobs::id)
        .load(conn)?;
    let mut taken = 0;
    for id in orphans {
        taken += diesel::update(jobs::table.find(id))
            .filter(jobs::state.eq(RUNNING))
            .filter(jobs::claimed_by.ne(process))
            .filter(jobs::heartbeat.lt(heard))
            .set(jobs::state.eq(QUEUED))
            .execute(conn)?;
    }
    Ok(taken)
}
