//! What a department says of its entries: 无变化, 已变更, 已停用, 不属本单位; one by one, or all that are complete.

mod confirm;
mod store;

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Campaign, Members, demand_open, get, judge, locked, scope};
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::org::directory::{Directory, Found, department_fault};
use crate::review::Ground;
use crate::review::decision::text;
use crate::review::submission::is_of_department;

pub use confirm::{BULK, Confirmed, confirm};
pub(super) use store::kept_of;
use store::store;

/// Answers in one request at most.
pub const MOST: usize = 500;

/// What is said of an entry.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = CampaignAnswer)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// 无变化: it is as it was, and complete.
    Unchanged,
    /// 已变更: it was changed, or made, since the campaign was opened.
    Changed,
    /// 已停用: it is out of use.
    Retired,
    /// 不属本单位: it is another department's.
    Elsewhere,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Unchanged,
        Self::Changed,
        Self::Retired,
        Self::Elsewhere,
    ];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Retired => "retired",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unchanged => "无变化",
            Self::Changed => "已变更",
            Self::Retired => "已停用",
            Self::Elsewhere => "不属本单位",
        }
    }
}

/// One answer as it is given.
#[derive(Clone, Debug)]
pub struct Given {
    /// Register key.
    pub register: String,
    /// Code of the entry.
    pub code: String,
    /// The version of the entry that was looked at.
    pub revision: i32,
    /// The version of the answer that was looked at; 0 when there was none.
    pub version: i64,
    /// What is said.
    pub answer: Answer,
    /// What there is to say with it.
    pub note: String,
    /// Code or name of the department it belongs to, for “not ours”.
    pub to: String,
}

/// Demands that the viewer answers for a department himself: its people do, or those of a department it reports
/// through; not the bureau, whoever else it may write for.
///
/// # Errors
/// [`Error::Refused`].
pub fn demand_own(viewer: &Viewer, directory: &Directory, department: i64) -> Result<()> {
    viewer.may(Right::Write, department)?;
    if viewer.account().is_none() || answers_for(viewer, directory, department) {
        return Ok(());
    }
    let what = "年度核对由各单位自行答复，数据管理部门不能代答";
    Err(Error::Refused(what.to_owned()))
}

/// Whether the viewer is of a department or of one it reports through.
#[must_use]
pub fn answers_for(viewer: &Viewer, directory: &Directory, department: i64) -> bool {
    let mut at = Some(department);
    for _ in 0..8 {
        let Some(here) = at else { return false };
        if is_of_department(viewer, here) {
            return viewer.can(Right::Write, department);
        }
        let unit = directory.get(here).filter(|d| d.unit);
        at = unit.and_then(|d| d.parent_id);
    }
    false
}

/// What is to be stored of one entry.
struct Said {
    row: EntryRow,
    head: i64,
    seen: i64,
    answer: Answer,
    note: String,
    to: Option<i64>,
}

