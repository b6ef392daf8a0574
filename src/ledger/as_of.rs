//! The ledger at a past moment: today's documents, turned back change by change.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{change_sets, entries, revisions};
use crate::db::scope::visible;
use crate::error::Result;
use crate::ledger::change::{Delta, Op, turn_back};
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::read::PAGE;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::field::Register;

/// The last change set recorded at or before a moment; 0 when there was none.
///
/// # Errors
/// When the database fails.
pub fn seq_at(conn: &mut Conn, moment: NaiveDateTime) -> Result<i64> {
    let seq = change_sets::table
        .filter(change_sets::at.le(moment))
        .select(diesel::dsl::max(change_sets::seq))
        .first::<Option<i64>>(conn)?;
    Ok(seq.unwrap_or(0))
}

/// What typed columns are derived with.
#[derive(Clone, Copy)]
pub struct Definitions<'d> {
    /// Registers and lists.
    pub catalogue: &'d Catalogue,
    /// The organisation.
    pub directory: &'d Directory,
    /// The register that is read.
    pub register: &'d Register,
}

impl Definitions<'_> {
    /// Makes a row's typed columns those of its document.
    fn derive(self, row: &mut EntryRow) {
        let document = row.document();
        let owner = self.register.keys.owner.as_deref();
        let owner = owner.and_then(|key| entry::text(&document, key));
        let department = owner.and_then(|code| self.directory.by_code(code));
        let place = Place {
            department_id: department.map_or(row.department_id, |d| d.id),
            party_id: entry::party(self.register, self.directory, &document),
            within_id: row.within_id,
        };
        let derived = EntryRow::derive(self.catalogue, self.register, row.id, place, &document);
        *row = EntryRow {
            revision: row.revision,
            created_seq: row.created_seq,
            changed_seq: row.changed_seq,
            ..derived
        };
    }
}

/// Entries of a register as they stood after change set `seq`, by id, after the given one.
///
/// The typed columns are derived from the documents as they were; only what an entry belongs to, and through
/// that the department of registers without an owner of their own, is today's. Returns the id to go on from
/// with the rows, because a page may hold none that existed then.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    seq: i64,
    after: i64,
) -> Result<(Option<i64>, Vec<EntryRow>)> {
    let rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::register.eq(&definitions.register.key))
        .filter(entries::created_seq.le(seq))
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(PAGE)
        .select(EntryRow::as_select())
        .load(conn)?;
    let next = rows.last().map(|r| r.id);
    Ok((next, stood(conn, definitions, seq, rows)?))
}

/// Rows as they stood after change set `seq`, without those that did not exist then.
///
/// # Errors
/// When the database fails.
pub fn stood(
    conn: &mut Conn,
    definitions: Definitions<'_>,
    seq: i64,
    mut rows: Vec<EntryRow>,
) -> Result<Vec<EntryRow>> {
    rows.retain(|r| r.created_seq <= seq);
    let later = rows.iter().filter(|r| r.changed_seq > seq);
    let moved: Vec<i64> = later.map(|r| r.id).collect();
    let mut later = later_changes(conn, &moved, seq)?;
    for row in &mut rows {
        if let Some(changes) = later.remove(&row.id) {
            turn_row_back(row, &changes);
            if row.present {
                definitions.derive(row);
            }
        }
    }
    rows.retain(|r| r.present);
    Ok(rows)
}

/// A change later than the moment asked for.
struct Later {
    revision: i32,
    op: Option<Op>,
    delta: Delta,
}

/// Changes after `seq` of these entries, newest first.
fn later_changes(conn: &mut Conn, ids: &[i64], seq: i64) -> Result<HashMap<i64, Vec<Later>>> {
    let mut out: HashMap<i64, Vec<Later>> = HashMap::new();
    for part in ids.chunks(500) {
        let rows = revisions::table
            .filter(revisions::entry_id.eq_any(part.to_vec()))
            .filter(revisions::seq.gt(seq))
            .order((revisions::entry_id, revisions::revision.desc()))
            .select((
                revisions::entry_id,
                revisions::revision,
                revisions::op,
                revisions::before,
            ))
            .load::<(i64, i32, String, Option<String>)>(conn)?;
        for (id, revision, op, before) in rows {
            let delta = before
                .and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default();
            out.entry(id).or_default().push(Later {
                revision,
                op: Op::from_word(&op),
                delta,
            });
        }
    }
    Ok(out)
}

fn turn_row_back(row: &mut EntryRow, later: &[Later]) {
    let mut document = entry::parse(&row.attributes);
    for change in later {
        turn_back(&mut document, &change.delta);
        row.revision = change.revision - 1;
        row.present = change.op != Some(Op::Create);
    }
    row.attributes = entry::canonical(&document);
}
