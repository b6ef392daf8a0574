//! The stage board of a register: how many entries stand where, and which have stood too long.

use std::collections::{HashMap, HashSet};

use chrono::{Days, NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::{Reach, Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{entries, stage_steps};
use crate::db::scope::{visible, visible_of};
use crate::deadline;
use crate::error::Result;
use crate::ledger::search;
use crate::register::field::{Register, Stage};
use crate::register::lifecycle::Lifecycle;
use crate::review::Ground;

/// How many overdue entries of a step are named.
const NAMED: i64 = 20;

/// One step of the board.
#[derive(Clone, Debug)]
pub struct BoardStep {
    /// Its key.
    pub key: String,
    /// What people read.
    pub label: String,
    /// The stage it belongs to.
    pub stage: Stage,
    /// Entries that the viewer sees there.
    pub count: usize,
    /// How many of them are past a time limit.
    pub due: usize,
    /// How many days an entry usually stays.
    pub days: Option<u32>,
    /// How many have stood longer, of those that came here by a step taken in this ledger.
    pub overdue: usize,
    /// Some of them, the longest first.
    pub named: Vec<Overdue>,
}

/// An entry that has stood too long.
#[derive(Clone, Debug)]
pub struct Overdue {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owning department.
    pub department_id: i64,
    /// Whole days at its step.
    pub days: i64,
}

/// The board of a register; none for a register without stages.
///
/// # Errors
/// [`crate::error::Error::Refused`] for who sees no entry in full; when the database fails.
pub fn board(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    register: &str,
) -> Result<Vec<BoardStep>> {
    viewer.may_anywhere(Right::SeeOwn)?;
    let definitions = ground.definitions(register)?;
    let (Some(model), Some(status)) = (
        ground.catalogue.lifecycle(register),
        definitions.register.keys.status.as_deref(),
    ) else {
        return Ok(Vec::new());
    };
    let standing = standing(conn, viewer, ground, (model, definitions.register, status))?;
    let stages = definitions
        .register
        .field(status)
        .and_then(|f| f.list.as_deref())
        .and_then(|l| ground.catalogue.list(l));
    let mut out = Vec::with_capacity(model.steps.len());
    for step in &model.steps {
        let (overdue, named) = match step.days {
            Some(days) => late(conn, viewer, register, (&step.key, days))?,
            None => (0, Vec::new()),
        };
        let item = stages.and_then(|l| l.item(&step.key));
        let here = standing.get(&step.key).copied().unwrap_or_default();
        out.push(BoardStep {
            label: ground.step_label(register, &step.key),
            stage: item.and_then(|i| i.stage).unwrap_or_default(),
            count: here.count,
            due: here.due,
            days: step.days,
            key: step.key.clone(),
            overdue,
            named,
        });
    }
    Ok(out)
}

/// Entries at a step.
#[derive(Clone, Copy, Default)]
struct Here {
    count: usize,
    due: usize,
}

/// How many present entries seen in full stand where, and how many of them are past a time limit. Steps are counted by
/// their search words, which hold one for every value that is filtered by: no document is read.
fn standing(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (model, register, status): (&Lifecycle, &Register, &str),
) -> Result<HashMap<String, Here>> {
    let seen = seen(conn, viewer, &register.key)?;
    let who = (viewer, ground.catalogue);
    let due: HashSet<i64> = deadline::overdue(conn, who, &register.key, clock::today())?;
    let mut out = HashMap::new();
    for step in &model.steps {
        let word = search::value_word(&register.key, status, &step.key);
        let mut found = search::with_word(conn, &word)?;
        found.retain(|id| seen.holds(*id));
        let here = Here {
            count: found.len(),
            due: found.iter().filter(|id| due.contains(id)).count(),
        };
        out.insert(step.key.clone(), here);
    }
    Ok(out)
}

/// The entries of a register that count for a viewer.
struct Seen {
    /// All of them, in order; none when every entry does.
    within: Option<Vec<i64>>,
    /// Those that were removed, in order.
    removed: Vec<i64>,
}

impl Seen {
    fn holds(&self, id: i64) -> bool {
        let within = self.within.as_ref();
        within.is_none_or(|ids| ids.binary_search(&id).is_ok())
            && self.removed.binary_search(&id).is_err()
    }
}

fn seen(conn: &mut Conn, viewer: &Viewer, register: &str) -> Result<Seen> {
    let within = match viewer.reach(Right::SeeOwn) {
        Reach::Everything => None,
        Reach::Departments(_) => {
            let mut ids: Vec<i64> = visible_of(viewer, register)
                .select(entries::id)
                .load(conn)?;
            ids.sort_unstable();
            Some(ids)
        }
    };
    let mut removed: Vec<i64> = visible(viewer)
        .filter(entries::register.eq(register.to_owned()))
        .filter(Fragment::<Bool>::sql("NOT entries.present"))
        .select(entries::id)
        .load(conn)?;
    removed.sort_unstable();
    Ok(Seen { within, removed })
}

/// Nothing has moved an entry since.
const LAST: &str = "NOT EXISTS (SELECT 1 FROM stage_steps AS later \
     WHERE later.entry_id = stage_steps.entry_id AND later.id > stage_steps.id)";

/// Entries that have stood at a step for more than so many days: how many, and the longest of them.
fn late(
    conn: &mut Conn,
    viewer: &Viewer,
    register: &str,
    (step, days): (&str, u32),
) -> Result<(usize, Vec<Overdue>)> {
    let today = clock::today();
    let last = today.checked_sub_days(Days::new(u64::from(days) + 1));
    let until = clock::end_of_day(last.unwrap_or(NaiveDate::MIN));
    let standing = || {
        visible(viewer)
            .inner_join(stage_steps::table.on(stage_steps::entry_id.eq(entries::id)))
            .filter(entries::register.eq(register.to_owned()))
            .filter(entries::present.eq(true))
            .filter(stage_steps::to_step.eq(step.to_owned()))
            .filter(stage_steps::at.le(until))
            .filter(Fragment::<Bool>::sql(LAST))
    };
    let count: i64 = standing().count().get_result(conn)?;
    let rows: Vec<(NaiveDateTime, String, String, i64)> = standing()
        .order((stage_steps::at, entries::id))
        .limit(NAMED)
        .select((
            stage_steps::at,
            entries::code,
            entries::name,
            entries::department_id,
        ))
        .load(conn)?;
    let named = rows
        .into_iter()
        .map(|(at, code, name, department_id)| Overdue {
            code,
            name,
            department_id,
            days: (today - clock::day_of(at)).num_days(),
        });
    Ok((usize::try_from(count).unwrap_or(0), named.collect()))
}
