//! The desk of links: which wait for whom, counted and paged by the database, so that it stays quick with many.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::{Deserialize, Serialize};

use super::{Link, joined};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::entries;
use crate::db::scope::{seen_of, visible};
use crate::error::Result;
use crate::ledger::ends;
use crate::ledger::entry::EntryRow;
use crate::sharing::LINKS;
use crate::words;

/// The most links that are counted, the last ones.
const COUNTED: i64 = 50_000;

words! {
    /// Which links are wanted.
    #[derive(Default)]
    View {
        /// Those that the viewer's end has to confirm.
        #[default]
        Mine = "mine", "待我确认";
        /// Those that another end has to confirm.
        Others = "others", "待对方确认";
        /// Those in dispute.
        Disputed = "disputed", "有争议";
        /// Those that both confirmed.
        Confirmed = "confirmed", "已确认";
        /// All that are not ended.
        All = "all", "全部";
    }
}

/// How many links there are of each view.
pub type Counts = Vec<(View, usize)>;

/// A page of the desk.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The links, the last one first.
    pub links: Vec<Link>,
    /// How many there are of each view.
    pub counts: Counts,
    /// Behind which number the next page begins, if there is one.
    pub next: Option<i64>,
}

/// Whether both ends speak of a field, and otherwise.
fn apart<T>(conn: &Conn) -> Fragment<T> {
    Fragment::sql(match conn {
        Conn::Sqlite(_) => {
            "EXISTS (SELECT 1 FROM json_each(p.said) AS one JOIN json_each(c.said) AS other ON other.key = one.key \
             WHERE other.value <> one.value OR other.type <> one.type)"
        }
        Conn::Postgres(_) => {
            "EXISTS (SELECT 1 FROM jsonb_each(CAST(p.said AS jsonb)) AS one \
             JOIN jsonb_each(CAST(c.said AS jsonb)) AS other ON other.key = one.key WHERE other.value <> one.value)"
        }
    })
}

/// Whose move it is: the viewer's, when he answers for that end.
fn whose<T>(viewer: &Viewer, column: &'static str) -> Fragment<T> {
    let mine = match viewer.reach(Right::ApproveSharing) {
        Reach::Everything => Fragment::sql(column).then(" IS NOT NULL"),
        Reach::Departments(ids) => Fragment::sql(column).then(" IN ").numbers(ids),
    };
    Fragment::sql("CASE WHEN ")
        .append(mine)
        .then(" THEN 'mine' ELSE 'others' END")
}

/// Links in reach that are not ended, each with the word of its view, before a number.
///
/// The same as `ends::standing`, which the tests hold it to.
fn stood<T>(conn: &Conn, viewer: &Viewer, before: Option<i64>) -> Fragment<T> {
    let links = Fragment::sql(
        "SELECT entries.id AS id, CASE WHEN p.state = 'disputed' OR c.state = 'disputed' THEN 'disputed' \
         WHEN p.state = 'stated' AND c.state = 'stated' THEN CASE WHEN p.said <> c.said AND ",
    )
    .append(apart(conn))
    .then(" THEN 'disputed' ELSE 'confirmed' END WHEN p.state = 'stated' THEN ")
    .append(whose(viewer, "entries.party_id"))
    .then(" ELSE ")
    .append(whose(viewer, "entries.department_id"))
    .then(
        " END AS part FROM entries \
         LEFT JOIN link_ends AS p ON p.entry_id = entries.id AND p.side = 'provider' \
         LEFT JOIN link_ends AS c ON c.entry_id = entries.id AND c.side = 'consumer' WHERE ",
    )
    .append(seen_of(viewer, LINKS).within())
    .then(" AND entries.present AND entries.stage <> 'retired'");
    match before {
        Some(number) => links.then(" AND entries.id < ").number(number),
        None => links,
    }
}

/// How many links in reach there are of each view; of very many, of the last ones.
///
/// # Errors
/// When the database fails.
pub fn counts(conn: &mut Conn, viewer: &Viewer) -> Result<Counts> {
    let found: Vec<(String, i64)> =
        Fragment::<(Text, BigInt)>::sql("SELECT stood.part, COUNT(*) FROM (")
            .append(stood(conn, viewer, None))
            .then(" ORDER BY entries.id DESC LIMIT ")
            .number(COUNTED)
            .then(") AS stood GROUP BY stood.part")
            .load(conn)?;
    let found: HashMap<&str, usize> = found
        .iter()
        .map(|(word, count)| (word.as_str(), usize::try_from(*count).unwrap_or(0)))
        .collect();
    let count = |view: View| match view {
        View::All => found.values().sum::<usize>(),
        part => found.get(part.word()).copied().unwrap_or(0),
    };
    Ok(View::ALL.iter().map(|view| (*view, count(*view))).collect())
}

fn ids(
    conn: &mut Conn,
    viewer: &Viewer,
    view: View,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<i64>> {
    let links =
        Fragment::<BigInt>::sql("SELECT stood.id FROM (").append(stood(conn, viewer, before));
    let links = match view {
        View::All => links.then(") AS stood"),
        part => links
            .then(") AS stood WHERE stood.part = ")
            .text(part.word()),
    };
    Ok(links
        .then(" ORDER BY stood.id DESC LIMIT ")
        .number(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?)
}

/// The links of a view that come before a number, the last one first.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    view: View,
    before: Option<i64>,
    limit: usize,
) -> Result<Page> {
    let mut ids = ids(conn, viewer, view, before, limit.saturating_add(1))?;
    let more = ids.len() > limit;
    ids.truncate(limit);
    Ok(Page {
        links: numbered(conn, viewer, &ids)?,
        counts: counts(conn, viewer)?,
        next: ids.last().copied().filter(|_| more),
    })
}

/// The links with these numbers, in their order.
fn numbered(conn: &mut Conn, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Link>> {
    let mut rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::id.eq_any(ids.to_vec()))
        .select(EntryRow::as_select())
        .load(conn)?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let mut pairs = ends::load(conn, Some(ids))?;
    let link = |row: EntryRow| {
        let pair = pairs.remove(&row.id).unwrap_or_default();
        joined(viewer, row, pair)
    };
    Ok(rows.into_iter().map(link).collect())
}

/// Links at risk: those that wait for the viewer's end, then those in dispute, then those that wait for others.
///
/// # Errors
/// When the database fails.
pub fn at_risk(conn: &mut Conn, viewer: &Viewer, limit: usize) -> Result<Page> {
    const AT_RISK: [View; 3] = [View::Mine, View::Disputed, View::Others];
    let all = counts(conn, viewer)?;
    let mut numbers: Vec<i64> = Vec::new();
    let mut told = Counts::new();
    for view in AT_RISK {
        let count = all.iter().find(|(v, _)| *v == view).map_or(0, |(_, n)| *n);
        told.push((view, count));
        let left = limit.saturating_sub(numbers.len());
        if left > 0 && count > 0 {
            numbers.extend(ids(conn, viewer, view, None, left)?);
        }
    }
    Ok(Page {
        links: numbered(conn, viewer, &numbers)?,
        counts: told,
        next: None,
    })
}

/// How many links wait for the viewer, and how many are in dispute.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &mut Conn, viewer: &Viewer) -> Result<(usize, usize)> {
    if !viewer.can_anywhere(Right::ApproveSharing) {
        return Ok((0, 0));
    }
    let all = counts(conn, viewer)?;
    let count = |view| all.iter().find(|(v, _)| *v == view).map_or(0, |(_, n)| *n);
    Ok((count(View::Mine), count(View::Disputed)))
}
