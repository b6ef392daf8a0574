//! Reading the audit log, newest first, for those who may.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::audit_log;
use crate::error::Result;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct Line {
    /// Number in the chain, from 1.
    pub seq: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// The account, when there is one.
    pub account_id: Option<i64>,
    /// Who, by name.
    pub actor: String,
    /// What kind of act.
    pub action: String,
    /// What it was done to.
    pub object: String,
    /// The department it concerns.
    pub department_id: Option<i64>,
    /// `done` or `refused`.
    pub result: String,
    /// More, as JSON.
    pub detail: String,
    /// Network address it came from.
    pub address: String,
    /// The request's id.
    pub request_id: String,
}

/// Which lines are wanted; empty means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this kind of act.
    pub action: Option<String>,
    /// Only acts whose author's name holds this.
    pub actor: Option<String>,
    /// Only `done` or only `refused`.
    pub result: Option<String>,
    /// From this instant on, UTC.
    pub from: Option<NaiveDateTime>,
    /// Up to this instant, UTC.
    pub until: Option<NaiveDateTime>,
    /// Only lines before this number (the cursor).
    pub before: Option<i64>,
}

/// Lines that fit, newest first, at most `limit`.
///
/// # Errors
/// [`crate::error::Error::Refused`] without the right to see the log; when the database fails.
pub fn page(conn: &mut Conn, viewer: &Viewer, filter: &Filter, limit: i64) -> Result<Vec<Line>> {
    viewer.may_anywhere(Right::SeeAudit)?;
    let mut query = audit_log::table
        .select(Line::as_select())
        .order(audit_log::seq.desc())
        .limit(limit)
        .into_boxed();
    if let Some(action) = &filter.action {
        query = query.filter(audit_log::action.eq(action));
    }
    if let Some(actor) = &filter.actor {
        let escaped = actor
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        query = query.filter(audit_log::actor.like(format!("%{escaped}%")).escape('\\'));
    }
    if let Some(result) = &filter.result {
        query = query.filter(audit_log::result.eq(result));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_log::at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_log::at.le(until));
    }
    if let Some(before) = filter.before {
        query = query.filter(audit_log::seq.lt(before));
    }
    Ok(query.load(conn)?)
}
