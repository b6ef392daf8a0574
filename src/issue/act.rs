//! Doing something with an issue: the table judges, a conditional update decides who was first.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

use super::proof::{self, Decision};
use super::steps::{Act, State, Step, Then, Turn};
use super::{Ground, Issue, get, judge, ladder, lock, note, settings, tell};
use crate::almanac;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{issues, ledger_head};
use crate::error::{Error, Problem, Result};
use crate::register::text as words;

/// Characters of what is said with an act.
const NOTE: usize = 2_000;

/// Working days ahead that a day may be agreed for.
const AHEAD: u32 = 500;

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The issue.
    pub id: i64,
    /// The version that was looked at.
    pub version: i64,
    /// What to do.
    pub act: Act,
    /// What there is to say; of a decision, what was decided.
    pub note: String,
    /// To which side it is handed out.
    pub to: Option<Turn>,
    /// The day: it is due on, or of the paper.
    pub day: Option<NaiveDate>,
    /// Number of the paper.
    pub number: String,
}

impl Wish {
    /// A wish without particulars.
    #[must_use]
    pub fn plain(id: i64, version: i64, act: Act, note: &str) -> Self {
        Self {
            id,
            version,
            act,
            note: note.to_owned(),
            to: None,
            day: None,
            number: String::new(),
        }
    }
}

/// Does it, all of it or nothing: the issue, its history, the log, the notices.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] with the rule; [`Error::Conflict`] when the issue is not where the act begins;
/// [`Error::Stale`] when somebody else was first; [`Error::Invalid`] with what is missing, proof included.
pub fn act(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, wish: &Wish) -> Result<Issue> {
    conn.transaction(|conn| {
        lock(conn)?;
        let row = get(conn, viewer, wish.id)?;
        let step = match judge::may(viewer, ground, &row, wish.act) {
            // Whoever looked at an older version is told that first: it explains the rest.
            Err(Error::Conflict(_)) if row.version != wish.version => Err(stale(&row)),
            other => other,
        }?;
        if row.version != wish.version {
            return Err(stale(&row));
        }
        let said = said(wish)?;
        let (new, detail) = moved(conn, ground, (&row, step), wish, &said)?;
        let new = Issue {
            closed_by: new.closed_at.map(|_| viewer.name().to_owned()),
            ..new
        };
        let new = proposed_by(viewer, wish.act, new);
        store(conn, &row, &new)?;
        let line = (wish.act.word(), row.state.as_str());
        note(conn, viewer, &new, line, &said, &detail)?;
        let told = json!({
            "issue": row.id, "act": wish.act.word(), "from": row.state, "to": new.state, "rung": new.rung, "said": said,
            "more": detail,
        });
        tell::record(conn, viewer, &new, "issue_step", (wish.act.label(), told))?;
        if changes_hands(wish.act) {
            tell::tell(conn, viewer, &new, wish.act == Act::Escalate)?;
        }
        Ok(new)
    })
}

pub(super) fn stale(row: &Issue) -> Error {
    Error::Stale(format!("{}（现为“{}”）", row.number(), row.state().label()))
}

fn changes_hands(act: Act) -> bool {
    !matches!(act, Act::Progress | Act::Reschedule)
}

/// A text as it may be stored.
pub(super) fn text(key: &str, label: &str, given: &str, most: usize) -> Result<String> {
    let given = given.trim();
    let problem = |code: &str, message: &str, suggestion: &str| {
        Error::Invalid(vec![Problem::new(key, code, message, suggestion)])
    };
    if let Err(fault) = words::check(label, given) {
        return Err(problem(fault.code, &fault.message, &fault.suggestion));
    }
    if given.chars().count() > most {
        return Err(problem(
            "too_long",
            &format!("{label}超过 {most} 个字"),
            "请缩短",
        ));
    }
    Ok(given.to_owned())
}

fn required(key: &str, message: &str) -> Error {
    Error::Invalid(vec![Problem::new(key, "required", message, "请填写")])
}

fn said(wish: &Wish) -> Result<String> {
    let said = text("note", "说明", &wish.note, NOTE)?;
    if said.is_empty() && wish.act.needs_note() {
        let message = format!("“{}”须写明情况或原因", wish.act.label());
        return Err(required("note", &message));
    }
    Ok(said)
}

