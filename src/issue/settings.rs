//! What an installation may set about issues, and due dates brought up to date when it or the calendar has changed.

use diesel::prelude::*;
use serde::Deserialize;

use super::Issue;
use crate::almanac;
use crate::db::connection::Conn;
use crate::db::schema::{issue_head, issues};
use crate::error::Result;

/// The list of what an issue can be about.
pub const KINDS: &str = "issue_kind";

/// Settings of issues; those left out keep their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Working days an issue has, unless another day is agreed.
    pub days: u16,
    /// Working days overdue after which the CDO is reminded, after the specialist.
    pub cdo_after: u16,
    /// Working days overdue after which the bureau is reminded.
    pub bureau_after: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            days: 10,
            cdo_after: 3,
            bureau_after: 6,
        }
    }
}

/// Working days that an issue has in this installation.
pub(super) fn days(conn: &mut Conn) -> Result<i32> {
    Ok(issue_head::table
        .find(1)
        .select(issue_head::days)
        .first(conn)?)
}

/// Whether due dates are those of another calendar, or new issues get other days than is set.
///
/// # Errors
/// When the database fails.
pub fn is_behind(conn: &mut Conn, rules: &Rules) -> Result<bool> {
    let (days, calendar): (i32, i32) = issue_head::table
        .find(1)
        .select((issue_head::days, issue_head::calendar))
        .first(conn)?;
    Ok(days != i32::from(rules.days) || calendar != almanac::version(conn)?.calendar)
}

/// Computes the due dates of open issues again; returns how many moved. What has its days keeps them.
///
/// # Errors
/// When the database fails; then nothing was done.
pub fn refresh(conn: &mut Conn, rules: &Rules) -> Result<usize> {
    conn.transaction(|conn| {
        super::lock(conn)?;
        let version = almanac::version(conn)?.calendar;
        let (calendar, _) = almanac::calendar(conn)?;
        let open: Vec<Issue> = issues::table
            .filter(issues::open.eq(true))
            .order(issues::id)
            .select(Issue::as_select())
            .load(conn)?;
        let mut moved = 0;
        for row in open {
            let due = row.due(&calendar);
            if (due.date, due.provisional) == (row.due_on, row.provisional) {
                continue;
            }
            moved += diesel::update(issues::table.find(row.id))
                .set((
                    issues::due_on.eq(due.date),
                    issues::provisional.eq(due.provisional),
                ))
                .execute(conn)?;
        }
        diesel::update(issue_head::table.find(1))
            .set((
                issue_head::days.eq(i32::from(rules.days)),
                issue_head::calendar.eq(version),
            ))
            .execute(conn)?;
        Ok(moved)
    })
}
