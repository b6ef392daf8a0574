//! The stage board of a register: how many entries stand where, and which have stood too long.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::auth::{Reach, Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, stage_steps};
use crate::error::Result;
use crate::register::field::Stage;
use crate::review::Ground;

/// How many overdue entries of a step are named.
const NAMED: usize = 20;

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
    let counts = counts(conn, viewer, register, status)?;
    let stood = standing(conn, viewer, register)?;
    let stages = definitions
        .register
        .field(status)
        .and_then(|f| f.list.as_deref())
        .and_then(|l| ground.catalogue.list(l));
    Ok(model
        .steps
        .iter()
        .map(|step| {
            let limit = step.days.map(i64::from);
            let mut late: Vec<Overdue> = stood
                .iter()
                .filter(|s| s.step == step.key && limit.is_some_and(|l| s.days() > l))
                .map(Standing::overdue)
                .collect();
            late.sort_by_key(|o| -o.days);
            let overdue = late.len();
            late.truncate(NAMED);
            let item = stages.and_then(|l| l.item(&step.key));
            BoardStep {
                label: ground.step_label(register, &step.key),
                stage: item.and_then(|i| i.stage).unwrap_or_default(),
                count: counts.get(&step.key).copied().unwrap_or(0),
                days: step.days,
                key: step.key.clone(),
                overdue,
                named: late,
            }
        })
        .collect())
}

/// How many present entries seen in full say that they are where. It reads all of them: a board is not a list.
fn counts(
    conn: &mut Conn,
    viewer: &Viewer,
    register: &str,
    status: &str,
) -> Result<HashMap<String, usize>> {
    // The key is a declared one: lower-case letters, digits and underscores.
    let said = match conn {
        Conn::Sqlite(_) => format!("json_extract(entries.attributes, '$.{status}')"),
        Conn::Postgres(_) => format!("(CAST(entries.attributes AS json) ->> '{status}')"),
    };
    let rows: Vec<(Option<String>, i64)> = crate::db::scope::visible(viewer)
        .filter(entries::register.eq(register.to_owned()))
        .filter(entries::present.eq(true))
        .group_by(sql::<Nullable<Text>>(&said))
        .select((sql::<Nullable<Text>>(&said), sql::<BigInt>("COUNT(*)")))
        .load(conn)?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    Ok(rows
        .into_iter()
        .map(|(step, n)| (step.unwrap_or_default(), count(n)))
        .collect())
}

struct Standing {
    step: String,
    at: NaiveDateTime,
    code: String,
    name: String,
    department: i64,
}

impl Standing {
    fn days(&self) -> i64 {
        (clock::today() - clock::day_of(self.at)).num_days()
    }

    fn overdue(&self) -> Overdue {
        Overdue {
            code: self.code.clone(),
            name: self.name.clone(),
            department_id: self.department,
            days: self.days(),
        }
    }
}

/// The last step of every entry seen in full that took one.
fn standing(conn: &mut Conn, viewer: &Viewer, register: &str) -> Result<Vec<Standing>> {
    let mut query = stage_steps::table
        .inner_join(entries::table.on(entries::id.eq(stage_steps::entry_id)))
        .filter(entries::register.eq(register.to_owned()))
        .filter(entries::present.eq(true))
        .order(stage_steps::id)
        .select((
            stage_steps::entry_id,
            stage_steps::to_step,
            stage_steps::at,
            entries::code,
            entries::name,
            entries::department_id,
        ))
        .into_boxed();
    if let Reach::Departments(ids) = viewer.reach(Right::SeeOwn) {
        query = query.filter(entries::department_id.eq_any(ids.clone()));
    }
    let rows: Vec<(i64, String, NaiveDateTime, String, String, i64)> = query.load(conn)?;
    let mut last = HashMap::new();
    for (entry, step, at, code, name, department) in rows {
        let standing = Standing {
            step,
            at,
            code,
            name,
            department,
        };
        last.insert(entry, standing);
    }
    Ok(last.into_values().collect())
}
