//! What people do with an import while it is previewed: correct, map, apply, discard, undo.
//!
//! Each step is called in a transaction together with the job that follows from it, and begins with a
//! conditional update of the import: what has been decided cannot be decided again.

use diesel::prelude::*;

use super::options::{LONGEST_REASON, Options};
use super::{State, Upload, see};
use crate::app::App;
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer, policy};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::imports;
use crate::error::{Doing, Error, Problem, Result};
use crate::intake::correct::{self, Correction};
use crate::intake::mapping::MapFile;
use crate::intake::{preview, record};
use crate::ledger::undo::Undone;

/// States from which a file may be checked again.
const OPEN: [State; 5] = [
    State::Received,
    State::Checking,
    State::Previewed,
    State::Rejected,
    State::Failed,
];

/// Moves an import from one of these states to another, if it is still as the viewer saw it.
fn step(
    conn: &mut Conn,
    upload: &Upload,
    from: &[State],
    to: State,
    seen: Option<i64>,
    to_do: &str,
) -> Result<()> {
    let from: Vec<&str> = from.iter().map(|s| s.word()).collect();
    let any = seen.is_none();
    let hit = diesel::update(imports::table.find(upload.id))
        .filter(imports::state.eq_any(from.clone()))
        .filter(
            any.into_sql::<diesel::sql_types::Bool>()
                .or(imports::version.eq(seen.unwrap_or(0))),
        )
        .set((
            imports::state.eq(to.word()),
            imports::version.eq(imports::version + 1),
            imports::changed_at.eq(clock::now()),
            imports::message.eq(""),
        ))
        .execute(conn)?;
    if hit == 1 {
        return Ok(());
    }
    let now: String = imports::table
        .find(upload.id)
        .select(imports::state)
        .first(conn)?;
    if from.contains(&now.as_str()) {
        return Err(Error::Stale(format!("导入 {}", upload.id)));
    }
    let label = State::from_word(&now).map_or("", State::label);
    Err(Error::Conflict(format!("这次导入{label}，不能{to_do}")))
}

/// Corrects a cell, or every cell of a column that says the same; the file is then checked again.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Error::Stale`], [`Error::Conflict`] once it is decided.
pub fn correct(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    correction: &Correction,
    seen: Option<i64>,
) -> Result<()> {
    let upload = see(conn, viewer, id)?;
    correct::check(correction)?;
    conn.transaction(|conn| {
        step(conn, &upload, &OPEN, State::Checking, seen, "再更正单元格")?;
        correct::keep(conn, viewer, id, correction)
    })
}

/// Takes a correction back; the file is then checked again.
///
/// # Errors
/// As [`correct()`].
pub fn take_back(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    correction: i64,
    seen: Option<i64>,
) -> Result<()> {
    let upload = see(conn, viewer, id)?;
    conn.transaction(|conn| {
        step(conn, &upload, &OPEN, State::Checking, seen, "再更正单元格")?;
        correct::drop_one(conn, id, correction)
    })
}

/// What of the mapping is said anew; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Remap {
    /// Another register for all sheets; an empty text = found by itself.
    pub register: Option<String>,
    /// Another owner for rows that name none; an empty text = none.
    pub department: Option<String>,
    /// What is said of sheets; each replaces what was said of the same sheet.
    pub sheets: Vec<MapFile>,
}

/// Changes the mapping; the file is then checked again.
///
/// # Errors
/// As [`correct()`].
pub fn remap(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    remap: Remap,
    seen: Option<i64>,
) -> Result<()> {
    let upload = see(conn, viewer, id)?;
    let mut options = upload.options();
    let given = |text: String| (!text.is_empty()).then_some(text);
    if let Some(register) = remap.register {
        options.register = given(register);
    }
    if let Some(department) = remap.department {
        options.department = given(department);
    }
    for sheet in remap.sheets {
        options.sheets.retain(|held| held.sheet != sheet.sheet);
        options.sheets.push(sheet);
    }
    // Looking again is asked for; whether to apply is asked anew.
    options.apply = false;
    set_options(app, conn, viewer, &upload, &options, seen)
}

fn set_options(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    upload: &Upload,
    options: &Options,
    seen: Option<i64>,
) -> Result<()> {
    options.check(conn, viewer, &app.catalogue)?;
    let json = serde_json::to_string(options).doing("记录导入选项")?;
    conn.transaction(|conn| {
        step(conn, upload, &OPEN, State::Checking, seen, "再调整列对应")?;
        diesel::update(imports::table.find(upload.id))
            .set(imports::options.eq(json))
            .execute(conn)?;
        Ok(())
    })
}

