//! What the reviewer says to each hit of a run, and a run as somebody sees it.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{Means, Subject, What};
use super::index::Found;
use super::listed::Listed;
use super::score::Part;
use super::store::{Run, StoredHit, entry, hits, last_run};
use super::tell::{Hit, tell};
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{duplicate_hits, duplicate_runs};
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::register::text;
use crate::review::submission;

/// The longest reason.
const REASON_CHARS: usize = 500;

/// What a reviewer says about a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DuplicateVerdict)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 复用: what is there shall be used.
    Reuse,
    /// 扩建: what is there shall be extended.
    Extend,
    /// 不同: it is something else, because ….
    Different,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reuse, Self::Extend, Self::Different];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reuse => "reuse",
            Self::Extend => "extend",
            Self::Different => "different",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Reuse => "复用",
            Self::Extend => "扩建",
            Self::Different => "不同",
        }
    }
}

/// Whether the viewer may answer for a proposal of this department: the bureau of the same level, for a bureau's own
/// proposals the one of the region above. Nobody reviews what is of his own department.
#[must_use]
pub fn may_answer(viewer: &Viewer, means: Means<'_>, department: i64) -> bool {
    if viewer.home() == Some(department) {
        return false;
    }
    if viewer.can(Right::ReviewProposals, department) {
        return true;
    }
    let Some(owner) = means.directory.get(department).filter(|d| d.bureau) else {
        return false;
    };
    let region = owner
        .region
        .as_deref()
        .and_then(|r| means.catalogue.regions().get(r));
    let above = region.map(|r| r.parent.clone()).unwrap_or_default();
    let bureau = means
        .directory
        .all()
        .iter()
        .find(|d| d.bureau && d.region.as_ref() == Some(&above));
    bureau.is_some_and(|b| viewer.can(Right::ReviewProposals, b.id))
}

/// Whether the viewer may answer for this entry: as [`may_answer`], or as a reviewer of its open submission.
///
/// # Errors
/// When the database fails.
pub fn answers_for(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    row: &EntryRow,
) -> Result<bool> {
    if may_answer(viewer, means, row.department_id) {
        return Ok(true);
    }
    if !viewer.can_anywhere(Right::ReviewProposals) {
        return Ok(false);
    }
    for open in submission::of_entry(conn, viewer, row)? {
        if open.open && submission::reviews(conn, viewer, &open, row).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A hit of a run with what was answered, as the viewer sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AnsweredHit)]
pub struct Answered {
    /// Number of the hit; what an answer names.
    pub id: i64,
    /// The hit.
    pub hit: Hit,
    /// The answer.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: String,
    /// Who answered.
    pub answered_by: Option<String>,
    /// When, UTC.
    pub answered_at: Option<String>,
    /// Version; what the next answer is made from.
    pub version: i64,
}

impl Answered {
    /// Whether this is the answer.
    #[must_use]
    pub fn is(&self, verdict: &Verdict) -> bool {
        self.verdict.as_ref() == Some(verdict)
    }
}

/// A run as the viewer sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The run.
    pub run: Run,
    /// The entry that was checked.
    pub row: EntryRow,
    /// Its hits.
    pub hits: Vec<Answered>,
    /// Hits that the viewer may not see.
    pub hidden: usize,
    /// What the lists said.
    pub listed: Vec<Listed>,
    /// The entry says something else by now.
    pub stale: bool,
    /// There is a later one that counts.
    pub superseded: bool,
    /// The viewer may answer.
    pub answers: bool,
}

