//! The shapes of submissions, findings and opinions in JSON.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::review::approval;
use crate::review::decision::{CutItem, Decision};
use crate::review::finding::{self, Finding, FindingNote};
use crate::review::opinion::{self, Opinion};
use crate::review::submission::{self, Submission};
use crate::review::{Ground, duplicate};

mod approved;

use approved::{ApprovalBody, CutBody};

/// One submission.
#[derive(Serialize, ToSchema)]
pub(super) struct SubmissionBody {
    /// Identity.
    id: i64,
    /// 送审编号.
    number: String,
    /// The kind.
    kind: String,
    /// Register of the entry.
    register: String,
    /// Code of the entry.
    code: String,
    /// Name of the entry.
    name: String,
    /// Owning department.
    department_id: i64,
    /// The bureau it was handed in to.
    bureau_id: Option<i64>,
    /// Where it stands.
    state: String,
    /// Whether somebody still has to do something.
    open: bool,
    /// `passed`, `cut`, `rejected` or `merged`; empty before.
    outcome: String,
    /// The season.
    season: String,
    /// How often it was handed to the specialist.
    round: i64,
    /// Whole days in its state.
    days: i64,
    /// When it was opened, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    opened_at: NaiveDateTime,
    /// When it was handed in to the bureau, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    submitted_at: Option<NaiveDateTime>,
    /// When it was decided, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    decided_at: Option<NaiveDateTime>,
    /// What was last said about it.
    opinion: String,
    /// Version, as in the `ETag`.
    pub(super) version: i64,
}

impl SubmissionBody {
    /// A submission with its entry.
    pub(super) fn of(row: &Submission, entry: &EntryRow) -> Self {
        Self {
            id: row.id,
            number: row.number(),
            kind: row.kind.clone(),
            register: entry.register.clone(),
            code: entry.code.clone(),
            name: entry.name.clone(),
            department_id: entry.department_id,
            bureau_id: row.bureau_id,
            state: row.state.clone(),
            open: row.open,
            outcome: row.outcome.clone(),
            season: row.season.clone(),
            round: row.round,
            days: row.days(),
            opened_at: row.opened_at,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
            opinion: row.opinion.clone(),
            version: row.version,
        }
    }
}

/// One act of a submission.
#[derive(Serialize, ToSchema)]
struct SubmissionActBody {
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// What was done.
    act: String,
    /// The state before.
    from_state: String,
    /// The state after.
    to_state: String,
    /// By whom.
    actor: String,
    /// What was said.
    opinion: String,
    /// The change set, when the entry changed with it.
    change_set: Option<i64>,
}

/// An opinion that was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct OpinionBody {
    /// Identity.
    id: i64,
    /// The submission.
    submission_id: i64,
    /// The department that is asked, if it is one.
    department_id: Option<i64>,
    /// Who is asked.
    name: String,
    /// The office.
    office: String,
    /// In which round.
    round: i64,
    /// Whether it can still be given.
    open: bool,
    /// From 0 to 100; absent before it is given.
    score: Option<i32>,
    /// What is recommended.
    verdict: String,
    /// In words.
    opinion: String,
    /// When it was given, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    given_at: Option<NaiveDateTime>,
    /// Who gave it; empty before.
    giver: String,
    /// Version, for `If-Match`.
    version: i64,
}

impl From<&Opinion> for OpinionBody {
    fn from(o: &Opinion) -> Self {
        Self {
            id: o.id,
            submission_id: o.submission_id,
            department_id: o.department_id,
            name: o.name.clone(),
            office: o.office.clone(),
            round: o.round,
            open: o.open,
            score: o.score,
            verdict: o.verdict.clone(),
            opinion: o.opinion.clone(),
            given_at: o.given_at,
            giver: o.giver.clone(),
            version: o.version,
        }
    }
}

/// One word in the thread of a finding.
#[derive(Serialize, ToSchema)]
struct FindingNoteBody {
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// `raise`, `answer`, `settle` or `reopen`.
    act: String,
    /// By whom.
    actor: String,
    /// What was said.
    text: String,
}

/// A fault that was found.
#[derive(Serialize, ToSchema)]
pub(super) struct FindingBody {
    /// Identity.
    id: i64,
    /// The submission.
    submission_id: i64,
    /// The field; empty for the whole.
    field: String,
    /// What is wrong.
    text: String,
    /// `open`, `answered` or `settled`.
    state: String,
    /// By whom.
    raiser: String,
    /// What was said about it.
    notes: Vec<FindingNoteBody>,
    /// Version, for `If-Match`.
    version: i64,
}

