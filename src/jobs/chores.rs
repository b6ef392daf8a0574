//! What the program does by itself: deadlines and collection brought up to date after changes, reminders once a day, letters sent.

use diesel::Connection as _;
use serde_json::json;

use super::queue::{self, Job, Order};
use super::reconcile::KIND as RECONCILE;
use super::{Task, Work, enqueue, requests};
use crate::app::App;
use crate::auth::Viewer;
use crate::campaign;
use crate::clock;
use crate::db::connection::Conn;
use crate::deadline;
use crate::error::Result;
use crate::issue;
use crate::notice::mail;
use crate::org::directory::Directory;
use crate::sharing::collection;
use crate::sharing::follow;
use crate::sharing::reconcile;
use crate::sharing::request;
use crate::upkeep::checkpoint;

/// Its presence among the kinds of work says that a runner does chores.
pub(super) const REFRESH: &str = "deadline_refresh";
const COLLECTION: &str = "collection_refresh";
const REMIND: &str = "deadline_remind";
const CAMPAIGNS: &str = "campaign_remind";
const LINKS: &str = "link_follow";
const ISSUES: &str = "issue_remind";
const CHECKPOINT: &str = "checkpoint";
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
    if request::remind::is_due(conn, clock::today())? {
        asked |= ask(conn, requests::REMIND)?;
    }
    if collection::is_behind(conn)? {
        asked |= ask(conn, COLLECTION)?;
    }
    if campaign::remind::is_due(conn, clock::today())? {
        asked |= ask(conn, CAMPAIGNS)?;
    }
    if follow::is_behind(conn)? {
        asked |= ask(conn, LINKS)?;
    }
    if issue::is_behind(conn, &app.issues)? || issue::remind::is_due(conn, clock::today())? {
        asked |= ask(conn, ISSUES)?;
    }
    if reconcile::is_due(conn, clock::today())? {
        asked |= ask(conn, RECONCILE)?;
    }
    if checkpoint::is_due(&app.data, clock::today())? {
        asked |= ask(conn, CHECKPOINT)?;
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

/// Brings the standing of datasets on the platform up to date.
pub struct RefreshCollection;

impl Work for RefreshCollection {
    fn kind(&self) -> &'static str {
        COLLECTION
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let done = collection::refresh(&mut conn)?;
        tracing::debug!(?done, "the collection of datasets is up to date");
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

/// Tells people what ends of links have said, and makes issues of disputes.
pub struct FollowLinks;

impl Work for FollowLinks {
    fn kind(&self) -> &'static str {
        LINKS
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let directory = Directory::load(&mut conn)?;
        conn.transaction(|conn| follow::tell(conn, &directory))
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

/// Takes the day's checkpoint.
pub struct Checkpoint;

impl Work for Checkpoint {
    fn kind(&self) -> &'static str {
        CHECKPOINT
    }

    fn run(&self, task: &Task<'_>) -> Result<()> {
        let mut conn = task.app.database.connect()?;
        let app = task.app;
        checkpoint::take(&mut conn, &app.data, &app.checkpoints).map(drop)
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
