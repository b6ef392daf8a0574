//! What an entry is connected with, in both directions; ends out of reach are counted, never named.

use diesel::prelude::*;

use super::Entry;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{entries, relations};
use crate::db::scope::summaries;
use crate::error::Result;
use crate::ledger::entry::EntryRow;

/// One end of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Key of the reference field, in the register it starts from.
    pub field: String,
    /// The entry asked about is where it starts.
    pub outgoing: bool,
    /// Register of the entry at the other end.
    pub register: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its department.
    pub department_id: i64,
    /// Its stage word.
    pub stage: String,
}

/// The relations of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// Those whose other end is seen at least in part.
    pub seen: Vec<Relation>,
    /// How many others there are.
    pub hidden: i64,
    /// Only the first `LISTED` of each direction are told.
    pub more: bool,
}

/// How many relations of each direction are told.
pub const LISTED: i64 = 200;

/// The relations of an entry now, or after change set `seq`.
///
/// # Errors
/// When the database fails.
pub fn relations(
    conn: &mut Conn,
    viewer: &Viewer,
    entry: &Entry,
    seq: Option<i64>,
) -> Result<Relations> {
    let seq = seq.unwrap_or(i64::MAX);
    let live = || {
        relations::since_seq.le(seq).and(
            relations::until_seq
                .is_null()
                .or(relations::until_seq.gt(seq).assume_not_null()),
        )
    };
    let out: Vec<(String, EntryRow)> = summaries(viewer)
        .inner_join(relations::table.on(relations::to_id.eq(entries::id)))
        .filter(relations::from_id.eq(entry.id))
        .filter(live())
        .order((relations::field, relations::to_id))
        .limit(LISTED)
        .select((relations::field, EntryRow::as_select()))
        .load(conn)?;
    let into: Vec<(String, EntryRow)> = summaries(viewer)
        .inner_join(relations::table.on(relations::from_id.eq(entries::id)))
        .filter(relations::to_id.eq(entry.id))
        .filter(live())
        .order((relations::field, relations::from_id))
        .limit(LISTED)
        .select((relations::field, EntryRow::as_select()))
        .load(conn)?;
    let all: i64 = relations::table
        .filter(
            relations::from_id
                .eq(entry.id)
                .or(relations::to_id.eq(entry.id)),
        )
        .filter(live())
        .count()
        .get_result(conn)?;
    let limit = usize::try_from(LISTED).unwrap_or(usize::MAX);
    let more = out.len() >= limit || into.len() >= limit;
    let side = |outgoing: bool| {
        move |(field, row): (String, EntryRow)| Relation {
            field,
            outgoing,
            register: row.register,
            code: row.code,
            name: row.name,
            department_id: row.department_id,
            stage: row.stage,
        }
    };
    let seen: Vec<Relation> = out
        .into_iter()
        .map(side(true))
        .chain(into.into_iter().map(side(false)))
        .collect();
    let told = i64::try_from(seen.len()).unwrap_or(0);
    Ok(Relations {
        hidden: if more { 0 } else { (all - told).max(0) },
        seen,
        more,
    })
}
