//! The clocks of the catalogue itself (art. 17): ten working days to hand in an update, two to review and publish it.
//!
//! They are read from the submissions of datasets: what the review does with one ends them. The ten days may be extended
//! once, with the consent of the bureau.

pub mod extension;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::DATASET;
use super::clock::{Reckoner, Standing};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, submissions};
use crate::db::scope;
use crate::error::{Error, Result};
use extension::{ASKED, CONSENTED, Extension};

/// Submissions that are looked at at most.
const MOST: i64 = 500;

/// An update of the catalogue that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CatalogueClock)]
pub struct Update {
    /// Number of the submission.
    pub submission: i64,
    /// Code of the dataset.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Number of the department that hands it in.
    pub department_id: i64,
    /// The bureau that reviews it; none before it is handed in.
    pub bureau_id: Option<i64>,
    /// `DS-01` before it is handed in, `DS-02` after.
    pub rule_id: String,
    /// The day that it counts from.
    pub start_on: NaiveDate,
    /// The last day in time, with the extension that the bureau consented to.
    pub due_on: NaiveDate,
    /// The due date may move.
    pub provisional: bool,
    /// With the extension that the bureau may still consent to.
    pub extended_on: Option<NaiveDate>,
    /// How it stands.
    pub standing: Standing,
    /// The extension that was asked for, before it is handed in.
    pub extension: Option<Extension>,
    /// You may ask for an extension now.
    pub may_ask: bool,
    /// You may decide about the extension now.
    pub may_decide: bool,
}

/// The rule of updating and handing in.
pub const HAND_IN: &str = "DS-01";
/// The rule of reviewing and publishing.
const REVIEW: &str = "DS-02";

/// Kind of a submission that updates what is published.
const CHANGE: &str = "change";
/// With the bureau.
const AWAY: [&str; 3] = ["submitted", "form_check", "joint_review"];

type Row = (
    i64,
    String,
    String,
    i64,
    Option<i64>,
    String,
    chrono::NaiveDateTime,
    Option<chrono::NaiveDateTime>,
);

/// Updates of datasets that the viewer sees in full and that are under way, the most urgent first.
///
/// When the law or a duty changed is not written down; an update counts from the day on which it was begun here.
///
/// # Errors
/// When the database fails.
pub fn updates(conn: &mut Conn, viewer: &Viewer, reckoner: &Reckoner<'_>) -> Result<Vec<Update>> {
    read(conn, viewer, reckoner, None)
}

/// One of them.
fn one(
    conn: &mut Conn,
    viewer: &Viewer,
    reckoner: &Reckoner<'_>,
    submission: i64,
) -> Result<Update> {
    let found = read(conn, viewer, reckoner, Some(submission))?;
    let nowhere = || Error::NotFound("该目录更新".to_owned());
    found.into_iter().next().ok_or_else(nowhere)
}

fn read(
    conn: &mut Conn,
    viewer: &Viewer,
    reckoner: &Reckoner<'_>,
    only: Option<i64>,
) -> Result<Vec<Update>> {
    let mut query = scope::visible(viewer)
        .inner_join(submissions::table.on(submissions::entry_id.eq(entries::id)))
        .filter(entries::register.eq(DATASET))
        .filter(submissions::open.eq(true))
        // A new entry is no update: nothing says when it has to be there.
        .filter(
            submissions::kind
                .eq(CHANGE)
                .or(submissions::state.eq_any(AWAY)),
        )
        // Of too many, the oldest are looked at: they are the most urgent.
        .order(submissions::id.asc())
        .limit(MOST)
        .select((
            submissions::id,
            entries::code,
            entries::name,
            entries::department_id,
            submissions::bureau_id,
            submissions::state,
            submissions::opened_at,
            submissions::submitted_at,
        ))
        .into_boxed();
    if let Some(id) = only {
        query = query.filter(submissions::id.eq(id));
    }
    let rows: Vec<Row> = query.load(conn)?;
    let ids: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let mut asked = extension::of(conn, &ids)?;
    let mut out: Vec<Update> = rows
        .into_iter()
        .filter_map(|row| {
            let extension = asked.remove(&row.0);
            update(reckoner, row, extension)
        })
        .map(|u| Update {
            may_ask: extension::may_ask(viewer, reckoner.ground, &u),
            may_decide: extension::may_decide(viewer, &u),
            ..u
        })
        .collect();
    out.sort_by_key(|u| (u.due_on, u.submission));
    Ok(out)
}

fn update(reckoner: &Reckoner<'_>, row: Row, asked: Option<Extension>) -> Option<Update> {
    let (submission, code, name, department_id, bureau, state, opened, submitted) = row;
    let away = AWAY.contains(&state.as_str());
    let (rule, start) = if away {
        (REVIEW, submitted.unwrap_or(opened))
    } else {
        (HAND_IN, opened)
    };
    let start_on = clock::day_of(start);
    let limit = reckoner.limit(rule, start_on, department_id)?;
    let calendar = &reckoner.almanac.calendar;
    // What was asked for while it was in hand says nothing of the bureau's own time.
    let extension = asked.filter(|_| !away);
    let is = |state: &str| extension.as_ref().map(|e| e.state == state);
    let longest = limit.extended(calendar, start_on);
    let due = match longest.filter(|_| is(CONSENTED) == Some(true)) {
        Some(longest) => longest,
        None => limit.due(calendar, start_on)?,
    };
    let left = calendar.working_days_between(reckoner.today, due.date);
    let standing = match (due.date < reckoner.today, left) {
        (true, _) => Standing::Overdue,
        (_, 0 | 1) => Standing::Soon,
        _ => Standing::Running,
    };
    Some(Update {
        submission,
        code,
        name,
        department_id,
        bureau_id: bureau.filter(|_| away),
        rule_id: rule.to_owned(),
        start_on,
        due_on: due.date,
        provisional: due.provisional,
        extended_on: longest.filter(|_| is(ASKED) != Some(false)).map(|d| d.date),
        standing,
        extension,
        may_ask: false,
        may_decide: false,
    })
}
