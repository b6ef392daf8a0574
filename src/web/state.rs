//! What every request shares.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};

use crate::accounts;
use crate::app::App;
use crate::config::Serve;
use crate::db::pool::Pool;
use crate::error::Result;
use crate::jobs::duplicates::Batch;
use crate::jobs::{self, Runner, Who};
use crate::org::kept::Kept;
use crate::review::{duplicate, zombie};
use crate::web::kept::Answers;
use crate::web::observe::Metrics;

/// How many sign-ins are worked on at once.
const VISITS: usize = 4;

/// Shared by all requests.
pub struct State {
    /// Definitions, database, parser.
    pub app: Arc<App>,
    /// Sign-in, sessions, tokens.
    pub accounts: Arc<accounts::Service>,
    /// Open connections.
    pub pool: Pool,
    /// As many as there are connections: waiting for one here is fair and costs no thread.
    pub turns: Semaphore,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Background work.
    pub jobs: Runner,
    /// Uploads that may arrive at once.
    pub uploads: Arc<Semaphore>,
    /// Sign-ins that may be worked on at once: each holds a connection while it waits for the lock.
    pub visits: Semaphore,
    /// How long one upload may take as a whole.
    pub upload_time: Duration,
    /// A proxy in front says where a request came from.
    pub behind_proxy: bool,
    /// The organisation, read again when it changes.
    pub directory: Kept,
    /// The index of the check for duplicates.
    pub duplicates: Arc<duplicate::Kept>,
    /// Answers that still hold.
    pub answers: Answers,
    /// Thresholds of the tests for zombie systems.
    pub zombies: zombie::Rules,
    /// One writer at a time on `SQLite`: waiting here is fair and costs no connection.
    pub writers: Option<Mutex<()>>,
}

impl State {
    /// Opens the shared parts and starts the background work.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn open(
        app: Arc<App>,
        accounts: accounts::Service,
        serve: &Serve,
        rules: (duplicate::Rules, zombie::Rules),
    ) -> Result<Self> {
        let pool = Pool::open(&app.database, serve.connections)?;
        let accounts = Arc::new(accounts);
        let service = Arc::clone(&accounts);
        let who: Who = Arc::new(move |app, conn, account| {
            service.viewer(conn, app.catalogue.regions(), account)
        });
        let (rules, zombies) = rules;
        let duplicates = Arc::new(duplicate::Kept::new(rules, app.catalogue.regions()));
        let mut works = jobs::works();
        works.push(Box::new(Batch::new(Arc::clone(&duplicates))));
        let jobs = Runner::start_with(Arc::clone(&app), who, serve.jobs, works);
        let writers = (!app.database.is_server()).then(|| Mutex::new(()));
        Ok(Self {
            app,
            accounts,
            pool,
            turns: Semaphore::new(usize::try_from(serve.connections.max(1)).unwrap_or(1)),
            metrics: Metrics::default(),
            jobs,
            uploads: Arc::new(Semaphore::new(serve.uploads)),
            visits: Semaphore::new(VISITS),
            upload_time: Duration::from_secs(serve.upload_seconds),
            directory: Kept::default(),
            answers: Answers::new(serve.kept_answers_mib.saturating_mul(1 << 20)),
            duplicates,
            zombies,
            behind_proxy: serve.behind_proxy,
            writers,
        })
    }
}
