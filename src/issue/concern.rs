//! What an issue is about: entries by code, as far as the viewer sees them; and who settles it on either side.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::json;

use super::act::demand_comment;
use super::open::{MOST, concern, named};
use super::{Ground, Issue, get, lock, note, tell};
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, issue_entries};
use crate::db::scope;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::org::appointment;

/// Entries of an issue.
#[derive(Clone, Debug, Default)]
pub struct Concerned {
    /// Those that the viewer sees, at least in part.
    pub rows: Vec<EntryRow>,
    /// How many there are besides.
    pub hidden: usize,
}

/// The entries an issue is about, cut to the viewer. The caller has judged that he sees the issue.
///
/// # Errors
/// When the database fails.
pub fn concerned(conn: &mut Conn, viewer: &Viewer, row: &Issue) -> Result<Concerned> {
    let all: i64 = issue_entries::table
        .filter(issue_entries::issue_id.eq(row.id))
        .count()
        .get_result(conn)?;
    let ids = issue_entries::table
        .filter(issue_entries::issue_id.eq(row.id))
        .select(issue_entries::entry_id);
    let rows: Vec<EntryRow> = scope::summaries(viewer)
        .filter(entries::id.eq_any(ids))
        .filter(entries::present.eq(true))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?;
    Ok(Concerned {
        hidden: usize::try_from(all)
            .unwrap_or(usize::MAX)
            .saturating_sub(rows.len()),
        rows,
    })
}

/// The registers of codes, of the entries that the viewer sees: the first of the catalogue that has the code.
///
/// # Errors
/// When the database fails.
pub fn registers_of(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    codes: &[String],
) -> Result<HashMap<String, String>> {
    let found: Vec<(String, String)> = scope::summaries(viewer)
        .filter(entries::code.eq_any(codes.to_vec()))
        .filter(entries::present.eq(true))
        .select((entries::register, entries::code))
        .load(conn)?;
    let mut out = HashMap::new();
    for register in ground.catalogue.registers() {
        for (_, code) in found.iter().filter(|(key, _)| *key == register.key) {
            out.entry(code.clone())
                .or_insert_with(|| register.key.clone());
        }
    }
    Ok(out)
}

/// Names further entries that an issue is about.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] once it is closed; [`Error::Invalid`] for entries that the
/// viewer does not see.
pub fn add(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    id: i64,
    wanted: &[(String, String)],
) -> Result<Issue> {
    conn.transaction(|conn| {
        lock(conn)?;
        let row = get(conn, viewer, id)?;
        demand_comment(viewer, &row)?;
        let mut problems = Vec::new();
        let ids = named(conn, viewer, ground, wanted, &mut problems)?;
        let held: i64 = issue_entries::table
            .filter(issue_entries::issue_id.eq(id))
            .count()
            .get_result(conn)?;
        if ids.len() + usize::try_from(held).unwrap_or(usize::MAX) > MOST {
            let message = format!("一个难点问题最多涉及 {MOST} 个条目");
            problems.push(Problem::new("entries", "too_many", &message, ""));
        }
        if ids.is_empty() && problems.is_empty() {
            let message = "请填写条目编码";
            problems.push(Problem::new("entries", "required", message, ""));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        concern(conn, id, &ids)?;
        let codes: Vec<&str> = wanted.iter().map(|(_, code)| code.as_str()).collect();
        let detail = json!({"entries": ids});
        note(conn, viewer, &row, ("concern", &row.state), "", &detail)?;
        let told = json!({"issue": row.id, "entries": codes});
        tell::record(conn, viewer, &row, "issue_step", ("补充涉及条目", told))?;
        Ok(row)
    })
}

/// The CDO of a department today, with the post; none where the post is vacant.
///
/// # Errors
/// When the database fails.
pub fn cdo(conn: &mut Conn, viewer: &Viewer, department: i64) -> Result<Option<(String, String)>> {
    let terms = appointment::on(conn, viewer, department, clock::today())?;
    let found = terms.into_iter().find(|t| t.role == Role::Cdo);
    Ok(found.map(|t| (t.name, t.post)))
}
