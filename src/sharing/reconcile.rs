//! Reconciliation (对账): links compared with what their ends say and with everything else in the ledger.
//!
//! It runs daily and on demand. What is found (`reconcile/found.rs`) is an issue with a cause that is the same whenever
//! it is found again, so running twice changes nothing; what is no longer found is healed. An issue that people have
//! settled is not brought up again.

mod found;
mod judge;
mod twins;

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Deserialize;

use crate::audit::{self, Event};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{ledger_head, reconcile_head};
use crate::error::{Error, Result};
use crate::issue::{self, Known, NewIssue};
use crate::ledger::as_of::Definitions;

pub use found::{Finding, Kind};

/// What causes of this room begin with.
const BEGIN: &str = "reconcile:";
/// What causes of disputes begin with (`follow::cause`): the same issue, whichever finds it first.
const DISPUTES: &str = "link:";

/// Settings; those left out keep their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Working days that a link may wait for the other end.
    pub stale_days: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self { stale_days: 10 }
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// What is wrong now.
    pub findings: usize,
    /// Issues that were opened.
    pub opened: usize,
    /// Issues that were closed because nothing is wrong any more.
    pub healed: usize,
}

/// The last run over everything.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Last {
    /// When, UTC.
    pub at: Option<NaiveDateTime>,
    /// What was wrong then.
    pub findings: i64,
    /// Issues that it opened.
    pub opened: i64,
    /// Issues that it closed.
    pub healed: i64,
}

/// When everything was last compared.
///
/// # Errors
/// When the database fails.
pub fn last(conn: &mut Conn) -> Result<Last> {
    Ok(reconcile_head::table
        .find(1)
        .select((
            reconcile_head::ran_at,
            reconcile_head::findings,
            reconcile_head::opened,
            reconcile_head::healed,
        ))
        .first(conn)?)
}

/// Whether nobody has compared everything on this day yet.
///
/// # Errors
/// When the database fails.
pub fn is_due(conn: &mut Conn, today: NaiveDate) -> Result<bool> {
    let last: Option<NaiveDate> = reconcile_head::table
        .find(1)
        .select(reconcile_head::ran_on)
        .first(conn)?;
    Ok(last.is_none_or(|day| day < today))
}

/// Whether somebody may have links of these ends compared: who writes for one of them.
#[must_use]
pub fn may(viewer: &Viewer, ends: (i64, Option<i64>)) -> bool {
    viewer.can(Right::Write, ends.0) || ends.1.is_some_and(|id| viewer.can(Right::Write, id))
}

/// Everything that is wrong with links that the viewer answers for; nothing is written down.
///
/// # Errors
/// When the database fails.
pub fn findings(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    rules: Rules,
    today: NaiveDate,
) -> Result<Vec<Finding>> {
    Ok(found::compare(conn, viewer, definitions, rules, today)?.0)
}

/// The two entries of a cause that says they are one link, what the provider has recorded first.
#[must_use]
pub fn twins_of(cause: &str) -> Option<[i64; 2]> {
    let rest = cause.strip_prefix(BEGIN)?.strip_prefix(Kind::Twin.word())?;
    let (given, taken) = rest.strip_prefix(':')?.split_once(':')?;
    Some([given.parse().ok()?, taken.parse().ok()?])
}

/// Whether somebody answers for every link: the program itself, and the operator.
fn answers_for_all(viewer: &Viewer) -> bool {
    matches!(viewer.reach(Right::Write), Reach::Everything)
}

/// Compares everything that the viewer answers for, opens an issue for what is wrong and heals what no longer is.
///
/// # Errors
/// [`Error::Refused`] for who answers for nothing; when the database fails, then nothing was done.
pub fn run(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    rules: Rules,
    (today, at): (NaiveDate, NaiveDateTime),
) -> Result<Ran> {
    viewer.may_anywhere(Right::Write)?;
    conn.transaction(|conn| {
        // Nobody says anything of a link between the comparing and the healing: what was disputed meanwhile would be
        // healed. Two runs wait for each other, and SQLite lets nobody wait for the lock who has read first.
        diesel::update(ledger_head::table.find(1))
            .set(ledger_head::writes.eq(ledger_head::writes + 1))
            .execute(conn)?;
        let (now, compared) = found::compare(conn, viewer, definitions, rules, today)?;
        let mut known = issue::causes(conn, BEGIN)?;
        known.extend(issue::causes(conn, DISPUTES)?);
        let mut ran = Ran {
            findings: now.len(),
            ..Ran::default()
        };
        for finding in &now {
            if known.contains_key(&finding.cause) {
                continue;
            }
            let new = NewIssue {
                kind: finding.kind.issue(),
                title: &finding.title,
                text: &finding.text,
                raised_by: finding.raised_by,
                owed_by: finding.owed_by,
                entries: &finding.entries,
                cause: Some(&finding.cause),
            };
            issue::open(conn, viewer, &new)?;
            ran.opened += 1;
        }
        ran.healed = heal(conn, viewer, (&now, &known), &compared)?;
        if answers_for_all(viewer) {
            diesel::update(reconcile_head::table.find(1))
                .set((
                    reconcile_head::ran_on.eq(today),
                    reconcile_head::ran_at.eq(at),
                    reconcile_head::actor.eq(viewer.name()),
                    reconcile_head::findings.eq(wide(ran.findings)),
                    reconcile_head::opened.eq(wide(ran.opened)),
                    reconcile_head::healed.eq(wide(ran.healed)),
                ))
                .execute(conn)?;
        }
        if ran.opened + ran.healed > 0 || viewer.account().is_some() {
            let event = Event::done("reconcile", "共享对接对账").with(serde_json::json!({
                "findings": ran.findings, "opened": ran.opened, "healed": ran.healed,
            }));
            audit::record(conn, viewer, &event)?;
        }
        Ok::<Ran, Error>(ran)
    })
}

fn wide(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Heals what is no longer wrong: of links that were compared, and of those that are gone.
fn heal(
    conn: &mut Conn,
    viewer: &Viewer,
    (now, known): (&[Finding], &HashMap<String, Known>),
    compared: &found::Compared,
) -> Result<usize> {
    let mut gone: Vec<&String> = known
        .iter()
        .filter(|(cause, known)| {
            **known == Known::Open
                && now.iter().all(|f| f.cause != **cause)
                && compared.covers(cause)
        })
        .map(|(cause, _)| cause)
        .collect();
    gone.sort_unstable();
    let mut healed = 0;
    for cause in gone {
        let note = Kind::of_cause(cause).map_or("对账时已不再发现", Kind::healed);
        healed += usize::from(issue::heal(conn, viewer, cause, note)?);
    }
    Ok(healed)
}
