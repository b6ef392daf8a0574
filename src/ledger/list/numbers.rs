//! Numbers of entries by their search words, in order: one statement for each engine and direction.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::connection::Conn;
use crate::error::Result;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Numbers of the entries that have the words, behind one, in order.
pub(super) fn with_words(
    conn: &mut Conn,
    words: &str,
    after: Option<i64>,
    down: bool,
    limit: usize,
) -> Result<Vec<i64>> {
    let statement = match (&*conn, down) {
        (Conn::Sqlite(_), false) => {
            "SELECT rowid AS id FROM entry_words WHERE entry_words MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?"
        }
        (Conn::Sqlite(_), true) => {
            "SELECT rowid AS id FROM entry_words WHERE entry_words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
        }
        (Conn::Postgres(_), false) => {
            "SELECT entry_id AS id FROM entry_words WHERE words @@ CAST($1 AS tsquery) AND entry_id > $2 ORDER BY entry_id LIMIT $3"
        }
        (Conn::Postgres(_), true) => {
            "SELECT entry_id AS id FROM entry_words WHERE words @@ CAST($1 AS tsquery) AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3"
        }
    };
    let begin = if down { i64::MAX } else { 0 };
    let found: Vec<Number> = diesel::sql_query(statement)
        .bind::<Text, _>(words)
        .bind::<BigInt, _>(after.unwrap_or(begin))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    Ok(found.into_iter().map(|n| n.id).collect())
}
