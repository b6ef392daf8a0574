//! 共享申请: a department asks another for a dataset, and every step and clock of it (政务数据共享条例 arts. 20 to 29).
//!
//! The provider answers, never the bureau (art. 21). Both ends see the same state and the same clocks; the provider sees a
//! request once it was sent. Every act holds the ledger's lock and updates the version conditionally.

pub mod act;
mod agreed;
pub mod board;
pub mod catalogue;
pub mod clock;
pub mod correction;
pub mod heir;
mod judge;
pub mod list;
pub mod open;
pub mod remind;
mod rows;
pub mod steps;
mod tell;
pub mod uses;

use diesel::prelude::*;
use serde::Deserialize;

use crate::auth::{Reach, Right, Viewer};
use crate::clock as time;
use crate::db::connection::Conn;
use crate::db::schema::{share_acts, share_answers, share_consultations, share_requests};
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::org::directory::Directory;
use crate::org::filing;
use crate::register::catalogue::Catalogue;
use crate::register::text;

pub use judge::{acts, answers_for};
pub use rows::{Answered, Consultation, Request, Taken};

/// The register of what is asked for.
pub const DATASET: &str = "dataset";
/// The law that all of this follows.
pub const LAW: &str = "《政务数据共享条例》（国务院令第809号）";

/// How sharing is done here (`[sharing]` in the configuration file); what is left out keeps its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// The provider's clock stands still while papers are missing. The regulation does not say so: off by default.
    pub pause_for_papers: bool,
}

/// What requests are judged by: definitions, the organisation of the moment, settings.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// Definitions.
    pub catalogue: &'g Catalogue,
    /// The organisation.
    pub directory: &'g Directory,
    /// Settings.
    pub rules: Rules,
}

impl Ground<'_> {
    /// Name of a department.
    #[must_use]
    pub fn name(&self, department: i64) -> String {
        let found = self.directory.get(department);
        found.map(|d| d.name.clone()).unwrap_or_default()
    }

    /// Label of a code of a list; the code itself where it has none.
    #[must_use]
    pub fn label(&self, list: &str, code: &str) -> String {
        let found = self.catalogue.list(list).and_then(|l| l.label(code));
        found.unwrap_or(code).to_owned()
    }
}

fn nowhere() -> Error {
    Error::NotFound("该共享申请".to_owned())
}

fn stale(row: &Request) -> Error {
    Error::Stale(format!(
        "共享申请{}（现为“{}”）",
        row.number(),
        row.state().label()
    ))
}

/// Whether the viewer sees the consumer's side of it.
#[must_use]
pub fn sees_consumer(viewer: &Viewer, row: &Request) -> bool {
    viewer.can(Right::SeeOwn, row.consumer_id)
}

/// Whether the viewer sees it: as the asking department or above it, and once it was sent as the provider or above it.
#[must_use]
pub fn sees(viewer: &Viewer, row: &Request) -> bool {
    let provider = row.submitted_at.is_some() && viewer.can(Right::SeeOwn, row.provider_id);
    sees_consumer(viewer, row) || provider
}

