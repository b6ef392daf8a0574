//! Many proposals checked for duplicates in the background.

use std::sync::Arc;

use diesel::Connection as _;

use super::queue::{self, Job, Order};
use super::{Task, Work, enqueue};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::org::directory::Directory;
use crate::review::duplicate::{Kept, Means, batch};

const KIND: &str = "duplicate_batch";

/// Makes a batch of projects and puts its work into the queue; returns its number.
///
/// # Errors
/// As [`batch::make`].
pub fn submit(conn: &mut Conn, viewer: &Viewer, title: &str, codes: &[String]) -> Result<i64> {
    conn.transaction(|conn| {
        let id = batch::make(conn, viewer, title, codes)?;
        let order = Order {
            kind: KIND,
            subject: Some(id),
            payload: serde_json::json!({}),
        };
        enqueue(conn, viewer, &order)?;
        Ok(id)
    })
}

/// The job of a batch.
///
/// # Errors
/// When the database fails.
pub fn job(conn: &mut Conn, batch: i64) -> Result<Option<Job>> {
    queue::last_about(conn, &[KIND], batch)
}

/// Checks the entries of a batch.
pub struct Batch {
    kept: Arc<Kept>,
}

impl Batch {
    /// With the index that requests use too.
    #[must_use]
    pub fn new(kept: Arc<Kept>) -> Self {
        Self { kept }
    }
}

impl Work for Batch {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let id = task.job.subject.ok_or_else(|| Error::Internal {
            doing: "批量查重",
            cause: "任务没有写明批次编号".to_owned(),
        })?;
        let mut conn = task.app.database.connect()?;
        let directory = Directory::load(&mut conn)?;
        let means = Means {
            catalogue: &task.app.catalogue,
            directory: &directory,
            kept: &self.kept,
        };
        let progress = |done, total| (task.progress)(done, Some(total));
        batch::carry_out(&mut conn, &task.viewer, means, id, progress)
    }

    /// What was checked stays; the job says why it ended.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}
