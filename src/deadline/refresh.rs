//! Bringing the table of deadlines up to date: the entries changed since the last time, or all of them when the
//! calendar, the limits, the rules or the organisation have changed.
//!
//! Each batch takes the lock of `deadline_head` before it reads, so of two refreshes side by side the later one
//! reads what is later; the position moves only when everything up to it is in.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::json;

use super::compute::{Facts, Wanted, wanted};
use super::rules::{fingerprint, rules};
use crate::almanac::{self, Almanac};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{deadline_head, deadlines, entries, ledger_head, revisions};
use crate::db::scope;
use crate::each;
use crate::error::Result;
use crate::ledger::entry;
use crate::org::directory::Directory;
use crate::org::tree;
use crate::register::region::Regions;

/// Entries that are looked at together.
const TOGETHER: usize = 500;
/// Due dates that the audit log names when the calendar moved them.
const NAMED: usize = 20;

/// What a refresh came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Entries that were looked at.
    pub entries: usize,
    /// Deadlines that are new.
    pub new: usize,
    /// Deadlines that changed.
    pub changed: usize,
    /// Deadlines that are no more.
    pub gone: usize,
}

/// One row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deadlines, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct Row {
    pub entry_id: i64,
    pub rule: String,
    pub department_id: i64,
    pub limit_id: String,
    pub start_on: Option<NaiveDate>,
    pub opens_on: Option<NaiveDate>,
    pub due_on: NaiveDate,
    pub provisional: bool,
    pub warn_on: NaiveDate,
    pub lapse_on: Option<NaiveDate>,
    pub done: bool,
    pub done_on: Option<NaiveDate>,
    pub late: bool,
    pub level: i32,
    pub level_on: Option<NaiveDate>,
}

impl Row {
    fn of((entry_id, department_id): (i64, i64), wanted: Wanted) -> Self {
        Self {
            entry_id,
            department_id,
            late: wanted.is_late(),
            rule: wanted.rule,
            limit_id: wanted.limit_id,
            start_on: wanted.start_on,
            opens_on: wanted.opens_on,
            due_on: wanted.due.date,
            provisional: wanted.due.provisional,
            warn_on: wanted.warn_on,
            lapse_on: wanted.lapse_on,
            done: wanted.done,
            done_on: wanted.done_on,
            level: 0,
            level_on: None,
        }
    }

    /// The row that takes the place of one that is there.
    fn over(mut self, before: &Self) -> Self {
        let same = self.start_on == before.start_on && self.limit_id == before.limit_id;
        if same && self.done && before.done && self.done_on == before.done_on {
            // What is done is done: a later calendar makes nobody late who was in time, nor the other way round.
            return Self {
                department_id: self.department_id,
                ..before.clone()
            };
        }
        if same && !self.done {
            // Whoever has been told stays told.
            self.level = before.level;
            self.level_on = before.level_on;
        }
        self
    }
}

#[derive(Queryable)]
struct Head {
    seq: i64,
    calendar: i32,
    limits: i32,
    fingerprint: String,
}

fn head(conn: &mut Conn) -> Result<Head> {
    Ok(deadline_head::table
        .find(1)
        .select((
            deadline_head::seq,
            deadline_head::calendar,
            deadline_head::limits,
            deadline_head::fingerprint,
        ))
        .first(conn)?)
}

/// What else the table was derived by: the rules, and the organisation, whose regions say which limits hold.
fn basis(conn: &mut Conn) -> Result<String> {
    Ok(format!("{} {}", fingerprint(), tree::version(conn)?))
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
    let known = head(conn)?;
    let now = almanac::version(conn)?;
    Ok(known.seq != latest(conn)?
        || (known.calendar, known.limits) != (now.calendar, now.limits)
        || known.fingerprint != basis(conn)?)
}

/// Brings the table up to date.
///
/// # Errors
/// When the database fails; what is done stays done, the rest is done the next time.
pub fn refresh(conn: &mut Conn, regions: &Regions) -> Result<Refreshed> {
    let known = head(conn)?;
    let to = latest(conn)?;
    let basis = basis(conn)?;
    let almanac = almanac::read(conn)?;
    let version = almanac.version;
    let whole = (known.calendar, known.limits) != (version.calendar, version.limits)
        || known.fingerprint != basis;
    let mut work = Work {
        places: Places {
            directory: Directory::load(conn)?,
            regions,
            known: HashMap::new(),
        },
        almanac,
        done: Refreshed::default(),
        moved: Vec::new(),
    };
    let mut after = 0;
    loop {
        let ids = if whole {
            all_after(conn, after)?
        } else {
            changed_after(conn, (known.seq, to), after)?
        };
        let Some(last) = ids.last().copied() else {
            break;
        };
        conn.transaction(|conn| work.batch(conn, &ids))?;
        after = last;
    }
    let done = work.done;
    conn.transaction(|conn| {
        let moved = diesel::update(deadline_head::table.find(1))
            .filter(deadline_head::seq.le(to))
            .set((
                deadline_head::seq.eq(to),
                deadline_head::calendar.eq(version.calendar),
                deadline_head::limits.eq(version.limits),
                deadline_head::fingerprint.eq(&basis),
            ))
            .execute(conn)?;
        if moved == 0 {
            // Another refresh came further meanwhile, perhaps by a later calendar: everything is looked at once more.
            diesel::update(deadline_head::table.find(1))
                .set(deadline_head::calendar.eq(0))
                .execute(conn)?;
        }
        if work.moved.is_empty() {
            return Ok(());
        }
        let told = json!({"rows": done.changed, "moved": work.moved});
        let event = Event::done("recompute_deadlines", "工作日历、办理时限或机构有变").with(told);
        audit::record(conn, &Viewer::operator("系统"), &event)
    })?;
    Ok(done)
}

