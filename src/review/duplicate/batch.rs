//! Many proposals checked at once: chosen, checked in the background, looked through as one table.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::check::Means;
use super::kept::PROJECT;
use super::listed;
use super::store::{self, Run};
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{duplicate_batches, duplicate_runs, entries};
use crate::db::scope::visible;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;

/// The most entries of one batch.
pub const MOST: usize = 500;

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = duplicate_batches, treat_none_as_default_value = false)]
pub struct Batch {
    /// Identity.
    pub id: i64,
    /// Account that made it.
    pub account_id: Option<i64>,
    /// Who made it.
    pub actor: String,
    /// What it is called.
    pub title: String,
    /// Numbers of the entries, as JSON.
    pub entries: String,
    /// When, UTC.
    pub at: NaiveDateTime,
}

impl Batch {
    /// Numbers of the entries.
    #[must_use]
    pub fn ids(&self) -> Vec<i64> {
        serde_json::from_str(&self.entries).unwrap_or_default()
    }
}

/// Projects under application that the viewer sees in full and may have checked, optionally of one year; newest first.
///
/// # Errors
/// When the database fails.
pub fn candidates(conn: &mut Conn, viewer: &Viewer, year: Option<i32>) -> Result<Vec<EntryRow>> {
    let mut query = visible(viewer)
        .filter(entries::register.eq(PROJECT))
        .filter(entries::stage.eq("application"))
        .filter(entries::present.eq(true))
        .order(entries::id.desc())
        .limit(i64::try_from(MOST).unwrap_or(i64::MAX))
        .select(EntryRow::as_select())
        .into_boxed();
    if let Some(year) = year {
        query = query.filter(entries::year.eq(year));
    }
    let mut found: Vec<EntryRow> = query.load(conn)?;
    found.retain(|row| viewer.can(Right::Write, row.department_id));
    Ok(found)
}

/// Makes a batch of entries by code; the caller puts the job into the queue in the same transaction.
///
/// # Errors
/// [`Error::Invalid`] for none, too many or unknown projects; [`Error::Refused`] without the right.
pub fn make(conn: &mut Conn, viewer: &Viewer, title: &str, codes: &[String]) -> Result<i64> {
    viewer.may_anywhere(Right::Write)?;
    let wrong = |message: String| {
        Error::Invalid(vec![Problem::new(
            "codes",
            "invalid",
            &message,
            "请重新选择",
        )])
    };
    if codes.is_empty() {
        return Err(wrong("请选择要查重的项目。".to_owned()));
    }
    if codes.len() > MOST {
        return Err(wrong(format!("一次最多查 {MOST} 个项目。")));
    }
    let found: Vec<(i64, String, i64)> = visible(viewer)
        .filter(entries::register.eq(PROJECT))
        .filter(entries::code.eq_any(codes.to_vec()))
        .filter(entries::present.eq(true))
        .order(entries::id)
        .select((entries::id, entries::code, entries::department_id))
        .load(conn)?;
    let mut ids = Vec::with_capacity(codes.len());
    for code in codes {
        let Some((id, _, department)) = found.iter().find(|(_, c, _)| c == code) else {
            return Err(wrong(format!("没有找到项目“{code}”。")));
        };
        viewer.may(Right::Write, *department)?;
        if !ids.contains(id) {
            ids.push(*id);
        }
    }
    let object = format!("批量查重“{}”", title.trim());
    let detail = serde_json::json!({ "entries": ids.len() });
    let event = Event::done("check_duplicates", &object).of(viewer.home());
    audit::record(conn, viewer, &event.with(detail))?;
    let last: Option<i64> = duplicate_batches::table
        .select(diesel::dsl::max(duplicate_batches::id))
        .first(conn)?;
    let batch = Batch {
        id: last.unwrap_or(0) + 1,
        account_id: viewer.account(),
        actor: viewer.name().to_owned(),
        title: title.trim().chars().take(100).collect(),
        entries: serde_json::to_string(&ids).unwrap_or_default(),
        at: clock::now(),
    };
    diesel::insert_into(duplicate_batches::table)
        .values(&batch)
        .execute(conn)?;
    Ok(batch.id)
}

