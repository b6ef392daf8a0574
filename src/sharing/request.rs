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
mod judge;
pub mod list;
pub mod open;
pub mod remind;
pub mod steps;
mod tell;
pub mod uses;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Deserialize;

use crate::auth::{Reach, Right, Viewer};
use crate::clock as time;
use crate::db::connection::Conn;
use crate::db::schema::{share_acts, share_answers, share_consultations, share_requests};
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::text;

pub use judge::{acts, answers_for};
use steps::State;

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

/// A request as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = share_requests, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Request {
    /// Identity.
    pub id: i64,
    /// Who asks.
    pub consumer_id: i64,
    /// Who is asked.
    pub provider_id: i64,
    /// The provider's bureau; known once it was sent.
    pub bureau_id: Option<i64>,
    /// The dataset.
    pub dataset_id: i64,
    /// Its name as it was asked for.
    pub dataset_name: String,
    /// Code of its share attribute: as it stands while drafted, as it stood once sent.
    pub share_attr: String,
    /// The system that will use it.
    pub consumer_system: String,
    /// The same as an entry, where it is one.
    pub consumer_system_id: Option<i64>,
    /// Which items (信息项).
    pub items: String,
    /// 使用依据.
    pub basis: String,
    /// 使用场景.
    pub scene: String,
    /// 使用范围.
    pub use_scope: String,
    /// Code of the mode (共享方式).
    pub share_mode: String,
    /// 使用时限.
    pub valid_until: Option<NaiveDate>,
    /// Contact.
    pub contact: String,
    /// His telephone.
    pub contact_phone: String,
    /// Why, although the catalogue says 不予共享.
    pub argument: String,
    /// Word of the state.
    pub state: String,
    /// Whether something can still happen to it.
    pub open: bool,
    /// Counts its changes from 1.
    pub version: i64,
    /// When it was drafted, UTC.
    pub made_at: NaiveDateTime,
    /// By whom.
    pub made_by: String,
    /// By which account.
    pub maker_id: Option<i64>,
    /// When the provider received it, UTC.
    pub submitted_at: Option<NaiveDateTime>,
    /// Since when it stands in its state, UTC.
    pub state_since: NaiveDateTime,
    /// The link that it became.
    pub link_code: Option<String>,
    /// The issue that it became.
    pub issue_id: Option<i64>,
    /// When it ended, UTC.
    pub ended_at: Option<NaiveDateTime>,
    /// Why.
    pub end_reason: String,
    /// What became of the data.
    pub disposal: String,
}

impl Request {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Withdrawn)
    }

    /// The number that people call it by.
    #[must_use]
    pub fn number(&self) -> String {
        let year = time::day_of(self.made_at).format("%Y");
        format!("GX{year}{:06}", self.id)
    }
}

/// What the provider has said, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = share_answers, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(primary_key(request_id))]
pub struct Answered {
    /// The request.
    pub request_id: i64,
    /// When papers were asked for, UTC.
    pub papers_asked_at: Option<NaiveDateTime>,
    /// Everything that was missing.
    pub papers: String,
    /// When they were handed in, UTC.
    pub supplemented_at: Option<NaiveDateTime>,
    /// What was handed in.
    pub supplement: String,
    /// `asked`, `consented` or `declined`; empty when no extension was applied for.
    pub ext_state: String,
    /// By so many working days.
    pub ext_days: i32,
    /// Why.
    pub ext_reason: String,
    /// When, UTC.
    pub ext_asked_at: Option<NaiveDateTime>,
    /// When the bureau decided, UTC.
    pub ext_decided_at: Option<NaiveDateTime>,
    /// Who decided.
    pub ext_decided_by: String,
    /// What the bureau said.
    pub ext_note: String,
    /// `agree` or `refuse`; empty before an answer is drafted.
    pub verdict: String,
    /// The answer; for a refusal its reason.
    pub answer: String,
    /// The legal basis of a refusal.
    pub answer_basis: String,
    /// Who drafted it.
    pub drafter: String,
    /// By which account.
    pub drafter_id: Option<i64>,
    /// When it was given, UTC.
    pub answered_at: Option<NaiveDateTime>,
    /// Who approved it.
    pub answered_by: String,
    /// When the data was supplied, UTC.
    pub supplied_at: Option<NaiveDateTime>,
}

/// A consultation (art. 27), as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = share_consultations, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Consultation {
    /// Identity.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// `stop` or `change`.
    pub kind: String,
    /// The provider's statement.
    pub wish: String,
    /// When, UTC.
    pub wished_at: NaiveDateTime,
    /// By whom.
    pub wished_by: String,
    /// `agree` or `object`; empty before.
    pub reply: String,
    /// The consumer's statement.
    pub reply_text: String,
    /// When, UTC.
    pub replied_at: Option<NaiveDateTime>,
    /// By whom.
    pub replied_by: String,
    /// `allow` or `keep`; empty where the bureau said nothing.
    pub word: String,
    /// What the bureau said.
    pub word_text: String,
    /// When, UTC.
    pub word_at: Option<NaiveDateTime>,
    /// By whom.
    pub word_by: String,
    /// When it was filed, UTC.
    pub filed_at: Option<NaiveDateTime>,
    /// By whom.
    pub filed_by: String,
    /// `dropped`, `kept`, `ended` or `changed`; empty while open.
    pub outcome: String,
    /// When it was closed, UTC.
    pub closed_at: Option<NaiveDateTime>,
}

/// One act, as it was done.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_acts, treat_none_as_default_value = false)]
pub struct Taken {
    /// Identity.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// The request's version after it.
    pub version: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Word of the act; `open`, `edit`, `correction` and `use` beside those of [`steps::Act`].
    pub act: String,
    /// Word of the state before.
    pub from_state: String,
    /// Word of the state after.
    pub to_state: String,
    /// The account.
    pub account_id: Option<i64>,
    /// The name.
    pub actor: String,
    /// The person's own department.
    pub department_id: Option<i64>,
    /// What was said.
    pub note: String,
}

impl Taken {
    /// What people read for the act.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.act.as_str() {
            "open" => "草拟申请",
            "edit" => "修改申请",
            "correction" => "校核",
            "use" => "登记使用记录",
            word => steps::Act::from_word(word).map_or("办理", steps::Act::label),
        }
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
