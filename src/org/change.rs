//! Changes of the organisation, each with its day, its reason and its line in the history.
//!
//! Departments are never deleted: they are renamed, moved, merged or abolished, and stay findable under
//! every name they had. A change says which revision it was made from; a stale one is refused.

use diesel::prelude::*;

use crate::audit;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{department_events, departments};
use crate::error::{Error, Result};
use crate::org::directory::Department;
use crate::org::event::{self, Kind, When};
use crate::org::form::{Form, Need};
use crate::org::lock;

mod end;
mod make;
mod naming;
mod placing;

pub use end::{Ended, abolish, merge};
pub use make::{Draft, create};
pub use naming::{AliasKind, add_alias, remove_alias, rename};
pub(super) use placing::end_bureau;
pub use placing::{Details, Placement, amend, relocate, set_bureau};

/// Which state of which department a change was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The department.
    pub id: i64,
    /// Its revision when it was read.
    pub revision: i64,
}

/// A department that a change may touch, under the lock.
fn held(conn: &mut Conn, viewer: &Viewer, seen: Seen) -> Result<Department> {
    viewer.may_anywhere(Right::ManageOrganisation)?;
    lock::organisation(conn)?;
    let found = one(conn, seen.id)?;
    if found.revision != seen.revision {
        return Err(Error::Stale(format!("“{}”", found.name)));
    }
    if found.is_over() {
        return Err(Error::Conflict(format!(
            "“{}”已经并入其他单位或撤销，不能再改",
            found.name
        )));
    }
    Ok(found)
}

/// A department by id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn one(conn: &mut Conn, id: i64) -> Result<Department> {
    departments::table
        .find(id)
        .select(Department::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::NotFound("该单位".to_owned()))
}

fn change(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    kind: Kind,
    when: &When,
    alter: impl FnOnce(&mut Conn, &mut Department, &mut Form) -> Result<()>,
) -> Result<Department> {
    conn.transaction(|conn| {
        let old = held(conn, viewer, seen)?;
        let mut form = Form::default();
        let when = check_when(conn, &old, when, &mut form)?;
        let mut new = old.clone();
        alter(conn, &mut new, &mut form)?;
        form.done()?;
        let (before, after) = event::difference(&old, &new);
        if before.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(old);
        }
        new.provisional = false;
        keep(conn, viewer, kind, &when, new, (&before, &after))
    })
}

/// Stores a department's new state with its event and its audit line.
pub(super) fn keep(
    conn: &mut Conn,
    viewer: &Viewer,
    kind: Kind,
    when: &When,
    mut new: Department,
    (before, after): (&serde_json::Value, &serde_json::Value),
) -> Result<Department> {
    new.revision += 1;
    store(conn, &new)?;
    event::record(conn, viewer, new.id, kind, when, (before, after))?;
    let line = audit::Event::done(
        "change_department",
        &format!("{} {}", kind.label(), new.name),
    )
    .of(Some(new.id))
    .with(serde_json::json!({
        "kind": kind.word(), "true_from": when.from, "reason": when.reason,
        "before": before, "after": after,
    }));
    audit::record(conn, viewer, &line)?;
    Ok(new)
}

/// Writes a row over the revision before it.
pub(super) fn store(conn: &mut Conn, row: &Department) -> Result<()> {
    let before = row.revision - 1;
    write(conn, row, before)
}

/// Writes a row over the same revision: for what was inserted bare a moment ago.
pub(super) fn overwrite(conn: &mut Conn, row: &Department) -> Result<()> {
    write(conn, row, row.revision)
}

fn write(conn: &mut Conn, row: &Department, over: i64) -> Result<()> {
    let done = diesel::update(
        departments::table
            .find(row.id)
            .filter(departments::revision.eq(over)),
    )
    .set((
        departments::name.eq(&row.name),
        departments::name_key.eq(&row.name_key),
        departments::credit_code.eq(&row.credit_code),
        departments::region.eq(&row.region),
        departments::parent_id.eq(row.parent_id),
        departments::category.eq(&row.category),
        departments::sort.eq(row.sort),
        departments::provisional.eq(row.provisional),
        departments::bureau.eq(row.bureau),
        departments::unit.eq(row.unit),
        departments::valid_from.eq(row.valid_from),
        departments::valid_until.eq(row.valid_until),
        departments::merged_into.eq(row.merged_into),
        departments::revision.eq(row.revision),
    ))
    .execute(conn)?;
    if done == 1 {
        Ok(())
    } else {
        Err(Error::Stale(format!("“{}”", row.name)))
    }
}

/// The day and reason of a change: given, not in the future, not before what happened last.
pub(super) fn check_when(
    conn: &mut Conn,
    old: &Department,
    when: &When,
    form: &mut Form,
) -> Result<When> {
    let reason = form.text("reason", "原因", &when.reason, 500, Need::Must);
    let Some(day) = when.from else {
        form.problem("from", "required", "请填写“生效日期”", "");
        return Ok(When { from: None, reason });
    };
    form.past_day("from", "生效日期", day);
    let last: Option<chrono::NaiveDate> = department_events::table
        .filter(department_events::department_id.eq(old.id))
        .filter(
            department_events::kind.ne_all([Kind::AliasAdded.word(), Kind::AliasRemoved.word()]),
        )
        .select(diesel::dsl::max(department_events::true_from))
        .first(conn)?;
    // Each change remembers the state before it, so they have to be told in the order they were true.
    if let Some(last) = last.max(old.valid_from).filter(|last| day < *last) {
        let message = format!("生效日期 {day} 早于该单位上一次变动的日期 {last}");
        form.problem("from", "before_last", &message, "请按发生的先后登记");
    }
    Ok(When {
        from: Some(day),
        reason,
    })
}
