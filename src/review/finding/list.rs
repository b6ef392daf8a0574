//! Findings of a submission: with their threads, and those that stand in the way.

use diesel::prelude::*;

use super::{Finding, FindingNote, state_label};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{finding_notes, findings};
use crate::error::{Problem, Result};
use crate::review::submission;

/// Findings of a submission with their threads, the first one first.
///
/// # Errors
/// As [`submission::get`].
pub fn of_submission(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
) -> Result<Vec<(Finding, Vec<FindingNote>)>> {
    submission::get(conn, viewer, id)?;
    let all: Vec<Finding> = findings::table
        .filter(findings::submission_id.eq(id))
        .order(findings::id)
        .select(Finding::as_select())
        .load(conn)?;
    let mut out = Vec::with_capacity(all.len());
    for found in all {
        let notes = finding_notes::table
            .filter(finding_notes::finding_id.eq(found.id))
            .order(finding_notes::id)
            .select(FindingNote::as_select())
            .load(conn)?;
        out.push((found, notes));
    }
    Ok(out)
}

/// Findings that are not settled, as what stands in the way.
pub(in crate::review) fn unsettled(conn: &mut Conn, submission: i64) -> Result<Vec<Problem>> {
    let open: Vec<Finding> = findings::table
        .filter(findings::submission_id.eq(submission))
        .filter(findings::state.ne("settled"))
        .order(findings::id)
        .select(Finding::as_select())
        .load(conn)?;
    Ok(open
        .into_iter()
        .map(|f| {
            let message = format!("审核问题 {}{}: {}", f.id, state_label(&f.state), f.text);
            Problem::new("findings", "unsettled", &message, "请先答复并了结")
        })
        .collect())
}
