//! The daily comparison of links with everything else (对账).

use super::queue::Job;
use super::{Task, Work};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::org::directory::Directory;
use crate::sharing::{LINKS, reconcile};

/// The kind of the work.
pub(super) const KIND: &str = "reconcile";

/// Compares links with everything else.
pub struct Reconcile;

impl Work for Reconcile {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let catalogue = &task.app.catalogue;
        let directory = Directory::load(&mut conn)?;
        // A deployment may have taken the register out.
        let Some(register) = catalogue.register(LINKS) else {
            return Ok(());
        };
        let definitions = Definitions {
            catalogue,
            directory: &directory,
            register,
        };
        let when = (clock::today(), clock::now());
        let viewer = Viewer::operator("系统");
        let ran = reconcile::run(&mut conn, &viewer, definitions, task.app.reconcile, when)?;
        tracing::info!(?ran, "compared links");
        Ok(())
    }

    /// The next look asks for it again.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}
