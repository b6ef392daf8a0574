//! Entries of one department that are nearly the same, and datasets that several departments collect.

use std::collections::HashMap;

use diesel::prelude::*;

use super::check::{Means, Subject};
use super::index::{Doc, Found, Query, Sort};
use super::kept::sort_of;
use super::tell::{Hit, tell};
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryRow;

/// How many entries of a department are looked at for one page.
const LOOKED: usize = 300;
/// The most pairs that are told.
const PAIRS: usize = 200;

/// Two entries that are nearly the same.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The one.
    pub row: EntryRow,
    /// The other, with what both have.
    pub hit: Hit,
}

/// What was found, and the entry to go on behind; none at the end.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// The pairs, the most alike first.
    pub pairs: Vec<Pair>,
    /// Others that the viewer may not see.
    pub hidden: usize,
    /// Where to go on.
    pub next: Option<i64>,
}

/// Whose pairs are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Register key.
    pub register: &'a str,
    /// The department.
    pub department: i64,
    /// Behind this entry.
    pub after: i64,
}

/// Pairs inside a department that may be the same thing twice.
///
/// # Errors
/// [`Error::NotFound`] for a register that is not compared; [`Error::Refused`] unless the department is seen in full.
pub fn inside(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    asked: Asked<'_>,
) -> Result<Pairs> {
    // Each pair once, from the entry that was there first.
    pairs(conn, viewer, means, asked, |doc, query| {
        doc.department == asked.department && query.is_none_or(|id| doc.id > id)
    })
}

/// Datasets of a department that other departments collect too.
///
/// # Errors
/// As [`inside`].
pub fn collected_twice(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    department: i64,
    after: i64,
) -> Result<Pairs> {
    let asked = Asked {
        register: super::kept::DATASET,
        department,
        after,
    };
    pairs(conn, viewer, means, asked, |doc, _| {
        doc.department != department
    })
}

fn pairs(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    asked: Asked<'_>,
    other: impl Fn(&Doc, Option<i64>) -> bool,
) -> Result<Pairs> {
    let unknown = || Error::NotFound(format!("登记簿“{}”", asked.register));
    let sort: Sort = sort_of(asked.register).ok_or_else(unknown)?;
    if means.directory.get(asked.department).is_none() {
        return Err(Error::NotFound(format!("单位 {}", asked.department)));
    }
    viewer.may(Right::SeeOwn, asked.department)?;
    let rules = means.kept.rules();
    let mut next = None;
    let found: Vec<(i64, Query, Vec<Found>)> =
        means
            .kept
            .with(conn, means.catalogue, means.directory, |index| {
                let mut ids: Vec<i64> = index.docs(sort, asked.department).map(|d| d.id).collect();
                ids.sort_unstable();
                ids.retain(|id| *id > asked.after);
                if ids.len() > LOOKED {
                    ids.truncate(LOOKED);
                    next = ids.last().copied();
                }
                let mut out = Vec::new();
                for id in ids {
                    let Some(query) = index.about(id) else {
                        continue;
                    };
                    let fits = |doc: &Doc| doc.sort == sort && doc.present && other(doc, Some(id));
                    let mut found = index.search(&query, rules, fits);
                    found.retain(|f| f.score >= rules.strong);
                    if !found.is_empty() {
                        out.push((id, query, found));
                    }
                }
                Ok(out)
            })?;
    let ids: Vec<i64> = found.iter().map(|(id, _, _)| *id).collect();
    let rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::id.eq_any(ids))
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut rows: HashMap<i64, EntryRow> = rows.into_iter().map(|r| (r.id, r)).collect();
    let mut out = Pairs {
        next,
        ..Pairs::default()
    };
    for (id, query, found) in found {
        let Some(row) = rows.remove(&id) else {
            continue;
        };
        let subject = Subject::of_row(means, sort, row.clone());
        let (hits, hidden) = tell(conn, viewer, means, &subject, &query, &found)?;
        out.hidden += hidden;
        out.pairs.extend(hits.into_iter().map(|hit| Pair {
            row: row.clone(),
            hit,
        }));
    }
    out.pairs
        .sort_by(|a, b| b.hit.score.cmp(&a.hit.score).then(a.row.id.cmp(&b.row.id)));
    out.pairs.truncate(PAIRS);
    Ok(out)
}
