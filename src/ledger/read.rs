//! Questions to the ledger as it stands now; every one is given a viewer.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{change_sets, entries, relations, revisions};
use crate::db::scope::visible;
use crate::error::Result;
use crate::ledger::change::{Delta, turn_back};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::search;
use crate::register::value::Document;

/// How many rows a page of a full walk holds.
pub const PAGE: i64 = 1_000;

/// Present entries of a register, by id, after the given one; optionally of one department.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    register: &str,
    department: Option<i64>,
    after: i64,
) -> Result<Vec<EntryRow>> {
    let all = department.is_none();
    let rows = visible(viewer)
        .filter(entries::register.eq(register))
        .filter(entries::present.eq(true))
        .filter(entries::id.gt(after))
        .filter(
            all.into_sql::<Bool>()
                .or(entries::department_id.eq(department.unwrap_or(0))),
        )
        .order(entries::id)
        .limit(PAGE)
        .select(EntryRow::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Present entries whose search words hold all of the query's, by id, after the given one.
///
/// # Errors
/// When the database fails.
pub fn search(
    conn: &mut Conn,
    viewer: &Viewer,
    register: &str,
    query: &str,
    after: i64,
) -> Result<Vec<EntryRow>> {
    let words = search::query_words(query);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let found = match conn {
        Conn::Sqlite(_) => {
            let all = words
                .iter()
                .map(|w| format!("\"{w}\""))
                .collect::<Vec<_>>()
                .join(" AND ");
            sql::<Bool>("entries.id IN (SELECT rowid FROM entry_words WHERE entry_words MATCH ")
                .bind::<Text, _>(all)
                .sql(")")
        }
        Conn::Postgres(_) => {
            let all = words
                .iter()
                .map(|w| format!("'{w}'"))
                .collect::<Vec<_>>()
                .join(" & ");
            sql::<Bool>("entries.id IN (SELECT entry_id FROM entry_words WHERE words @@ CAST(")
                .bind::<Text, _>(all)
                .sql(" AS tsquery))")
        }
    };
    let rows = visible(viewer)
        .filter(entries::register.eq(register))
        .filter(entries::present.eq(true))
        .filter(entries::id.gt(after))
        .filter(found)
        .order(entries::id)
        .limit(PAGE)
        .select(EntryRow::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Entries by id, removed ones included.
///
/// # Errors
/// When the database fails.
pub fn by_ids(conn: &mut Conn, viewer: &Viewer, ids: &[i64]) -> Result<Vec<EntryRow>> {
    let mut out = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let rows = visible(viewer)
            .filter(entries::id.eq_any(part.to_vec()))
            .select(EntryRow::as_select())
            .load::<EntryRow>(conn)?;
        out.extend(rows);
    }
    Ok(out)
}

/// Entries with this code in any register, removed ones included.
///
/// # Errors
/// When the database fails.
pub fn by_code(conn: &mut Conn, viewer: &Viewer, code: &str) -> Result<Vec<EntryRow>> {
    Ok(visible(viewer)
        .filter(entries::code.eq(code.to_owned()))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// An entry as it stood after one of its changes, and who made that change.
#[derive(Clone, Debug)]
pub struct Version {
    /// Counts from 1.
    pub revision: i32,
    /// `create`, `change` or `remove`.
    pub op: String,
    /// Change set.
    pub seq: i64,
    /// When, UTC.
    pub at: chrono::NaiveDateTime,
    /// Author.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The document after it.
    pub after: Document,
    /// The document before it.
    pub before: Document,
}

/// All versions of an entry, newest first.
///
/// # Errors
/// When the database fails.
pub fn history(conn: &mut Conn, viewer: &Viewer, row: &EntryRow) -> Result<Vec<Version>> {
    type Row = (
        i32,
        String,
        i64,
        Option<String>,
        chrono::NaiveDateTime,
        String,
        String,
    );
    let rows: Vec<Row> = visible(viewer)
        .inner_join(revisions::table.on(revisions::entry_id.eq(entries::id)))
        .inner_join(change_sets::table.on(change_sets::seq.eq(revisions::seq)))
        .filter(entries::id.eq(row.id))
        .order(revisions::revision.desc())
        .select((
            revisions::revision,
            revisions::op,
            revisions::seq,
            revisions::before,
            change_sets::at,
            change_sets::actor,
            change_sets::reason,
        ))
        .load(conn)?;
    let mut standing = entry::parse(&row.attributes);
    let mut out = Vec::with_capacity(rows.len());
    for (revision, op, seq, delta, at, actor, reason) in rows {
        let after = standing.clone();
        match delta {
            Some(json) => turn_back(
                &mut standing,
                &serde_json::from_str::<Delta>(&json).unwrap_or_default(),
            ),
            None => standing.clear(),
        }
        let before = standing.clone();
        out.push(Version {
            revision,
            op,
            seq,
            at,
            actor,
            reason,
            after,
            before,
        });
    }
    Ok(out)
}

/// A relation seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Key of the reference field, in the register it starts from.
    pub field: String,
    /// `true` when the entry asked about is where it starts.
    pub outgoing: bool,
    /// The entry at the other end.
    pub other: i64,
}

/// Relations of an entry at a point of the chain, both directions; ends out of reach are left out.
///
/// # Errors
/// When the database fails.
pub fn neighbours(conn: &mut Conn, viewer: &Viewer, id: i64, seq: i64) -> Result<Vec<Neighbour>> {
    let live = || {
        relations::since_seq.le(seq).and(
            relations::until_seq
                .is_null()
                .or(relations::until_seq.gt(seq).assume_not_null()),
        )
    };
    let out: Vec<(String, i64)> = visible(viewer)
        .inner_join(relations::table.on(relations::to_id.eq(entries::id)))
        .filter(relations::from_id.eq(id))
        .filter(live())
        .order((relations::field, relations::to_id))
        .select((relations::field, relations::to_id))
        .load(conn)?;
    let into: Vec<(String, i64)> = visible(viewer)
        .inner_join(relations::table.on(relations::from_id.eq(entries::id)))
        .filter(relations::to_id.eq(id))
        .filter(live())
        .order((relations::field, relations::from_id))
        .select((relations::field, relations::from_id))
        .load(conn)?;
    let side = |outgoing: bool| {
        move |(field, other): (String, i64)| Neighbour {
            field,
            outgoing,
            other,
        }
    };
    Ok(out
        .into_iter()
        .map(side(true))
        .chain(into.into_iter().map(side(false)))
        .collect())
}

/// When change sets were made, UTC, by number.
///
/// # Errors
/// When the database fails.
pub fn times(
    conn: &mut Conn,
    seqs: &[i64],
) -> Result<std::collections::HashMap<i64, chrono::NaiveDateTime>> {
    let rows: Vec<(i64, chrono::NaiveDateTime)> = change_sets::table
        .filter(change_sets::seq.eq_any(seqs.to_vec()))
        .select((change_sets::seq, change_sets::at))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}
