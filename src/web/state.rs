//! What every request shares.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::accounts;
use crate::app::App;
use crate::config::Serve;
use crate::db::pool::Pool;
use crate::error::Result;
use crate::jobs;
use crate::org::kept::Kept;
use crate::web::observe::Metrics;

/// Shared by all requests.
pub struct State {
    /// Definitions, database, parser.
    pub app: Arc<App>,
    /// Sign-in, sessions, tokens.
    pub accounts: Arc<accounts::Service>,
    /// Work that outlives a request.
    pub jobs: jobs::Handle,
    /// Open connections.
    pub pool: Pool,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// A proxy in front says where a request came from.
    pub behind_proxy: bool,
    /// The organisation, read again when it changes.
    pub directory: Kept,
    /// One writer at a time on `SQLite`: waiting here is fair and costs no connection.
    pub writers: Option<Mutex<()>>,
}

impl State {
    /// Opens the shared parts.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn open(
        app: Arc<App>,
        accounts: Arc<accounts::Service>,
        jobs: jobs::Handle,
        serve: &Serve,
    ) -> Result<Self> {
        let pool = Pool::open(&app.database, serve.connections)?;
        let writers = (!app.database.is_server()).then(|| Mutex::new(()));
        Ok(Self {
            app,
            accounts,
            jobs,
            pool,
            metrics: Metrics::default(),
            directory: Kept::default(),
            behind_proxy: serve.behind_proxy,
            writers,
        })
    }
}
