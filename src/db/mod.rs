//! The database: connection, migrations, schema and the scope of every read.
//!
//! Two engines, one code path: `SQLite` by default, `PostgreSQL` where one machine is not enough.

pub mod connection;
pub mod fragment;
pub mod pool;
pub mod schema;
pub mod scope;
