//! What the ends say, as it is kept: one row for each end that has spoken, and a line for each time it did.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{End, Pair, Said, Side, State};
use crate::db::connection::Conn;
use crate::db::schema::{link_acts, link_ends};
use crate::error::Result;

#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = link_ends, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct EndRow {
    entry_id: i64,
    side: String,
    state: String,
    said: String,
    note: String,
    revision: i32,
    version: i64,
    account_id: Option<i64>,
    actor: String,
    at: NaiveDateTime,
}

impl EndRow {
    fn read(self) -> Option<(i64, Side, End)> {
        let side = Side::from_word(&self.side)?;
        let end = End {
            state: State::from_word(&self.state)?,
            said: serde_json::from_str(&self.said).unwrap_or_default(),
            note: self.note,
            revision: self.revision,
            version: self.version,
            account: self.account_id,
            actor: self.actor,
            at: self.at,
        };
        Some((self.entry_id, side, end))
    }

    pub fn of(entry: i64, side: Side, end: &End) -> Self {
        Self {
            entry_id: entry,
            side: side.word().to_owned(),
            state: end.state.word().to_owned(),
            said: json(&end.said),
            note: end.note.clone(),
            revision: end.revision,
            version: end.version,
            account_id: end.account,
            actor: end.actor.clone(),
            at: end.at,
        }
    }
}

pub(super) fn json(said: &Said) -> String {
    serde_json::to_string(said).unwrap_or_default()
}

/// What the ends of entries say, by entry.
pub type Pairs = HashMap<i64, Pair>;

/// What the ends of some entries say, or (without any named) of all.
///
/// The caller has found the entries through `db::scope`.
///
/// # Errors
/// When the database fails.
pub fn load(conn: &mut Conn, of: Option<&[i64]>) -> Result<Pairs> {
    let mut out = Pairs::new();
    let mut rows: Vec<EndRow> = Vec::new();
    match of {
        None => rows = link_ends::table.select(EndRow::as_select()).load(conn)?,
        Some(ids) => {
            for part in ids.chunks(500) {
                let some = link_ends::table
                    .filter(link_ends::entry_id.eq_any(part.to_vec()))
                    .select(EndRow::as_select());
                rows.extend(some.load::<EndRow>(conn)?);
            }
        }
    }
    for (entry, side, end) in rows.into_iter().filter_map(EndRow::read) {
        *out.entry(entry).or_default().slot(side) = Some(end);
    }
    Ok(out)
}

/// What the ends of one entry say.
///
/// # Errors
/// When the database fails.
pub fn pair(conn: &mut Conn, entry: i64) -> Result<Pair> {
    Ok(load(conn, Some(&[entry]))?
        .remove(&entry)
        .unwrap_or_default())
}

/// One statement, as history tells it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Line {
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Word of the end.
    pub side: String,
    /// Word of the act.
    pub act: String,
    /// Word of the state it led to.
    pub to_state: String,
    /// What was said.
    pub note: String,
    /// Who.
    pub actor: String,
}

/// Every statement about an entry, newest first.
///
/// # Errors
/// When the database fails.
pub fn history(conn: &mut Conn, entry: i64, limit: i64) -> Result<Vec<Line>> {
    Ok(link_acts::table
        .filter(link_acts::entry_id.eq(entry))
        .order(link_acts::id.desc())
        .limit(limit)
        .select((
            link_acts::at,
            link_acts::side,
            link_acts::act,
            link_acts::to_state,
            link_acts::note,
            link_acts::actor,
        ))
        .load(conn)?)
}
