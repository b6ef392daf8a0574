//! Where every read of entries starts: only what the viewer may see.

use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::{Reach, Viewer};
use crate::db::schema::entries;

#[auto_type]
#[expect(
    clippy::let_with_type_underscore,
    reason = "auto_type derives the type from it"
)]
fn within(everything: bool, departments: Vec<i64>) -> _ {
    let everything = everything.into_sql::<Bool>();
    let inside: _ = everything.or(entries::department_id.eq_any(departments));
    entries::table.filter(inside)
}

/// Every read of entries starts here; removed ones included.
#[must_use]
pub fn visible(viewer: &Viewer) -> within {
    match viewer.reach() {
        Reach::Everything => within(true, Vec::new()),
        Reach::Departments(ids) => within(false, ids.clone()),
    }
}