/// A request that the viewer sees.
///
/// # Errors
/// [`Error::NotFound`], absent or out of reach.
pub fn get(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Request> {
    let found: Option<Request> = share_requests::table
        .find(id)
        .select(Request::as_select())
        .first(conn)
        .optional()?;
    found.filter(|row| sees(viewer, row)).ok_or_else(nowhere)
}

/// The request that a link serves, while it is not over: the service ends by that, after consultation and filing
/// (art. 27), and not by the link's own stage.
///
/// # Errors
/// When the database fails.
pub fn serving(conn: &mut Conn, link: &str) -> Result<Option<Request>> {
    Ok(share_requests::table
        .filter(share_requests::link_code.eq(link).assume_not_null())
        .filter(share_requests::open.eq(true))
        .order(share_requests::id)
        .select(Request::as_select())
        .first(conn)
        .optional()?)
}

/// What the provider has said; what is only drafted is told to the provider's side alone.
///
/// # Errors
/// When the database fails.
pub fn answer(conn: &mut Conn, viewer: &Viewer, row: &Request) -> Result<Answered> {
    let mut found = stored_answer(conn, row.id)?;
    if found.answered_at.is_none() && !viewer.can(Right::SeeOwn, row.provider_id) {
        found.verdict.clear();
        found.answer.clear();
        found.answer_basis.clear();
        found.drafter.clear();
    }
    Ok(found)
}

fn stored_answer(conn: &mut Conn, id: i64) -> Result<Answered> {
    Ok(share_answers::table
        .find(id)
        .select(Answered::as_select())
        .first(conn)?)
}

/// The consultations of a request, oldest first.
///
/// # Errors
/// When the database fails.
pub fn consultations(conn: &mut Conn, id: i64) -> Result<Vec<Consultation>> {
    Ok(share_consultations::table
        .filter(share_consultations::request_id.eq(id))
        .order(share_consultations::id)
        .select(Consultation::as_select())
        .load(conn)?)
}

/// What was done with a request, as far as both ends may know it: drafts of an answer are the provider's own, and what
/// was done before it was sent is the consumer's.
///
/// # Errors
/// When the database fails.
pub fn history(conn: &mut Conn, viewer: &Viewer, row: &Request) -> Result<Vec<Taken>> {
    let all = taken(conn, row.id)?;
    let consumer = sees_consumer(viewer, row);
    let provider = viewer.can(Right::SeeOwn, row.provider_id);
    Ok(all
        .into_iter()
        .filter(|t| match t.act.as_str() {
            "open" | "edit" | "hand_in" | "send_back" => consumer,
            "draft_answer" | "redo" => provider,
            _ => true,
        })
        .collect())
}

fn taken(conn: &mut Conn, id: i64) -> Result<Vec<Taken>> {
    Ok(share_acts::table
        .filter(share_acts::request_id.eq(id))
        .order(share_acts::id)
        .select(Taken::as_select())
        .load(conn)?)
}

/// Writes an act into the history of a request that stands as `row` after it.
fn note(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Request,
    (act, from): (&str, &str),
    said: &str,
) -> Result<()> {
    let last: Option<i64> = share_acts::table
        .select(diesel::dsl::max(share_acts::id))
        .first(conn)?;
    diesel::insert_into(share_acts::table)
        .values(&Taken {
            id: last.unwrap_or(0) + 1,
            request_id: row.id,
            version: row.version,
            at: time::now(),
            act: act.to_owned(),
            from_state: from.to_owned(),
            to_state: row.state.clone(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            department_id: viewer.home(),
            note: said.to_owned(),
        })
        .execute(conn)?;
    Ok(())
}

/// Carries out an act under the ledger's lock: nothing that it reads can move meanwhile.
fn locked<T>(
    conn: &mut Conn,
    viewer: &Viewer,
    act: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    let purpose = Purpose {
        source: "sharing",
        reason: String::new(),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let (_, done) = change_set::write(conn, viewer, purpose, |set| {
        Ok(Verdict::Commit(act(set.conn())?))
    })?;
    Ok(done)
}

/// Writes a request over the version that was read; of two who press at once, the second is told.
fn store(conn: &mut Conn, before: &Request, after: &Request) -> Result<()> {
    let done = diesel::update(
        share_requests::table
            .find(before.id)
            .filter(share_requests::version.eq(before.version))
            .filter(share_requests::state.eq(&before.state)),
    )
    .set(after)
    .execute(conn)?;
    if done == 1 {
        Ok(())
    } else {
        Err(stale(before))
    }
}

/// Checks a text that somebody sent: tidied, without control characters, not too long.
fn checked(
    problems: &mut Vec<Problem>,
    (key, label): (&str, &str),
    given: &str,
    most: usize,
) -> String {
    if let Err(fault) = text::check(label, given) {
        problems.push(Problem::new(
            key,
            "control_character",
            &fault.message,
            &fault.suggestion,
        ));
        return String::new();
    }
    let tidy = text::tidy(given).into_owned();
    let length = tidy.chars().count();
    if length > most {
        let message = format!("“{label}”有 {length} 个字，最多 {most} 个字");
        problems.push(Problem::new(key, "too_long", &message, "请缩短"));
    }
    tidy
}

/// The bureau that a department answers to in sharing (同级主管部门).
fn bureau_of(conn: &mut Conn, ground: Ground<'_>, department: i64) -> Result<Option<i64>> {
    let Some(department) = ground.directory.get(department) else {
        return Ok(None);
    };
    let found = filing::addressee(conn, ground.catalogue.regions(), department)?;
    Ok(found.map(|b| b.id))
}

/// What is wrong, or nothing.
fn settled(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// The departments that a right covers; none: all of them.
fn departments(viewer: &Viewer, right: Right) -> Option<Vec<i64>> {
    match viewer.reach(right) {
        Reach::Everything => None,
        Reach::Departments(ids) => Some(ids.clone()),
    }
}
