//! Doing something with a filing: the table of steps judges, a conditional update decides.

use diesel::prelude::*;

use super::{Filing, Taken, answers_for, get};
use crate::audit;
use crate::auth::policy;
use crate::auth::{Reach, Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{departments, filing_steps, filings};
use crate::error::{Error, Result};
use crate::org::appointment;
use crate::org::change::{self, Seen};
use crate::org::directory::Department;
use crate::org::form::{Form, Need};
use crate::org::lock;
use crate::org::paper;
use crate::org::steps::{self, Act, Side, State, Step};
use crate::register::region::Regions;

/// The bureau a department files with; none when there is no bureau above it.
///
/// The bureau of the department's own region; for that bureau itself, the one of the region above.
///
/// # Errors
/// When the database fails.
pub fn addressee(
    conn: &mut Conn,
    regions: &Regions,
    department: &Department,
) -> Result<Option<Department>> {
    let mut region = place_of(conn, department)?;
    for _ in 0..8 {
        let Some(code) = region.filter(|code| !code.is_empty()) else {
            return Ok(None);
        };
        let bureau: Option<Department> = departments::table
            .filter(departments::region.eq(&code))
            .filter(departments::bureau.eq(true))
            .select(Department::as_select())
            .first(conn)
            .optional()?;
        // A unit of the bureau files where the bureau does: nobody answers for his own house.
        if let Some(bureau) = bureau
            && !is_of(conn, department, bureau.id)?
        {
            return Ok(Some(bureau));
        }
        region = regions.get(&code).map(|r| r.parent.clone());
    }
    Ok(None)
}

/// A department's region: its own, or that of the one it reports through.
fn place_of(conn: &mut Conn, department: &Department) -> Result<Option<String>> {
    let mut at = department.clone();
    for _ in 0..64 {
        match (&at.region, at.parent_id) {
            (Some(_), _) | (None, None) => break,
            (None, Some(parent)) => at = change::one(conn, parent)?,
        }
    }
    Ok(at.region)
}

fn is_of(conn: &mut Conn, department: &Department, above: i64) -> Result<bool> {
    let mut at = department.clone();
    for _ in 0..64 {
        if at.id == above {
            return Ok(true);
        }
        match at.parent_id.filter(|_| at.unit) {
            Some(parent) => at = change::one(conn, parent)?,
            None => break,
        }
    }
    Ok(false)
}

/// What this viewer may do with a filing now: the buttons on its page.
#[must_use]
pub fn acts(viewer: &Viewer, row: &Filing) -> Vec<Act> {
    Act::ALL
        .into_iter()
        .filter(|act| steps::step(row.state(), *act).is_some())
        .filter(|act| allowed(viewer, row, *act).is_ok())
        .collect()
}

fn allowed(viewer: &Viewer, row: &Filing, act: Act) -> Result<()> {
    let Some(step) = steps::step(row.state(), act) else {
        return Err(Error::Conflict(format!(
            "备案{}当前为“{}”，不能{}",
            row.number(),
            row.state().label(),
            act.label()
        )));
    };
    match step.by {
        Side::Filer => Ok(viewer.may(Right::ManagePeople, row.department_id)?),
        Side::Bureau => may_answer(viewer, row),
    }
}

fn may_answer(viewer: &Viewer, row: &Filing) -> Result<()> {
    let everywhere = *viewer.reach(Right::AnswerFiling) == Reach::Everything;
    if !everywhere && !row.bureau_id.is_some_and(|b| answers_for(viewer, b)) {
        let rule = policy::rule(Right::AnswerFiling);
        return Err(Error::Refused(format!(
            "{rule}，且只能受理报送给本部门的备案"
        )));
    }
    if viewer.home() == Some(row.department_id) {
        return Err(Error::Refused(
            "报送备案的单位不能受理自己的备案".to_owned(),
        ));
    }
    let own = match (viewer.account(), row.submitter_id) {
        (Some(account), Some(submitter)) => account == submitter,
        (None, None) => row.submitter.as_deref() == Some(viewer.name()),
        _ => false,
    };
    if own {
        return Err(Error::Refused(
            "不能受理自己提交的备案，请由他人受理".to_owned(),
        ));
    }
    Ok(())
}

/// Takes one step.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] with the rule, [`Error::Conflict`] when the step does not start
/// from here, [`Error::Stale`], [`Error::Invalid`] without a reason where one is needed.
pub fn act(
    conn: &mut Conn,
    viewer: &Viewer,
    regions: &Regions,
    seen: Seen,
    act: Act,
    note: &str,
) -> Result<Filing> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let row = get(conn, viewer, seen.id)?;
        allowed(viewer, &row, act)?;
        if row.revision != seen.revision {
            return Err(Error::Stale(format!("备案{}", row.number())));
        }
        let Some(Step { to, .. }) = steps::step(row.state(), act) else {
            return Err(Error::Conflict(format!("不能{}", act.label())));
        };
        let mut form = Form::default();
        let need = if act.needs_note() {
            Need::Must
        } else {
            Need::May
        };
        let label = if act == Act::Return {
            "退回原因"
        } else {
            "说明"
        };
        let note = form.text("note", label, note, 500, need);
        form.done()?;
        let row = match act {
            Act::Submit | Act::Keep => addressed(conn, viewer, regions, row, act)?,
            Act::Cancel => {
                appointment::take_back(conn, viewer, row.appointment_id, row.change())?;
                row
            }
            Act::Withdraw | Act::Acknowledge | Act::Return => row,
        };
        move_on(conn, viewer, &row, act, *to, &note)
    })
}