/// Has the file checked once more, as after a failure.
///
/// # Errors
/// As [`correct()`].
pub fn recheck(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<()> {
    let upload = see(conn, viewer, id)?;
    step(conn, &upload, &OPEN, State::Checking, None, "重新核对")
}

/// Decides to apply a preview: all of it, or with `partial` the rows that are right.
///
/// # Errors
/// As [`correct()`]; [`Error::Conflict`] when rows are wrong and not left out on purpose.
pub fn decide(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    partial: bool,
    seen: Option<i64>,
) -> Result<()> {
    let upload = see(conn, viewer, id)?;
    let rows = upload.rows();
    if upload.state() == State::Previewed {
        if !partial && rows.refused > 0 {
            return Err(Error::Conflict(format!(
                "还有 {} 行有问题。请改正后再应用，或选择只应用正确的行",
                rows.refused
            )));
        }
        if partial && rows.refused > 0 && rows.new + rows.changed == 0 {
            return Err(Error::Conflict("没有可以写入的行".to_owned()));
        }
    }
    let from = [State::Previewed];
    step(conn, &upload, &from, State::Applying, seen, "应用")
}

/// Decides against an import that is not in the ledger; its file and its rows are removed.
///
/// # Errors
/// As [`correct()`].
pub fn discard(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    seen: Option<i64>,
) -> Result<()> {
    let upload = see(conn, viewer, id)?;
    conn.transaction::<_, Error, _>(|conn| {
        step(conn, &upload, &OPEN, State::Discarded, seen, "放弃")?;
        let event = Event::done("discard_import", &format!("导入 {id} {}", upload.file_name))
            .of(upload.department_id)
            .with(serde_json::json!({"import": id}));
        audit::record(conn, viewer, &event)
    })?;
    preview::sweep(conn, id, -1)?;
    if let Some(path) = upload.path(app) {
        // What cannot be removed now is removed at the next start.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// A reason as it is kept in the history.
///
/// # Errors
/// [`Error::Invalid`] when it is too long or cannot be stored.
pub fn check_reason(reason: &str) -> Result<()> {
    let long = reason.chars().count() > LONGEST_REASON;
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if long || reason.chars().any(odd) {
        return Err(Error::Invalid(vec![Problem::new(
            "reason",
            "invalid_reason",
            "原因超过 500 个字，或含有控制字符",
            "请缩短后再提交",
        )]));
    }
    Ok(())
}

/// Whether this viewer may take it back; the rule when not.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] when it is not in the ledger.
pub fn may_undo(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Upload> {
    let upload = see(conn, viewer, id)?;
    match upload.state() {
        State::Applied => {}
        State::Undone => {
            return Err(Error::Conflict(format!(
                "导入 {id} 已经撤销过，无需再次撤销"
            )));
        }
        other => {
            return Err(Error::Conflict(format!(
                "这次导入{}，没有可以撤销的内容",
                other.label()
            )));
        }
    }
    let touched = upload.touched().unwrap_or_default();
    let all = touched.iter().all(|id| viewer.can(Right::Write, *id));
    if upload.is_own(viewer) || all {
        Ok(upload)
    } else {
        Err(Error::Refused(format!(
            "撤销他人的导入，须对其涉及的全部单位有填报权限；{}",
            policy::rule(Right::Write)
        )))
    }
}

/// Takes an applied import back as a whole.
///
/// # Errors
/// As [`may_undo`].
pub fn undo(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    reason: &str,
) -> Result<(Option<i64>, Undone)> {
    may_undo(conn, viewer, id)?;
    record::undo(conn, viewer, &app.catalogue, id, reason)
}

/// Leaves an import that was given up in a state that people can act on.
///
/// # Errors
/// When the database fails.
pub fn fail(conn: &mut Conn, id: i64, why: &str) -> Result<()> {
    let busy = [State::Received, State::Checking, State::Applying].map(State::word);
    diesel::update(imports::table.find(id))
        .filter(imports::state.eq_any(busy))
        .set((
            imports::state.eq(State::Failed.word()),
            imports::version.eq(imports::version + 1),
            imports::changed_at.eq(clock::now()),
            imports::message.eq(why),
        ))
        .execute(conn)?;
    Ok(())
}