fn bound() -> Vec<String> {
    let mut out: Vec<String> = rules().iter().map(|r| r.register.clone()).collect();
    out.sort();
    out.dedup();
    out
}

fn all_after(conn: &mut Conn, after: i64) -> Result<Vec<i64>> {
    Ok(scope::visible(&Viewer::operator("系统"))
        .filter(entries::register.eq_any(bound()))
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(i64::try_from(TOGETHER).unwrap_or(i64::MAX))
        .select(entries::id)
        .load(conn)?)
}

/// Entries that change sets after `from` touched, up to `to`.
fn changed_after(conn: &mut Conn, (from, to): (i64, i64), after: i64) -> Result<Vec<i64>> {
    Ok(revisions::table
        .filter(revisions::seq.gt(from))
        .filter(revisions::seq.le(to))
        .filter(revisions::entry_id.gt(after))
        .order(revisions::entry_id)
        .select(revisions::entry_id)
        .distinct()
        .limit(i64::try_from(TOGETHER).unwrap_or(i64::MAX))
        .load(conn)?)
}

/// The regions of departments, own first, each looked up once.
struct Places<'p> {
    directory: Directory,
    regions: &'p Regions,
    known: HashMap<i64, Vec<String>>,
}

impl Places<'_> {
    fn of(&mut self, department: i64) -> &[String] {
        let (directory, regions) = (&self.directory, self.regions);
        self.known.entry(department).or_insert_with(|| {
            let mut at = directory.get(department);
            let mut own = None;
            for _ in 0..64 {
                own = at.and_then(|d| d.region.clone());
                match at.and_then(|d| d.parent_id).filter(|_| own.is_none()) {
                    Some(parent) => at = directory.get(parent),
                    None => break,
                }
            }
            let mut out: Vec<String> = Vec::new();
            let mut next = own.filter(|code| !code.is_empty());
            while let Some(code) = next.filter(|code| out.len() < 6 && !out.contains(code)) {
                next = regions
                    .get(&code)
                    .map(|r| r.parent.clone())
                    .filter(|c| !c.is_empty());
                out.push(code);
            }
            out
        })
    }
}

struct Work<'w> {
    places: Places<'w>,
    almanac: Almanac,
    done: Refreshed,
    /// Due dates that a change of calendar or limits moved: entry, rule, from, to.
    moved: Vec<String>,
}

type Read = (i64, String, String, i64, String, bool, String);

impl Work<'_> {
    fn batch(&mut self, conn: &mut Conn, ids: &[i64]) -> Result<()> {
        diesel::update(deadline_head::table.find(1))
            .set(deadline_head::writes.eq(deadline_head::writes + 1))
            .execute(conn)?;
        let rows: Vec<Read> = scope::visible(&Viewer::operator("系统"))
            .filter(entries::id.eq_any(ids.to_vec()))
            .select((
                entries::id,
                entries::register,
                entries::code,
                entries::department_id,
                entries::stage,
                entries::present,
                entries::attributes,
            ))
            .load(conn)?;
        let mut before: BTreeMap<(i64, String), Row> = deadlines::table
            .filter(deadlines::entry_id.eq_any(ids.to_vec()))
            .select(Row::as_select())
            .load(conn)?
            .into_iter()
            .map(|row: Row| ((row.entry_id, row.rule.clone()), row))
            .collect();
        let mut fresh = Vec::new();
        for read in rows {
            self.done.entries += 1;
            for row in self.entry(&read) {
                match before.remove(&(row.entry_id, row.rule.clone())) {
                    None => fresh.push(row),
                    Some(was) => self.settle(conn, &read.2, row, &was)?,
                }
            }
        }
        self.done.new += fresh.len();
        each!(conn, c => diesel::insert_into(deadlines::table).values(&fresh).execute(c))?;
        for (entry, rule) in before.into_keys() {
            self.done.gone += 1;
            diesel::delete(deadlines::table.find((entry, rule))).execute(conn)?;
        }
        Ok(())
    }

    fn entry(&mut self, (id, register, _, department, stage, present, json): &Read) -> Vec<Row> {
        if !present {
            return Vec::new();
        }
        let reads = |key: &str| {
            let here = rules().iter().filter(|r| r.register == *register);
            here.flat_map(|r| r.fields()).any(|f| f == key)
        };
        let document = entry::pick(json, reads);
        let facts = Facts {
            register,
            stage,
            regions: self.places.of(*department),
            document: &document,
        };
        wanted(&self.almanac, facts)
            .into_iter()
            .map(|w| Row::of((*id, *department), w))
            .collect()
    }

    fn settle(&mut self, conn: &mut Conn, code: &str, row: Row, was: &Row) -> Result<()> {
        let row = row.over(was);
        if row == *was {
            return Ok(());
        }
        self.done.changed += 1;
        let by_calendar = row.start_on == was.start_on && row.due_on != was.due_on;
        if by_calendar && self.moved.len() < NAMED {
            self.moved.push(format!(
                "{code} {} {} → {}",
                row.rule, was.due_on, row.due_on
            ));
        }
        diesel::update(deadlines::table.find((row.entry_id, row.rule.clone())))
            .set(&row)
            .execute(conn)?;
        Ok(())
    }
}
