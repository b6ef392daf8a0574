//! Who has issues in hand, for the bureau that watches.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::{Filter, wanted};
use crate::auth::Viewer;
use crate::calendar::WorkCalendar;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::issues;
use crate::error::Result;
use crate::issue::Turn;

/// A department on the board: what it has in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The department whose move it is.
    pub department: i64,
    /// So many.
    pub open: usize,
    /// Of those, past their day.
    pub overdue: usize,
    /// Working days of the oldest.
    pub oldest: u32,
}

/// Issues on the board at most: the most urgent.
const ON_BOARD: usize = 100_000;

/// What counts of an issue: word of the turn, who raised it, who owes, who handles it, its day, when it was opened.
type Counted = (String, i64, i64, Option<i64>, NaiveDate, NaiveDateTime);

/// Whose move open issues are, by department: the most overdue first.
///
/// # Errors
/// When the database fails.
pub fn board(conn: &mut Conn, viewer: &Viewer, calendar: &WorkCalendar) -> Result<Vec<Line>> {
    let today = clock::today();
    let filter = Filter::default();
    let open: Vec<Counted> = wanted(viewer, &filter, None, ON_BOARD)
        .select((
            issues::turn,
            issues::raised_by,
            issues::owed_by,
            issues::handler_id,
            issues::due_on,
            issues::opened_at,
        ))
        .load(conn)?;
    let mut lines: BTreeMap<i64, (Line, NaiveDateTime)> = BTreeMap::new();
    for (turn, raised_by, owed_by, handler, due_on, opened_at) in open {
        let mover = match Turn::from_word(&turn) {
            Some(Turn::Owed) => Some(owed_by),
            Some(Turn::Raised) => Some(raised_by),
            Some(Turn::Handler) => handler,
            None => None,
        };
        let Some(department) = mover else {
            continue;
        };
        let none = Line {
            department,
            open: 0,
            overdue: 0,
            oldest: 0,
        };
        let (line, oldest) = lines.entry(department).or_insert((none, opened_at));
        line.open += 1;
        line.overdue += usize::from(due_on < today);
        *oldest = opened_at.min(*oldest);
    }
    let aged = |(line, oldest): (Line, NaiveDateTime)| Line {
        oldest: calendar.working_days_between(clock::day_of(oldest), today),
        ..line
    };
    let mut out: Vec<Line> = lines.into_values().map(aged).collect();
    out.sort_by_key(|l| (std::cmp::Reverse((l.overdue, l.open)), l.department));
    Ok(out)
}
