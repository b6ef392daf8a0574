//! Statements that nobody has been told of yet.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::db::connection::Conn;
use crate::db::schema::link_acts;
use crate::error::Result;

/// A statement that nobody has been told of.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Told {
    /// Number of the line.
    pub id: i64,
    /// The entry.
    pub entry: i64,
    /// Word of the end that spoke.
    pub side: String,
    /// Word of the act.
    pub act: String,
    /// What was said.
    pub note: String,
    /// Who.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
}

/// Statements that nobody has been told of, the first one first.
///
/// # Errors
/// When the database fails.
pub fn untold(conn: &mut Conn, limit: i64) -> Result<Vec<Told>> {
    Ok(link_acts::table
        .filter(link_acts::told.eq(false))
        .order(link_acts::id)
        .limit(limit)
        .select((
            link_acts::id,
            link_acts::entry_id,
            link_acts::side,
            link_acts::act,
            link_acts::note,
            link_acts::actor,
            link_acts::at,
        ))
        .load(conn)?)
}

/// Marks statements as told; returns the numbers of those that nobody else had marked meanwhile.
///
/// # Errors
/// When the database fails.
pub fn mark_told(conn: &mut Conn, ids: &[i64]) -> Result<Vec<i64>> {
    Ok(diesel::update(link_acts::table)
        .filter(link_acts::id.eq_any(ids.to_vec()))
        .filter(link_acts::told.eq(false))
        .set(link_acts::told.eq(true))
        .returning(link_acts::id)
        .get_results(conn)?)
}
