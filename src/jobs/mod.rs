//! Background work: a table of jobs and the threads that do them, across requests and restarts.
//!
//! A job is put into the queue in the transaction of the act that asks for it, claimed by a conditional
//! update, and idempotent: whoever does it a second time finds its state moved on. `kind` is open; each
//! kind of job is one [`Work`].

mod chores;
pub mod duplicates;
pub mod imports;
pub mod queue;
mod reconcile;
mod requests;
pub mod runner;

use std::sync::Arc;

use crate::app::App;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;

pub use queue::{Job, Order, enqueue};
pub use runner::{Progress, Runner};

/// Makes the viewer of an account from the live database: rights may have changed since the job was asked for.
pub type Who = Arc<dyn Fn(&App, &mut Conn, i64) -> Result<Viewer> + Send + Sync>;

/// One job being done.
pub struct Task<'t> {
    /// The program as configured.
    pub app: &'t App,
    /// On whose behalf.
    pub viewer: Viewer,
    /// What was asked for.
    pub job: &'t Job,
    /// Told how far it is, and how far it goes if that is known.
    pub progress: &'t (dyn Fn(u64, Option<u64>) + Sync),
}

/// A kind of background work.
pub trait Work: Send + Sync {
    /// The word for it in the table.
    fn kind(&self) -> &'static str;

    /// Does it.
    ///
    /// # Errors
    /// When the environment fails; it is tried again a few times.
    fn run(&self, task: &Task<'_>) -> Result<()>;

    /// Told when it is given up, to leave the subject in a state that people can act on.
    ///
    /// # Errors
    /// When the database fails.
    fn given_up(&self, conn: &mut Conn, job: &Job, why: &str) -> Result<()>;
}

/// All kinds of work of the program.
#[must_use]
pub fn works() -> Vec<Box<dyn Work>> {
    vec![
        Box::new(imports::Check),
        Box::new(imports::Apply),
        Box::new(imports::Undo),
        Box::new(chores::Refresh),
        Box::new(chores::RefreshCollection),
        Box::new(chores::Remind),
        Box::new(requests::Remind),
        Box::new(chores::RemindCampaigns),
        Box::new(chores::FollowLinks),
        Box::new(chores::RemindIssues),
        Box::new(chores::Checkpoint),
        Box::new(reconcile::Reconcile),
        Box::new(chores::Mail),
    ]
}
