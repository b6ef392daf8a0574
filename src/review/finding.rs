//! Findings: every fault found in a review is one thread, answered and settled; an open one stops the way on.

mod list;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{finding_notes, findings};
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::review::Ground;
use crate::review::announce::{Announced, announce, tell_finding};
use crate::review::decision;
use crate::review::opinion;
use crate::review::steps::State;
use crate::review::submission::{self, Submission};

pub use list::of_submission;
pub(super) use list::unsettled;

/// A finding as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = findings, treat_none_as_default_value = false)]
pub struct Finding {
    /// Identity.
    pub id: i64,
    /// The submission it was found in.
    pub submission_id: i64,
    /// The field it is about; empty = the whole.
    pub field: String,
    /// What is wrong.
    pub text: String,
    /// `open`, `answered` or `settled`.
    pub state: String,
    /// Counts its changes from 1.
    pub version: i64,
    /// When it was found, UTC.
    pub raised_at: NaiveDateTime,
    /// By whom.
    pub raiser: String,
    /// By which account.
    pub raiser_id: Option<i64>,
    /// When it was settled, UTC.
    pub settled_at: Option<NaiveDateTime>,
    /// By whom.
    pub settler: Option<String>,
}

/// One word in a thread.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_notes, treat_none_as_default_value = false)]
pub struct FindingNote {
    /// Identity.
    pub id: i64,
    /// The finding.
    pub finding_id: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// `raise`, `answer`, `settle` or `reopen`.
    pub act: String,
    /// The account.
    pub account_id: Option<i64>,
    /// The name.
    pub actor: String,
    /// What was said.
    pub text: String,
}

/// What is done to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FindingAct)]
#[serde(rename_all = "snake_case")]
pub enum FindingAct {
    /// The department answers.
    Answer,
    /// The reviewers are content.
    Settle,
    /// The reviewers are not content after all.
    Reopen,
}

impl FindingAct {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Settle => "settle",
            Self::Reopen => "reopen",
        }
    }

    /// What people press.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Answer => "答复",
            Self::Settle => "了结",
            Self::Reopen => "重新提出",
        }
    }

    /// From which states it goes, and where to.
    fn arrow(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Answer => (&["open", "answered"], "answered"),
            Self::Settle => (&["open", "answered"], "settled"),
            Self::Reopen => (&["answered", "settled"], "open"),
        }
    }
}

/// What people read for a state.
#[must_use]
pub fn state_label(state: &str) -> &'static str {
    match state {
        "open" => "待答复",
        "answered" => "已答复",
        _ => "已了结",
    }
}

fn purpose() -> Purpose {
    Purpose {
        source: "review",
        reason: String::new(),
        valid_on: None,
        import_id: None,
        undoes: None,
    }
}

/// Demands that the viewer may find faults in a submission now: whoever checks or approves it in the department,
/// the bureau that reviews it, an expert who is asked.
fn may_find(conn: &mut Conn, viewer: &Viewer, row: &Submission, entry: &EntryRow) -> Result<()> {
    match row.state() {
        State::Checking => Ok(viewer.may(Right::CheckSubmission, entry.department_id)?),
        State::Approving => Ok(viewer.may(Right::ApproveSubmission, entry.department_id)?),
        State::FormCheck => submission::reviews(conn, viewer, row, entry),
        State::JointReview => {
            if opinion::mine(conn, viewer, row)?.is_some() {
                return Ok(());
            }
            submission::reviews(conn, viewer, row, entry)
        }
        other => Err(Error::Conflict(format!(
            "送审{}当前为“{}”，不能提出问题",
            row.number(),
            other.label()
        ))),
    }
}