/// The issue after the act, and what the history says besides.
fn moved(
    conn: &mut Conn,
    ground: Ground<'_>,
    (row, step): (&Issue, &Step),
    wish: &Wish,
    said: &str,
) -> Result<(Issue, Json)> {
    let turn = match step.then {
        Then::Same => row.turn(),
        Then::Other if row.turn() == Turn::Owed => Turn::Raised,
        Then::Other => Turn::Owed,
        Then::To(turn) => turn,
        Then::Named => match wish.to.filter(|to| *to != Turn::Handler) {
            Some(turn) => turn,
            None => return Err(required("to", "请选择交办给哪一方")),
        },
    };
    let mut new = Issue {
        state: step.to.word().to_owned(),
        open: step.to.is_open(),
        version: row.version + 1,
        turn: turn.word().to_owned(),
        ..row.clone()
    };
    if wish.act.closes() {
        new.closed_at = Some(clock::now());
        wish.act.word().clone_into(&mut new.outcome);
    }
    let detail = match wish.act {
        Act::Escalate => climb(ground, row, &mut new)?,
        Act::Decide => decide(wish, said, &mut new)?,
        Act::Reschedule => reschedule(conn, wish, row, &mut new)?,
        Act::Propose | Act::Confirm => prove(conn, ground, row, &mut new)?,
        Act::Reject => {
            new.proof = String::new();
            json!({})
        }
        Act::Reopen => again(conn, row, &mut new)?,
        Act::HandOut => json!({"to": turn.word()}),
        Act::Answer | Act::Progress | Act::Withdraw | Act::Heal => json!({}),
    };
    Ok((new, detail))
}

fn proposed_by(viewer: &Viewer, act: Act, new: Issue) -> Issue {
    match act {
        Act::Propose => Issue {
            proposer_id: viewer.account(),
            proposer: viewer.name().to_owned(),
            ..new
        },
        Act::Reject | Act::Reopen => Issue {
            proposer_id: None,
            proposer: String::new(),
            ..new
        },
        _ => new,
    }
}

/// One rung up. What a lower rung decided was not accepted: it counts no more.
fn climb(ground: Ground<'_>, row: &Issue, new: &mut Issue) -> Result<Json> {
    let regions = ground.catalogue.regions();
    let rungs = ladder::rungs(ground.directory, regions, row.raised_by, row.owed_by);
    let above = ladder::next(&rungs, row.rung);
    let Some((number, handler)) = above.and_then(|r| Some((r.number, r.handler?))) else {
        return Err(Error::Conflict(
            "没有找到负责协调的数据管理部门，请联系系统管理员在机构中指定".to_owned(),
        ));
    };
    new.rung = number;
    new.handler_id = Some(handler);
    new.decision = String::new();
    let name = ground.directory.get(handler).map(|d| d.name.clone());
    Ok(json!({"rung": number, "handler": name}))
}

fn decide(wish: &Wish, said: &str, new: &mut Issue) -> Result<Json> {
    let number = text("number", "文号", &wish.number, 100)?;
    if number.is_empty() {
        return Err(required("number", "请填写决定的文号"));
    }
    let Some(on) = wish.day else {
        return Err(required("day", "请填写决定的日期"));
    };
    if on > clock::today() {
        let message = format!("决定日期 {on} 还没有到");
        let problem = Problem::new("day", "future_date", &message, "请核对日期");
        return Err(Error::Invalid(vec![problem]));
    }
    let decision = Decision {
        rung: new.rung,
        text: said.to_owned(),
        number,
        on,
    };
    new.decision = serde_json::to_string(&decision).unwrap_or_default();
    Ok(json!(decision))
}

fn reschedule(conn: &mut Conn, wish: &Wish, row: &Issue, new: &mut Issue) -> Result<Json> {
    let Some(day) = wish.day else {
        return Err(required("day", "请填写新的期限"));
    };
    let (calendar, _) = almanac::calendar(conn)?;
    let today = clock::today();
    let far = calendar.add_working_days(today, AHEAD).date;
    if day < today || day > far {
        let message = format!("期限 {day} 应在今天至 {far} 之间");
        let problem = Problem::new("day", "bad_date", &message, "请核对日期");
        return Err(Error::Invalid(vec![problem]));
    }
    let due = calendar.working_from(day);
    new.days = None;
    new.due_on = due.date;
    new.provisional = due.provisional;
    Ok(json!({"before": row.due_on, "after": due.date}))
}