/// One's own batch; an operator's is anybody's who is one.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or it is somebody else's.
pub fn find(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Batch> {
    let found: Option<Batch> = duplicate_batches::table
        .find(id)
        .select(Batch::as_select())
        .first(conn)
        .optional()?;
    found
        .filter(|b| b.account_id == viewer.account())
        .ok_or_else(|| Error::NotFound(format!("批量查重 {id}")))
}

/// One's own batches, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<Batch>> {
    let mut query = duplicate_batches::table
        .order(duplicate_batches::id.desc())
        .limit(50)
        .select(Batch::as_select())
        .into_boxed();
    query = match viewer.account() {
        Some(account) => query.filter(duplicate_batches::account_id.eq(account)),
        None => query.filter(duplicate_batches::account_id.is_null()),
    };
    Ok(query.load(conn)?)
}

/// Checks what of a batch has not been checked yet; begun twice, it goes on where it was.
///
/// # Errors
/// When the database fails. An entry that was removed or moved out of reach meanwhile is left out.
pub fn carry_out(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    id: i64,
    progress: impl Fn(u64, u64),
) -> Result<()> {
    let batch = find(conn, viewer, id)?;
    let done: Vec<i64> = duplicate_runs::table
        .filter(duplicate_runs::batch_id.eq(id))
        .select(duplicate_runs::entry_id)
        .load(conn)?;
    let all = batch.ids();
    let total = u64::try_from(all.len()).unwrap_or(0);
    for (number, entry) in (1_u64..).zip(all) {
        if !done.contains(&entry) {
            match store::run(conn, viewer, means, entry, None, Some(id)) {
                Ok(_) | Err(Error::NotFound(_) | Error::Refused(_) | Error::Conflict(_)) => {}
                Err(other) => return Err(other),
            }
        }
        progress(number, total);
    }
    Ok(())
}

/// One line of a batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DuplicateBatchLine)]
pub struct BatchLine {
    /// The run.
    pub run: i64,
    /// Code of the project.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its department.
    pub department: String,
    /// Amount in 分.
    pub amount: Option<i64>,
    /// The best score; 0 when nothing is like it.
    pub best: i32,
    /// Strong hits.
    pub strong: usize,
    /// Of them, those that nobody answered.
    pub unanswered: usize,
    /// All hits.
    pub hits: usize,
    /// Hits that the viewer may not see.
    pub hidden: i64,
    /// What the lists say: 合规通过, 发现风险, 建议驳回.
    pub listed: String,
}

/// The lines of a batch, the most alike first; entries that are not seen in full any more are left out.
///
/// # Errors
/// As [`find`]; when the database fails.
pub fn table(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    id: i64,
) -> Result<(Batch, Vec<BatchLine>)> {
    let batch = find(conn, viewer, id)?;
    let runs: Vec<Run> = duplicate_runs::table
        .filter(duplicate_runs::batch_id.eq(id))
        .order(duplicate_runs::id)
        .select(Run::as_select())
        .load(conn)?;
    let ids: Vec<i64> = runs.iter().map(|r| r.entry_id).collect();
    let rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::id.eq_any(ids))
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut out = Vec::with_capacity(runs.len());
    for run in runs {
        let Some(row) = rows.iter().find(|r| r.id == run.entry_id) else {
            continue;
        };
        let hits = store::hits(conn, run.id)?;
        let strong = hits.iter().filter(|h| h.strong);
        let department = means.directory.get(row.department_id);
        out.push(BatchLine {
            run: run.id,
            code: row.code.clone(),
            name: row.name.clone(),
            department: department.map(|d| d.name.clone()).unwrap_or_default(),
            amount: row.amount,
            best: hits.iter().map(|h| h.score).max().unwrap_or(0),
            strong: strong.clone().count(),
            unanswered: strong.filter(|h| h.verdict.is_none()).count(),
            hits: hits.len(),
            hidden: run.hidden,
            listed: listed::result(&run.listed()).to_owned(),
        });
    }
    out.sort_by(|a, b| b.best.cmp(&a.best).then(a.run.cmp(&b.run)));
    Ok((batch, out))
}
