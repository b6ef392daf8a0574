//! What a decision asks of the check for duplicates (查重): one of the reviewers' own since the form was taken up,
//! of the proposal as it stands, with an answer to every strong hit.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{entries, submission_acts};
use crate::db::scope::summaries;
use crate::error::{Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::register::lifecycle::Kind;
use crate::review::duplicate::kept::{digest_of, sort_of};
use crate::review::duplicate::{Means, store};
use crate::review::submission::Submission;

/// Whether a kind of submission is checked for duplicates before it is decided.
#[must_use]
pub fn is_asked(register: &str, kind: &Kind) -> bool {
    kind.duplicates && sort_of(register).is_some()
}

/// When the form was last taken up by the bureau.
fn taken_up(conn: &mut Conn, submission: i64) -> Result<Option<NaiveDateTime>> {
    Ok(submission_acts::table
        .filter(submission_acts::submission_id.eq(submission))
        .filter(submission_acts::act.eq("accept"))
        .order(submission_acts::id.desc())
        .select(submission_acts::at)
        .first(conn)
        .optional()?)
}

/// Runs the check for a submission that the viewer, a reviewer, has just taken up. The act stands whatever comes
/// of this: without a run there is no decision, and the desk offers another.
pub(super) fn run(conn: &mut Conn, viewer: &Viewer, means: Means<'_>, row: &Submission) {
    let done = store::run(conn, viewer, means, row.entry_id, Some(row.id), None);
    if let Err(error) = done {
        tracing::warn!(submission = row.id, %error, "the check for duplicates did not run");
    }
}

fn problem(code: &str, message: &str, hint: &str) -> Problem {
    Problem::new("duplicates", code, message, hint)
}

/// Everything about duplicates that stands in the way of a decision, named as far as the viewer may see it.
///
/// # Errors
/// When the database fails.
pub(super) fn wanting(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
    kind: &Kind,
) -> Result<Vec<Problem>> {
    let Some(sort) = sort_of(&entry.register).filter(|_| is_asked(&entry.register, kind)) else {
        return Ok(Vec::new());
    };
    let since = taken_up(conn, row.id)?;
    let run = store::last_run(conn, entry.id)?;
    let run = run.filter(|r| r.review && since.is_some_and(|at| r.at >= at));
    let Some(run) = run else {
        let message = "受理之后还没有查重";
        return Ok(vec![problem("unchecked", message, "请在审核台运行查重")]);
    };
    let mut out = Vec::new();
    if run.digest != digest_of(sort, &entry.name, &entry.document()) {
        let message = "查重之后申报的名称或内容有变化";
        out.push(problem("stale", message, "请重新查重"));
    }
    let open = store::unanswered(conn, entry.id)?;
    let names = names(conn, viewer, open.iter().map(|h| h.other_id))?;
    let mut hidden = 0;
    for hit in &open {
        match names.get(&hit.other_id) {
            Some(name) => {
                let message = format!("与{name}高度相似（{}），还没有答复", hit.score);
                let hint = "请答复: 复用、扩建，或不同并写明理由";
                out.push(problem("unanswered", &message, hint));
            }
            None => hidden += 1,
        }
    }
    if hidden > 0 {
        let message = format!("另有 {hidden} 条高度相似的结果不在您的查看范围内，还没有答复");
        let hint = "请由能查看的评审人员答复，或重新查重";
        out.push(problem("unanswered", &message, hint));
    }
    Ok(out)
}

/// Names and codes of entries, of those that the viewer sees at least in part: both are always in the summary.
pub(super) fn names(
    conn: &mut Conn,
    viewer: &Viewer,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>> {
    let ids: Vec<i64> = ids.collect();
    let found: Vec<(i64, String, String)> = summaries(viewer)
        .filter(entries::id.eq_any(ids))
        .select((entries::id, entries::name, entries::code))
        .load(conn)?;
    Ok(found
        .into_iter()
        .map(|(id, name, code)| (id, format!("“{name}”（{code}）")))
        .collect())
}
