//! Opening a ledger: the engine is chosen by the address, never by trying.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource as _, MigrationVersion};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::{Doing, Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Below this, `SQLite`'s WAL can lose committed data (the WAL-reset race, fixed in 3.51.3).
const SQLITE_FLOOR: (u32, u32, u32) = (3, 51, 3);

/// Milliseconds for which a writer waits for another (`SQLite`).
const PATIENCE: u32 = 120_000;

/// A connection to either engine.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// An embedded file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// Runs the same expression on whichever engine is connected.
///
/// For the few diesel features (batch inserts, upserts) that the combined connection lacks.
#[macro_export]
macro_rules! each {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::connection::Conn::Sqlite($c) => $body,
            $crate::db::connection::Conn::Postgres($c) => $body,
        }
    };
}

/// Where a ledger lives.
#[derive(Clone, Debug)]
pub struct Database {
    address: String,
}

impl Database {
    /// A ledger at a path (`SQLite`) or a `postgres://` address.
    ///
    /// # Errors
    /// [`Error::Usage`] for an address of another scheme: `SQLite` would take it as a file name.
    pub fn at(address: &str) -> Result<Self> {
        let scheme = address.split_once("://").map(|(s, _)| s);
        match scheme {
            None | Some("postgres" | "postgresql" | "sqlite") => Ok(Self {
                address: address
                    .strip_prefix("sqlite://")
                    .unwrap_or(address)
                    .to_owned(),
            }),
            Some(other) => Err(Error::Usage(format!(
                "不支持的数据库地址类型“{other}://”，请使用文件路径或 postgres:// 地址"
            ))),
        }
    }

    /// Whether the ledger is on a `PostgreSQL` server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.address.starts_with("postgres://") || self.address.starts_with("postgresql://")
    }

    /// The address as given; may hold a password, so never log it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Opens one connection, without touching the schema.
    ///
    /// # Errors
    /// When the engine cannot be reached or is too old.
    pub fn connect(&self) -> Result<Conn> {
        if self.is_server() {
            let mut conn =
                PgConnection::establish(&self.address).doing("连接 PostgreSQL 数据库")?;
            conn.batch_execute("SET client_min_messages = warning; SET TIME ZONE 'UTC'")?;
            return Ok(Conn::Postgres(conn));
        }
        if let Some(folder) = std::path::Path::new(&self.address).parent() {
            std::fs::create_dir_all(folder).doing("建立数据目录")?;
        }
        self.keep_private()?;
        let mut conn =
            SqliteConnection::establish(&self.address).doing("打开 SQLite 数据库文件")?;
        conn.batch_execute(&format!("PRAGMA busy_timeout = {PATIENCE}"))?;
        conn.batch_execute(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
             PRAGMA journal_size_limit = 67108864;",
        )?;
        check_sqlite_version(&mut conn)?;
        Ok(Conn::Sqlite(conn))
    }

    /// A new file is its owner's alone; the engine gives the files beside it the same rights.
    fn keep_private(&self) -> Result<()> {
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600);
        match made.open(&self.address) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e).doing("建立数据库文件"),
            _ => Ok(()),
        }
    }

    /// Opens one connection and brings the schema up to date.
    ///
    /// # Errors
    /// As [`Database::connect`]; and when a migration fails.
    pub fn open(&self) -> Result<Conn> {
        let mut conn = self.connect()?;
        migrate(&mut conn)?;
        Ok(conn)
    }
}

/// Reads that belong together see one state of the ledger, whatever is written meanwhile.
///
/// # Errors
/// Whatever `read` says.
pub fn snapshot<T>(conn: &mut Conn, read: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.transaction(|conn| {
        if let Conn::Postgres(server) = conn {
            server.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
        }
        read(conn)
    })
}

/// Runs a write that is not worth waiting for; none when another writer holds the lock (`SQLite`).
///
/// # Errors
/// When the database fails otherwise.
pub fn without_waiting<T>(
    conn: &mut Conn,
    write: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<Option<T>> {
    let Conn::Sqlite(file) = conn else {
        return write(conn).map(Some);
    };
    file.batch_execute("PRAGMA busy_timeout = 0")?;
    let done = write(conn);
    if let Conn::Sqlite(file) = conn {
        file.batch_execute(&format!("PRAGMA busy_timeout = {PATIENCE}"))?;
    }
    match done {
        Err(Error::Database(e)) if e.to_string().contains("locked") => Ok(None),
        done => done.map(Some),
    }
}

/// Brings the schema up to date; returns the names of what was run.
///
/// # Errors
/// When a migration fails; it is rolled back.
pub fn migrate(conn: &mut Conn) -> Result<Vec<String>> {
    let done = match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE).map(names),
        Conn::Postgres(c) => c.run_pending_migrations(POSTGRES).map(names),
    };
    done.doing("升级数据库结构")
}

/// Whether the schema has steps that this program does not know.
///
/// # Errors
/// When the database cannot be read.
pub fn is_from_a_newer_program(conn: &mut Conn) -> Result<bool> {
    let (applied, known) = match conn {
        Conn::Sqlite(c) => (c.applied_migrations(), versions::<Sqlite>(&SQLITE)),
        Conn::Postgres(c) => (c.applied_migrations(), versions::<Pg>(&POSTGRES)),
    };
    let (applied, known) = (
        applied.doing("读取数据库版本")?,
        known.doing("读取数据库版本")?,
    );
    Ok(applied.iter().any(|version| !known.contains(version)))
}

type Versions = Vec<MigrationVersion<'static>>;

fn versions<DB: Backend>(source: &EmbeddedMigrations) -> diesel::migration::Result<Versions> {
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    Ok(all.iter().map(|m| m.name().version().as_owned()).collect())
}

fn names(versions: Vec<MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

fn check_sqlite_version(conn: &mut SqliteConnection) -> Result<()> {
    let version: String = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(
        "sqlite_version()",
    ))
    .get_result(conn)?;
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_FLOOR {
        return Err(Error::Internal {
            doing: "检查 SQLite 版本",
            cause: format!("{version} 过旧，需要 3.51.3 或更高"),
        });
    }
    Ok(())
}
