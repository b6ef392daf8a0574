//! How a list is found: by the index that leaves the fewest rows to look at.
//!
//! Neither engine can be trusted to choose: `SQLite` keeps no statistics, and `PostgreSQL` has none yet right after
//! an import. So the sizes of the two sets that may be small are looked up, each only as far as it matters.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::cursor::{Key, Start};
use super::numbers::with_words;
use super::order::{behind, order, sought};
use super::row::Stored;
use super::{Query, Sort};
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::entries;
use crate::db::scope::{
    Fully, narrowed, of_any, of_either, owned, owned_summaries, summaries, summaries_of, walked,
};
use crate::error::Result;
use crate::ledger::entry::stage_word;
use crate::ledger::{search, sight};
use crate::register::field::Register;

type Boxed<'a> = entries::BoxedQuery<'a, <Conn as diesel::Connection>::Backend>;

/// Up to this many entries are sorted without an index.
pub(super) const SMALL: usize = 5_000;

/// A query, with everything decided that needs no database.
pub(super) struct Plan<'p> {
    viewer: &'p Viewer,
    register: &'p Register,
    mine: bool,
    sort: Sort,
    down: bool,
    /// Only these departments; `None` is no limit.
    departments: Option<Vec<i64>>,
    /// Only with an end in each of these, in a register whose entries have two.
    ends: Vec<Vec<i64>>,
    /// Words that must all be there; of each group, one.
    groups: Vec<Vec<String>>,
    /// Parts of names that the words alone do not make certain.
    parts: Vec<String>,
}

/// What leads to the rows.
enum Drive {
    /// The index that has the order.
    Order,
    /// The few entries of the departments.
    Departments,
    /// The few entries that have the words.
    Few(Vec<i64>),
    /// The entries that have the words, as they come by number.
    Words,
}

impl<'p> Plan<'p> {
    pub fn of(viewer: &'p Viewer, register: &'p Register, query: &Query) -> Result<Self> {
        let mut rights: Vec<Right> = query.sort.needs(register).into_iter().collect();
        if query.mine {
            rights.push(Right::SeeOwn);
        }
        let mut groups = Vec::new();
        for (key, values) in &query.filters {
            if let Some(field) = register.field(key) {
                rights.extend(sight::needs(register, field));
            }
            let word = |value: &String| search::value_word(&register.key, key, value);
            groups.push(values.iter().map(word).collect());
        }
        if !query.stages.is_empty() {
            let stages = query.stages.iter().map(|s| stage_word(*s));
            let word = |stage| search::value_word(&register.key, search::STAGE, stage);
            groups.push(stages.map(word).collect());
        }
        let mut parts = Vec::new();
        if let Some(search) = &query.search {
            // Words for values are of one register anyway.
            if groups.is_empty() {
                groups.push(vec![search::register_word(&register.key)]);
            }
            let (words, uncertain) = sought(search)?;
            groups.extend(words.into_iter().map(|w| vec![w]));
            parts = uncertain;
        }
        let wished = (!query.departments.is_empty()).then(|| query.departments.clone());
        let mut departments = wished;
        let mut ends = Vec::new();
        for right in rights {
            if register.keys.party.is_none() {
                departments = narrowed(viewer, right, departments.as_deref());
            } else {
                ends.extend(narrowed(viewer, right, None));
            }
        }
        Ok(Self {
            viewer,
            register,
            mine: query.mine,
            sort: query.sort,
            down: query.down,
            departments,
            ends,
            groups,
            parts,
        })
    }

    fn is_nothing(&self) -> bool {
        self.departments.as_ref().is_some_and(Vec::is_empty) || self.ends.iter().any(Vec::is_empty)
    }

    /// The rows that fit, but for words and order; `indexed` lets the engine go through the departments.
    fn base<'a>(&self, indexed: bool) -> Boxed<'a> {
        let mut query = self
            .scoped(indexed)
            .filter(entries::present.eq(true))
            .filter(entries::register.eq(self.register.key.clone()));
        for part in &self.parts {
            query = query.filter(
                Fragment::<Bool>::sql("(entries.name_key LIKE ")
                    .text(part.clone())
                    .then(" ESCAPE '!' OR lower(entries.code) LIKE ")
                    .text(part.clone())
                    .then(" ESCAPE '!')"),
            );
        }
        query
    }

