//! The organisation as it was on a day.
//!
//! Today's state with every later change turned back: each change remembers the state before it.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::db::connection::{Conn, snapshot};
use crate::db::schema::{department_events as events, departments};
use crate::error::Result;
use crate::org::directory::Department;
use crate::org::event;

/// The departments that existed on a day, as they were called and placed then, in protocol order.
///
/// # Errors
/// When the viewer may not look at all, or the database fails.
pub fn on(conn: &mut Conn, viewer: &Viewer, day: NaiveDate) -> Result<Vec<Department>> {
    viewer.may_anywhere(Right::SeeSummary)?;
    snapshot(conn, |conn| {
        let mut rows: Vec<Department> = departments::table
            .order((departments::sort, departments::id))
            .select(Department::as_select())
            .load(conn)?;
        let later: Vec<(i64, String)> = events::table
            .filter(events::true_from.gt(day))
            .order((events::true_from.desc(), events::id.desc()))
            .select((events::department_id, events::before))
            .load(conn)?;
        let mut turned: std::collections::HashMap<i64, Vec<String>> =
            std::collections::HashMap::new();
        for (id, before) in later {
            turned.entry(id).or_default().push(before);
        }
        for row in &mut rows {
            for before in turned.remove(&row.id).unwrap_or_default() {
                turn_back(row, &before);
            }
        }
        rows.retain(|row| row.exists_on(day));
        Ok(rows)
    })
}

/// Puts back what a change remembers; what is not about the row itself (aliases) is left alone.
fn turn_back(row: &mut Department, before: &str) {
    let Ok(serde_json::Value::Object(before)) = serde_json::from_str(before) else {
        return;
    };
    let Ok(serde_json::Value::Object(mut whole)) = serde_json::to_value(&*row) else {
        return;
    };
    let known = event::told(row);
    whole.extend(
        before
            .into_iter()
            .filter(|(key, _)| known.contains_key(key)),
    );
    if let Ok(then) = serde_json::from_value::<Department>(whole.into()) {
        *row = then;
        row.name_key = crate::register::words::name_key(&row.name);
    }
}
