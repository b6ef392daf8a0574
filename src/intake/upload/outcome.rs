//! What an applied import wrote, read back from the history.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{entries, revisions};
use crate::db::scope::visible;
use crate::error::Result;

/// What happened to the entries of one register.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ImportWritten)]
pub struct Written {
    /// Register key.
    pub register: String,
    /// Entries made.
    pub created: i64,
    /// Entries changed.
    pub changed: i64,
    /// Entries taken out.
    pub removed: i64,
}

/// One entry of a change set.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, utoipa::ToSchema)]
#[schema(as = ImportTouched)]
pub struct Touched {
    /// Place in the change set.
    pub ordinal: i64,
    /// `create`, `change` or `remove`.
    pub op: String,
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name as it is now.
    pub name: String,
    /// Whether it is still there.
    pub present: bool,
}

/// What a change set wrote, by register, as far as the viewer may see it.
///
/// # Errors
/// When the database fails.
pub fn written(conn: &mut Conn, viewer: &Viewer, seq: i64) -> Result<Vec<Written>> {
    let counted: Vec<(String, String, i64)> = visible(viewer)
        .inner_join(revisions::table.on(revisions::entry_id.eq(entries::id)))
        .filter(revisions::seq.eq(seq))
        .group_by((entries::register, revisions::op))
        .select((
            entries::register,
            revisions::op,
            diesel::dsl::sql::<BigInt>("COUNT(*)"),
        ))
        .load(conn)?;
    let mut out: Vec<Written> = Vec::new();
    for (register, op, count) in counted {
        let at = out.iter().position(|w| w.register == register);
        let at = at.unwrap_or_else(|| {
            out.push(Written {
                register,
                ..Written::default()
            });
            out.len() - 1
        });
        if let Some(written) = out.get_mut(at) {
            match op.as_str() {
                "create" => written.created += count,
                "change" => written.changed += count,
                _ => written.removed += count,
            }
        }
    }
    Ok(out)
}

/// Entries of a change set after a place in it, at most `limit`, as far as the viewer may see them.
///
/// # Errors
/// When the database fails.
pub fn entries_of(
    conn: &mut Conn,
    viewer: &Viewer,
    seq: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<Touched>> {
    Ok(visible(viewer)
        .inner_join(revisions::table.on(revisions::entry_id.eq(entries::id)))
        .filter(revisions::seq.eq(seq))
        .filter(revisions::ordinal.gt(after))
        .order(revisions::ordinal)
        .limit(limit)
        .select((
            revisions::ordinal,
            revisions::op,
            entries::register,
            entries::code,
            entries::name,
            entries::present,
        ))
        .load(conn)?)
}
