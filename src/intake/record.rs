//! The list of imports: what came in, when, from whom, and whether it was taken back.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{extra_columns, imports};
use crate::each;
use crate::error::{Error, Result};
use crate::intake::report::Counts;
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::ends;
use crate::ledger::undo::{self, Undone};
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::sharing::follow;

/// One import.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = imports, treat_none_as_default_value = false)]
pub struct ImportRow {
    /// Number.
    pub id: i64,
    /// When it was applied, UTC.
    pub at: NaiveDateTime,
    /// Author.
    pub actor: String,
    /// Name of the file.
    pub file_name: String,
    /// SM3 of the file, in hexadecimal.
    pub file_digest: String,
    /// `applied` or `undone`.
    pub state: String,
    /// Its change set; none when nothing changed.
    pub change_set: Option<i64>,
    /// The change set that took it back.
    pub undone_by: Option<i64>,
    /// New entries.
    pub rows_new: i64,
    /// Changed entries.
    pub rows_changed: i64,
    /// Rows that changed nothing.
    pub rows_same: i64,
    /// Refused rows.
    pub rows_refused: i64,
    /// Rows that are no entries.
    pub rows_skipped: i64,
}

/// All imports, newest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut Conn, limit: i64) -> Result<Vec<ImportRow>> {
    Ok(imports::table
        .order(imports::id.desc())
        .limit(limit)
        .select(ImportRow::as_select())
        .load(conn)?)
}

/// The number that the next import gets; ask while holding the write lock.
///
/// # Errors
/// When the database fails.
pub fn next_id(conn: &mut Conn) -> Result<i64> {
    let last: Option<i64> = imports::table
        .select(diesel::dsl::max(imports::id))
        .first(conn)?;
    Ok(last.unwrap_or(0) + 1)
}

/// What is recorded of a file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its SM3.
    pub digest: String,
}

/// What an applied import came to.
#[derive(Clone, Copy, Debug)]
pub struct CameTo<'c> {
    /// Its change set, when anything changed.
    pub change_set: Option<i64>,
    /// Its rows.
    pub rows: Counts,
    /// Departments that its rows speak of.
    pub touched: &'c BTreeSet<i64>,
}

/// Records an applied import that came from the command line.
///
/// # Errors
/// When the database fails.
pub fn add(
    conn: &mut Conn,
    id: i64,
    viewer: &Viewer,
    file: &File,
    came_to: &CameTo<'_>,
) -> Result<()> {
    let rows = came_to.rows;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let row = ImportRow {
        id,
        at: clock::now(),
        actor: viewer.name().to_owned(),
        file_name: file.name.clone(),
        file_digest: file.digest.clone(),
        state: "applied".to_owned(),
        change_set: came_to.change_set,
        undone_by: None,
        rows_new: number(rows.new),
        rows_changed: number(rows.changed),
        rows_same: number(rows.same),
        rows_refused: number(rows.refused),
        rows_skipped: number(rows.skipped),
    };
    let touched = serde_json::to_string(came_to.touched).unwrap_or_default();
    each!(conn, c => diesel::insert_into(imports::table)
        .values((&row, imports::touched.eq(&touched), imports::changed_at.eq(row.at)))
        .execute(c))?;
    Ok(())
}

