//! What every request shares.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::app::App;
use crate::db::pool::Pool;
use crate::error::Result;
use crate::web::observe::Metrics;

/// Shared by all requests.
pub struct State {
    /// Definitions, database, parser.
    pub app: Arc<App>,
    /// Open connections.
    pub pool: Pool,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// A proxy in front says where a request came from.
    pub behind_proxy: bool,
    /// One writer at a time on `SQLite`: waiting here is fair and costs no connection.
    pub writers: Option<Mutex<()>>,
}

impl State {
    /// Opens the shared parts.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn open(app: Arc<App>, connections: u32, behind_proxy: bool) -> Result<Self> {
        let pool = Pool::open(&app.database, connections)?;
        let writers = (!app.database.is_server()).then(|| Mutex::new(()));
        Ok(Self {
            app,
            pool,
            metrics: Metrics::default(),
            behind_proxy,
            writers,
        })
    }
}
