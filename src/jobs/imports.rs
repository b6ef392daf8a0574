//! Imports as background work: each step that people take, with the job that follows, in one transaction.

use diesel::Connection as _;
use serde_json::json;

use super::queue::{self, Job, Order};
use super::{Task, Work, enqueue};
use crate::app::App;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::intake::correct::Correction;
use crate::intake::upload::apply::{self, Applied};
use crate::intake::upload::check::{self, Checked};
use crate::intake::upload::receive::{self, Received, Submission};
use crate::intake::upload::steps::{self, Remap};
use crate::intake::upload::{State, see};

const CHECK: &str = "import_check";
const APPLY: &str = "import_apply";
const UNDO: &str = "import_undo";

/// The last job about an import.
///
/// # Errors
/// When the database fails.
pub fn last_job(conn: &mut Conn, import: i64) -> Result<Option<Job>> {
    queue::last_about(conn, &[CHECK, APPLY, UNDO], import)
}

fn order(kind: &'static str, import: i64, payload: serde_json::Value) -> Order {
    Order {
        kind,
        subject: Some(import),
        payload,
    }
}

/// Takes a file in and has it checked; the same file of the same person again is the same import.
///
/// # Errors
/// As [`receive::receive`].
pub fn submit(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    submission: Submission,
) -> Result<Received> {
    conn.transaction(|conn| {
        let received = receive::receive(app, conn, viewer, submission)?;
        if received.fresh {
            enqueue(conn, viewer, &order(CHECK, received.import, json!({})))?;
        }
        Ok(received)
    })
}

/// Corrects a cell, or every cell of a column that says the same, and has the file checked again.
///
/// # Errors
/// As [`steps::correct`].
pub fn correct(
    conn: &mut Conn,
    viewer: &Viewer,
    import: i64,
    correction: &Correction,
    seen: Option<i64>,
) -> Result<()> {
    then_check(conn, viewer, import, |conn| {
        steps::correct(conn, viewer, import, correction, seen)
    })
}

/// Takes a correction back and has the file checked again.
///
/// # Errors
/// As [`steps::take_back`].
pub fn take_back(
    conn: &mut Conn,
    viewer: &Viewer,
    import: i64,
    correction: i64,
    seen: Option<i64>,
) -> Result<()> {
    then_check(conn, viewer, import, |conn| {
        steps::take_back(conn, viewer, import, correction, seen)
    })
}

/// Changes the mapping and has the file checked again.
///
/// # Errors
/// As [`steps::remap`].
pub fn remap(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    import: i64,
    remap: Remap,
    seen: Option<i64>,
) -> Result<()> {
    then_check(conn, viewer, import, |conn| {
        steps::remap(app, conn, viewer, import, remap, seen)
    })
}

/// Has the file checked once more.
///
/// # Errors
/// As [`steps::recheck`].
pub fn recheck(conn: &mut Conn, viewer: &Viewer, import: i64) -> Result<()> {
    then_check(conn, viewer, import, |conn| {
        steps::recheck(conn, viewer, import)
    })
}

fn then_check(
    conn: &mut Conn,
    viewer: &Viewer,
    import: i64,
    step: impl FnOnce(&mut Conn) -> Result<()>,
) -> Result<()> {
    conn.transaction(|conn| {
        // The job first: an insertion takes SQLite's write lock before anything is read.
        enqueue(conn, viewer, &order(CHECK, import, json!({})))?;
        step(conn)
    })
}

/// Decides to apply a preview: all of it, or with `partial` the rows that are right.
///
/// # Errors
/// As [`steps::decide`].
pub fn apply(
    conn: &mut Conn,
    viewer: &Viewer,
    import: i64,
    partial: bool,
    seen: Option<i64>,
) -> Result<()> {
    conn.transaction(|conn| {
        let payload = json!({"partial": partial});
        enqueue(conn, viewer, &order(APPLY, import, payload))?;
        steps::decide(conn, viewer, import, partial, seen)
    })
}