/// Records that an import which was previewed is applied: once, whoever else tries.
///
/// # Errors
/// [`Error::Conflict`] when it is not about to be applied any more; when the database fails.
pub fn applied(
    conn: &mut Conn,
    id: i64,
    viewer: &Viewer,
    file: &File,
    came_to: &CameTo<'_>,
) -> Result<()> {
    let rows = came_to.rows;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let touched = serde_json::to_string(came_to.touched).unwrap_or_default();
    let hit = diesel::update(imports::table.find(id))
        .filter(imports::state.eq("applying"))
        .filter(imports::file_digest.eq(&file.digest))
        .set((
            imports::state.eq("applied"),
            imports::changed_at.eq(clock::now()),
            imports::version.eq(imports::version + 1),
            imports::change_set.eq(came_to.change_set),
            imports::rows_new.eq(number(rows.new)),
            imports::rows_changed.eq(number(rows.changed)),
            imports::rows_same.eq(number(rows.same)),
            imports::rows_refused.eq(number(rows.refused)),
            imports::rows_skipped.eq(number(rows.skipped)),
            imports::touched.eq(touched),
            imports::message.eq(""),
        ))
        .execute(conn)?;
    if hit != 1 {
        return Err(Error::Conflict(format!("导入 {id} 已不在写入中")));
    }
    let event = Event::done("apply_import", &format!("导入 {id} {}", file.name))
        .of(viewer.home())
        .with(serde_json::json!({
            "import": id,
            "change_set": came_to.change_set,
            "new": rows.new,
            "changed": rows.changed,
            "refused": rows.refused,
        }));
    audit::record(conn, viewer, &event)
}

/// Notes that a register holds values under an unknown column.
///
/// # Errors
/// When the database fails.
pub fn add_extra_column(conn: &mut Conn, register: &str, header: &str) -> Result<()> {
    let row = (
        extra_columns::register.eq(register),
        extra_columns::header.eq(header),
    );
    each!(conn, c => diesel::insert_into(extra_columns::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Unknown columns that a register holds values under, in order.
///
/// # Errors
/// When the database fails.
pub fn extra_headers(conn: &mut Conn, register: &str) -> Result<Vec<String>> {
    Ok(extra_columns::table
        .filter(extra_columns::register.eq(register))
        .order(extra_columns::header)
        .select(extra_columns::header)
        .load(conn)?)
}

/// Takes an import back as a unit: one change set of inverse changes.
///
/// # Errors
/// [`Error::NotFound`] for an unknown number, [`Error::Conflict`] when it was undone already.
pub fn undo(
    conn: &mut Conn,
    viewer: &Viewer,
    catalogue: &Catalogue,
    id: i64,
    reason: &str,
) -> Result<(Option<i64>, Undone)> {
    let row: ImportRow = imports::table
        .find(id)
        .select(ImportRow::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::NotFound(format!("编号为 {id} 的导入")))?;
    let purpose = Purpose {
        source: "undo",
        reason: if reason.is_empty() {
            format!("撤销导入 {id}: {}", row.file_name)
        } else {
            reason.to_owned()
        },
        valid_on: None,
        import_id: Some(id),
        undoes: row.change_set,
    };
    change_set::write(conn, viewer, purpose, |set| {
        let seq = set.seq();
        let claimed = diesel::update(imports::table.find(id))
            .filter(imports::state.eq("applied"))
            .set((imports::state.eq("undone"), imports::undone_by.eq(seq)))
            .execute(set.conn())?;
        if claimed != 1 {
            return Err(Error::Conflict(format!(
                "导入 {id} 已经撤销过，无需再次撤销"
            )));
        }
        // What the ends said first: an entry that somebody else has spoken of since stays.
        let statements = ends::take_back(set, viewer, id)?;
        let mut undone = match row.change_set {
            Some(done) => undo::take_back(set, viewer, catalogue, done)?,
            None => Undone::default(),
        };
        undone.statements = statements;
        if statements > 0 {
            let directory = Directory::load(set.conn())?;
            follow::tell(set.conn(), &directory)?;
        }
        diesel::update(imports::table.find(id))
            .set((
                imports::undone.eq(serde_json::to_string(&undone).unwrap_or_default()),
                imports::version.eq(imports::version + 1),
                imports::changed_at.eq(clock::now()),
                imports::message.eq(reason),
            ))
            .execute(set.conn())?;
        let event = Event::done("undo_import", &format!("导入 {id} {}", row.file_name))
            .of(viewer.home())
            .with(serde_json::json!({
                "import": id,
                "removed": undone.removed,
                "restored": undone.restored,
                "kept": undone.kept.len(),
            }));
        audit::record(set.conn(), viewer, &event)?;
        Ok(Verdict::Commit(undone))
    })
}