    /// The rows that the viewer sees, of the departments.
    fn scoped<'a>(&self, indexed: bool) -> Boxed<'a> {
        if self.register.keys.party.is_some() {
            let fully = if self.mine { Fully::Yes } else { Fully::No };
            let mut query = walked(self.viewer, fully).into_boxed();
            for departments in &self.ends {
                query = query.filter(of_either(departments, false));
            }
            return match &self.departments {
                Some(departments) => query.filter(of_any(departments, indexed)),
                None => query,
            };
        }
        match &self.departments {
            Some(departments) if self.mine => owned(self.viewer)
                .filter(of_any(departments, indexed))
                .into_boxed(),
            Some(departments) => summaries_of(self.viewer, departments, indexed).into_boxed(),
            None if self.mine => owned(self.viewer).into_boxed(),
            None => owned_summaries(self.viewer).into_boxed(),
        }
    }

    /// The same, behind a key in reading direction, in order.
    fn ordered<'a>(&self, query: Boxed<'a>, from: &Start, indexed: bool) -> Boxed<'a> {
        let down = self.down != from.backward;
        let mut query = query;
        if let Some((key, id)) = &from.key {
            let sort = self.sort;
            let behind = || Fragment::<Bool>::sql(behind(sort, down));
            query = match key {
                Key::Number(n) if sort == Sort::Recorded && down => {
                    query.filter(entries::id.lt(*n))
                }
                Key::Number(n) if sort == Sort::Recorded => query.filter(entries::id.gt(*n)),
                Key::Number(n) => {
                    query.filter(behind().number(*n).then(", ").number(*id).then(")"))
                }
                Key::Text(t) => {
                    query.filter(behind().text(t.clone()).then(", ").number(*id).then(")"))
                }
            };
        }
        query.order(Fragment::<Bool>::sql(order(self.sort, down, indexed)))
    }

    fn expression(&self, conn: &Conn) -> String {
        expression_of(conn, &self.groups)
    }

    fn drive(&self, conn: &mut Conn) -> Result<Drive> {
        let by_number = self.sort == Sort::Recorded;
        let one_department = self.departments.as_ref().is_some_and(|d| d.len() == 1);
        if self.groups.is_empty() && by_number && one_department {
            return Ok(Drive::Departments);
        }
        if let Some(departments) = &self.departments
            && has_few(conn, &self.register.key, departments)?
        {
            return Ok(Drive::Departments);
        }
        if self.groups.is_empty() {
            return Ok(Drive::Order);
        }
        if by_number {
            return Ok(Drive::Words);
        }
        let words = self.expression(conn);
        let ids = with_words(conn, &words, None, false, SMALL + 1)?;
        Ok(if ids.len() <= SMALL {
            Drive::Few(ids)
        } else {
            Drive::Order
        })
    }
}

fn numbered(ids: &[i64]) -> Fragment<Bool> {
    Fragment::sql("entries.id IN ").numbers(ids)
}

/// Words as the engine's own query language, one of each group; empty when there are none.
fn expression_of(conn: &Conn, groups: &[Vec<String>]) -> String {
    let (quote, any, all) = match conn {
        Conn::Sqlite(_) => ('"', " OR ", " AND "),
        Conn::Postgres(_) => ('\'', " | ", " & "),
    };
    let one = |group: &Vec<String>| {
        let words: Vec<String> = group.iter().map(|w| format!("{quote}{w}{quote}")).collect();
        format!("({})", words.join(any))
    };
    groups.iter().map(one).collect::<Vec<_>>().join(all)
}

/// The rows of a page, in reading direction.
pub(super) fn rows(
    conn: &mut Conn,
    plan: &Plan<'_>,
    from: &Start,
    limit: usize,
) -> Result<Vec<Stored>> {
    let load =
        |conn: &mut Conn, query: Boxed<'_>| query.select(Stored::columns(plan.sort)).load(conn);
    fetch(conn, plan, from, limit, load)
}

/// The numbers of the entries that fit, at most `limit`, in no order that matters.
pub(super) fn ids(conn: &mut Conn, plan: &Plan<'_>, limit: usize) -> Result<Vec<i64>> {
    let from = Start {
        key: None,
        backward: false,
    };
    let load = |conn: &mut Conn, query: Boxed<'_>| query.select(entries::id).load(conn);
    fetch(conn, plan, &from, limit, load)
}