/// The filing with its form as it stands now, and whom it goes to.
fn addressed(
    conn: &mut Conn,
    viewer: &Viewer,
    regions: &Regions,
    row: Filing,
    act: Act,
) -> Result<Filing> {
    let department = change::one(conn, row.department_id)?;
    let bureau = addressee(conn, regions, &department)?;
    match (act, &bureau) {
        (Act::Submit, None) => {
            return Err(Error::Conflict(
                "没有找到受理备案的数据管理部门；如本单位已是最高一级，请自行留存，否则请联系系统管理员指定"
                    .to_owned(),
            ));
        }
        (Act::Keep, Some(bureau)) => {
            return Err(Error::Conflict(format!(
                "应报送“{}”备案，不能自行留存",
                bureau.name
            )));
        }
        _ => {}
    }
    let row = Filing {
        bureau_id: bureau.map(|b| b.id),
        submitted_at: Some(clock::now()),
        submitter_id: viewer.account(),
        submitter: Some(viewer.name().to_owned()),
        ..row
    };
    let paper = paper::fill(conn, regions, &row)?;
    paper.check(act)?;
    Ok(Filing {
        form: serde_json::to_string(&paper).unwrap_or_default(),
        ..row
    })
}

/// Writes the new state over the old one, with its step and its audit line.
pub(super) fn move_on(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Filing,
    act: Act,
    to: State,
    note: &str,
) -> Result<Filing> {
    let now = clock::now();
    let answers = matches!(act, Act::Acknowledge | Act::Return);
    let new = Filing {
        state: to.word().to_owned(),
        revision: row.revision + 1,
        answered_at: if answers { Some(now) } else { row.answered_at },
        answerer: if answers {
            Some(viewer.name().to_owned())
        } else {
            row.answerer.clone()
        },
        answer: if answers {
            note.to_owned()
        } else {
            row.answer.clone()
        },
        ..row.clone()
    };
    let done = diesel::update(
        filings::table
            .find(row.id)
            .filter(filings::state.eq(&row.state))
            .filter(filings::revision.eq(row.revision)),
    )
    .set((
        filings::bureau_id.eq(new.bureau_id),
        filings::state.eq(&new.state),
        filings::form.eq(&new.form),
        filings::revision.eq(new.revision),
        filings::submitted_at.eq(new.submitted_at),
        filings::submitter_id.eq(new.submitter_id),
        filings::submitter.eq(&new.submitter),
        filings::answered_at.eq(new.answered_at),
        filings::answerer.eq(&new.answerer),
        filings::answer.eq(&new.answer),
    ))
    .execute(conn)?;
    if done != 1 {
        return Err(Error::Stale(format!("备案{}", row.number())));
    }
    let last: Option<i64> = filing_steps::table
        .select(diesel::dsl::max(filing_steps::id))
        .first(conn)?;
    diesel::insert_into(filing_steps::table)
        .values(&Taken {
            id: last.unwrap_or(0) + 1,
            filing_id: row.id,
            at: now,
            act: act.word().to_owned(),
            from_state: row.state.clone(),
            to_state: new.state.clone(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            note: note.to_owned(),
            form: new.form.clone(),
        })
        .execute(conn)?;
    let line = audit::Event::done("filing_step", &format!("{} {}", act.label(), row.number()))
        .of(Some(row.department_id))
        .with(serde_json::json!({
            "filing": row.id, "act": act.word(), "from": row.state, "to": new.state, "note": note,
        }));
    audit::record(conn, viewer, &line)?;
    Ok(new)
}
