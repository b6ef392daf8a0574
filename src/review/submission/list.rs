//! Lists of submissions: those whose entries the viewer sees in full.

use std::collections::HashSet;

use diesel::prelude::*;

use super::{Queue, Submission};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{entries, submissions};
use crate::db::scope;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::register::lifecycle::CHANGE;

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this register.
    pub register: Option<String>,
    /// In one of these states.
    pub states: Vec<String>,
    /// Of this season.
    pub season: Option<String>,
    /// Of this department.
    pub department: Option<i64>,
    /// Still open, or not any more.
    pub open: Option<bool>,
    /// That wait for the viewer to do this.
    pub queue: Option<Queue>,
    /// After this number: ids fall.
    pub before: Option<i64>,
}

/// A submission with its entry.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The submission.
    pub submission: Submission,
    /// Its entry.
    pub entry: EntryRow,
}

/// Submissions, the newest first.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut Conn, viewer: &Viewer, filter: &Filter, limit: i64) -> Result<Vec<Listed>> {
    // As `db::scope::visible`, on a join that the box below can narrow.
    let mut query = submissions::table
        .inner_join(entries::table.on(entries::id.eq(submissions::entry_id)))
        .select((Submission::as_select(), EntryRow::as_select()))
        .order(submissions::id.desc())
        .limit(limit)
        .into_boxed();
    if let Reach::Departments(ids) = viewer.reach(Right::SeeOwn) {
        query = query.filter(entries::department_id.eq_any(ids.clone()));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(submissions::kind.eq(kind.clone()));
    }
    if let Some(register) = &filter.register {
        query = query.filter(entries::register.eq(register.clone()));
    }
    if !filter.states.is_empty() {
        query = query.filter(submissions::state.eq_any(filter.states.clone()));
    }
    if let Some(season) = &filter.season {
        query = query.filter(submissions::season.eq(season.clone()));
    }
    if let Some(department) = filter.department {
        query = query.filter(entries::department_id.eq(department));
    }
    if let Some(open) = filter.open {
        query = query.filter(submissions::open.eq(open));
    }
    if let Some(queue) = filter.queue {
        query = query.filter(queue.condition(viewer));
    }
    if let Some(before) = filter.before {
        query = query.filter(submissions::id.lt(before));
    }
    let rows: Vec<(Submission, EntryRow)> = query.load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(submission, entry)| Listed { submission, entry })
        .collect())
}

/// The latest change request of each of some entries, by register and code, of those that the viewer sees in full.
///
/// # Errors
/// When the database fails.
pub fn changes_of(
    conn: &mut Conn,
    viewer: &Viewer,
    of: &[(String, String)],
) -> Result<Vec<Listed>> {
    let codes: Vec<String> = of.iter().map(|(_, code)| code.clone()).collect();
    let rows: Vec<(Submission, EntryRow)> = scope::visible(viewer)
        .inner_join(submissions::table.on(submissions::entry_id.eq(entries::id)))
        .filter(entries::code.eq_any(codes))
        .filter(submissions::kind.eq(CHANGE))
        .order(submissions::id.desc())
        .select((Submission::as_select(), EntryRow::as_select()))
        .load(conn)?;
    let mut seen = HashSet::new();
    Ok(rows
        .into_iter()
        .filter(|(_, e)| of.iter().any(|(r, c)| *r == e.register && *c == e.code))
        .filter(|(_, e)| seen.insert(e.id))
        .map(|(submission, entry)| Listed { submission, entry })
        .collect())
}