fn fetch<T>(
    conn: &mut Conn,
    plan: &Plan<'_>,
    from: &Start,
    limit: usize,
    load: impl Fn(&mut Conn, Boxed<'_>) -> QueryResult<Vec<T>>,
) -> Result<Vec<T>> {
    if plan.is_nothing() {
        return Ok(Vec::new());
    }
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let drive = plan.drive(conn)?;
    if matches!(drive, Drive::Words) {
        return by_words(conn, plan, from, limit, load);
    }
    let words = plan.expression(conn);
    let mut query = match &drive {
        Drive::Order | Drive::Words => plan.ordered(plan.base(false), from, true),
        Drive::Departments => {
            let one = plan.departments.as_ref().is_some_and(|d| d.len() == 1);
            plan.ordered(plan.base(true), from, one)
        }
        Drive::Few(ids) => {
            let among = plan.base(false).filter(numbered(ids));
            plan.ordered(among, from, false)
        }
    };
    if !words.is_empty() && !matches!(drive, Drive::Few(_)) {
        query = having(conn, query, words);
    }
    let is_walked = matches!(plan.sort, Sort::Recorded | Sort::Code | Sort::Department);
    if matches!(drive, Drive::Order) && !is_walked {
        // What no index orders is sorted in memory: numbers only, or a register of a million fills a gigabyte.
        let ids: Vec<i64> = query.select(entries::id).limit(most).load(conn)?;
        let start = Start {
            key: None,
            backward: from.backward,
        };
        let found = plan.base(false).filter(numbered(&ids));
        return Ok(load(conn, plan.ordered(found, &start, false))?);
    }
    Ok(load(conn, query.limit(most))?)
}

/// Only entries whose words fit an expression. They are found once and looked up, not asked row by row:
/// measured, a question to the word index costs 50 µs.
fn having<'a>(conn: &Conn, query: Boxed<'a>, words: String) -> Boxed<'a> {
    match conn {
        Conn::Sqlite(_) => query.filter(
            Fragment::<Bool>::sql(
                "+entries.id IN (SELECT rowid FROM entry_words WHERE entry_words MATCH ",
            )
            .text(words)
            .then(")"),
        ),
        Conn::Postgres(_) => query.filter(
            Fragment::<Bool>::sql(
                "entries.id IN (SELECT entry_id FROM entry_words WHERE words @@ CAST(",
            )
            .text(words)
            .then(" AS tsquery))"),
        ),
    }
}

/// Entries of a register that the viewer sees at least in part and that have exactly this name.
pub(in crate::ledger) fn named<'a>(
    conn: &Conn,
    viewer: &Viewer,
    register: &Register,
    name_key: &str,
) -> Boxed<'a> {
    let query = summaries(viewer)
        .into_boxed()
        .filter(entries::register.eq(register.key.clone()))
        .filter(entries::present.eq(true))
        .filter(entries::name_key.eq(name_key.to_owned()));
    let mut groups: Vec<Vec<String>> = Vec::new();
    groups.extend(search::query_words(name_key).into_iter().map(|w| vec![w]));
    if groups.is_empty() {
        return query;
    }
    groups.push(vec![search::register_word(&register.key)]);
    having(conn, query, expression_of(conn, &groups))
}

/// Entries that have the words, some hundred at a time, until the page is full.
fn by_words<T>(
    conn: &mut Conn,
    plan: &Plan<'_>,
    from: &Start,
    limit: usize,
    load: impl Fn(&mut Conn, Boxed<'_>) -> QueryResult<Vec<T>>,
) -> Result<Vec<T>> {
    let words = plan.expression(conn);
    let down = plan.down != from.backward;
    let mut after = from.key.as_ref().map(|(_, id)| *id);
    let mut chunk = limit.saturating_mul(2).clamp(100, 4_000);
    let mut out = Vec::new();
    loop {
        let ids = with_words(conn, &words, after, down, chunk)?;
        after = ids.last().copied();
        let ended = ids.len() < chunk;
        let most = i64::try_from(limit - out.len()).unwrap_or(i64::MAX);
        let among = plan.base(false).filter(numbered(&ids));
        let order = Fragment::<Bool>::sql(order(Sort::Recorded, down, true));
        out.extend(load(conn, among.order(order).limit(most))?);
        if ended || out.len() >= limit {
            return Ok(out);
        }
        chunk = (chunk * 2).min(4_000);
    }
}

/// Whether departments have few entries in a register, seen or not: which way to go, never shown.
fn has_few(conn: &mut Conn, register: &str, departments: &[i64]) -> Result<bool> {
    let most = i64::try_from(SMALL + 1).unwrap_or(i64::MAX);
    let found = entries::table
        .filter(entries::register.eq(register.to_owned()))
        .filter(of_any(departments, true))
        .select(entries::id)
        .limit(most)
        .load::<i64>(conn)?;
    Ok(found.len() <= SMALL)
}