impl FindingBody {
    /// A finding with its thread.
    pub(super) fn of(f: Finding, notes: Vec<FindingNote>) -> Self {
        Self {
            id: f.id,
            submission_id: f.submission_id,
            field: f.field,
            text: f.text,
            state: f.state,
            raiser: f.raiser,
            notes: notes
                .into_iter()
                .map(|n| FindingNoteBody {
                    at: n.at,
                    act: n.act,
                    actor: n.actor,
                    text: n.text,
                })
                .collect(),
            version: f.version,
        }
    }
}

/// What a change request proposes for one field.
#[derive(Serialize, ToSchema)]
struct ProposalBody {
    /// The field.
    field: String,
    /// What stands.
    #[schema(value_type = Option<Object>)]
    old: Option<crate::register::value::Value>,
    /// What shall stand.
    #[schema(value_type = Option<Object>)]
    new: Option<crate::register::value::Value>,
}

/// One submission with everything around it.
#[derive(Serialize, ToSchema)]
pub(super) struct SubmissionDetail {
    /// The submission.
    pub(super) submission: SubmissionBody,
    /// What you may do with it now.
    acts: Vec<String>,
    /// What a change request proposes.
    proposed: Vec<ProposalBody>,
    /// What was done with it.
    history: Vec<SubmissionActBody>,
    /// Faults that were found.
    findings: Vec<FindingBody>,
    /// Opinions, as far as you see them.
    opinions: Vec<OpinionBody>,
    /// The check for duplicates that counts, if there is one and you see the entry in full.
    duplicate_run: Option<i64>,
    /// What was approved.
    approval: Option<ApprovalBody>,
}

/// Everything about a submission that the viewer sees.
///
/// # Errors
/// As [`submission::get`].
pub(super) fn detail(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    id: i64,
) -> Result<SubmissionDetail> {
    let (row, entry) = submission::get(conn, viewer, id)?;
    let acts = submission::acts(conn, viewer, ground, &row, &entry)?;
    let history = submission::history(conn, viewer, id)?;
    let findings = finding::of_submission(conn, viewer, id)?;
    let opinions = opinion::of_submission(conn, viewer, id)?;
    let approval = match approval::of_submission(conn, viewer, id)? {
        Some(given) => {
            let told = approval::answers(conn, viewer, given.0.id)?;
            Some(ApprovalBody::of(given, told))
        }
        None => None,
    };
    let duplicate_run = if viewer.can(Right::SeeOwn, &entry) {
        duplicate::last_run(conn, entry.id)?.map(|r| r.id)
    } else {
        None
    };
    Ok(SubmissionDetail {
        submission: SubmissionBody::of(&row, &entry),
        acts: acts.into_iter().map(|a| a.word().to_owned()).collect(),
        proposed: row
            .proposals()
            .into_iter()
            .map(|(field, p)| ProposalBody {
                field,
                old: p.old,
                new: p.new,
            })
            .collect(),
        history: history
            .into_iter()
            .map(|t| SubmissionActBody {
                at: t.at,
                act: t.act,
                from_state: t.from_state,
                to_state: t.to_state,
                actor: t.actor,
                opinion: t.opinion,
                change_set: t.change_set,
            })
            .collect(),
        findings: findings
            .into_iter()
            .map(|(f, notes)| FindingBody::of(f, notes))
            .collect(),
        opinions: opinions.iter().map(OpinionBody::from).collect(),
        duplicate_run,
        approval,
    })
}

/// The entry that a submission is merged into.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IntoBody {
    /// Its register.
    register: String,
    /// Its code.
    code: String,
}

/// What the bureau says with a decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionBody {
    /// 批复文号; may be left out.
    #[serde(default)]
    number: String,
    /// What is cut, item by item.
    #[serde(default)]
    cuts: Vec<CutBody>,
    /// The entry it is merged into.
    into: Option<IntoBody>,
}

impl From<DecisionBody> for Decision {
    fn from(body: DecisionBody) -> Self {
        Self {
            number: body.number,
            cuts: body
                .cuts
                .into_iter()
                .map(|c| CutItem {
                    item: c.item,
                    amount: c.amount,
                    reason: c.reason,
                })
                .collect(),
            into: body.into.map(|i| (i.register, i.code)),
        }
    }
}