/// What the ledger shows at this moment; nothing is proposed or confirmed without.
fn prove(conn: &mut Conn, ground: Ground<'_>, row: &Issue, new: &mut Issue) -> Result<Json> {
    let found = proof::found(conn, ground.directory, row)?;
    if found.is_empty() {
        return Err(proof::none());
    }
    new.proof = serde_json::to_string(&found).unwrap_or_default();
    Ok(json!({ "proof": found }))
}

/// Opened again: its age goes on, its days begin anew, and so must the proof.
fn again(conn: &mut Conn, row: &Issue, new: &mut Issue) -> Result<Json> {
    if let Some(cause) = &row.cause {
        let twin: Option<i64> = issues::table
            .filter(issues::cause.eq(cause))
            .filter(issues::open.eq(true))
            .select(issues::id)
            .first(conn)
            .optional()?;
        if twin.is_some() {
            return Err(Error::Conflict(
                "同一原因已有另一个未办结的难点问题，请在那里办理".to_owned(),
            ));
        }
    }
    let days = settings::days(conn)?;
    let (calendar, _) = almanac::calendar(conn)?;
    new.start_on = clock::today();
    new.days = Some(days);
    let due = new.due(&calendar);
    new.due_on = due.date;
    new.provisional = due.provisional;
    new.proof_seq = ledger_head::table.select(ledger_head::seq).first(conn)?;
    new.proof = String::new();
    new.decision = String::new();
    new.outcome = String::new();
    new.closed_at = None;
    new.reopened = row.reopened + 1;
    Ok(json!({}))
}

/// Over the version that was read; of two who press at once, the second is told.
pub(super) fn store(conn: &mut Conn, row: &Issue, new: &Issue) -> Result<()> {
    let done = diesel::update(
        issues::table
            .find(row.id)
            .filter(issues::version.eq(row.version))
            .filter(issues::state.eq(&row.state)),
    )
    .set((
        (
            issues::state.eq(&new.state),
            issues::open.eq(new.open),
            issues::version.eq(new.version),
            issues::rung.eq(new.rung),
            issues::handler_id.eq(new.handler_id),
            issues::turn.eq(&new.turn),
            issues::start_on.eq(new.start_on),
            issues::days.eq(new.days),
            issues::due_on.eq(new.due_on),
            issues::provisional.eq(new.provisional),
        ),
        (
            issues::proof_seq.eq(new.proof_seq),
            issues::proposer_id.eq(new.proposer_id),
            issues::proposer.eq(&new.proposer),
            issues::proof.eq(&new.proof),
            issues::decision.eq(&new.decision),
            issues::closed_at.eq(new.closed_at),
            issues::closed_by.eq(&new.closed_by),
            issues::outcome.eq(&new.outcome),
            issues::reopened.eq(new.reopened),
        ),
    ))
    .execute(conn)?;
    if done == 1 { Ok(()) } else { Err(stale(row)) }
}

/// Whether the viewer may say something about an issue without having the move.
#[must_use]
pub fn may_comment(viewer: &Viewer, row: &Issue) -> bool {
    let writes = |department: i64| viewer.can(Right::Write, department);
    let coordinates = row
        .handler_id
        .is_some_and(|bureau| viewer.can(Right::CoordinateSharing, bureau));
    row.open && (writes(row.raised_by) || writes(row.owed_by) || coordinates)
}

/// Says something about an issue; nothing else of it changes, so any version will do.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]; [`Error::Conflict`] once it is closed; [`Error::Invalid`] without a word.
pub fn comment(conn: &mut Conn, viewer: &Viewer, id: i64, said: &str) -> Result<Issue> {
    conn.transaction(|conn| {
        lock(conn)?;
        let row = get(conn, viewer, id)?;
        demand_comment(viewer, &row)?;
        let said = text("note", "说明", said, NOTE)?;
        if said.is_empty() {
            return Err(required("note", "请填写说明"));
        }
        note(
            conn,
            viewer,
            &row,
            ("comment", &row.state),
            &said,
            &json!({}),
        )?;
        let detail = json!({"issue": row.id, "said": said});
        tell::record(conn, viewer, &row, "issue_step", ("补充说明", detail))?;
        Ok(row)
    })
}

pub(super) fn demand_comment(viewer: &Viewer, row: &Issue) -> Result<()> {
    if may_comment(viewer, row) {
        return Ok(());
    }
    if matches!(row.state(), State::Closed | State::Withdrawn) {
        let what = format!("{}已结束，请先重新打开", row.number());
        return Err(Error::Conflict(what));
    }
    let rule = crate::auth::policy::rule(Right::Write);
    Err(Error::Refused(rule))
}
