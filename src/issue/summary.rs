//! A month of issues, for the monthly 工作调度: what came, what went, what stands at its end and whose move it is.

use std::collections::HashMap;

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::list::seen;
use super::steps::{Act, State, Turn};
use super::{Issue, Taken};
use crate::almanac;
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{issue_steps, issues};
use crate::error::Result;

/// Issues of a summary at most.
pub const MOST: usize = 2_000;

/// Issues whose steps are asked for at once.
const PART: usize = 500;

/// A month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Reads `2026-11`; only months that have begun.
    #[must_use]
    pub fn parse(text: &str, today: NaiveDate) -> Option<Self> {
        if text.len() != 7 {
            return None;
        }
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
        (first <= today && first.year() >= 2000).then_some(Self(first))
    }

    /// The first day.
    #[must_use]
    pub fn first(self) -> NaiveDate {
        self.0
    }

    /// The last day.
    #[must_use]
    pub fn last(self) -> NaiveDate {
        let later = self.0 + Days::new(31);
        later
            .with_day(1)
            .and_then(|d| d.pred_opt())
            .unwrap_or(self.0)
    }

    /// The word in addresses.
    #[must_use]
    pub fn word(self) -> String {
        self.0.format("%Y-%m").to_string()
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> String {
        self.0.format("%Y 年 %-m 月").to_string()
    }

    /// The instants it lies between: after the first, up to the second.
    #[must_use]
    pub fn span(self) -> (NaiveDateTime, NaiveDateTime) {
        let before = self.0.pred_opt().unwrap_or(self.0);
        (clock::end_of_day(before), clock::end_of_day(self.last()))
    }
}

/// An issue as it stood at the end of a month.
#[derive(Clone, Debug)]
pub struct Line {
    /// The issue as it is now.
    pub issue: Issue,
    /// Where it stood.
    pub state: State,
    /// At which rung.
    pub rung: i32,
    /// Whose move it was; none once closed.
    pub mover: Option<i64>,
    /// Working days since it was first opened.
    pub age: u32,
    /// The day it was due then.
    pub due_on: NaiveDate,
    /// Not closed, and the day was past.
    pub late: bool,
    /// What was last said of it.
    pub last: String,
}

/// A month in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = IssueFigures)]
pub struct Figures {
    /// Raised in the month.
    pub opened: usize,
    /// Closed in the month with proof, confirmed.
    pub closed: usize,
    /// Closed in the month by the program, because the cause was gone.
    pub healed: usize,
    /// Taken back in the month.
    pub withdrawn: usize,
    /// Opened again in the month.
    pub reopened: usize,
    /// Rungs climbed in the month.
    pub escalated: usize,
    /// Open at its end.
    pub standing: usize,
    /// Of those, past their day.
    pub overdue: usize,
}

/// A month of issues.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The month.
    pub month: Month,
    /// In figures.
    pub figures: Figures,
    /// The issues that were open at some time of the month, the open ones first, the oldest before.
    pub lines: Vec<Line>,
    /// There are more than are listed.
    pub more: bool,
}

/// Puts a month together from the issues the viewer sees, of these departments where any are named.
///
/// # Errors
/// When the database fails.
pub fn month(
    conn: &mut Conn,
    viewer: &Viewer,
    departments: Option<&[i64]>,
    month: Month,
) -> Result<Summary> {
    let (from, until) = month.span();
    let (mut rows, more) = load(conn, viewer, departments, (from, until))?;
    let mut steps = steps(conn, &rows, until)?;
    let before = days_before(conn, &rows, until)?;
    let (calendar, _) = almanac::calendar(conn)?;
    let end = month.last().min(clock::today());
    let mut figures = Figures::default();
    let mut lines = Vec::with_capacity(rows.len());
    for issue in rows.drain(..) {
        let taken = steps.remove(&issue.id).unwrap_or_default();
        for step in taken.iter().filter(|s| s.at > from) {
            count(&mut figures, step);
        }
        let Some(at) = taken.iter().rfind(|s| s.act != "comment") else {
            continue;
        };
        let state = State::from_word(&at.to_state).unwrap_or(State::Working);
        let open = state.is_open();
        // Whatever is noted later of what has ended, such as a merger, does not end it again.
        let ended = taken.iter().rfind(|s| s.from_state != s.to_state);
        let ended = ended.filter(|_| !open).map(|s| s.at);
        if ended.is_some_and(|at| at <= from) {
            // It had ended before the month began, and was opened again after it.
            continue;
        }
        let due_on = before.get(&issue.id).copied().unwrap_or(issue.due_on);
        let late = open && due_on < end;
        figures.standing += usize::from(open);
        figures.overdue += usize::from(late);
        let until = ended.map_or(end, clock::day_of);
        lines.push(Line {
            age: calendar.working_days_between(clock::day_of(issue.opened_at), until),
            mover: open.then(|| mover(&issue, &at.turn)).flatten(),
            last: taken.last().map(said).unwrap_or_default(),
            rung: at.rung,
            state,
            due_on,
            late,
            issue,
        });
    }
    lines.sort_by_key(|l| (!l.state.is_open(), std::cmp::Reverse(l.age), l.issue.id));
    Ok(Summary {
        month,
        figures,
        lines,
        more,
    })
}