/// A run with its hits.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or its entry is not seen; [`Error::Refused`] when it is not seen in full;
/// when the database fails.
pub fn shown(conn: &mut Conn, viewer: &Viewer, means: Means<'_>, id: i64) -> Result<Shown> {
    let run: Option<Run> = duplicate_runs::table
        .find(id)
        .select(Run::as_select())
        .first(conn)
        .optional()?;
    let nowhere = || Error::NotFound(format!("查重记录 {id}"));
    let run = run.ok_or_else(nowhere)?;
    let row = match entry(conn, viewer, run.entry_id) {
        Err(Error::NotFound(_)) => return Err(nowhere()),
        other => other?,
    };
    let what = What::Entry(row.register.clone(), row.code.clone());
    let subject = Subject::read(conn, viewer, means, &what)?;
    let stored = hits(conn, id)?;
    let mut by_other: HashMap<i64, StoredHit> = HashMap::new();
    let mut found = Vec::with_capacity(stored.len());
    for hit in stored {
        found.push(Found {
            id: hit.other_id,
            score: u8::try_from(hit.score).unwrap_or(0),
            parts: serde_json::from_str::<Vec<Part>>(&hit.parts).unwrap_or_default(),
            phase: hit.phase,
            digest: String::new(),
            department: 0,
            retired: false,
        });
        by_other.insert(hit.other_id, hit);
    }
    let query = means
        .kept
        .with(conn, means.catalogue, means.directory, |index| {
            Ok(subject.query(index))
        })?;
    let (seen, cut) = tell(conn, viewer, means, &subject, &query, &found)?;
    let told = seen.into_iter().filter_map(|mut hit| {
        let stored = by_other.remove(&hit.entry_id)?;
        hit.strong = stored.strong;
        Some(Answered {
            id: stored.id,
            hit,
            verdict: stored.verdict.as_deref().and_then(Verdict::from_word),
            reason: stored.reason,
            answered_by: stored.answered_by,
            answered_at: stored.answered_at.map(clock::stamp),
            version: stored.version,
        })
    });
    let hits = told.collect();
    let last = last_run(conn, run.entry_id)?.map(|r| r.id);
    Ok(Shown {
        hits,
        hidden: cut + usize::try_from(run.hidden).unwrap_or(0),
        listed: run.listed(),
        stale: run.digest != subject.digest(),
        superseded: last != Some(run.id),
        answers: last == Some(run.id) && answers_for(conn, viewer, means, &row)?,
        run,
        row,
    })
}

/// Answers a hit, from the version that was looked at.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or its entry is not seen; [`Error::Refused`] without the right;
/// [`Error::Invalid`] when a reason is missing; [`Error::Conflict`] when a later run counts; [`Error::Stale`] when
/// somebody else was quicker.
pub fn answer(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    id: i64,
    version: i64,
    verdict: Verdict,
    reason: &str,
) -> Result<StoredHit> {
    viewer.may_anywhere(Right::ReviewProposals)?;
    let nowhere = || Error::NotFound(format!("查重结果 {id}"));
    let found: Option<StoredHit> = duplicate_hits::table
        .find(id)
        .select(StoredHit::as_select())
        .first(conn)
        .optional()?;
    let hit = found.ok_or_else(nowhere)?;
    let row = match entry(conn, viewer, hit.entry_id) {
        Err(Error::NotFound(_)) => return Err(nowhere()),
        other => other?,
    };
    if !answers_for(conn, viewer, means, &row)? {
        if viewer.home() == Some(row.department_id) {
            return Err(Error::Refused("不得评审本单位的申报".to_owned()));
        }
        viewer.may(Right::ReviewProposals, row.department_id)?;
    }
    check_reason(verdict, reason)?;
    let reason = reason.trim();
    conn.transaction(|conn| {
        let object = format!("“{}”的查重结果 {id}", row.name);
        let detail = serde_json::json!({ "verdict": verdict.label(), "why": reason });
        let event = Event::done("answer_duplicate", &object).of(Some(row.department_id));
        audit::record(conn, viewer, &event.with(detail))?;
        let last = last_run(conn, hit.entry_id)?.map(|run| run.id);
        if last != Some(hit.run_id) {
            return Err(Error::Conflict(
                "已有新的查重结果，请在最新结果上答复".to_owned(),
            ));
        }
        let done = diesel::update(duplicate_hits::table.find(id))
            .filter(duplicate_hits::version.eq(version))
            .set((
                duplicate_hits::verdict.eq(verdict.word()),
                duplicate_hits::reason.eq(reason),
                duplicate_hits::account_id.eq(viewer.account()),
                duplicate_hits::answered_by.eq(viewer.name()),
                duplicate_hits::answered_at.eq(clock::now()),
                duplicate_hits::version.eq(version + 1),
            ))
            .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale("这条查重结果的答复".to_owned()));
        }
        Ok(duplicate_hits::table
            .find(id)
            .select(StoredHit::as_select())
            .first(conn)?)
    })
}

fn check_reason(verdict: Verdict, reason: &str) -> Result<()> {
    let mut problems = Vec::new();
    if verdict == Verdict::Different && reason.trim().is_empty() {
        let message = "答复“不同”时请写明不同在哪里。";
        problems.push(Problem::new("reason", "required", message, "不同，因为……"));
    }
    if reason.chars().count() > REASON_CHARS {
        let message = format!("理由超过 {REASON_CHARS} 个字。");
        problems.push(Problem::new("reason", "too_long", &message, "请缩短"));
    }
    if let Err(fault) = text::check("理由", reason) {
        let (code, message) = (fault.code, &fault.message);
        problems.push(Problem::new("reason", code, message, &fault.suggestion));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}
