//! A campaign is opened: title and year, day, registers, fields, gates, and the departments of the bureau's level.

mod plan;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::json;

use super::scope::head_of;
use super::{Campaign, OPEN, Part, get, locked, nowhere, runs};
use crate::audit::{self, Event};
use crate::auth::{Reach, Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{campaign_departments, campaigns, ledger_head};
use crate::error::{Error, Result};
use crate::notice::{self, Message, To};
use crate::org::directory::Directory;
use crate::org::tree::Tree;
use crate::register::catalogue::Catalogue;
use crate::review::Ground;

use plan::{due_problem, judge};

/// Working days before the day from which departments are reminded, when nothing else is wished for.
pub const REMIND_DAYS: i32 = 5;

/// What a bureau wants to ask.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What it is called.
    pub title: String,
    /// The year it is about.
    pub year: i32,
    /// The paper that orders it; may be empty.
    pub basis: String,
    /// Code of the bureau; may be left empty by who serves one only.
    pub bureau: String,
    /// Keys of the registers.
    pub registers: Vec<String>,
    /// Keys of the fields to confirm by register; without any, what the entry's stage expects.
    pub fields: BTreeMap<String, Vec<String>>,
    /// The day whose versions of the gates count; none: gates are not asked.
    pub gates_on: Option<NaiveDate>,
    /// Codes of the departments; all of the level when empty.
    pub departments: Vec<String>,
    /// The day it is due; a day that is not worked moves on to the next that is.
    pub due_on: Option<NaiveDate>,
    /// Working days before that from which departments are reminded.
    pub remind_days: Option<i32>,
}

/// The bureaus for which the viewer may open a campaign, by id.
#[must_use]
pub fn bureaus(viewer: &Viewer, directory: &Directory) -> Vec<i64> {
    let held = viewer.roles().iter();
    let mut out: Vec<i64> = match viewer.account() {
        // The operator serves none, and may open for any.
        None if viewer.reach(Right::RunCampaign) == &Reach::Everything => {
            let all = directory.all().iter();
            all.filter(|d| d.bureau).map(|d| d.id).collect()
        }
        _ => held
            .filter(|(role, _)| *role == Role::Bureau)
            .filter_map(|(_, at)| *at)
            .collect(),
    };
    out.retain(|id| viewer.can(Right::RunCampaign, *id));
    out.sort_unstable();
    out.dedup();
    out
}

/// The departments of a bureau's level that answer for themselves, by id.
///
/// # Errors
/// When the database fails.
pub fn level(
    conn: &mut Conn,
    catalogue: &Catalogue,
    directory: &Directory,
    bureau: i64,
) -> Result<Vec<i64>> {
    let tree = Tree::load(conn, catalogue.regions())?;
    let all = tree.extents(bureau).level;
    let answers = |id: &i64| {
        let found = directory.get(*id);
        head_of(directory, *id) == *id && found.is_some_and(|d| !d.is_over() && !d.provisional)
    };
    Ok(all.into_iter().filter(answers).collect())
}

