//! Files of issues: kept as those of entries are, by content and digest.

use std::path::Path;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde_json::json;

use super::act::demand_comment;
use super::{Issue, get, lock, note};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::issue_files;
use crate::error::{Error, Result};
use crate::ledger::attachment::{self, Arrived};

/// How many one issue may have.
const MOST: i64 = 50;

/// A file of an issue.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = issue_files, treat_none_as_default_value = false)]
pub struct IssueFile {
    /// Identity.
    pub id: i64,
    /// The issue.
    pub issue_id: i64,
    /// Its name, cleaned.
    pub file_name: String,
    /// Media type, by content.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SM3 of the bytes, in hexadecimal; also where they lie.
    pub digest: String,
    /// Account that added it.
    pub account_id: Option<i64>,
    /// Who added it.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// When it was taken away, UTC.
    pub removed_at: Option<NaiveDateTime>,
    /// Who took it away.
    pub removed_by: Option<String>,
}

fn nowhere(id: i64) -> Error {
    Error::NotFound(format!("附件 {id}"))
}

/// The files of an issue, the newest first.
///
/// # Errors
/// [`Error::NotFound`] for an issue out of reach.
pub fn list(conn: &mut Conn, viewer: &Viewer, issue: i64) -> Result<Vec<IssueFile>> {
    get(conn, viewer, issue)?;
    Ok(issue_files::table
        .filter(issue_files::issue_id.eq(issue))
        .filter(issue_files::removed_at.is_null())
        .order(issue_files::id.desc())
        .select(IssueFile::as_select())
        .load(conn)?)
}

fn one(conn: &mut Conn, issue: i64, id: i64) -> Result<IssueFile> {
    let found: Option<IssueFile> = issue_files::table
        .find(id)
        .filter(issue_files::issue_id.eq(issue))
        .filter(issue_files::removed_at.is_null())
        .select(IssueFile::as_select())
        .first(conn)
        .optional()?;
    found.ok_or_else(|| nowhere(id))
}

/// Whether the viewer may add files to an issue: asked before a byte of one is taken.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] once it is closed.
pub fn may_add(conn: &mut Conn, viewer: &Viewer, issue: i64) -> Result<()> {
    let row = get(conn, viewer, issue)?;
    demand_comment(viewer, &row)
}

/// Keeps a file with an issue.
///
/// # Errors
/// As [`may_add`]; [`Error::Invalid`] for a type or a size that cannot be taken.
pub fn add(
    conn: &mut Conn,
    viewer: &Viewer,
    data: &Path,
    issue: i64,
    arrived: &Arrived<'_>,
) -> Result<IssueFile> {
    may_add(conn, viewer, issue)?;
    let laid = attachment::lay(data, arrived)?;
    conn.transaction(|conn| {
        lock(conn)?;
        let row = get(conn, viewer, issue)?;
        demand_comment(viewer, &row)?;
        let held: i64 = issue_files::table
            .filter(issue_files::issue_id.eq(issue))
            .filter(issue_files::removed_at.is_null())
            .count()
            .get_result(conn)?;
        if held >= MOST {
            return Err(Error::Conflict(format!("一个难点问题最多 {MOST} 个附件")));
        }
        let last: Option<i64> = issue_files::table
            .select(diesel::dsl::max(issue_files::id))
            .first(conn)?;
        let kept = IssueFile {
            id: last.unwrap_or(0) + 1,
            issue_id: issue,
            file_name: laid.file_name.clone(),
            media_type: laid.media_type.to_owned(),
            size: i64::try_from(laid.size).unwrap_or(i64::MAX),
            digest: laid.digest.clone(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            at: clock::now(),
            removed_at: None,
            removed_by: None,
        };
        diesel::insert_into(issue_files::table)
            .values(&kept)
            .execute(conn)?;
        let detail = json!({"file": kept.file_name, "digest": kept.digest, "size": kept.size});
        let line = ("add_file", row.state.as_str());
        note(conn, viewer, &row, line, &kept.file_name, &detail)?;
        record(conn, viewer, &row, "add_attachment", &kept)?;
        Ok(kept)
    })
}

/// One file, to be sent; the sending is written down.
///
/// # Errors
/// [`Error::NotFound`] when there is no such file, or the issue is out of reach.
pub fn fetch(conn: &mut Conn, viewer: &Viewer, issue: i64, id: i64) -> Result<IssueFile> {
    conn.transaction(|conn| {
        lock(conn)?;
        let row = get(conn, viewer, issue)?;
        let file = one(conn, issue, id)?;
        record(conn, viewer, &row, "download_attachment", &file)?;
        Ok(file)
    })
}

/// Takes a file away; its bytes and its line stay. Only who added it may.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] once the issue is closed.
pub fn remove(conn: &mut Conn, viewer: &Viewer, issue: i64, id: i64) -> Result<()> {
    conn.transaction(|conn| {
        lock(conn)?;
        let row = get(conn, viewer, issue)?;
        demand_comment(viewer, &row)?;
        let file = one(conn, issue, id)?;
        if file.account_id != viewer.account() {
            return Err(Error::Refused("附件只能由添加的人移除".to_owned()));
        }
        diesel::update(issue_files::table.find(id))
            .set((
                issue_files::removed_at.eq(clock::now()),
                issue_files::removed_by.eq(viewer.name()),
            ))
            .execute(conn)?;
        let detail = json!({"file": file.file_name, "digest": file.digest});
        let line = ("remove_file", row.state.as_str());
        note(conn, viewer, &row, line, &file.file_name, &detail)?;
        record(conn, viewer, &row, "remove_attachment", &file)
    })
}

fn record(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Issue,
    action: &'static str,
    file: &IssueFile,
) -> Result<()> {
    let object = format!("{}的附件“{}”", row.number(), file.file_name);
    let detail = json!({"digest": file.digest, "size": file.size});
    let event = Event::done(action, &object).of(Some(row.raised_by));
    audit::record(conn, viewer, &event.with(detail))
}
