//! Connections kept open for the service, so that a request does not pay for opening one.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{self, ManageConnection, R2D2Connection};

use crate::db::connection::{Conn, Database};
use crate::error::{Doing, Error, Result};

/// How long a request waits for a connection before it is told that the service is busy.
pub const WAIT: Duration = Duration::from_secs(5);

/// Opens connections for the pool.
#[derive(Debug)]
pub struct Opener(Database);

impl ManageConnection for Opener {
    type Connection = Conn;
    type Error = r2d2::Error;

    fn connect(&self) -> std::result::Result<Conn, r2d2::Error> {
        let failed = |e: Error| {
            r2d2::Error::ConnectionError(diesel::ConnectionError::BadConnection(e.to_string()))
        };
        let mut conn = self.0.connect().map_err(failed)?;
        if let Conn::Sqlite(file) = &mut conn {
            // Many connections share the machine's memory: a small cache each, the file itself mapped.
            file.batch_execute("PRAGMA cache_size = -4096; PRAGMA mmap_size = 1073741824;")
                .map_err(r2d2::Error::QueryError)?;
        }
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut Conn) -> std::result::Result<(), r2d2::Error> {
        match conn {
            Conn::Sqlite(_) => Ok(()),
            // A server may have been restarted since; one round trip tells.
            Conn::Postgres(server) => server.ping().map_err(r2d2::Error::QueryError),
        }
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // Among others, one whose transaction a panic left open.
        conn.is_broken()
    }
}

/// A connection lent by the pool.
pub type Lent = r2d2::PooledConnection<Opener>;

/// Open connections.
#[derive(Clone, Debug)]
pub struct Pool(r2d2::Pool<Opener>);

impl Pool {
    /// Opens the pool with at most this many connections; the first is opened now.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn open(database: &Database, size: u32) -> Result<Self> {
        r2d2::Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(1))
            .connection_timeout(WAIT)
            .test_on_check_out(database.is_server())
            .build(Opener(database.clone()))
            .map(Self)
            .doing("连接数据库")
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// [`Error::Busy`] when none comes free in time, or the database cannot be reached.
    pub fn lend(&self) -> Result<Lent> {
        self.0.get().map_err(|e| {
            tracing::warn!(error = %e, "no database connection");
            Error::Busy(WAIT.as_secs())
        })
    }

    /// Connections open, and those of them that are idle.
    #[must_use]
    pub fn state(&self) -> (u32, u32) {
        let state = self.0.state();
        (state.connections, state.idle_connections)
    }
}