/// Opens a campaign: every department in it is told.
///
/// # Errors
/// [`Error::Refused`]; [`Error::Invalid`] with everything wrong; [`Error::Conflict`] when the bureau already has one
/// of this name for the year.
pub fn open(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, plan: &Plan) -> Result<Campaign> {
    viewer.may_anywhere(Right::RunCampaign)?;
    let judged = judge(conn, viewer, ground, plan)?;
    locked(conn, viewer, |conn| {
        let twice: i64 = campaigns::table
            .filter(campaigns::bureau_id.eq(judged.bureau))
            .filter(campaigns::year.eq(plan.year))
            .filter(campaigns::title.eq(&judged.title))
            .count()
            .get_result(conn)?;
        if twice > 0 {
            let what = format!("{} 年度已有名为“{}”的核对", plan.year, judged.title);
            return Err(Error::Conflict(what));
        }
        let last: Option<i64> = campaigns::table
            .select(diesel::dsl::max(campaigns::id))
            .first(conn)?;
        let head: i64 = ledger_head::table.select(ledger_head::seq).first(conn)?;
        let made = Campaign {
            id: last.unwrap_or(0) + 1,
            title: judged.title.clone(),
            year: plan.year,
            basis: judged.basis.clone(),
            bureau_id: judged.bureau,
            registers: json!(judged.registers).to_string(),
            fields: json!(plan.fields).to_string(),
            gates_on: plan.gates_on,
            due_on: judged.due_on,
            remind_days: judged.remind_days,
            state: OPEN.to_owned(),
            version: 1,
            opened_at: clock::now(),
            opened_by: viewer.name().to_owned(),
            opener_id: viewer.account(),
            opened_seq: head,
            reminded_on: None,
            closed_at: None,
            closed_by: None,
            closer_id: None,
            closed_seq: None,
            head: None,
            entries: None,
            digest: None,
            forced: None,
        };
        diesel::insert_into(campaigns::table)
            .values(&made)
            .execute(conn)?;
        invite(conn, &made, &judged.heads, ground.directory)?;
        let line = Event::done("open_campaign", &made.title)
            .of(Some(made.bureau_id))
            .with(json!({ "campaign": made.id, "departments": judged.heads.len(), "due": made.due_on }));
        audit::record(conn, viewer, &line)?;
        Ok(made)
    })
}

/// Gives every department its part and tells its people.
fn invite(conn: &mut Conn, made: &Campaign, heads: &[i64], directory: &Directory) -> Result<()> {
    let due = made.due(conn)?;
    for head in heads {
        let part = Part {
            campaign_id: made.id,
            department_id: *head,
            state: OPEN.to_owned(),
            attested_none: false,
            version: 1,
            submitted_at: None,
            submitted_by: None,
            submitter_id: None,
            outcome: None,
            entries: None,
            digest: None,
            code: None,
            content: None,
            content_digest: None,
        };
        diesel::insert_into(campaign_departments::table)
            .values(&part)
            .execute(conn)?;
        let message = Message {
            kind: "campaign",
            text: &format!("“{}”已开始，请于 {} 前完成核对并提交", made.title, due.date),
            href: &super::board::address(directory, made.id, *head),
            dedupe: &format!("campaign:{}:{head}:open", made.id),
        };
        for role in [Role::Liaison, Role::Specialist, Role::Cdo] {
            let to = To::Role {
                role,
                department: *head,
            };
            notice::send(conn, to, message, made.opened_at)?;
        }
    }
    Ok(())
}

/// Sets another day on which an open campaign is due.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Invalid`], [`Error::Conflict`] once it is closed;
/// [`Error::Stale`] when it changed since `seen`.
pub fn reschedule(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (id, seen): (i64, i64),
    due: Option<NaiveDate>,
) -> Result<Campaign> {
    viewer.may_anywhere(Right::RunCampaign)?;
    locked(conn, viewer, |conn| {
        let (campaign, _) = get(conn, viewer, ground.directory, id)?;
        demand_run(viewer, &campaign)?;
        super::demand_open(&campaign)?;
        let Some(day) = due.filter(|_| due_problem(due).is_none()) else {
            return Err(Error::Invalid(due_problem(due).into_iter().collect()));
        };
        let done = diesel::update(campaigns::table.find(id))
            .filter(campaigns::version.eq(seen))
            .set((
                campaigns::due_on.eq(day),
                campaigns::version.eq(campaigns::version + 1),
            ))
            .execute(conn)?;
        if done == 0 {
            return Err(Error::Stale(format!("“{}”", campaign.title)));
        }
        let line = Event::done("reschedule_campaign", &campaign.title)
            .of(Some(campaign.bureau_id))
            .with(json!({ "campaign": id, "before": campaign.due_on, "after": day }));
        audit::record(conn, viewer, &line)?;
        let found = campaigns::table.find(id).select(Campaign::as_select());
        found.first(conn).optional()?.ok_or_else(nowhere)
    })
}

/// Demands that the viewer runs this campaign.
pub(super) fn demand_run(viewer: &Viewer, campaign: &Campaign) -> Result<()> {
    if runs(viewer, campaign) {
        return Ok(());
    }
    Ok(viewer.may(Right::RunCampaign, campaign.bureau_id)?)
}
