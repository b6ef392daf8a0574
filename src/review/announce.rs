//! Where acts of reviews and stages are made known: in the audit log, and to whom the move belongs now.

use diesel::prelude::*;

use crate::audit;
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::accounts;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::notice::{self, Message, To};
use crate::review::finding::Finding;
use crate::review::opinion::Opinion;
use crate::review::steps::State;
use crate::review::submission::Submission;

/// An act that people should hear of.
#[derive(Clone, Debug)]
pub struct Announced<'a> {
    /// Word of the audit log: `submission_act`, `stage_act`, `finding`, `review_opinion`.
    pub action: &'static str,
    /// What was done to what, in words people read.
    pub object: String,
    /// The department it concerns.
    pub department: i64,
    /// The submission, when it is about one.
    pub submission: Option<i64>,
    /// The entry.
    pub entry: i64,
    /// Word of the act.
    pub act: &'a str,
    /// More, for the log.
    pub detail: serde_json::Value,
}

/// Makes an act known, in its own transaction: the audit log has it from here.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub fn announce(conn: &mut Conn, viewer: &Viewer, said: &Announced<'_>) -> Result<()> {
    let line = audit::Event::done(said.action, &said.object)
        .of(Some(said.department))
        .with(serde_json::json!({
            "submission": said.submission, "entry": said.entry, "act": said.act, "said": said.detail,
        }));
    audit::record(conn, viewer, &line)
}

/// What notices of this room are about.
const KIND: &str = "review";

/// One thing that is told, and under which key it is told once.
struct Told<'t> {
    text: &'t str,
    submission: i64,
    dedupe: &'t str,
}

/// Tells accounts and whoever holds a role, but not the one who acts.
fn tell(
    conn: &mut Conn,
    viewer: &Viewer,
    people: &[Option<i64>],
    holder: Option<(Role, i64)>,
    told: &Told<'_>,
) -> Result<()> {
    let mut ids: Vec<i64> = people.iter().flatten().copied().collect();
    if let Some((role, department)) = holder {
        ids.extend(notice::holders(conn, role, department)?);
    }
    ids.retain(|id| Some(*id) != viewer.account());
    // Who has left since is not told.
    let ids: Vec<i64> = accounts::table
        .filter(accounts::id.eq_any(ids))
        .filter(accounts::active.eq(true))
        .order(accounts::id)
        .select(accounts::id)
        .load(conn)?;
    let message = Message {
        kind: KIND,
        text: told.text,
        href: &format!("/reviews/{}", told.submission),
        dedupe: told.dedupe,
    };
    notice::send(conn, To::Accounts(&ids), message, clock::now())?;
    Ok(())
}

/// Tells whose move it is after an act of a submission, which stands as `row` now; the department also of an end.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub(super) fn tell_move(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
) -> Result<()> {
    let state = row.state();
    let department = entry.department_id;
    let filler = [row.submitter_id, row.opener_id];
    let holder = match state {
        State::Checking => Some((Role::Specialist, department)),
        State::Approving => Some((Role::Cdo, department)),
        State::Submitted => row.bureau_id.map(|bureau| (Role::Bureau, bureau)),
        // Who reviews has it in hand already; whoever took it back knows.
        State::FormCheck | State::JointReview | State::Withdrawn => return Ok(()),
        State::Returned => Some((Role::Specialist, department)),
        State::Drafting => None,
        State::Passed | State::Cut | State::Rejected | State::Merged => {
            Some((Role::Cdo, department))
        }
    };
    let (accounts, what): (&[Option<i64>], &str) = match state {
        State::Checking => (&[], "待您审核"),
        State::Approving => (&[], "待您审定"),
        State::Submitted => (&[], "待受理"),
        State::Drafting => (&filler, "被退回填报"),
        State::Returned => (&filler, "被退回补正"),
        other => (&filler, other.label()),
    };
    let text = format!("“{}”的送审{}: {what}", entry.name, row.number());
    let told = Told {
        text: &text,
        submission: row.id,
        dedupe: &format!("submission:{}:{}", row.id, row.version),
    };
    tell(conn, viewer, accounts, holder, &told)
}

/// Tells the department of a fault that was found, and whoever found it of the answer.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub(super) fn tell_finding(
    conn: &mut Conn,
    viewer: &Viewer,
    about: (&Submission, &EntryRow),
    found: &Finding,
) -> Result<()> {
    let (row, entry) = about;
    let filler = [row.submitter_id, row.opener_id];
    let raiser = [found.raiser_id];
    let (accounts, what): (&[Option<i64>], &str) = match found.state.as_str() {
        "open" => (&filler, "有审核问题待答复"),
        "answered" => (&raiser, "的审核问题已答复，请核对"),
        _ => return Ok(()),
    };
    let text = format!("“{}”的送审{}{what}", entry.name, row.number());
    let told = Told {
        text: &text,
        submission: row.id,
        dedupe: &format!("finding:{}:{}", found.id, found.version),
    };
    tell(conn, viewer, accounts, None, &told)
}

/// Tells an expert, or the specialist and the CDO of a department, that an opinion is asked for.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub(super) fn tell_asked(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
    asked: &Opinion,
) -> Result<()> {
    let text = format!("请对“{}”的送审{}提出评审意见", entry.name, row.number());
    let told = Told {
        text: &text,
        submission: row.id,
        dedupe: &format!("opinion:{}", asked.id),
    };
    let Some(department) = asked.department_id else {
        return tell(conn, viewer, &[asked.account_id], None, &told);
    };
    for role in [Role::Specialist, Role::Cdo] {
        tell(conn, viewer, &[], Some((role, department)), &told)?;
    }
    Ok(())
}

/// Tells the bureau that every opinion it asked for has been given.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub(super) fn tell_gathered(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
) -> Result<()> {
    let text = format!(
        "“{}”的送审{}评审意见已齐，可以决定",
        entry.name,
        row.number()
    );
    let told = Told {
        text: &text,
        submission: row.id,
        dedupe: &format!("opinions:{}:{}", row.id, row.version),
    };
    let bureau = row.bureau_id.map(|bureau| (Role::Bureau, bureau));
    tell(conn, viewer, &[], bureau, &told)
}
