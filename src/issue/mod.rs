//! 对接难点问题: difficulties of connecting data and systems, for CDOs to settle with proof.
//!
//! Law: 政务数据共享条例 (国务院令第809号) article 28, the ladder of disputes; 山东省首席数据代表(官)制度建设实施方案, duty 7.
//!
//! An issue stands between two departments: one raised it, the other owes. [`steps`] is the table of what may be done
//! with it, [`ladder`] says who handles a dispute at which rung, [`proof`] what in the ledger shows that it is settled.
//! People raise issues by [`raise`], other rooms by [`open()`], and take back by [`heal`] what they opened. Every act
//! holds the lock of the audit log and updates `issues.version` conditionally.

mod act;
mod concern;
pub mod files;
pub mod heir;
mod judge;
pub mod ladder;
pub mod list;
mod open;
pub mod proof;
pub mod remind;
mod settings;
pub mod shown;
pub mod steps;
pub mod summary;
mod tell;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::calendar::{Due, WorkCalendar};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{audit_head, issue_steps, issues};
use crate::error::{Error, Result};
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use steps::{Act, State, Turn};

pub use act::{Wish, act, comment, may_comment};
pub use concern::{Concerned, add as add_entries, cdo, concerned, registers_of};
pub use judge::{acts, raises_for};
pub use open::{Known, NewIssue, Raise, causes, heal, open, raise};
pub use settings::{KINDS, Rules, is_behind, refresh};

/// How causes begin under which people raise what they do elsewhere: one open issue for each, and nothing heals it.
pub const BY_PEOPLE: &str = "request:";

/// The organisation and the definitions, as an act needs them.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// Registers, lists, regions.
    pub catalogue: &'g Catalogue,
    /// The departments.
    pub directory: &'g Directory,
}

/// An issue as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = issues, treat_none_as_default_value = false)]
pub struct Issue {
    /// Identity.
    pub id: i64,
    /// The year it was raised in.
    pub year: i32,
    /// Its number within the year.
    pub ordinal: i32,
    /// A code of the list [`KINDS`].
    pub kind: String,
    /// What it is, in a line.
    pub title: String,
    /// What it is.
    pub text: String,
    /// The department that raised it.
    pub raised_by: i64,
    /// The department that owes.
    pub owed_by: i64,
    /// The key of what the program found, or of what a person did elsewhere; none for what was raised here.
    pub cause: Option<String>,
    /// Word of the state.
    pub state: String,
    /// Whether somebody still has to do something.
    pub open: bool,
    /// Counts its acts from 1; what an act says it was decided from.
    pub version: i64,
    /// The rung of the ladder of disputes, 0 to 3.
    pub rung: i32,
    /// The bureau that has it in hand at its rung.
    pub handler_id: Option<i64>,
    /// Word of whose move it is.
    pub turn: String,
    /// The day its days are counted from.
    pub start_on: NaiveDate,
    /// So many working days; none when a day was agreed.
    pub days: Option<i32>,
    /// The day it is due.
    pub due_on: NaiveDate,
    /// That day lies in a year whose calendar is not published.
    pub provisional: bool,
    /// When it was first opened, UTC.
    pub opened_at: NaiveDateTime,
    /// By whom.
    pub opened_by: String,
    /// By which account.
    pub opener_id: Option<i64>,
    /// Changes of the ledger after this change set are proof.
    pub proof_seq: i64,
    /// The account that says it is done.
    pub proposer_id: Option<i64>,
    /// Who says it is done; empty before.
    pub proposer: String,
    /// What shows that it is done, as JSON; empty before.
    pub proof: String,
    /// What was decided at its rung, as JSON; empty before.
    pub decision: String,
    /// When it was closed, UTC.
    pub closed_at: Option<NaiveDateTime>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Word of the act that closed it; empty while it is open.
    pub outcome: String,
    /// How often it was opened again.
    pub reopened: i32,
}

