//! Writing a checked list of departments, with the history of what it changes.

use diesel::prelude::*;

use super::columns::Column;
use super::{Line, List};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::departments;
use crate::error::Result;
use crate::org::change;
use crate::org::directory::{self, Department};
use crate::org::event::{self, Kind, When};
use crate::register::words;

/// What a changed row is called in the history: the weightiest of what changed.
fn kind(old: &Department, new: &Department) -> Kind {
    if old.name != new.name {
        Kind::Renamed
    } else if old.region != new.region || old.parent_id != new.parent_id || old.unit != new.unit {
        Kind::Moved
    } else if old.bureau != new.bureau {
        if new.bureau {
            Kind::BureauSet
        } else {
            Kind::BureauEnded
        }
    } else {
        Kind::Amended
    }
}

impl List<'_> {
    pub(super) fn store(
        &mut self,
        conn: &mut Conn,
        viewer: &Viewer,
        rows: &[(Department, &Line<Column>)],
    ) -> Result<()> {
        // First all rows, bare: a parent may stand further down the list.
        for (row, _) in rows {
            if self.directory.get(row.id).is_none() {
                let bare = Department {
                    parent_id: None,
                    unit: false,
                    bureau: false,
                    ..row.clone()
                };
                directory::insert(conn, std::slice::from_ref(&bare))?;
            }
        }
        for (row, line) in rows {
            self.settle(conn, viewer, row)?;
            names(conn, row.id, line)?;
        }
        Ok(())
    }

    fn settle(&mut self, conn: &mut Conn, viewer: &Viewer, row: &Department) -> Result<()> {
        let was_there = self.directory.get(row.id).is_some();
        // Read again: another row of the list may just have ended its being the bureau.
        let old: Department = departments::table
            .find(row.id)
            .select(Department::as_select())
            .first(conn)?;
        let new = Department {
            revision: old.revision,
            ..row.clone()
        };
        if was_there && new == old {
            self.out.same += 1;
            return Ok(());
        }
        if let Some(region) = row.region.as_deref().filter(|_| row.bureau && !old.bureau) {
            let when = When::today("载入机构名录");
            change::end_bureau(conn, viewer, region, row.id, &when)?;
        }
        let new = Department {
            revision: old.revision + i64::from(was_there),
            ..new
        };
        if was_there {
            change::store(conn, &new)?;
            self.out.changed += 1;
            if old.name_key != new.name_key {
                directory::remember(conn, row.id, &old.name, "former")?;
            }
            let (before, after) = event::difference(&old, &new);
            if before.as_object().is_some_and(|b| !b.is_empty()) {
                let when = When {
                    from: Some(clock::today()),
                    reason: "载入机构名录".to_owned(),
                };
                event::record(
                    conn,
                    viewer,
                    row.id,
                    kind(&old, &new),
                    &when,
                    (&before, &after),
                )?;
            }
            return Ok(());
        }
        self.out.new += 1;
        change::overwrite(conn, &new)?;
        let when = When {
            from: new.valid_from,
            reason: "载入机构名录".to_owned(),
        };
        let told = serde_json::Value::Object(event::told(&new));
        let nothing = serde_json::json!({});
        event::record(conn, viewer, row.id, Kind::Made, &when, (&nothing, &told))
    }
}

/// The other names a line gives.
fn names(conn: &mut Conn, id: i64, line: &Line<Column>) -> Result<()> {
    let split = |t: &str| {
        t.split(['、', '，', ',', ';', '；', '|'])
            .map(words::clean)
            .collect::<Vec<_>>()
    };
    for (column, kind) in [(Column::Short, "short"), (Column::Former, "former")] {
        let given = line.get(column).map(split).unwrap_or_default();
        for alias in given.iter().filter(|a| !a.is_empty()) {
            directory::remember(conn, id, alias, kind)?;
        }
    }
    Ok(())
}
