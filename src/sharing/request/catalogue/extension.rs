//! 目录更新延期: the department asks for more time, its bureau consents or not; once for each update (art. 17).

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AWAY, CHANGE, HAND_IN, Update, one};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{catalogue_extensions, submissions};
use crate::error::{Error, Problem, Result};
use crate::sharing::request::clock::{Reckoner, Standing};
use crate::sharing::request::judge::{answers_for, bureau, own};
use crate::sharing::request::list::bureaus;
use crate::sharing::request::{Ground, bureau_of, checked, locked, settled, tell};

/// It waits for the bureau.
pub const ASKED: &str = "asked";
/// The bureau consented.
pub const CONSENTED: &str = "consented";
/// The bureau did not.
pub const DECLINED: &str = "declined";

/// What both questions are asked by.
const ARTICLE: &str = "《政务数据共享条例》第十七条";

/// An extension that was asked for, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = catalogue_extensions, treat_none_as_default_value = false)]
#[schema(as = CatalogueExtension)]
pub struct Extension {
    /// Number of the submission.
    #[serde(skip)]
    pub submission_id: i64,
    /// `asked`, `consented` or `declined`.
    pub state: String,
    /// The bureau that decides.
    pub bureau_id: i64,
    /// Why more time is needed.
    pub reason: String,
    /// When it was asked for, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub asked_at: NaiveDateTime,
    /// By whom.
    pub asked_by: String,
    /// From which account.
    #[serde(skip)]
    pub asker_id: Option<i64>,
    /// When it was decided, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub decided_at: Option<NaiveDateTime>,
    /// By whom.
    pub decided_by: String,
    /// What the bureau said to it.
    pub note: String,
}

impl Extension {
    /// What people read for the state.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.state.as_str() {
            ASKED => "待主管部门决定",
            CONSENTED => "已同意延期",
            _ => "不同意延期",
        }
    }
}

/// Those of some submissions.
pub(super) fn of(conn: &mut Conn, submissions: &[i64]) -> Result<HashMap<i64, Extension>> {
    let rows: Vec<Extension> = catalogue_extensions::table
        .filter(catalogue_extensions::submission_id.eq_any(submissions.to_vec()))
        .select(Extension::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|e| (e.submission_id, e)).collect())
}

/// What the moment allows, whoever asks.
fn askable(update: &Update) -> Result<()> {
    let no = |what: &str| Err(Error::Conflict(what.to_owned()));
    if update.rule_id != HAND_IN {
        return no("已报送主管部门审核，更新的期限不再计算，无须延期");
    }
    if update.extension.is_some() {
        return no("《政务数据共享条例》第十七条: 这次目录更新已申请过延期，不能再次申请");
    }
    if update.extended_on.is_none() {
        return no("现行办理时限没有规定目录更新可以延期");
    }
    if update.standing == Standing::Overdue {
        return no("更新期限已过，不能再申请延期（第十七条）");
    }
    Ok(())
}

/// Whether the viewer may ask for more time now.
pub(super) fn may_ask(viewer: &Viewer, ground: Ground<'_>, update: &Update) -> bool {
    askable(update).is_ok() && answers_for(viewer, ground.directory, update.department_id)
}

/// Whether the viewer may decide now.
pub(super) fn may_decide(viewer: &Viewer, update: &Update) -> bool {
    let asked = update.extension.as_ref().filter(|e| e.state == ASKED);
    asked.is_some_and(|e| bureau(viewer, Some(e.bureau_id), &[update.department_id]).is_ok())
}