/// Has an applied import taken back.
///
/// # Errors
/// As [`steps::may_undo`]; [`Error::Conflict`] while that is already being done.
pub fn undo(conn: &mut Conn, viewer: &Viewer, import: i64, reason: &str) -> Result<()> {
    see(conn, viewer, import)?;
    steps::check_reason(reason)?;
    conn.transaction(|conn| {
        let payload = json!({"reason": reason});
        let job = enqueue(conn, viewer, &order(UNDO, import, payload))?;
        steps::may_undo(conn, viewer, import)?;
        if queue::is_open(conn, UNDO, import, job)? {
            return Err(Error::Conflict("正在撤销这次导入，请稍候".to_owned()));
        }
        Ok(())
    })
}

fn import_of(job: &Job) -> Result<i64> {
    job.subject.ok_or_else(|| Error::Internal {
        doing: "后台处理导入",
        cause: "任务没有写明导入编号".to_owned(),
    })
}

/// Checks a file.
pub struct Check;

impl Work for Check {
    fn kind(&self) -> &'static str {
        CHECK
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let import = import_of(task.job)?;
        let mut conn = task.app.database.connect()?;
        let upload = see(&mut conn, &task.viewer, import)?;
        let rows = upload.rows();
        let before = rows.new + rows.changed + rows.same + rows.refused + rows.skipped;
        let total = (before > 0).then_some(before);
        let progress = |rows: u64| (task.progress)(rows, total.map(|t| t.max(rows)));
        let checked = check::check(task.app, &task.viewer, import, "", &progress)?;
        if upload.options().apply && checked == (Checked::Previewed { refused: 0 }) {
            let done = apply(&mut conn, &task.viewer, import, false, None);
            // Somebody may have decided otherwise in between.
            return match done {
                Err(Error::Conflict(_) | Error::Stale(_)) => Ok(()),
                other => other,
            };
        }
        Ok(())
    }

    fn given_up(&self, conn: &mut Conn, job: &Job, why: &str) -> Result<()> {
        steps::fail(conn, import_of(job)?, why)
    }
}

/// Applies a preview.
pub struct Apply;

impl Work for Apply {
    fn kind(&self) -> &'static str {
        APPLY
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let import = import_of(task.job)?;
        let mut conn = task.app.database.connect()?;
        let upload = see(&mut conn, &task.viewer, import)?;
        drop(conn);
        let rows = upload.rows();
        let total = rows.new + rows.changed + rows.same + rows.refused + rows.skipped;
        let progress = |rows: u64| (task.progress)(rows, Some(total.max(rows)));
        let partial = task
            .job
            .payload()
            .get("partial")
            .and_then(serde_json::Value::as_bool);
        let partial = partial.unwrap_or(false);
        match apply::apply(task.app, &task.viewer, import, partial, &progress)? {
            Applied::Moved(_) => tracing::info!(import, "the ledger moved; a fresh preview"),
            Applied::Written | Applied::Overtaken => {}
        }
        Ok(())
    }

    fn given_up(&self, conn: &mut Conn, job: &Job, why: &str) -> Result<()> {
        steps::fail(conn, import_of(job)?, why)
    }
}

/// Takes an applied import back.
pub struct Undo;

impl Work for Undo {
    fn kind(&self) -> &'static str {
        UNDO
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let import = import_of(task.job)?;
        let mut conn = task.app.database.connect()?;
        let payload = task.job.payload();
        let reason = payload.get("reason").and_then(serde_json::Value::as_str);
        let reason = reason.unwrap_or_default();
        match steps::undo(task.app, &mut conn, &task.viewer, import, reason) {
            Ok(_) => Ok(()),
            // Begun twice: the first time was enough.
            Err(Error::Conflict(_)) if is_undone(&mut conn, &task.viewer, import)? => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The import stays applied; the job says why.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}

fn is_undone(conn: &mut Conn, viewer: &Viewer, import: i64) -> Result<bool> {
    Ok(see(conn, viewer, import)?.state() == State::Undone)
}
