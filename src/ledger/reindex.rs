//! Making the words of all entries anew when the fields they are filtered by have changed.
//!
//! A deployment may declare another field as a filter; entries written before know nothing of it.

use std::fmt::Write as _;

use diesel::prelude::*;

use crate::db::connection::Conn;
use crate::db::schema::{entries, ledger_head, search_state};
use crate::error::Result;
use crate::ledger::change_set;
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::search;
use crate::register::catalogue::Catalogue;

/// Version of how words are made; a new one makes all of them anew.
const VERSION: u32 = 1;

/// How many entries are read at once.
const PAGE: i64 = 2_000;

/// With which fields words are made.
fn fingerprint(catalogue: &Catalogue) -> String {
    let mut out = VERSION.to_string();
    let mut registers: Vec<_> = catalogue.registers().iter().collect();
    registers.sort_by(|a, b| a.key.cmp(&b.key));
    for register in registers {
        // Writing to a text cannot fail.
        let _ = write!(out, ";{}", register.key);
        for field in register.fields.iter().filter(|f| f.filter) {
            let _ = write!(out, ",{}:{:?}", field.key, field.kind);
        }
    }
    search::value_word(&out, "", "")
}

/// Makes the words of all entries anew if the definitions ask for it; returns how many.
///
/// # Errors
/// When the database fails; nothing has changed then.
pub fn refresh(conn: &mut Conn, catalogue: &Catalogue) -> Result<u64> {
    let wanted = fingerprint(catalogue);
    let held = |conn: &mut Conn| -> Result<String> {
        let state = search_state::table.find(1);
        Ok(state.select(search_state::fingerprint).first(conn)?)
    };
    if held(conn)? == wanted {
        return Ok(0);
    }
    conn.transaction(|conn| {
        // Nobody writes entries meanwhile.
        diesel::update(ledger_head::table.find(1))
            .set(ledger_head::writes.eq(ledger_head::writes + 1))
            .execute(conn)?;
        if held(conn)? == wanted {
            return Ok(0);
        }
        let made = all(conn, catalogue)?;
        diesel::update(search_state::table.find(1))
            .set(search_state::fingerprint.eq(&wanted))
            .execute(conn)?;
        Ok(made)
    })
}

fn all(conn: &mut Conn, catalogue: &Catalogue) -> Result<u64> {
    let mut made = 0;
    let mut after = 0;
    loop {
        // The operator's own work on the whole ledger: nobody is shown anything.
        let rows: Vec<EntryRow> = entries::table
            .filter(entries::id.gt(after))
            .filter(entries::present.eq(true))
            .order(entries::id)
            .limit(PAGE)
            .select(EntryRow::as_select())
            .load(conn)?;
        let Some(last) = rows.last() else {
            return Ok(made);
        };
        after = last.id;
        for row in &rows {
            if let Some(register) = catalogue.register(&row.register) {
                let document = entry::parse(&row.attributes);
                let words = search::entry_words(register, row, &document);
                change_set::rewrite_words(conn, row.id, &words)?;
                made += 1;
            }
        }
    }
}
