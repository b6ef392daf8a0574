//! The chore of share requests: reminding of their statutory clocks, once a day.

use super::queue::Job;
use super::{Task, Work};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::org::directory::Directory;
use crate::sharing::request;

/// The word for it in the table.
pub(super) const REMIND: &str = "request_remind";

/// Reminds of the clocks of share requests.
pub struct Remind;

impl Work for Remind {
    fn kind(&self) -> &'static str {
        REMIND
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let directory = Directory::load(&mut conn)?;
        let ground = request::Ground {
            catalogue: &task.app.catalogue,
            directory: &directory,
            rules: task.app.sharing,
        };
        let reminds = task.app.reminders.remind;
        let sent = request::remind::remind(&mut conn, ground, clock::today(), reminds)?;
        tracing::info!(sent, "reminded of share requests");
        Ok(())
    }

    /// The next look asks for it again.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}
