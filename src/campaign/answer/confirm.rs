//! Confirming at once what is complete.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::store::{kept_of, store};
use super::{Answer, Said, answers_for, demand_own};
use crate::auth::{Right, Viewer};
use crate::campaign::{demand_open, get, judge, locked, nowhere, scope, sees};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::review::Ground;

/// Entries that are confirmed at once at most.
pub const BULK: usize = 5_000;

/// What confirming at once came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignConfirmed)]
pub struct Confirmed {
    /// Entries confirmed as they were.
    pub unchanged: usize,
    /// Entries confirmed as changed, made or retired since the campaign was opened.
    pub changed: usize,
    /// Entries left open, because something is missing of them.
    pub incomplete: usize,
    /// There are more entries than are looked at in one go.
    pub more: bool,
}

/// Confirms at once all entries of a department that are complete and not answered for: as they were, or as changed.
///
/// # Errors
/// As [`super::answer`].
pub fn confirm(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (id, department): (i64, i64),
) -> Result<Confirmed> {
    viewer.may_anywhere(Right::Write)?;
    locked(conn, viewer, |conn| {
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        if !sees(viewer, &campaign, &members, department) || members.of(department).is_empty() {
            return Err(nowhere());
        }
        demand_open(&campaign)?;
        let all = members.of(department).into_iter();
        let mine: Vec<i64> = all
            .filter(|d| viewer.account().is_none() || answers_for(viewer, ground.directory, *d))
            .collect();
        if mine.is_empty() {
            demand_own(viewer, ground.directory, department)?;
        }
        let limit = i64::try_from(BULK + 1).unwrap_or(i64::MAX);
        let mut rows: Vec<EntryRow> = visible(viewer)
            .filter(scope::asked(&campaign, &mine))
            .filter(scope::is_not(scope::is_answered(id)))
            .order(entries::id)
            .limit(limit)
            .select(EntryRow::as_select())
            .load(conn)?;
        let mut out = Confirmed {
            more: rows.len() > BULK,
            ..Confirmed::default()
        };
        rows.truncate(BULK);
        let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
        let versions = kept_of(conn, id, &ids)?;
        let mut said = Vec::new();
        for row in rows {
            if !judge::missing((conn, viewer), ground, &campaign, &row)?.is_empty() {
                out.incomplete += 1;
                continue;
            }
            let answer = judge::plain(&campaign, &row);
            match answer {
                Answer::Unchanged => out.unchanged += 1,
                _ => out.changed += 1,
            }
            said.push(Said {
                head: department,
                seen: versions.get(&row.id).map_or(0, |k| k.version),
                row,
                answer,
                note: String::new(),
                to: None,
            });
        }
        store(conn, viewer, &campaign, &said)?;
        Ok(out)
    })
}
