//! Who writes waits here first: one row of each head, so that what is read afterwards cannot move.
//!
//! Always in this order, ledger head before audit head, or two writers could wait for each other.

use diesel::prelude::*;

use crate::db::connection::Conn;
use crate::db::schema::{audit_head, ledger_head};
use crate::error::Result;

/// Holds the organisation: departments and, through the ledger head, everything that names them.
pub(super) fn organisation(conn: &mut Conn) -> Result<()> {
    diesel::update(ledger_head::table.find(1))
        .set(ledger_head::writes.eq(ledger_head::writes + 1))
        .execute(conn)?;
    Ok(())
}

/// Holds people, appointments and filings: they all end in an audit line, so its head is their lock.
pub(super) fn people(conn: &mut Conn) -> Result<()> {
    diesel::update(audit_head::table.find(1))
        .set(audit_head::seq.eq(audit_head::seq))
        .execute(conn)?;
    Ok(())
}
