//! Issues of a department that is merged into another one go with it.

use diesel::prelude::*;
use serde_json::json;

use super::{Issue, lock, note};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::issues;
use crate::error::Result;

/// Gives a department's issues to its heir, the closed ones as well; returns how many there were. Inside the merger's
/// transaction, whose audit line tells of it.
///
/// # Errors
/// When the database fails.
pub fn carry(conn: &mut Conn, viewer: &Viewer, from: i64, into: i64) -> Result<usize> {
    // The merger holds the ledger's lock, which acts on issues do not wait for.
    lock(conn)?;
    let rows: Vec<Issue> = issues::table
        .filter(
            issues::raised_by
                .eq(from)
                .or(issues::owed_by.eq(from))
                .or(issues::handler_id.eq(from).assume_not_null()),
        )
        .order(issues::id)
        .select(Issue::as_select())
        .load(conn)?;
    let heir = |id: i64| if id == from { into } else { id };
    for row in &rows {
        let new = Issue {
            raised_by: heir(row.raised_by),
            owed_by: heir(row.owed_by),
            handler_id: row.handler_id.map(heir),
            version: row.version + 1,
            ..row.clone()
        };
        diesel::update(issues::table.find(row.id))
            .set((
                issues::raised_by.eq(new.raised_by),
                issues::owed_by.eq(new.owed_by),
                issues::handler_id.eq(new.handler_id),
                issues::version.eq(new.version),
            ))
            .execute(conn)?;
        let detail = json!({"from": from, "into": into});
        note(conn, viewer, &new, ("merge", &row.state), "", &detail)?;
    }
    Ok(rows.len())
}

/// How many issues of a department are open.
///
/// # Errors
/// When the database fails.
pub fn open_of(conn: &mut Conn, department: i64) -> Result<i64> {
    Ok(issues::table
        .filter(issues::open.eq(true))
        .filter(
            issues::raised_by
                .eq(department)
                .or(issues::owed_by.eq(department))
                .or(issues::handler_id.eq(department).assume_not_null()),
        )
        .count()
        .get_result(conn)?)
}