impl Issue {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Withdrawn)
    }

    /// Whose move it is, while it is open.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn::from_word(&self.turn).unwrap_or(Turn::Owed)
    }

    /// The department whose move it is; none once it is closed.
    #[must_use]
    pub fn mover(&self) -> Option<i64> {
        if !self.open {
            return None;
        }
        match self.turn() {
            Turn::Owed => Some(self.owed_by),
            Turn::Raised => Some(self.raised_by),
            Turn::Handler => self.handler_id,
        }
    }

    /// Whether the program found it: then it heals by itself, and is nobody's to take back.
    #[must_use]
    pub fn is_found(&self) -> bool {
        let cause = self.cause.as_deref();
        cause.is_some_and(|cause| !cause.starts_with(BY_PEOPLE))
    }

    /// The number that people call it by.
    #[must_use]
    pub fn number(&self) -> String {
        format!("难点-{}-{:04}", self.year, self.ordinal)
    }

    /// The day it is due by this calendar.
    #[must_use]
    pub fn due(&self, calendar: &WorkCalendar) -> Due {
        match self.days {
            Some(days) => {
                calendar.add_working_days(self.start_on, u32::try_from(days).unwrap_or(0))
            }
            None => calendar.working_from(self.due_on),
        }
    }

    /// Working days since it was first opened, to the day it was closed; opening it again begins nothing anew.
    #[must_use]
    pub fn age(&self, calendar: &WorkCalendar, today: NaiveDate) -> u32 {
        let until = self.closed_at.map_or(today, clock::day_of);
        calendar.working_days_between(clock::day_of(self.opened_at), until)
    }

    /// What was decided at its rung.
    #[must_use]
    pub fn decided(&self) -> Option<proof::Decision> {
        serde_json::from_str(&self.decision).ok()
    }

    /// What shows that it is done.
    #[must_use]
    pub fn proofs(&self) -> Vec<proof::Proof> {
        serde_json::from_str(&self.proof).unwrap_or_default()
    }
}

/// One act, as it was done.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = issue_steps, treat_none_as_default_value = false)]
pub struct Taken {
    /// Identity.
    pub id: i64,
    /// The issue.
    pub issue_id: i64,
    /// Its version after the act.
    pub version: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Word of the act; `open`, `comment`, `concern`, `merge` and those of files beside those of [`Act`].
    pub act: String,
    /// Word of the state before; empty for the first.
    pub from_state: String,
    /// Word of the state after.
    pub to_state: String,
    /// The rung after it.
    pub rung: i32,
    /// Word of whose move it is then.
    pub turn: String,
    /// The account.
    pub account_id: Option<i64>,
    /// The name.
    pub actor: String,
    /// The person's own department.
    pub department_id: Option<i64>,
    /// What was said.
    pub note: String,
    /// More, as JSON.
    pub detail: String,
}

impl Taken {
    /// What people read for the act.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.act.as_str() {
            "open" => "提出",
            "comment" => "补充说明",
            "concern" => "补充涉及条目",
            "merge" => "机构合并，转由并入单位办理",
            "add_file" => "添加附件",
            "remove_file" => "移除附件",
            word => Act::from_word(word).map_or("办理", Act::label),
        }
    }
}

/// The words for an issue that is not there, or not for this viewer.
fn nowhere() -> Error {
    Error::NotFound("该难点问题".to_owned())
}

/// Whether the viewer sees an issue: whoever reads one of the two departments in full, and the bureau at its rung.
#[must_use]
pub fn sees(viewer: &Viewer, row: &Issue) -> bool {
    viewer.can(Right::SeeOwn, row.raised_by)
        || viewer.can(Right::SeeOwn, row.owed_by)
        || row
            .handler_id
            .is_some_and(|bureau| viewer.can(Right::CoordinateSharing, bureau))
}

/// An issue that the viewer sees.
///
/// # Errors
/// [`Error::NotFound`] when it is absent or out of reach.
pub fn get(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Issue> {
    let found: Option<Issue> = issues::table
        .find(id)
        .select(Issue::as_select())
        .first(conn)
        .optional()?;
    found.filter(|row| sees(viewer, row)).ok_or_else(nowhere)
}

/// What was done with an issue, the first act first.
///
/// # Errors
/// As [`get`].
pub fn history(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Vec<Taken>> {
    get(conn, viewer, id)?;
    Ok(issue_steps::table
        .filter(issue_steps::issue_id.eq(id))
        .order(issue_steps::id)
        .select(Taken::as_select())
        .load(conn)?)
}

/// Waits for whoever acts at the moment: everything here ends in an audit line, so its head is the lock.
///
/// Whoever holds the ledger's lock as well took it before.
fn lock(conn: &mut Conn) -> Result<()> {
    diesel::update(audit_head::table.find(1))
        .set(audit_head::seq.eq(audit_head::seq))
        .execute(conn)?;
    Ok(())
}

/// Writes an act into the history of an issue that stands as `row` after it.
fn note(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Issue,
    (act, from): (&str, &str),
    said: &str,
    detail: &serde_json::Value,
) -> Result<()> {
    let last: Option<i64> = issue_steps::table
        .select(diesel::dsl::max(issue_steps::id))
        .first(conn)?;
    diesel::insert_into(issue_steps::table)
        .values(&Taken {
            id: last.unwrap_or(0) + 1,
            issue_id: row.id,
            version: row.version,
            at: clock::now(),
            act: act.to_owned(),
            from_state: from.to_owned(),
            to_state: row.state.clone(),
            rung: row.rung,
            turn: row.turn.clone(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            department_id: viewer.home(),
            note: said.to_owned(),
            detail: detail.to_string(),
        })
        .execute(conn)?;
    Ok(())
}