/// Raises a finding.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] by who asks and where it stands;
/// [`Error::Invalid`] without a text or for a field that the register does not have.
pub fn raise(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    id: i64,
    field: &str,
    text: &str,
) -> Result<Finding> {
    let text = decision::text("text", "问题", text, 1_000)?;
    let (_, made) = change_set::write(conn, viewer, purpose(), |set| {
        let conn = set.conn();
        let (row, entry) = submission::get(conn, viewer, id)?;
        may_find(conn, viewer, &row, &entry)?;
        let register = ground.definitions(&entry.register)?.register;
        let mut problems = Vec::new();
        if text.is_empty() {
            problems.push(Problem::new("text", "required", "请写明问题", ""));
        }
        if !field.is_empty() && register.field(field).is_none() {
            let message = format!("{}没有字段“{field}”", register.label);
            problems.push(Problem::new(
                "field",
                "unknown_field",
                &message,
                "请选择字段，或留空",
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let last: Option<i64> = findings::table
            .select(diesel::dsl::max(findings::id))
            .first(conn)?;
        let made = Finding {
            id: last.unwrap_or(0) + 1,
            submission_id: id,
            field: field.to_owned(),
            text: text.clone(),
            state: "open".to_owned(),
            version: 1,
            raised_at: clock::now(),
            raiser: viewer.name().to_owned(),
            raiser_id: viewer.account(),
            settled_at: None,
            settler: None,
        };
        diesel::insert_into(findings::table)
            .values(&made)
            .execute(conn)?;
        noted(conn, viewer, (&row, &entry), &made, "raise", &text)?;
        Ok(Verdict::Commit(made))
    })?;
    Ok(made)
}

/// Answers, settles or reopens a finding.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]: the department answers, the reviewers settle and reopen;
/// [`Error::Conflict`], [`Error::Stale`], [`Error::Invalid`] without a word where one is needed.
pub fn act(
    conn: &mut Conn,
    viewer: &Viewer,
    finding: (i64, i64),
    act: FindingAct,
    text: &str,
) -> Result<Finding> {
    let (id, version) = finding;
    let text = decision::text("text", "说明", text, 1_000)?;
    if text.is_empty() && act != FindingAct::Settle {
        let problem = Problem::new("text", "required", "请填写说明", "");
        return Err(Error::Invalid(vec![problem]));
    }
    let (_, done) = change_set::write(conn, viewer, purpose(), |set| {
        let conn = set.conn();
        let found: Option<Finding> = findings::table
            .find(id)
            .select(Finding::as_select())
            .first(conn)
            .optional()?;
        let nowhere = || Error::NotFound(format!("审核问题 {id}"));
        let found = found.ok_or_else(nowhere)?;
        let (row, entry) =
            submission::get(conn, viewer, found.submission_id).map_err(|e| match e {
                Error::NotFound(_) => nowhere(),
                other => other,
            })?;
        if !row.open {
            return Err(Error::Conflict(format!("送审{}已经办结", row.number())));
        }
        if act == FindingAct::Answer {
            viewer.may(Right::Write, entry.department_id)?;
        } else {
            may_settle(conn, viewer, &row, &entry, &found)?;
        }
        let (from, to) = act.arrow();
        if !from.contains(&found.state.as_str()) {
            let here = state_label(&found.state);
            return Err(Error::Conflict(format!(
                "这个问题{here}，不能{}",
                act.label()
            )));
        }
        let settles = act == FindingAct::Settle;
        let new = Finding {
            state: to.to_owned(),
            version: found.version + 1,
            settled_at: settles.then(clock::now),
            settler: settles.then(|| viewer.name().to_owned()),
            ..found.clone()
        };
        let done = diesel::update(
            findings::table
                .find(id)
                .filter(findings::version.eq(version)),
        )
        .set((
            findings::state.eq(&new.state),
            findings::version.eq(new.version),
            findings::settled_at.eq(new.settled_at),
            findings::settler.eq(&new.settler),
        ))
        .execute(conn)?;
        if done != 1 || found.version != version {
            return Err(Error::Stale("审核问题".to_owned()));
        }
        noted(conn, viewer, (&row, &entry), &new, act.word(), &text)?;
        Ok(Verdict::Commit(new))
    })?;
    Ok(done)
}

/// A finding is settled by whoever may find faults where the submission stands now, or by whoever raised it; never
/// by who handed the submission in.
fn may_settle(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
    found: &Finding,
) -> Result<()> {
    let raised = found.raiser_id.is_some() && found.raiser_id == viewer.account();
    if row.state().is_in_hand() && !raised {
        return Err(Error::Refused(
            "问题由提出的人或下一环节的审核人员了结".to_owned(),
        ));
    }
    if viewer.account().is_some() && row.submitter_id == viewer.account() {
        return Err(Error::Refused(
            "提交人不能了结对自己所提交内容的问题".to_owned(),
        ));
    }
    if raised {
        return Ok(());
    }
    may_find(conn, viewer, row, entry)?;
    let bureaus = !submission::is_of_department(viewer, entry.department_id);
    let theirs = raised_by_bureau(conn, row, found)?;
    if theirs && !bureaus {
        return Err(Error::Refused("评审提出的问题由评审方了结".to_owned()));
    }
    Ok(())
}

/// Whether a finding came from outside the department: its raiser has no part in filling or checking.
fn raised_by_bureau(conn: &mut Conn, row: &Submission, found: &Finding) -> Result<bool> {
    let acts = submission::taken(conn, row.id)?;
    let first = acts.iter().find(|a| a.act == "accept").map(|a| a.at);
    Ok(first.is_some_and(|at| found.raised_at >= at))
}

fn noted(
    conn: &mut Conn,
    viewer: &Viewer,
    about: (&Submission, &EntryRow),
    found: &Finding,
    act: &str,
    text: &str,
) -> Result<()> {
    let (row, entry) = about;
    let last: Option<i64> = finding_notes::table
        .select(diesel::dsl::max(finding_notes::id))
        .first(conn)?;
    diesel::insert_into(finding_notes::table)
        .values(&FindingNote {
            id: last.unwrap_or(0) + 1,
            finding_id: found.id,
            at: clock::now(),
            act: act.to_owned(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            text: text.to_owned(),
        })
        .execute(conn)?;
    tell_finding(conn, viewer, about, found)?;
    announce(
        conn,
        viewer,
        &Announced {
            action: "finding",
            object: format!("审核问题 {} {}", found.id, entry.code),
            department: entry.department_id,
            submission: Some(row.id),
            entry: entry.id,
            act,
            detail: serde_json::json!(text),
        },
    )
}
