//! Bringing the derived table up to date: the datasets changed since the last time, or all of them when the table of
//! cycles has changed.
//!
//! Each batch is one transaction; the position moves only when everything up to it is in.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::standing::{facts, fingerprint, key};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{collection_head, dataset_collection, entries, ledger_head, revisions};
use crate::db::scope;
use crate::each;
use crate::error::Result;
use crate::ledger::entry::{pick, stage_word};
use crate::register::field::Stage;

/// The register of datasets.
pub(super) const REGISTER: &str = "dataset";

/// Entries that are looked at together.
const TOGETHER: i64 = 500;

/// What a refresh came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Datasets that were looked at.
    pub entries: usize,
    /// Rows that are new or changed.
    pub changed: usize,
    /// Rows that are no more.
    pub gone: usize,
}

/// One row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = dataset_collection, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct Row {
    pub entry_id: i64,
    pub department_id: i64,
    pub shared: bool,
    pub opened: bool,
    pub standing: String,
    pub mode: String,
    pub cycle: String,
    pub since: String,
    pub updated_on: Option<NaiveDate>,
    pub due_on: Option<NaiveDate>,
}

impl Row {
    fn of((entry_id, department_id): (i64, i64), document: &str) -> Self {
        let facts = facts(&pick(document, |name| key::ALL.contains(&name)));
        Self {
            entry_id,
            department_id,
            shared: facts.shared,
            opened: facts.opened,
            standing: facts.standing.word().to_owned(),
            mode: facts.mode,
            cycle: facts.cycle,
            since: facts.since,
            updated_on: facts.updated,
            due_on: facts.due,
        }
    }
}

fn head(conn: &mut Conn) -> Result<(i64, String)> {
    Ok(collection_head::table
        .find(1)
        .select((collection_head::seq, collection_head::fingerprint))
        .first(conn)?)
}

fn latest(conn: &mut Conn) -> Result<i64> {
    Ok(ledger_head::table
        .find(1)
        .select(ledger_head::seq)
        .first(conn)?)
}

/// Whether there is anything to bring up to date; two small reads.
///
/// # Errors
/// When the database fails.
pub fn is_behind(conn: &mut Conn) -> Result<bool> {
    let (seq, print) = head(conn)?;
    Ok(seq != latest(conn)? || print != fingerprint())
}

/// Brings the table up to date.
///
/// # Errors
/// When the database fails; what is done stays done, the rest is done the next time.
pub fn refresh(conn: &mut Conn) -> Result<Refreshed> {
    let (from, print) = head(conn)?;
    let to = latest(conn)?;
    let whole = print != fingerprint();
    let mut done = Refreshed::default();
    let mut after = 0;
    loop {
        let ids = some(conn, (!whole).then_some((from, to)), after)?;
        let Some(last) = ids.last().copied() else {
            break;
        };
        conn.transaction(|conn| {
            // The lock comes before the reading: of two refreshes side by side the later one reads what is later.
            lock(conn)?;
            batch(conn, &ids, &mut done)
        })?;
        after = last;
    }
    // Where another refresh came further meanwhile, what it read is at least as late.
    diesel::update(collection_head::table.find(1))
        .filter(collection_head::seq.le(to))
        .set((
            collection_head::seq.eq(to),
            collection_head::fingerprint.eq(fingerprint()),
        ))
        .execute(conn)?;
    Ok(done)
}

fn lock(conn: &mut Conn) -> Result<()> {
    diesel::update(collection_head::table.find(1))
        .set(collection_head::seq.eq(collection_head::seq))
        .execute(conn)?;
    Ok(())
}

/// Numbers of some datasets, in order: those that change sets between two touched, or all of them.
fn some(conn: &mut Conn, between: Option<(i64, i64)>, after: i64) -> Result<Vec<i64>> {
    let Some((from, to)) = between else {
        return Ok(scope::visible(&Viewer::operator("系统"))
            .filter(entries::register.eq(REGISTER))
            .filter(entries::id.gt(after))
            .order(entries::id)
            .limit(TOGETHER)
            .select(entries::id)
            .load(conn)?);
    };
    Ok(revisions::table
        .filter(revisions::seq.gt(from))
        .filter(revisions::seq.le(to))
        .filter(revisions::entry_id.gt(after))
        .order(revisions::entry_id)
        .select(revisions::entry_id)
        .distinct()
        .limit(TOGETHER)
        .load(conn)?)
}

/// A dataset as far as it is read here: number, owner, whether it counts, document.
type Read = (i64, i64, bool, String, String);

fn batch(conn: &mut Conn, ids: &[i64], done: &mut Refreshed) -> Result<()> {
    let read: Vec<Read> = scope::visible(&Viewer::operator("系统"))
        .filter(entries::id.eq_any(ids.to_vec()))
        .filter(entries::register.eq(REGISTER))
        .select((
            entries::id,
            entries::department_id,
            entries::present,
            entries::stage,
            entries::attributes,
        ))
        .load(conn)?;
    let mut before: HashMap<i64, Row> = dataset_collection::table
        .filter(dataset_collection::entry_id.eq_any(ids.to_vec()))
        .select(Row::as_select())
        .load(conn)?
        .into_iter()
        .map(|row: Row| (row.entry_id, row))
        .collect();
    let mut fresh = Vec::new();
    for (id, department, present, stage, document) in read {
        done.entries += 1;
        // What is drafted, checked or withdrawn is not in the catalogue that rates are about.
        if !present || stage != stage_word(Stage::Operation) {
            continue;
        }
        let row = Row::of((id, department), &document);
        match before.remove(&id) {
            None => fresh.push(row),
            Some(was) if was == row => {}
            Some(_) => {
                done.changed += 1;
                diesel::update(dataset_collection::table.find(id))
                    .set(&row)
                    .execute(conn)?;
            }
        }
    }
    done.changed += fresh.len();
    each!(conn, c => diesel::insert_into(dataset_collection::table).values(&fresh).execute(c))?;
    let gone: Vec<i64> = before.into_keys().collect();
    done.gone += gone.len();
    diesel::delete(dataset_collection::table.filter(dataset_collection::entry_id.eq_any(gone)))
        .execute(conn)?;
    Ok(())
}
