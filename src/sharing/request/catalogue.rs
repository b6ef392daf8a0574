//! The clocks of the catalogue itself (art. 17): ten working days to hand in an update, two to review and publish it.
//!
//! They are read from the submissions of datasets: what the review does with one ends them.

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
use crate::error::Result;

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
    /// The last day in time.
    pub due_on: NaiveDate,
    /// The due date may move.
    pub provisional: bool,
    /// With the extension that the bureau may consent to.
    pub extended_on: Option<NaiveDate>,
    /// How it stands.
    pub standing: Standing,
}

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
    let rows: Vec<Row> = scope::visible(viewer)
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
        .load(conn)?;
    let mut out: Vec<Update> = rows
        .into_iter()
        .filter_map(|r| update(reckoner, r))
        .collect();
    out.sort_by_key(|u| (u.due_on, u.submission));
    Ok(out)
}

fn update(reckoner: &Reckoner<'_>, row: Row) -> Option<Update> {
    let (submission, code, name, department_id, bureau, state, opened, submitted) = row;
    let away = AWAY.contains(&state.as_str());
    let (rule, start) = if away {
        ("DS-02", submitted.unwrap_or(opened))
    } else {
        ("DS-01", opened)
    };
    let start_on = clock::day_of(start);
    let limit = reckoner.limit(rule, start_on, department_id)?;
    let calendar = &reckoner.almanac.calendar;
    let due = limit.due(calendar, start_on)?;
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
        extended_on: limit.extended(calendar, start_on).map(|d| d.date),
        standing,
    })
}
