//! What the program does by itself: deadlines brought up to date after changes, reminders once a day, letters sent.

use serde_json::json;

use super::queue::{self, Job, Order};
use super::{Task, Work, enqueue};
use crate::app::App;
use crate::auth::Viewer;
use crate::campaign;
use crate::clock;
use crate::db::connection::Conn;
use crate::deadline;
use crate::error::Result;
use crate::issue;
use crate::ledger::as_of::Definitions;
use crate::notice::mail;
use crate::org::directory::Directory;
use crate::sharing::{LINKS, reconcile};

/// Its presence among the kinds of work says that a runner does chores.
pub(super) const REFRESH: &str = "deadline_refresh";
const REMIND: &str = "deadline_remind";
const CAMPAIGNS: &str = "campaign_remind";
const ISSUES: &str = "issue_remind";
const RECONCILE: &str = "reconcile";
const MAIL: &str = "mail";

/// Chores are about nothing in particular; the number keeps one of a kind in the queue.
pub(super) const SUBJECT: i64 = 0;

/// Puts what is to be done into the queue; returns whether there is anything. A few small reads when there is not.
///
/// # Errors
/// When the database fails, also because it is busy: the next look will do.
pub(super) fn look(conn: &mut Conn, app: &App) -> Result<bool> {
    let behind = deadline::is_behind(conn)?;
    let mut asked = behind && ask(conn, REFRESH)?;
    // Reminding counts on what is up to date.
    if !behind && deadline::is_due(conn, clock::today())? {
        asked |= ask(conn, REMIND)?;
    }
    if campaign::remind::is_due(conn, clock::today())? {
        asked |= ask(conn, CAMPAIGNS)?;
    }
    if issue::is_behind(conn, &app.issues)? || issue::remind::is_due(conn, clock::today())? {
        asked |= ask(conn, ISSUES)?;
    }
    if reconcile::is_due(conn, clock::today())? {
        asked |= ask(conn, RECONCILE)?;
    }
    if app.mail.is_some() && mail::is_waiting(conn, clock::now())? {
        asked |= ask(conn, MAIL)?;
    }
    Ok(asked)
}

fn ask(conn: &mut Conn, kind: &'static str) -> Result<bool> {
    if queue::is_open(conn, kind, SUBJECT, -1)? {
        return Ok(false);
    }
    let order = Order {
        kind,
        subject: Some(SUBJECT),
        payload: json!({}),
    };
    enqueue(conn, &Viewer::operator("系统"), &order)?;
    queue::forget_done(conn, kind)?;
    Ok(true)
}

/// Brings deadlines up to date.
pub struct Refresh;

impl Work for Refresh {
    fn kind(&self) -> &'static str {
        REFRESH
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let done = deadline::refresh(&mut conn, task.app.catalogue.regions())?;
        tracing::debug!(?done, "deadlines are up to date");
        Ok(())
    }

    /// The next look asks for it again.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}

/// Reminds people.
pub struct Remind;

impl Work for Remind {
    fn kind(&self) -> &'static str {
        REMIND
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let app = task.app;
        let settings = (&app.reminders, app.mail.as_ref());
        let when = (clock::today(), clock::now());
        let done = deadline::remind(&mut conn, &app.catalogue, settings, when)?;
        tracing::info!(?done, "reminded");
        Ok(())
    }

    /// The next look asks for it again.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}

/// Reminds departments of open campaigns.
pub struct RemindCampaigns;

impl Work for RemindCampaigns {
    fn kind(&self) -> &'static str {
        CAMPAIGNS
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let when = (clock::today(), clock::now());
        let sent = campaign::remind::remind(&mut conn, when, task.app.reminders.remind)?;
        tracing::info!(sent, "reminded of campaigns");
        Ok(())
    }

    /// The next look asks for it again.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}

/// Brings the due dates of issues up to date, and reminds of those that are late.
pub struct RemindIssues;

impl Work for RemindIssues {
    fn kind(&self) -> &'static str {
        ISSUES
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let app = task.app;
        let moved = issue::refresh(&mut conn, &app.issues)?;
        let when = (clock::today(), clock::now());
        let rules = (&app.issues, app.catalogue.regions());
        let sent = issue::remind::remind(&mut conn, rules, when, app.reminders.remind)?;
        tracing::info!(moved, sent, "reminded of issues");
        Ok(())
    }

    /// The next look asks for it again.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}

/// Compares links with everything else.
pub struct Reconcile;

impl Work for Reconcile {
    fn kind(&self) -> &'static str {
        RECONCILE
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

/// Sends letters.
pub struct Mail;

impl Work for Mail {
    fn kind(&self) -> &'static str {
        MAIL
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let Some(settings) = &task.app.mail else {
            return Ok(());
        };
        let mut conn = task.app.database.connect()?;
        let sent = mail::deliver(&mut conn, settings, clock::now())?;
        tracing::info!(sent, "letters were sent");
        Ok(())
    }

    /// Each letter says how it fared.
    fn given_up(&self, _: &mut Conn, _: &Job, _: &str) -> Result<()> {
        Ok(())
    }
}
