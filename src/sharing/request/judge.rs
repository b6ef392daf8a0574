//! Who may do what with a request: the side first, then that nobody approves his own, then what the law says of the moment.

use super::steps::{self, Act, Side, State, Step};
use super::{
    Answered, Consultation, Ground, Request, Taken, consultations, get, stored_answer, taken,
};
use crate::auth::policy;
use crate::auth::{Reach, Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::notice;
use crate::org::directory::Directory;

/// A request with all that its acts depend on.
pub(super) struct Case {
    pub row: Request,
    pub answered: Answered,
    /// The consultation that is open.
    pub consultation: Option<Consultation>,
    pub taken: Vec<Taken>,
}

/// Reads a request that the viewer sees.
pub(super) fn case(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Case> {
    let row = get(conn, viewer, id)?;
    let open = consultations(conn, id)?;
    Ok(Case {
        answered: stored_answer(conn, id)?,
        consultation: open.into_iter().rev().find(|c| c.outcome.is_empty()),
        taken: taken(conn, id)?,
        row,
    })
}

/// Whether the viewer belongs to a department or to one that it reports through, and may write for it.
#[must_use]
pub fn answers_for(viewer: &Viewer, directory: &Directory, department: i64) -> bool {
    if viewer.account().is_none() {
        return viewer.can(Right::Write, department);
    }
    let mut at = Some(department);
    for _ in 0..8 {
        let Some(here) = at else { return false };
        if is_of(viewer, here) {
            return viewer.can(Right::Write, department);
        }
        let unit = directory.get(here).filter(|d| d.unit);
        at = unit.and_then(|d| d.parent_id);
    }
    false
}

/// A role of its business is held there.
fn is_of(viewer: &Viewer, department: i64) -> bool {
    viewer.roles().iter().any(|(role, at)| {
        matches!(role, Role::Liaison | Role::Specialist | Role::Cdo) && *at == Some(department)
    })
}

fn is_me(viewer: &Viewer, account: Option<i64>, actor: &str) -> bool {
    match (viewer.account(), account) {
        (Some(mine), Some(theirs)) => mine == theirs,
        (None, None) => viewer.name() == actor,
        _ => false,
    }
}

/// The CDO of a department in which nobody else could approve.
fn is_alone(conn: &mut Conn, viewer: &Viewer, department: i64) -> Result<bool> {
    if !viewer.is(Role::Cdo) {
        return Ok(false);
    }
    for role in [Role::Specialist, Role::Cdo] {
        let held = notice::holders(conn, role, department)?;
        if held.iter().any(|id| Some(*id) != viewer.account()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Demands somebody of the department itself: the bureau acts for nobody.
pub(super) fn own(viewer: &Viewer, ground: Ground<'_>, department: i64, who: &str) -> Result<()> {
    viewer.may(Right::Write, department)?;
    if answers_for(viewer, ground.directory, department) {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "由{who}“{}”的人员办理，主管部门不能代办",
        ground.name(department)
    )))
}

fn not_mine(conn: &mut Conn, viewer: &Viewer, department: i64, mine: bool) -> Result<()> {
    if !mine || is_alone(conn, viewer, department)? {
        return Ok(());
    }
    Err(Error::Refused(
        "不能审批自己起草的内容，请由另一名负责人办理；单位只有一人的，由首席数据代表办理"
            .to_owned(),
    ))
}

/// Demands somebody of the bureau that is addressed, who does not belong to those that it is about.
pub(super) fn bureau(viewer: &Viewer, addressee: Option<i64>, parties: &[i64]) -> Result<()> {
    let everywhere = *viewer.reach(Right::CoordinateSharing) == Reach::Everything;
    let addressed = addressee.is_some_and(|b| viewer.roles().contains(&(Role::Bureau, Some(b))));
    if !everywhere && !addressed {
        let rule = policy::rule(Right::CoordinateSharing);
        return Err(Error::Refused(format!(
            "{rule}，且由提供部门的同级主管部门办理"
        )));
    }
    for department in parties.iter().copied() {
        if is_of(viewer, department) || (!everywhere && viewer.home() == Some(department)) {
            let what = "当事单位的人员不能代表主管部门办理本单位的申请";
            return Err(Error::Refused(what.to_owned()));
        }
    }
    Ok(())
}

fn side(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    case: &Case,
    step: &Step,
) -> Result<()> {
    let row = &case.row;
    match step.by {
        Side::Consumer => own(viewer, ground, row.consumer_id, "需求部门"),
        Side::Provider => own(viewer, ground, row.provider_id, "提供部门"),
        Side::ConsumerHead => {
            viewer.may(Right::ApproveSharing, row.consumer_id)?;
            let drafted = |t: &Taken| matches!(t.act.as_str(), "open" | "edit" | "hand_in");
            let mut mine = case.taken.iter().filter(|t| drafted(t));
            let mine = mine.any(|t| is_me(viewer, t.account_id, &t.actor));
            not_mine(
                conn,
                viewer,
                row.consumer_id,
                mine && step.act == Act::Approve,
            )
        }
        Side::ProviderHead => {
            viewer.may(Right::ApproveSharing, row.provider_id)?;
            let said = &case.answered;
            let approves = matches!(step.act, Act::Agree | Act::Refuse);
            let mine = approves && is_me(viewer, said.drafter_id, &said.drafter);
            not_mine(conn, viewer, row.provider_id, mine)
        }
        Side::Bureau => bureau(viewer, row.bureau_id, &[row.consumer_id, row.provider_id]),
        Side::Either => {
            let ends = [row.consumer_id, row.provider_id];
            if ends.iter().any(|d| viewer.can(Right::HandleIssue, *d)) {
                return Ok(());
            }
            Err(Error::Refused(policy::rule(Right::HandleIssue)))
        }
    }
}

/// What part of the way an issue is about: one issue for each.
#[must_use]
pub(super) fn phase(state: State) -> &'static str {
    match state {
        State::Refused => "refused",
        State::Supplying => "supply",
        State::Consulting | State::Disagreed | State::Consulted | State::Filed => "stop",
        s if steps::ANSWER_OWED.contains(&s) => "answer",
        _ => "service",
    }
}

/// What the moment allows, beside state and side.
fn moment(case: &Case, act: Act) -> Result<()> {
    let said = &case.answered;
    let kind = case.consultation.as_ref().map_or("", |c| c.kind.as_str());
    let no = |what: &str| Err(Error::Conflict(what.to_owned()));
    match act {
        Act::AskPapers => match said.papers_asked_at {
            Some(at) => Err(Error::Conflict(format!(
                "《政务数据共享条例》第二十一条: 材料不全的应当一次性告知需要补正的全部内容。已于 {} 告知，不能再次要求补正",
                clock::day_of(at)
            ))),
            None => Ok(()),
        },
        Act::Agree if said.verdict != "agree" => no("拟定的答复是不同意共享"),
        Act::Refuse if said.verdict != "refuse" => no("拟定的答复是同意共享"),
        Act::AskExtension if said.ext_state == "asked" => no("已申请延期，等待主管部门决定"),
        Act::AskExtension if said.ext_state == "consented" => {
            no("《政务数据共享条例》第二十一条: 延长的期限最多 10 个工作日，已经延期过")
        }
        Act::Consent | Act::Decline if said.ext_state != "asked" => no("没有待决定的延期申请"),
        Act::End if kind != "stop" => no("协商和备案的是变更，不是停止"),
        Act::ApplyChange if kind != "change" => no("协商和备案的是停止，不是变更"),
        Act::Escalate => {
            let now = phase(case.row.state());
            let same = |t: &Taken| {
                t.act == Act::Escalate.word()
                    && State::from_word(&t.from_state).is_some_and(|s| phase(s) == now)
            };
            if case.taken.iter().any(same) {
                return no("这一环节已升级为难点问题");
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Demands that the viewer may do this now; says where the arrow leads.
///
/// # Errors
/// [`Error::Conflict`] when there is no such arrow from here or the law allows none now; [`Error::Refused`] with the rule.
pub(super) fn may(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    case: &Case,
    act: Act,
) -> Result<&'static Step> {
    let state = case.row.state();
    let waits = case.answered.lacks_papers();
    let fits = |s: &&'static Step| act != Act::Redo || (s.to == Some(State::PapersAsked)) == waits;
    let Some(step) = steps::ways(state, act).find(fits) else {
        return Err(Error::Conflict(format!(
            "共享申请{}当前为“{}”，不能“{}”",
            case.row.number(),
            state.label(),
            act.label()
        )));
    };
    side(conn, viewer, ground, case, step)?;
    moment(case, act)?;
    Ok(step)
}

/// What the viewer may do with a request now: the buttons on its page.
///
/// # Errors
/// [`Error::NotFound`]; when the database fails.
pub fn acts(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, id: i64) -> Result<Vec<Act>> {
    let case = case(conn, viewer, id)?;
    let mut out = Vec::new();
    for act in Act::ALL {
        match may(conn, viewer, ground, &case, *act) {
            Ok(_) => out.push(*act),
            Err(Error::Conflict(_) | Error::Refused(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(out)
}
