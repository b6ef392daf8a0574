//! What somebody wants the map drawn around, by any name of it.

use diesel::prelude::*;

use super::{DATASET, SYSTEM, Spot};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::summaries;
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::org::directory::Found;
use crate::register::words;
use crate::sharing::LINKS;

/// The point that a text means: `register:code`, `department:code`, a department by any name, an entry by code or name.
///
/// None when there is no such point, when more than one is called so, or when the viewer may not see it: the same.
///
/// # Errors
/// When the database fails.
pub fn find(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    text: &str,
) -> Result<Option<Spot>> {
    let text = text.trim();
    if let Some((register, code)) = text.split_once(':') {
        if register == "department" {
            let found = definitions.directory.by_code(code);
            return Ok(found.map(|d| Spot::Department(d.id)));
        }
        if [SYSTEM, DATASET, LINKS].contains(&register) {
            return entry(conn, viewer, &[register], code);
        }
    }
    if let Found::One(id) = definitions.directory.find(text) {
        return Ok(Some(Spot::Department(id)));
    }
    entry(conn, viewer, &[SYSTEM, DATASET], text)
}

fn entry(conn: &mut Conn, viewer: &Viewer, registers: &[&str], text: &str) -> Result<Option<Spot>> {
    let registers: Vec<String> = registers.iter().map(|r| (*r).to_owned()).collect();
    let named = entries::code
        .eq(text.to_owned())
        .or(entries::name_key.eq(words::name_key(text)));
    let found: Vec<(i64, String)> = summaries(viewer)
        .filter(entries::register.eq_any(registers))
        .filter(entries::present.eq(true))
        .filter(named)
        .limit(20)
        .select((entries::id, entries::code))
        .load(conn)?;
    // A code means its entry, whatever else is called so.
    let coded: Vec<i64> = found
        .iter()
        .filter(|(_, code)| code == text)
        .map(|(id, _)| *id)
        .collect();
    let all: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    Ok(match (coded.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one]) => Some(Spot::Entry(*one)),
        _ => None,
    })
}
