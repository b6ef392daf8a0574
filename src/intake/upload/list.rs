//! The list of imports, newest first, as far as the viewer may see them.

use diesel::prelude::*;

use super::{State, Upload};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::imports;
use crate::error::Result;

/// How many rows are looked through at once.
const LOOK: i64 = 200;
/// How many are looked through for one page, so that one who may see little does not read all.
const MOST_LOOKS: usize = 50;

/// Which imports are wanted; empty means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those that the viewer brought.
    pub mine: bool,
    /// Only those whose file name or author holds this.
    pub text: Option<String>,
}

/// Imports before the one with this number (all, without), at most `limit`; with the cursor of the next page.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<(Vec<Upload>, Option<i64>)> {
    let mut out: Vec<Upload> = Vec::new();
    let mut before = before;
    for _ in 0..MOST_LOOKS {
        let rows = look(conn, viewer, filter, before)?;
        let ended = i64::try_from(rows.len()).unwrap_or(LOOK) < LOOK;
        for row in rows {
            if out.len() == limit {
                return Ok((out, before));
            }
            before = Some(row.id);
            if row.is_visible_to(viewer) {
                out.push(row);
            }
        }
        if ended {
            return Ok((out, None));
        }
    }
    Ok((out, before))
}

fn look(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &Filter,
    before: Option<i64>,
) -> Result<Vec<Upload>> {
    let mut query = imports::table
        .select(Upload::as_select())
        .order(imports::id.desc())
        .limit(LOOK)
        .into_boxed();
    if let Reach::Departments(ids) = viewer.reach(Right::Write) {
        let own = viewer.account().unwrap_or(0);
        query = query.filter(
            imports::account_id
                .eq(own)
                .or(imports::department_id.eq_any(ids.clone()))
                .or(imports::account_id.is_null()),
        );
    }
    if let Some(before) = before {
        query = query.filter(imports::id.lt(before));
    }
    if let Some(state) = filter.state {
        query = query.filter(imports::state.eq(state.word()));
    }
    if filter.mine {
        query = query.filter(imports::account_id.eq(viewer.account()));
    }
    if let Some(text) = &filter.text {
        let like = super::super::preview::like(text);
        query = query.filter(
            imports::file_name
                .like(like.clone())
                .escape('\\')
                .or(imports::actor.like(like).escape('\\')),
        );
    }
    Ok(query.load(conn)?)
}
