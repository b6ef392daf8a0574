//! Who may do what with a submission: rights first, then that nobody judges his own.

use diesel::prelude::*;

use super::{Submission, Taken, taken};
use crate::auth::policy;
use crate::auth::{Reach, Right, Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::review_opinions;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryRow;
use crate::register::lifecycle::Kind;
use crate::review::Ground;
use crate::review::steps::{self, Act, Side, State, Step};

/// Acts by which somebody of the department takes part in what is handed in.
const OWN: [&str; 7] = [
    "open",
    "propose",
    "submit",
    "check",
    "send_back",
    "approve",
    "withdraw",
];

/// Whether the viewer belongs to a department: it is home, or a role of its business is held there.
#[must_use]
pub(crate) fn is_of_department(viewer: &Viewer, department: i64) -> bool {
    viewer.home() == Some(department)
        || viewer.roles().iter().any(|(role, at)| {
            matches!(role, Role::Liaison | Role::Specialist | Role::Cdo) && *at == Some(department)
        })
}

/// Whether an act was this viewer's.
fn is_mine(viewer: &Viewer, act: &Taken) -> bool {
    match (viewer.account(), act.account_id) {
        (Some(mine), Some(theirs)) => mine == theirs,
        (None, None) => viewer.name() == act.actor,
        _ => false,
    }
}

/// Whether the viewer took part in filling, checking or approving it for its department.
///
/// # Errors
/// When the database fails.
fn has_part(conn: &mut Conn, viewer: &Viewer, submission: i64) -> Result<bool> {
    let acts = taken(conn, submission)?;
    Ok(acts
        .iter()
        .any(|a| OWN.contains(&a.act.as_str()) && is_mine(viewer, a)))
}

/// Demands that the viewer may review this submission for the bureau it was handed in to.
///
/// # Errors
/// [`Error::Refused`] with the rule.
pub(crate) fn reviews(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
) -> Result<()> {
    viewer.may_anywhere(Right::ReviewProposals)?;
    let everywhere = *viewer.reach(Right::ReviewProposals) == Reach::Everything;
    let addressed = row
        .bureau_id
        .is_some_and(|b| viewer.roles().contains(&(Role::Bureau, Some(b))));
    if !everywhere && !addressed {
        let rule = policy::rule(Right::ReviewProposals);
        return Err(Error::Refused(format!(
            "{rule}，且只能评审报送给本部门的项目"
        )));
    }
    for department in [row.department_id, entry.department_id] {
        if is_of_department(viewer, department) {
            return Err(Error::Refused(
                "申报单位的人员不能评审本单位的申报".to_owned(),
            ));
        }
    }
    if has_part(conn, viewer, row.id)? {
        return Err(Error::Refused(
            "参与填报、审核或审定的人员不能评审同一件申报".to_owned(),
        ));
    }
    let asked: i64 = review_opinions::table
        .filter(review_opinions::submission_id.eq(row.id))
        .filter(review_opinions::account_id.eq(viewer.account().unwrap_or(0)))
        .count()
        .get_result(conn)?;
    if asked > 0 {
        return Err(Error::Refused(
            "担任本件评审专家的人员只提意见，不作决定".to_owned(),
        ));
    }
    Ok(())
}

/// Nobody agrees to what he handed in or proposed himself, in this round.
fn not_mine(conn: &mut Conn, viewer: &Viewer, row: &Submission, verb: &str) -> Result<()> {
    let acts = taken(conn, row.id)?;
    let mine = acts.iter().any(|a| {
        let handed_in = a.act == "submit" && a.round == row.round;
        (handed_in || a.act == "propose") && is_mine(viewer, a)
    });
    if mine {
        return Err(Error::Refused(format!(
            "不能{verb}自己填报提交的内容，请由另一名有权人员办理"
        )));
    }
    Ok(())
}

/// Demands that the viewer may do this now; says where the arrow leads.
///
/// # Errors
/// [`Error::Conflict`] when there is no such arrow from here; [`Error::Refused`] with the rule.
pub(super) fn may(
    conn: &mut Conn,
    viewer: &Viewer,
    kind: &Kind,
    row: &Submission,
    entry: &EntryRow,
    act: Act,
) -> Result<&'static Step> {
    let found = steps::find(kind.route, row.state(), act);
    let Some(step) = found.filter(|s| is_offered(kind, s.to)) else {
        return Err(Error::Conflict(format!(
            "送审{}当前为“{}”，不能{}",
            row.number(),
            row.state().label(),
            act.label()
        )));
    };
    let department = entry.department_id;
    match step.by {
        Side::Filler => viewer.may(Right::Write, department)?,
        Side::Checker => {
            viewer.may(Right::CheckSubmission, department)?;
            not_mine(conn, viewer, row, "审核")?;
        }
        Side::Approver => {
            viewer.may(Right::ApproveSubmission, department)?;
            not_mine(conn, viewer, row, "审定")?;
        }
        Side::Bureau => reviews(conn, viewer, row, entry)?,
    }
    Ok(step)
}

/// Whether a kind knows the state an arrow leads to.
fn is_offered(kind: &Kind, to: State) -> bool {
    match (&kind.steps, to) {
        (Some(steps), State::Cut) => steps.cut.is_some(),
        (Some(steps), State::Merged) => steps.merged.is_some(),
        (Some(steps), State::JointReview) => steps.joint_review.is_some(),
        (None, State::Cut | State::Merged) => false,
        _ => true,
    }
}

/// What the viewer may do with a submission now: the buttons on its page.
///
/// # Errors
/// When the database fails.
pub fn acts(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Submission,
    entry: &EntryRow,
) -> Result<Vec<Act>> {
    let Some(kind) = ground.model(&entry.register)?.kind(&row.kind) else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for act in Act::ALL {
        match may(conn, viewer, kind, row, entry, *act) {
            Ok(_) => out.push(*act),
            Err(Error::Conflict(_) | Error::Refused(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(out)
}