/// Asks for more time to update a dataset's catalogue entry: by the department that owns it, in time, once.
///
/// # Errors
/// [`Error::NotFound`] for what is not under way or not seen in full; [`Error::Refused`] with the rule;
/// [`Error::Conflict`] when the law allows none now; [`Error::Invalid`] without a reason.
pub fn ask(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    submission: i64,
    reason: &str,
) -> Result<Update> {
    locked(conn, viewer, |conn| {
        let reckoner = Reckoner::new(conn, ground, clock::today())?;
        let update = one(conn, viewer, &reckoner, submission)?;
        own(viewer, ground, update.department_id, "提供部门")?;
        askable(&update)?;
        let mut problems = Vec::new();
        let reason = checked(&mut problems, ("reason", "延期理由"), reason, 2_000);
        if reason.is_empty() && problems.is_empty() {
            problems.push(Problem::new(
                "reason",
                "required",
                "请填写延期理由",
                ARTICLE,
            ));
        }
        settled(problems)?;
        let bureau_id = bureau_of(conn, ground, update.department_id)?.ok_or_else(|| {
            let what = "没有找到提供部门的同级主管部门，请联系系统管理员在机构中指定";
            Error::Conflict(what.to_owned())
        })?;
        let row = Extension {
            submission_id: submission,
            state: ASKED.to_owned(),
            bureau_id,
            reason,
            asked_at: clock::now(),
            asked_by: viewer.name().to_owned(),
            asker_id: viewer.account(),
            decided_at: None,
            decided_by: String::new(),
            note: String::new(),
        };
        diesel::insert_into(catalogue_extensions::table)
            .values(&row)
            .execute(conn)?;
        tell::extension(conn, viewer, ground, &update, &row)?;
        one(conn, viewer, &reckoner, submission)
    })
}

/// Consents to more time, or does not: by the bureau of the department. Of two who decide at once, the second is told.
///
/// # Errors
/// [`Error::NotFound`] for what is not under way or not seen in full; [`Error::Refused`] with the rule;
/// [`Error::Conflict`] when nothing waits to be decided; [`Error::Invalid`] when it is declined without a word of why.
pub fn decide(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    submission: i64,
    (consents, note): (bool, &str),
) -> Result<Update> {
    locked(conn, viewer, |conn| {
        let reckoner = Reckoner::new(conn, ground, clock::today())?;
        let update = one(conn, viewer, &reckoner, submission)?;
        let addressee = match &update.extension {
            Some(asked) => Some(asked.bureau_id),
            None => bureau_of(conn, ground, update.department_id)?,
        };
        bureau(viewer, addressee, &[update.department_id])?;
        let Some(asked) = update.extension.clone() else {
            return Err(Error::Conflict("没有待决定的延期申请".to_owned()));
        };
        if asked.state != ASKED {
            let (who, label) = (&asked.decided_by, asked.label());
            let what = format!("这次延期申请已由{who}决定: {label}");
            return Err(Error::Conflict(what));
        }
        let mut problems = Vec::new();
        let note = checked(&mut problems, ("note", "决定说明"), note, 2_000);
        if !consents && note.is_empty() && problems.is_empty() {
            let what = "不同意延期的应当说明理由";
            problems.push(Problem::new("note", "required", what, ARTICLE));
        }
        settled(problems)?;
        let state = if consents { CONSENTED } else { DECLINED };
        let row = Extension {
            state: state.to_owned(),
            decided_at: Some(clock::now()),
            decided_by: viewer.name().to_owned(),
            note,
            ..asked
        };
        let waits = catalogue_extensions::table
            .find(submission)
            .filter(catalogue_extensions::state.eq(ASKED));
        let done = diesel::update(waits)
            .set((
                catalogue_extensions::state.eq(&row.state),
                catalogue_extensions::decided_at.eq(row.decided_at),
                catalogue_extensions::decided_by.eq(&row.decided_by),
                catalogue_extensions::note.eq(&row.note),
            ))
            .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale(format!("“{}”的延期申请", update.name)));
        }
        tell::extension(conn, viewer, ground, &update, &row)?;
        one(conn, viewer, &reckoner, submission)
    })
}

/// How many extensions wait for the viewer's bureau.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &mut Conn, viewer: &Viewer) -> Result<usize> {
    let mut query = catalogue_extensions::table
        .inner_join(submissions::table.on(submissions::id.eq(catalogue_extensions::submission_id)))
        .filter(catalogue_extensions::state.eq(ASKED))
        // What was handed in meanwhile needs no more time.
        .filter(submissions::open.eq(true))
        .filter(submissions::kind.eq(CHANGE))
        .filter(submissions::state.ne_all(AWAY))
        .select(catalogue_extensions::submission_id)
        .into_boxed();
    if let Some(ids) = bureaus(viewer) {
        query = query.filter(catalogue_extensions::bureau_id.eq_any(ids));
    }
    let found: Vec<i64> = query.load(conn)?;
    Ok(found.len())
}
