//! Who may do what with an issue now.

use super::steps::{self, Act, By, Step, Turn};
use super::{Ground, Issue, ladder};
use crate::auth::policy;
use crate::auth::{Right, Role, Viewer};
use crate::error::{Error, Result};

/// What this viewer may do with an issue now: the buttons on its page.
#[must_use]
pub fn acts(viewer: &Viewer, ground: Ground<'_>, row: &Issue) -> Vec<Act> {
    Act::ALL
        .iter()
        .copied()
        .filter(|act| may(viewer, ground, row, *act).is_ok())
        .collect()
}

/// Whether the viewer raises issues in the name of a department that he may write for: a bureau writes for its whole
/// level, and speaks for its own house alone.
#[must_use]
pub fn raises_for(viewer: &Viewer, department: i64) -> bool {
    let held = viewer.roles().iter();
    let as_liaison = held
        .filter(|(role, _)| *role == Role::Liaison)
        .any(|(_, at)| *at == Some(department));
    viewer.can(Right::Write, department)
        && (!viewer.is(Role::Bureau)
            || viewer.home() == Some(department)
            || viewer.can(Right::HandleIssue, department)
            || as_liaison)
}

/// The arrow that the viewer may take.
///
/// # Errors
/// [`Error::Refused`] with the rule; [`Error::Conflict`] when there is no such arrow from here.
pub(super) fn may(
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Issue,
    act: Act,
) -> Result<&'static Step> {
    let Some(step) = steps::find(row.state(), act) else {
        return Err(Error::Conflict(format!(
            "{}当前为“{}”，不能{}",
            row.number(),
            row.state().label(),
            act.label()
        )));
    };
    let handles = |department: i64| viewer.can(Right::HandleIssue, department);
    let coordinates = row
        .handler_id
        .is_some_and(|bureau| viewer.can(Right::CoordinateSharing, bureau));
    let (right, allowed) = match step.by {
        By::Mover => match row.turn() {
            Turn::Owed => (Right::HandleIssue, handles(row.owed_by)),
            Turn::Raised => (Right::HandleIssue, handles(row.raised_by)),
            Turn::Handler => (Right::CoordinateSharing, coordinates),
        },
        By::Either => (
            Right::HandleIssue,
            handles(row.owed_by) || handles(row.raised_by),
        ),
        By::Owed => (Right::HandleIssue, handles(row.owed_by)),
        By::Raised => (Right::HandleIssue, handles(row.raised_by)),
        By::Handler => (Right::CoordinateSharing, coordinates),
        By::Program => (Right::HandleIssue, false),
    };
    if !allowed {
        let rule = policy::rule(right);
        return Err(Error::Refused(format!(
            "{rule}，且只能由{}办理",
            who(step.by, row)
        )));
    }
    match act {
        Act::Answer if row.turn() == Turn::Handler => {
            Err(Error::Conflict("协调方请用“交办”转给一方".to_owned()))
        }
        Act::Escalate => {
            let rungs = ladder::rungs(
                ground.directory,
                ground.catalogue.regions(),
                row.raised_by,
                row.owed_by,
            );
            match ladder::next(&rungs, row.rung) {
                Some(_) => Ok(step),
                None => Err(Error::Conflict(
                    "已由本级人民政府决定，不能再升级".to_owned(),
                )),
            }
        }
        Act::Confirm => independent(viewer, row).map(|()| step),
        Act::Withdraw if row.is_found() => Err(Error::Conflict(
            "这是系统核对发现的问题，原因消除后自动办结，不能撤回".to_owned(),
        )),
        _ => Ok(step),
    }
}

/// Nobody who owes says for the other side that it is done.
fn independent(viewer: &Viewer, row: &Issue) -> Result<()> {
    let same = match (viewer.account(), row.proposer_id) {
        (Some(account), Some(proposer)) => account == proposer,
        (None, None) => viewer.name() == row.proposer,
        _ => false,
    };
    let owes = viewer.home() == Some(row.owed_by) && row.owed_by != row.raised_by;
    if same || owes {
        return Err(Error::Refused(
            "责任方不能确认自己提请的办结，请由提出方确认".to_owned(),
        ));
    }
    Ok(())
}

/// The words for a side.
fn who(by: By, row: &Issue) -> &'static str {
    match by {
        By::Mover => row.turn().label(),
        By::Either => "提出方或责任方",
        By::Owed => Turn::Owed.label(),
        By::Raised => Turn::Raised.label(),
        By::Handler => Turn::Handler.label(),
        By::Program => "系统",
    }
}
