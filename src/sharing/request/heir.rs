//! Share requests of a department that is merged into another one go with it, with what they still owe.

use diesel::prelude::*;

use super::{Request, note};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{catalogue_extensions, share_clocks, share_requests};
use crate::error::Result;

/// Gives a department's requests to its heir, those that are over as well; returns how many there were. Inside the
/// merger's transaction, whose audit line tells of it.
///
/// # Errors
/// When the database fails.
pub fn carry(conn: &mut Conn, viewer: &Viewer, from: i64, into: i64) -> Result<usize> {
    let rows: Vec<Request> = share_requests::table
        .filter(
            share_requests::consumer_id
                .eq(from)
                .or(share_requests::provider_id.eq(from))
                .or(share_requests::bureau_id.eq(from).assume_not_null()),
        )
        .order(share_requests::id)
        .select(Request::as_select())
        .load(conn)?;
    let heir = |id: i64| if id == from { into } else { id };
    for row in &rows {
        let new = Request {
            consumer_id: heir(row.consumer_id),
            provider_id: heir(row.provider_id),
            bureau_id: row.bureau_id.map(heir),
            version: row.version + 1,
            ..row.clone()
        };
        diesel::update(share_requests::table.find(row.id))
            .set(&new)
            .execute(conn)?;
        note(conn, viewer, &new, ("merge", &row.state), "")?;
    }
    diesel::update(share_clocks::table.filter(share_clocks::department_id.eq(from)))
        .set(share_clocks::department_id.eq(into))
        .execute(conn)?;
    // Extensions of catalogue updates are decided by the bureau's heir.
    diesel::update(catalogue_extensions::table.filter(catalogue_extensions::bureau_id.eq(from)))
        .set(catalogue_extensions::bureau_id.eq(into))
        .execute(conn)?;
    Ok(rows.len())
}

/// How many requests of a department are open at either end, or with it as the bureau.
///
/// # Errors
/// When the database fails.
pub fn open_of(conn: &mut Conn, department: i64) -> Result<i64> {
    Ok(share_requests::table
        .filter(share_requests::open.eq(true))
        .filter(
            share_requests::consumer_id
                .eq(department)
                .or(share_requests::provider_id.eq(department))
                .or(share_requests::bureau_id.eq(department).assume_not_null()),
        )
        .count()
        .get_result(conn)?)
}
