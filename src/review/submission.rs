//! Submissions (送审): one open one of a kind for an entry, from the first line filled to the decision.

mod act;
mod judge;
mod list;
mod open;
mod queue;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{submission_acts, submissions};
use crate::error::{Error, Result};
use crate::ledger::attachment;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::{Proposals, step_of};
use crate::register::lifecycle::Kind;
use crate::review::Ground;
use crate::review::facts;
use crate::review::steps::{Act, State};

pub use act::{Wish, act};
pub use judge::acts;
pub(crate) use judge::{is_of_department, reviews};
pub use list::{Filter, Listed, changes_of, list};
pub use open::open;
pub use queue::{Queue, waiting};

/// A submission as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = submissions, treat_none_as_default_value = false)]
pub struct Submission {
    /// Identity.
    pub id: i64,
    /// The entry.
    pub entry_id: i64,
    /// Key of the kind in the register's model.
    pub kind: String,
    /// Word of the state.
    pub state: String,
    /// Whether somebody still has to do something.
    pub open: bool,
    /// Counts its acts from 1; what an act says it was decided from.
    pub version: i64,
    /// Counts how often it was handed to the department's specialist, from 1.
    pub round: i64,
    /// Whose it is.
    pub department_id: i64,
    /// The bureau it was handed in to.
    pub bureau_id: Option<i64>,
    /// To which season it belongs, such as the year; may be empty.
    pub season: String,
    /// Why, in the words of whoever opened it.
    pub reason: String,
    /// Class of the reason of a change request; may be empty.
    pub reason_class: String,
    /// What a change request proposes, as JSON; empty for other kinds.
    pub proposed: String,
    /// The entry's version as it was handed in.
    pub form_revision: Option<i32>,
    /// SM3 of the entry as it was handed in, in hexadecimal; empty before.
    pub form_digest: String,
    /// Version of the gate that judged it.
    pub gate_version: Option<i64>,
    /// When it was opened, UTC.
    pub opened_at: NaiveDateTime,
    /// By whom.
    pub opened_by: String,
    /// By which account.
    pub opener_id: Option<i64>,
    /// When it was last handed in to the bureau, UTC.
    pub submitted_at: Option<NaiveDateTime>,
    /// Who submitted it last within the department.
    pub submitter: Option<String>,
    /// By which account.
    pub submitter_id: Option<i64>,
    /// Since when it stands in its state, UTC.
    pub state_since: NaiveDateTime,
    /// When it was decided, UTC.
    pub decided_at: Option<NaiveDateTime>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Word of the outcome: `passed`, `cut`, `rejected`, `merged`; empty before.
    pub outcome: String,
    /// What was last said about it.
    pub opinion: String,
    /// The entry it was merged into.
    pub merged_into: Option<i64>,
}

impl Submission {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Withdrawn)
    }

    /// The number that people call it by.
    #[must_use]
    pub fn number(&self) -> String {
        let year = clock::day_of(self.opened_at).format("%Y");
        format!("SS{year}{:06}", self.id)
    }

    /// What it proposes, when it is a change request.
    #[must_use]
    pub fn proposals(&self) -> Proposals {
        serde_json::from_str(&self.proposed).unwrap_or_default()
    }

    /// Whole days in its state.
    #[must_use]
    pub fn days(&self) -> i64 {
        (clock::today() - clock::day_of(self.state_since)).num_days()
    }
}

/// One act, as it was done.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = submission_acts, treat_none_as_default_value = false)]
pub struct Taken {
    /// Identity.
    pub id: i64,
    /// The submission.
    pub submission_id: i64,
    /// In which round.
    pub round: i64,
    /// The submission's version after it.
    pub version: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Word of the act; `open` and `propose` beside those of [`Act`].
    pub act: String,
    /// Word of the state before; empty for the first.
    pub from_state: String,
    /// Word of the state after.
    pub to_state: String,
    /// The account.
    pub account_id: Option<i64>,
    /// The name.
    pub actor: String,
    /// The person's own department.
    pub department_id: Option<i64>,
    /// What was said.
    pub opinion: String,
    /// The change set, when the entry changed with it.
    pub change_set: Option<i64>,
    /// More, as JSON.
    pub detail: String,
}

impl Taken {
    /// What people read for the act.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.act.as_str() {
            "open" => "建立",
            "propose" => "提出变更",
            word => Act::from_word(word).map_or("办理", Act::label),
        }
    }
}

/// The words for a submission that is not there, or not for this viewer.
fn nowhere(id: i64) -> String {
    format!("送审 {id}")
}

