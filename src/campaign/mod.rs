//! 年度核对: a bureau asks the departments of its level to declare their entries anew, by a day.
//!
//! A department's list is what the ledger holds of it at the moment, so an entry made or handed over meanwhile is on
//! it; only answers are stored ([`answer`]), each with the version of the entry that it speaks of. An answer to
//! another version, or given by another department, does not count any more. The department's list is handed in as
//! a whole ([`submit`]); [`close`] freezes what the ledger held, as digests that [`close::verify`] computes again
//! from the past. Every act holds the ledger's lock and updates a version conditionally.

pub mod answer;
pub mod board;
pub mod certificate;
pub mod close;
mod freeze;
mod judge;
pub mod list;
pub mod open;
pub mod question;
pub mod remind;
mod scope;
pub mod submit;
pub mod todo;

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::almanac;
use crate::auth::{Right, Viewer};
use crate::calendar::Due;
use crate::db::connection::Conn;
use crate::db::schema::{campaign_departments, campaign_entries, campaigns};
use crate::error::{Error, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::org::directory::Directory;

pub use scope::Members;

/// A campaign as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaigns, treat_none_as_default_value = false)]
pub struct Campaign {
    /// Identity.
    pub id: i64,
    /// What it is called.
    pub title: String,
    /// The year it is about.
    pub year: i32,
    /// The paper that orders it; may be empty.
    pub basis: String,
    /// The bureau that runs it.
    pub bureau_id: i64,
    /// Keys of the registers, as a JSON list.
    pub registers: String,
    /// Keys of the fields to confirm by register, as a JSON object.
    pub fields: String,
    /// The day whose versions of the gates count; none when gates are not asked.
    pub gates_on: Option<NaiveDate>,
    /// The day it is due, as it was set.
    pub due_on: NaiveDate,
    /// From how many working days before that day departments are reminded.
    pub remind_days: i32,
    /// `open` or `closed`.
    pub state: String,
    /// Counts its changes.
    pub version: i64,
    /// When it was opened, UTC.
    pub opened_at: NaiveDateTime,
    /// By whom.
    pub opened_by: String,
    /// By which account.
    pub opener_id: Option<i64>,
    /// The last change set before it was opened.
    pub opened_seq: i64,
    /// The day departments were last reminded.
    pub reminded_on: Option<NaiveDate>,
    /// When it was closed, UTC.
    pub closed_at: Option<NaiveDateTime>,
    /// By whom.
    pub closed_by: Option<String>,
    /// By which account.
    pub closer_id: Option<i64>,
    /// The last change set that counts.
    pub closed_seq: Option<i64>,
    /// The chain's hash there, in hexadecimal.
    pub head: Option<String>,
    /// How many entries were frozen.
    pub entries: Option<i64>,
    /// SM3 over the departments' digests, in hexadecimal.
    pub digest: Option<String>,
    /// Why it was closed although something was open.
    pub forced: Option<String>,
}

impl Campaign {
    /// Whether departments still answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == OPEN
    }

    /// Keys of the registers, in the order they were named.
    #[must_use]
    pub fn registers(&self) -> Vec<String> {
        serde_json::from_str(&self.registers).unwrap_or_default()
    }

    /// Keys of the fields to confirm, by register; a register without any asks for what its stage expects.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, Vec<String>> {
        serde_json::from_str(&self.fields).unwrap_or_default()
    }

    /// The last day on which it is in time, by the work calendar as it counts at present.
    ///
    /// # Errors
    /// When the database fails.
    pub fn due(&self, conn: &mut Conn) -> Result<Due> {
        let (calendar, _) = almanac::calendar(conn)?;
        Ok(calendar.working_from(self.due_on))
    }
}

const OPEN: &str = "open";
const CLOSED: &str = "closed";
const SUBMITTED: &str = "submitted";

/// A department's part of a campaign, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_departments, treat_none_as_default_value = false)]
pub struct Part {
    /// The campaign.
    pub campaign_id: i64,
    /// The department.
    pub department_id: i64,
    /// `open` or `submitted`.
    pub state: String,
    /// It declares that it has nothing.
    pub attested_none: bool,
    /// Counts its changes.
    pub version: i64,
    /// When it was handed in last, UTC.
    pub submitted_at: Option<NaiveDateTime>,
    /// By whom.
    pub submitted_by: Option<String>,
    /// By which account.
    pub submitter_id: Option<i64>,
    /// How it ended: `complete`, `incomplete` or `gone`; none while the campaign is open.
    pub outcome: Option<String>,
    /// How many entries were frozen.
    pub entries: Option<i64>,
    /// SM3 of them, in hexadecimal.
    pub digest: Option<String>,
    /// The certificate's check code, for who was complete.
    pub code: Option<String>,
    /// What was frozen, and says the certificate, as JSON.
    pub content: Option<String>,
    /// SM3 of what it says.
    pub content_digest: Option<String>,
}

