//! How a department ends: taken over by another one, or abolished.
//!
//! Its own part only; entries and accounts that hang on it are moved by `handover`, in the same transaction.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Seen, check_when, held, keep, one};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{departments, people};
use crate::error::{Error, Result};
use crate::org::appointment;
use crate::org::directory::Department;
use crate::org::event::{self, Kind, When};
use crate::org::filing;
use crate::org::form::Form;

/// What ending a department brought with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The department as it stands now.
    pub department: Department,
    /// Units that report elsewhere now.
    pub units: usize,
    /// People who moved.
    pub people: usize,
    /// Appointments that ended.
    pub appointments: usize,
}

/// Merges a department into another one: its units and people go there, its appointments end.
///
/// # Errors
/// [`Error::Refused`], [`Error::Stale`], [`Error::Conflict`] when either has ended; [`Error::Invalid`].
pub fn merge(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    into: i64,
    when: &When,
) -> Result<Ended> {
    conn.transaction(|conn| {
        let old = held(conn, viewer, seen)?;
        let mut form = Form::default();
        let heir = one(conn, into)?;
        if into == old.id || heir.is_over() {
            let message = "不能并入本单位，或已经撤销、并入他处的单位";
            form.problem("into", "bad_heir", message, "请另选单位");
        }
        if lies_below(conn, into, old.id)? {
            let message = format!("“{}”是“{}”的下属单位", heir.name, old.name);
            form.problem("into", "circle", &message, "请先调整隶属关系");
        }
        refuse_bureau(&old, &mut form);
        let when = check_when(conn, &old, when, &mut form)?;
        form.done()?;
        let last_day = day_before(&when);
        let units = adopt_units(conn, viewer, old.id, into, &when)?;
        let appointments = appointment::end_all(conn, viewer, old.id, last_day, "机构合并")?;
        filing::cancel_open(conn, viewer, old.id, "机构合并")?;
        let moved = diesel::update(people::table.filter(people::department_id.eq(old.id)))
            .set((
                people::department_id.eq(into),
                people::revision.eq(people::revision + 1),
            ))
            .execute(conn)?;
        let department = over(conn, viewer, Kind::Merged, &old, Some(into), &when)?;
        let nothing = serde_json::json!({});
        let told = serde_json::json!({ "absorbed": department.code, "name": department.name });
        event::record(conn, viewer, into, Kind::Absorbed, &when, (&nothing, &told))?;
        Ok(Ended {
            department,
            units,
            people: moved,
            appointments,
        })
    })
}

/// Abolishes a department that nothing reports through any more; its appointments end.
///
/// # Errors
/// As [`merge`].
pub fn abolish(conn: &mut Conn, viewer: &Viewer, seen: Seen, when: &When) -> Result<Ended> {
    conn.transaction(|conn| {
        let old = held(conn, viewer, seen)?;
        let mut form = Form::default();
        let when = check_when(conn, &old, when, &mut form)?;
        refuse_bureau(&old, &mut form);
        let units: i64 = departments::table
            .filter(departments::parent_id.eq(old.id))
            .filter(departments::valid_until.is_null())
            .count()
            .get_result(conn)?;
        form.done()?;
        if units > 0 {
            return Err(Error::Conflict(format!(
                "“{}”还有 {units} 个下属单位，请先调整它们的隶属关系或一并撤销",
                old.name
            )));
        }
        let last_day = day_before(&when);
        let appointments = appointment::end_all(conn, viewer, old.id, last_day, "机构撤销")?;
        filing::cancel_open(conn, viewer, old.id, "机构撤销")?;
        let department = over(conn, viewer, Kind::Abolished, &old, None, &when)?;
        Ok(Ended {
            department,
            units: 0,
            people: 0,
            appointments,
        })
    })
}

fn refuse_bureau(old: &Department, form: &mut Form) {
    if old.bureau {
        let message = format!("“{}”是所在地区的数据管理部门", old.name);
        form.problem(
            "",
            "is_bureau",
            &message,
            "请先为该地区指定新的数据管理部门",
        );
    }
}

/// The last day it existed: the day before the end is true.
fn day_before(when: &When) -> NaiveDate {
    let day = when.from.unwrap_or_else(crate::clock::today);
    day.pred_opt().unwrap_or(day)
}

fn over(
    conn: &mut Conn,
    viewer: &Viewer,
    kind: Kind,
    old: &Department,
    into: Option<i64>,
    when: &When,
) -> Result<Department> {
    let new = Department {
        valid_until: Some(day_before(when)),
        merged_into: into,
        ..old.clone()
    };
    let (before, after) = event::difference(old, &new);
    keep(conn, viewer, kind, when, new, (&before, &after))
}

fn lies_below(conn: &mut Conn, id: i64, above: i64) -> Result<bool> {
    let mut next = Some(id);
    for _ in 0..64 {
        let Some(at) = next else { return Ok(false) };
        if at == above && at != id {
            return Ok(true);
        }
        next = one(conn, at)?.parent_id;
    }
    Ok(false)
}

fn adopt_units(
    conn: &mut Conn,
    viewer: &Viewer,
    from: i64,
    into: i64,
    when: &When,
) -> Result<usize> {
    let units: Vec<Department> = departments::table
        .filter(departments::parent_id.eq(from))
        .filter(departments::valid_until.is_null())
        .order(departments::id)
        .select(Department::as_select())
        .load(conn)?;
    for unit in &units {
        let new = Department {
            parent_id: Some(into),
            ..unit.clone()
        };
        let (before, after) = event::difference(unit, &new);
        keep(conn, viewer, Kind::Moved, when, new, (&before, &after))?;
    }
    Ok(units.len())
}
