//! What changes of entries may not touch: stages, decisions, and what was approved.
//!
//! The stage of an entry moves by stage acts and decisions alone (`review`). What a decision approved stays as
//! it is: another value for it becomes part of a change request, which is judged like any submission. While
//! somebody reviews an entry, what is reviewed stands still.

use std::collections::{BTreeMap, HashSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::audit;
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{approvals, submission_acts, submissions};
use crate::error::{Error, Result};
use crate::ledger::entry::{self, EntryRow};
use crate::register::field::Register;
use crate::register::lifecycle::{CHANGE, Lifecycle};
use crate::register::value::{Document, Value};

/// The states of a submission in which its department has it in hand.
pub const IN_HAND: [&str; 2] = ["drafting", "returned"];

/// Words of what becomes of values that stay as they are: stages, decisions, what is being reviewed.
pub const KEPT: [&str; 3] = ["managed_stage", "managed_decision", "under_review"];

/// Words of what becomes of values that go into a change request.
pub const REQUESTED: [&str; 1] = ["change_request"];

/// A value that was held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What stands.
    pub old: Option<Value>,
    /// What shall stand.
    pub new: Option<Value>,
}

/// Values held back, by field.
pub type Proposals = BTreeMap<String, Proposal>;

/// Entries that not everything may be written of.
#[derive(Clone, Debug, Default)]
pub struct Guarded {
    /// Approved here.
    pub approved: HashSet<i64>,
    /// Decided here, one way or another.
    pub decided: HashSet<i64>,
    /// Being reviewed.
    pub reviewed: HashSet<i64>,
    /// With a change request that is being reviewed.
    pub changing: HashSet<i64>,
}

/// What becomes of a value that differs from what stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may be written.
    Free,
    /// Stage acts move it.
    Stage,
    /// Decisions write it.
    Decided,
    /// Somebody is reviewing it.
    Reviewed,
    /// A change request proposes it.
    Held,
}

impl Fate {
    /// A stable machine word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Stage => "managed_stage",
            Self::Decided => "managed_decision",
            Self::Reviewed => "under_review",
            Self::Held => "change_request",
        }
    }

    /// Why it is not written.
    #[must_use]
    pub fn message(self, label: &str) -> String {
        match self {
            Self::Free => String::new(),
            Self::Stage => format!("“{label}”由审核和阶段办理改变，不能直接修改。"),
            Self::Decided => format!("“{label}”由审核决定写入，不能直接修改。"),
            Self::Reviewed => format!("正在审核，“{label}”不能修改。"),
            Self::Held => format!("“{label}”已经审定，转为变更申请。"),
        }
    }

    /// What to do instead.
    #[must_use]
    pub fn suggestion(self) -> &'static str {
        match self {
            Self::Free | Self::Held => "",
            Self::Stage => "请在条目页办理阶段",
            Self::Decided => "请通过送审办理",
            Self::Reviewed => "请等审核办结，或先撤回送审",
        }
    }
}

impl Guarded {
    /// What is guarded, of these entries or (without any named) of all.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(conn: &mut Conn, of: Option<&[i64]>) -> Result<Self> {
        let mut out = Self::default();
        let rows: Vec<(i64, String, String, bool, String)> = match of {
            Some(ids) => submissions::table
                .filter(submissions::entry_id.eq_any(ids.to_vec()))
                .select(COLUMNS)
                .load(conn)?,
            None => submissions::table.select(COLUMNS).load(conn)?,
        };
        for (entry, kind, state, open, outcome) in rows {
            let away = open && !IN_HAND.contains(&state.as_str());
            match (kind.as_str(), away) {
                (CHANGE, true) => out.changing.insert(entry),
                (_, true) => out.reviewed.insert(entry),
                (CHANGE, false) => false,
                (_, false) => !outcome.is_empty() && out.decided.insert(entry),
            };
        }
        let approved: Vec<i64> = match of {
            Some(ids) => approvals::table
                .filter(approvals::entry_id.eq_any(ids.to_vec()))
                .select(approvals::entry_id)
                .load(conn)?,
            None => approvals::table.select(approvals::entry_id).load(conn)?,
        };
        out.approved = approved.into_iter().collect();
        Ok(out)
    }

    /// What becomes of another value for a field of an entry that stands as `before`.
    #[must_use]
    pub fn fate(
        &self,
        register: &Register,
        model: &Lifecycle,
        entry: i64,
        before: &Document,
        key: &str,
    ) -> Fate {
        let step = step_of(register, before);
        if register.keys.status.as_deref() == Some(key) {
            // An entry that never said where it stands may say so once.
            return if step.is_empty() {
                Fate::Free
            } else {
                Fate::Stage
            };
        }
        let protected = model.protects(key);
        let amount = model.approval.amount.as_deref() == Some(key);
        if self.approved.contains(&entry) && (protected || amount) {
            let waits = self.changing.contains(&entry) || self.reviewed.contains(&entry);
            return if waits { Fate::Reviewed } else { Fate::Held };
        }
        if model.locks(key) {
            // The department's own statement about a project that was decided elsewhere stays its own.
            let elsewhere = !model.is_undecided(step) && !self.decided.contains(&entry);
            return if elsewhere && !step.is_empty() {
                Fate::Free
            } else {
                Fate::Decided
            };
        }
        if protected && self.reviewed.contains(&entry) {
            return Fate::Reviewed;
        }
        Fate::Free
    }
}