impl Part {
    /// Whether it was handed in.
    #[must_use]
    pub fn is_submitted(&self) -> bool {
        self.state == SUBMITTED
    }
}

/// An answer as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_entries, treat_none_as_default_value = false)]
pub struct Kept {
    /// The campaign.
    pub campaign_id: i64,
    /// The entry.
    pub entry_id: i64,
    /// Whose it was.
    pub department_id: i64,
    /// The version it speaks of; 0 once the bureau has sent the question back.
    pub revision: i32,
    /// Word of the answer.
    pub answer: String,
    /// What was said with it.
    pub note: String,
    /// Where it belongs, for “not ours”.
    pub to_department_id: Option<i64>,
    /// Counts its changes.
    pub version: i64,
    /// By which account.
    pub account_id: Option<i64>,
    /// By whom.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// What the bureau did with “not ours”: `moved`, `returned`, or nothing yet.
    pub reply: String,
    /// What it said.
    pub reply_note: String,
    /// Who said it.
    pub replied_by: Option<String>,
    /// When, UTC.
    pub replied_at: Option<NaiveDateTime>,
}

fn nowhere() -> Error {
    Error::NotFound("这次年度核对".to_owned())
}

/// Whether the viewer runs a campaign.
#[must_use]
pub fn runs(viewer: &Viewer, campaign: &Campaign) -> bool {
    viewer.can(Right::RunCampaign, campaign.bureau_id)
}

/// Whether the viewer sees a department's part: its bureau does, and who sees entries of it or its units in full.
#[must_use]
pub fn sees(viewer: &Viewer, campaign: &Campaign, members: &Members, head: i64) -> bool {
    runs(viewer, campaign)
        || members
            .of(head)
            .iter()
            .any(|d| viewer.can(Right::SeeOwn, *d))
}

/// A campaign of which the viewer sees at least one department.
///
/// # Errors
/// [`Error::NotFound`], absent or hidden; when the database fails.
pub fn get(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    id: i64,
) -> Result<(Campaign, Members)> {
    let found: Option<Campaign> = campaigns::table
        .find(id)
        .select(Campaign::as_select())
        .first(conn)
        .optional()?;
    let campaign = found.ok_or_else(nowhere)?;
    let members = Members::load(conn, directory, &campaign)?;
    let seen = runs(viewer, &campaign)
        || members
            .heads()
            .iter()
            .any(|head| sees(viewer, &campaign, &members, *head));
    if seen {
        Ok((campaign, members))
    } else {
        Err(nowhere())
    }
}

/// The campaigns of which the viewer sees something, newest first.
///
/// # Errors
/// When the database fails.
pub fn all(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
) -> Result<Vec<(Campaign, Members)>> {
    let rows: Vec<Campaign> = campaigns::table
        .order(campaigns::id.desc())
        .select(Campaign::as_select())
        .load(conn)?;
    let mut out = Vec::new();
    for row in rows {
        match get(conn, viewer, directory, row.id) {
            Ok(seen) => out.push(seen),
            Err(Error::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(out)
}

/// A department's part.
///
/// # Errors
/// [`Error::NotFound`] when it has none; when the database fails.
pub fn part(conn: &mut Conn, campaign: i64, department: i64) -> Result<Part> {
    let found: Option<Part> = campaign_departments::table
        .find((campaign, department))
        .select(Part::as_select())
        .first(conn)
        .optional()?;
    found.ok_or_else(nowhere)
}

/// Carries out an act under the ledger's lock: no entry can move meanwhile. It writes no entries itself.
fn locked<T>(
    conn: &mut Conn,
    viewer: &Viewer,
    act: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    let purpose = Purpose {
        source: "campaign",
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

fn demand_open(campaign: &Campaign) -> Result<()> {
    if campaign.is_open() {
        return Ok(());
    }
    let what = format!("“{}”已经结束，不再接受答复", campaign.title);
    Err(Error::Conflict(what))
}
