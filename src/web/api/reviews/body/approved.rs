//! What was approved, in JSON: amounts, what was cut, what was answered to the check for duplicates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::review::approval::{Approval, ApprovalCut, ToldAnswers};
use crate::review::money;

/// One item of a cut.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web::api::reviews) struct CutBody {
    /// What is cut.
    pub(super) item: String,
    /// By how much, in 万元.
    pub(super) amount: String,
    /// Why.
    pub(super) reason: String,
}

/// What was approved.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalBody {
    /// The day.
    day: chrono::NaiveDate,
    /// `passed` or `cut`.
    outcome: String,
    /// What was asked for, in 万元.
    asked: Option<String>,
    /// What was approved, in 万元.
    amount: Option<String>,
    /// What was cut.
    cuts: Vec<CutBody>,
    /// The entry's version with the decision in it.
    revision: i32,
    /// SM3 of that version.
    digest: String,
    /// Version of the gate that judged it.
    gate_version: Option<i64>,
    /// 批复文号.
    number: String,
    /// Who decided.
    actor: String,
    /// The check for duplicates that was answered for it.
    duplicate_run: Option<i64>,
    /// What was answered to its hits, of those that you see.
    answers: Vec<ApprovalAnswerBody>,
    /// How many answers are about entries that you do not see.
    answers_hidden: usize,
}

/// What was answered to a hit of the check for duplicates.
#[derive(Serialize, ToSchema)]
struct ApprovalAnswerBody {
    /// Name and code of the entry that is like it.
    entry: String,
    /// 0 to 100.
    score: i32,
    /// It had to be answered.
    strong: bool,
    /// `reuse`, `extend` or `different`.
    verdict: String,
    /// Why.
    reason: String,
    /// By whom.
    answered_by: String,
}

impl ApprovalBody {
    /// An approval with what was answered.
    pub(super) fn of(given: (Approval, Vec<ApprovalCut>), told: ToldAnswers) -> Self {
        let (a, cuts) = given;
        Self {
            day: a.day,
            outcome: a.outcome,
            asked: a.asked.map(money::wan),
            amount: a.amount.map(money::wan),
            cuts: cuts
                .into_iter()
                .map(|c| CutBody {
                    item: c.item,
                    amount: money::wan(c.amount),
                    reason: c.reason,
                })
                .collect(),
            revision: a.revision,
            digest: a.digest,
            gate_version: a.gate_version,
            number: a.number,
            actor: a.actor,
            duplicate_run: a.duplicate_run,
            answers_hidden: told.hidden,
            answers: told
                .lines
                .into_iter()
                .map(|(entry, answer)| ApprovalAnswerBody {
                    entry,
                    score: answer.score,
                    strong: answer.strong,
                    verdict: answer.verdict,
                    reason: answer.reason,
                    answered_by: answer.answered_by,
                })
                .collect(),
        }
    }
}