const COLUMNS: (
    submissions::entry_id,
    submissions::kind,
    submissions::state,
    submissions::open,
    submissions::outcome,
) = (
    submissions::entry_id,
    submissions::kind,
    submissions::state,
    submissions::open,
    submissions::outcome,
);

/// The step an entry says it is at; empty when it says none.
#[must_use]
pub fn step_of<'d>(register: &Register, document: &'d Document) -> &'d str {
    let status = register.keys.status.as_deref();
    status
        .and_then(|key| entry::text(document, key))
        .unwrap_or_default()
}

/// Whether a submission of this entry is open or was decided: it stays in the ledger then.
///
/// # Errors
/// When the database fails.
pub fn is_bound(conn: &mut Conn, entry: i64) -> Result<bool> {
    let bound: i64 = submissions::table
        .filter(submissions::entry_id.eq(entry))
        .filter(submissions::open.eq(true).or(submissions::outcome.ne("")))
        .count()
        .get_result(conn)?;
    Ok(bound > 0)
}

/// Puts values that were held back into the entry's open change request, or opens one. Call it under the
/// ledger's lock. Returns the number of the request.
///
/// # Errors
/// [`Error::Conflict`] while the request is being reviewed; when the database fails.
pub fn propose(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &EntryRow,
    held: &Proposals,
    reason: &str,
) -> Result<i64> {
    let open: Option<(i64, String, i64, i64, String)> = submissions::table
        .filter(submissions::entry_id.eq(row.id))
        .filter(submissions::kind.eq(CHANGE))
        .filter(submissions::open.eq(true))
        .select((
            submissions::id,
            submissions::state,
            submissions::version,
            submissions::round,
            submissions::proposed,
        ))
        .first(conn)
        .optional()?;
    let done = match open {
        Some((id, state, version, round, proposed)) => {
            if !IN_HAND.contains(&state.as_str()) {
                return Err(Error::Conflict(format!(
                    "“{}”的变更申请正在审核，请等办结或撤回后再改",
                    row.name
                )));
            }
            let mut all: Proposals = serde_json::from_str(&proposed).unwrap_or_default();
            if held.iter().all(|(key, value)| all.get(key) == Some(value)) {
                return Ok(id);
            }
            all.extend(held.clone());
            diesel::update(submissions::table.find(id))
                .set((
                    submissions::proposed.eq(json(&all)),
                    submissions::version.eq(version + 1),
                ))
                .execute(conn)?;
            Made {
                id,
                version: version + 1,
                round,
                from: state.clone(),
                to: state,
            }
        }
        None => open_change(conn, viewer, row, held, reason)?,
    };
    note(conn, viewer, row, held, reason, &done)?;
    Ok(done.id)
}

struct Made {
    id: i64,
    version: i64,
    round: i64,
    from: String,
    to: String,
}

fn json(held: &Proposals) -> String {
    serde_json::to_string(held).unwrap_or_default()
}

fn open_change(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &EntryRow,
    held: &Proposals,
    reason: &str,
) -> Result<Made> {
    let last: Option<i64> = submissions::table
        .select(diesel::dsl::max(submissions::id))
        .first(conn)?;
    let (id, now) = (last.unwrap_or(0) + 1, clock::now());
    diesel::insert_into(submissions::table)
        .values((
            submissions::id.eq(id),
            submissions::entry_id.eq(row.id),
            submissions::kind.eq(CHANGE),
            submissions::state.eq("drafting"),
            submissions::open.eq(true),
            submissions::version.eq(1_i64),
            submissions::round.eq(1_i64),
            submissions::department_id.eq(row.department_id),
            submissions::season.eq(""),
            submissions::reason.eq(reason),
            submissions::reason_class.eq(""),
            submissions::proposed.eq(json(held)),
            submissions::form_digest.eq(""),
            submissions::opened_at.eq(now),
            submissions::opened_by.eq(viewer.name()),
            submissions::opener_id.eq(viewer.account()),
            submissions::state_since.eq(now),
            submissions::outcome.eq(""),
            submissions::opinion.eq(""),
        ))
        .execute(conn)?;
    Ok(Made {
        id,
        version: 1,
        round: 1,
        from: String::new(),
        to: "drafting".to_owned(),
    })
}

fn note(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &EntryRow,
    held: &Proposals,
    reason: &str,
    made: &Made,
) -> Result<()> {
    let last: Option<i64> = submission_acts::table
        .select(diesel::dsl::max(submission_acts::id))
        .first(conn)?;
    diesel::insert_into(submission_acts::table)
        .values((
            submission_acts::id.eq(last.unwrap_or(0) + 1),
            submission_acts::submission_id.eq(made.id),
            submission_acts::round.eq(made.round),
            submission_acts::version.eq(made.version),
            submission_acts::at.eq(clock::now()),
            submission_acts::act.eq("propose"),
            submission_acts::from_state.eq(&made.from),
            submission_acts::to_state.eq(&made.to),
            submission_acts::account_id.eq(viewer.account()),
            submission_acts::actor.eq(viewer.name()),
            submission_acts::department_id.eq(viewer.home()),
            submission_acts::opinion.eq(reason),
            submission_acts::detail.eq(json(held)),
        ))
        .execute(conn)?;
    let fields: Vec<&String> = held.keys().collect();
    let line = audit::Event::done("submission_act", &format!("提出变更 {}", row.code))
        .of(Some(row.department_id))
        .with(serde_json::json!({ "submission": made.id, "act": "propose", "fields": fields }));
    audit::record(conn, viewer, &line)
}