fn count(figures: &mut Figures, step: &Taken) {
    let place = match (step.act.as_str(), Act::from_word(&step.act)) {
        ("open", _) => &mut figures.opened,
        (_, Some(Act::Confirm)) => &mut figures.closed,
        (_, Some(Act::Heal)) => &mut figures.healed,
        (_, Some(Act::Withdraw)) => &mut figures.withdrawn,
        (_, Some(Act::Reopen)) => &mut figures.reopened,
        (_, Some(Act::Escalate)) => &mut figures.escalated,
        _ => return,
    };
    *place += 1;
}

/// The days on which issues were due at an instant, of those that were given another day since.
fn days_before(
    conn: &mut Conn,
    rows: &[Issue],
    until: NaiveDateTime,
) -> Result<HashMap<i64, NaiveDate>> {
    let mut out = HashMap::new();
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    for part in ids.chunks(PART) {
        let moved: Vec<(i64, String)> = issue_steps::table
            .filter(issue_steps::issue_id.eq_any(part.to_vec()))
            .filter(issue_steps::act.eq(Act::Reschedule.word()))
            .filter(issue_steps::at.gt(until))
            .order(issue_steps::id)
            .select((issue_steps::issue_id, issue_steps::detail))
            .load(conn)?;
        for (id, detail) in moved {
            let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
            let day = detail.get("before").and_then(|day| day.as_str());
            if let Some(day) = day.and_then(|day| day.parse().ok()) {
                out.entry(id).or_insert(day);
            }
        }
    }
    Ok(out)
}

fn mover(issue: &Issue, turn: &str) -> Option<i64> {
    match Turn::from_word(turn)? {
        Turn::Owed => Some(issue.owed_by),
        Turn::Raised => Some(issue.raised_by),
        Turn::Handler => issue.handler_id,
    }
}

/// What a step says, in one line.
fn said(step: &Taken) -> String {
    if step.note.is_empty() || step.act == "open" {
        return step.label().to_owned();
    }
    let short: String = step.note.chars().take(80).collect();
    let more = if short.len() < step.note.len() {
        "…"
    } else {
        ""
    };
    format!("{}: {short}{more}", step.label())
}

/// Issues that were open at some time between two instants.
fn load(
    conn: &mut Conn,
    viewer: &Viewer,
    departments: Option<&[i64]>,
    (from, until): (NaiveDateTime, NaiveDateTime),
) -> Result<(Vec<Issue>, bool)> {
    let mut query = issues::table
        .filter(seen(viewer))
        .filter(issues::opened_at.le(until))
        .filter(
            issues::closed_at
                .is_null()
                .or(issues::closed_at.gt(from).assume_not_null()),
        )
        .order((issues::open.desc(), issues::id))
        .limit(i64::try_from(MOST + 1).unwrap_or(i64::MAX))
        .select(Issue::as_select())
        .into_boxed();
    if let Some(ids) = departments {
        let either = Fragment::<Bool>::sql("(issues.raised_by IN ")
            .numbers(ids)
            .then(" OR issues.owed_by IN ")
            .numbers(ids)
            .then(")");
        query = query.filter(either);
    }
    let mut rows: Vec<Issue> = query.load(conn)?;
    let more = rows.len() > MOST;
    rows.truncate(MOST);
    Ok((rows, more))
}

/// Their steps up to an instant, by issue.
fn steps(
    conn: &mut Conn,
    rows: &[Issue],
    until: NaiveDateTime,
) -> Result<HashMap<i64, Vec<Taken>>> {
    let mut out: HashMap<i64, Vec<Taken>> = HashMap::new();
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    for part in ids.chunks(PART) {
        let found: Vec<Taken> = issue_steps::table
            .filter(issue_steps::issue_id.eq_any(part.to_vec()))
            .filter(issue_steps::at.le(until))
            .order(issue_steps::id)
            .select(Taken::as_select())
            .load(conn)?;
        for step in found {
            out.entry(step.issue_id).or_default().push(step);
        }
    }
    Ok(out)
}