/// Takes answers, all or none.
///
/// # Errors
/// [`Error::NotFound`] for the campaign; [`Error::Invalid`] with everything wrong; [`Error::Refused`] for entries of
/// others; [`Error::Stale`] when an entry or its answer moved on; [`Error::Conflict`] once the campaign is closed;
/// [`Error::TooLarge`] for more than [`MOST`].
pub fn answer(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    id: i64,
    given: &[Given],
) -> Result<usize> {
    viewer.may_anywhere(Right::Write)?;
    if given.len() > MOST {
        return Err(Error::TooLarge(format!("一次最多答复 {MOST} 个条目")));
    }
    locked(conn, viewer, |conn| {
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        demand_open(&campaign)?;
        let mut problems = Vec::new();
        let mut said = Vec::with_capacity(given.len());
        let mut named = BTreeSet::new();
        for (number, one) in given.iter().enumerate() {
            let mut wrong = |field: &str, code: &str, message: &str, suggestion: &str| {
                let field = format!("answers[{number}].{field}");
                problems.push(Problem::new(&field, code, message, suggestion));
            };
            if !named.insert((&one.register, &one.code)) {
                wrong("code", "twice", &format!("“{}”答复了两次", one.code), "");
                continue;
            }
            let Some((row, head)) = find(conn, viewer, &campaign, &members, one)? else {
                let what = format!("核对清单中没有“{}”", one.code);
                wrong("code", "unknown", &what, "请刷新清单");
                continue;
            };
            demand_own(viewer, ground.directory, row.department_id)?;
            if row.revision != one.revision {
                return Err(Error::Stale(format!("“{}”", row.name)));
            }
            match judge_one((conn, viewer), ground, &campaign, one, row, head)? {
                Ok(fit) => said.push(fit),
                Err(p) => wrong(&p.field, &p.code, &p.message, &p.suggestion),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        store(conn, viewer, &campaign, &said)?;
        Ok(said.len())
    })
}

/// The entry that an answer is about, with the department that answers for it.
fn find(
    conn: &mut Conn,
    viewer: &Viewer,
    campaign: &Campaign,
    members: &Members,
    given: &Given,
) -> Result<Option<(EntryRow, i64)>> {
    let row: Option<EntryRow> = visible(viewer)
        .filter(scope::asked(campaign, &members.all()))
        .filter(entries::register.eq(&given.register))
        .filter(entries::code.eq(&given.code))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    Ok(row.and_then(|row| {
        let head = members.head(row.department_id)?;
        Some((row, head))
    }))
}

/// Whether an answer fits the entry as it stands.
fn judge_one(
    (conn, viewer): (&mut Conn, &Viewer),
    ground: Ground<'_>,
    campaign: &Campaign,
    given: &Given,
    row: EntryRow,
    head: i64,
) -> Result<std::result::Result<Said, Problem>> {
    let note = match text("note", "说明", &given.note, 500) {
        Ok(note) => note,
        Err(Error::Invalid(problems)) => {
            let first = problems.into_iter().next();
            return Ok(Err(
                first.unwrap_or_else(|| Problem::new("note", "text", "说明有误", ""))
            ));
        }
        Err(other) => return Err(other),
    };
    let name = &row.name;
    let wrong = |code: &str, message: String, suggestion: &str| {
        Ok(Err(Problem::new("answer", code, &message, suggestion)))
    };
    let moved = judge::has_moved(campaign, &row);
    let mut to = None;
    match given.answer {
        Answer::Unchanged if moved => {
            let what = format!("“{name}”在开展核对以来已有变更");
            return wrong("moved", what, "请答复“已变更”");
        }
        Answer::Changed if !moved => {
            let what = format!("“{name}”在开展核对以来没有变更");
            return wrong("not_moved", what, "请先修改条目，再答复“已变更”");
        }
        Answer::Unchanged | Answer::Changed => {
            let missing = judge::missing((conn, viewer), ground, campaign, &row)?;
            if !missing.is_empty() {
                let what = format!("“{name}”尚不完整: {}", missing.join("、"));
                return wrong("incomplete", what, "请先补充条目，再答复");
            }
        }
        Answer::Retired if !judge::is_retired(&row) => {
            let what = format!("“{name}”还没有停用");
            return wrong("not_retired", what, "请先在条目页办理停用");
        }
        Answer::Retired => {}
        Answer::Elsewhere => match owner(ground.directory, &given.to) {
            Ok(found) if super::scope::head_of(ground.directory, found) != head => to = Some(found),
            Ok(_) => {
                let what = format!("“{name}”所填的单位就是本单位");
                return Ok(Err(Problem::new(
                    "to",
                    "own",
                    &what,
                    "请填写应归属的其他单位",
                )));
            }
            Err(problem) => {
                let message = format!("“{name}”: {}", problem.message);
                return Ok(Err(Problem { message, ..problem }));
            }
        },
    }
    Ok(Ok(Said {
        row,
        head,
        seen: given.version,
        answer: given.answer,
        note,
        to,
    }))
}

/// The department that an entry is said to belong to.
fn owner(directory: &Directory, given: &str) -> std::result::Result<i64, Problem> {
    let given = given.trim();
    if given.is_empty() {
        let what = "请填写应归属的单位";
        return Err(Problem::new("to", "required", what, "单位全称或代码"));
    }
    let found = directory
        .by_code(given)
        .map_or_else(|| directory.find(given), |d| Found::One(d.id));
    let over = |id: &i64| {
        directory
            .get(*id)
            .is_none_or(|d| d.is_over() || d.provisional)
    };
    match found {
        Found::One(id) if !over(&id) => Ok(id),
        Found::One(_) => {
            let what = format!("“{given}”已不在机构名录中");
            Err(Problem::new("to", "over", &what, "请填写现在的单位"))
        }
        other => {
            let fault = department_fault(directory, given, &other);
            Err(Problem::new(
                "to",
                fault.code,
                &fault.message,
                &fault.suggestion,
            ))
        }
    }
}