/// A submission with its entry, for whoever sees the entry in full or is asked for an opinion.
///
/// # Errors
/// [`Error::NotFound`] when it is absent or out of reach.
pub fn get(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<(Submission, EntryRow)> {
    let found: Option<Submission> = submissions::table
        .find(id)
        .select(Submission::as_select())
        .first(conn)
        .optional()?;
    let found = found.ok_or_else(|| Error::NotFound(nowhere(id)))?;
    let row = facts::seen(conn, viewer, found.entry_id, &nowhere(id))?;
    Ok((found, row))
}

/// A file of the proposal, to be sent; the sending is written down.
///
/// # Errors
/// As [`get`]; [`Error::NotFound`] when there is no such file.
pub fn attachment(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    file: i64,
) -> Result<attachment::Attachment> {
    let (_, row) = get(conn, viewer, id)?;
    attachment::hand_out(conn, viewer, &row, file)
}

/// What was done with a submission, the first act first.
///
/// # Errors
/// As [`get`].
pub fn history(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Vec<Taken>> {
    get(conn, viewer, id)?;
    taken(conn, id)
}

pub(super) fn taken(conn: &mut Conn, id: i64) -> Result<Vec<Taken>> {
    Ok(submission_acts::table
        .filter(submission_acts::submission_id.eq(id))
        .order(submission_acts::id)
        .select(Taken::as_select())
        .load(conn)?)
}

/// Submissions of an entry that the viewer sees in full, the newest first.
///
/// # Errors
/// When the database fails.
pub fn of_entry(conn: &mut Conn, viewer: &Viewer, row: &EntryRow) -> Result<Vec<Submission>> {
    if !viewer.can(Right::SeeOwn, row) {
        return Ok(Vec::new());
    }
    Ok(submissions::table
        .filter(submissions::entry_id.eq(row.id))
        .order(submissions::id.desc())
        .select(Submission::as_select())
        .load(conn)?)
}

/// The open submission of an entry that moves where it stands: other acts wait for it.
///
/// # Errors
/// When the database fails.
pub(super) fn moving(
    conn: &mut Conn,
    ground: Ground<'_>,
    row: &EntryRow,
) -> Result<Option<Submission>> {
    let model = ground.model(&row.register)?;
    let open: Vec<Submission> = submissions::table
        .filter(submissions::entry_id.eq(row.id))
        .filter(submissions::open.eq(true))
        .order(submissions::id)
        .select(Submission::as_select())
        .load(conn)?;
    let definitions = ground.definitions(&row.register)?;
    let document = row.document();
    let step = step_of(definitions.register, &document);
    Ok(open.into_iter().find(|s| {
        let kind = model.kind(&s.kind);
        let waits = |k: &Kind| k.during.as_ref().is_some_and(|d| d.to == step);
        kind.is_some_and(|k| k.steps.is_some() || waits(k))
    }))
}

/// Where the entry stands for a kind in a state; `None` where that does not depend on it.
#[must_use]
pub(super) fn step_for(kind: &Kind, state: State, now: &str) -> Option<String> {
    if let Some(during) = &kind.during {
        let away = state.is_with_bureau();
        return match (away, now) {
            (true, step) if step == during.from => Some(during.to.clone()),
            (false, step) if step == during.to => Some(during.from.clone()),
            _ => None,
        };
    }
    let steps = kind.steps.as_ref()?;
    Some(match state {
        State::Drafting => steps.drafting.clone(),
        State::Checking => steps.checking.clone(),
        State::Approving => steps.approving.clone(),
        State::Submitted => steps.submitted.clone(),
        State::FormCheck => steps.form_check.clone(),
        State::JointReview => steps.joint_review.clone()?,
        State::Returned => steps.returned.clone(),
        State::Withdrawn => steps.withdrawn.clone(),
        State::Passed => steps.passed.clone(),
        State::Cut => steps.cut.clone()?,
        State::Rejected => steps.rejected.clone(),
        State::Merged => steps.merged.clone()?,
    })
}

/// Writes an act into the history of a submission that stands as `row` after it.
#[expect(
    clippy::too_many_arguments,
    reason = "one line of history, said in full"
)]
pub(super) fn note(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    act: &str,
    from: &str,
    opinion: &str,
    change_set: Option<i64>,
    detail: &str,
) -> Result<()> {
    let last: Option<i64> = submission_acts::table
        .select(diesel::dsl::max(submission_acts::id))
        .first(conn)?;
    diesel::insert_into(submission_acts::table)
        .values(&Taken {
            id: last.unwrap_or(0) + 1,
            submission_id: row.id,
            round: row.round,
            version: row.version,
            at: clock::now(),
            act: act.to_owned(),
            from_state: from.to_owned(),
            to_state: row.state.clone(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            department_id: viewer.home(),
            opinion: opinion.to_owned(),
            change_set,
            detail: detail.to_owned(),
        })
        .execute(conn)?;
    Ok(())
}
