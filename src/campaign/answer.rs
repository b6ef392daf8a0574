//! What a department says of its entries: 无变化, 已变更, 已停用, 不属本单位; one by one, or all that are complete.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Campaign, Kept, Members, OPEN, demand_open, get, judge, locked, scope};
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{campaign_departments, campaign_entries, entries};
use crate::db::scope::visible;
use crate::each;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::org::directory::{Directory, Found, department_fault};
use crate::review::Ground;
use crate::review::decision::text;
use crate::review::submission::is_of_department;

/// Answers in one request at most.
pub const MOST: usize = 500;

/// Entries that are confirmed at once at most.
pub const BULK: usize = 5_000;

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

/// What confirming at once came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignConfirmed)]
pub struct Confirmed {
    /// Entries confirmed as they were.
    pub unchanged: usize,
    /// Entries confirmed as changed, made or retired since the campaign was opened.
    pub changed: usize,
    /// Entries left open, because something is missing of them.
    pub incomplete: usize,
    /// There are more entries than are looked at in one go.
    pub more: bool,
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
            Err(problem) => return Ok(Err(problem)),
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
        let what = "请填写该条目应归属的单位";
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

/// Stores answers; a department that had handed in its list must do so again.
fn store(conn: &mut Conn, viewer: &Viewer, campaign: &Campaign, said: &[Said]) -> Result<()> {
    let now = clock::now();
    let mut counts: BTreeMap<i64, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for one in said {
        let kept = Kept {
            campaign_id: campaign.id,
            entry_id: one.row.id,
            department_id: one.row.department_id,
            revision: one.row.revision,
            answer: one.answer.word().to_owned(),
            note: one.note.clone(),
            to_department_id: one.to,
            version: one.seen + 1,
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            at: now,
            reply: String::new(),
            reply_note: String::new(),
            replied_by: None,
            replied_at: None,
        };
        let done = if one.seen == 0 {
            each!(conn, c => diesel::insert_into(campaign_entries::table).values(&kept).on_conflict_do_nothing().execute(c))?
        } else {
            replace(conn, &kept, one.seen)?
        };
        if done == 0 {
            return Err(Error::Stale(format!("“{}”的答复", one.row.name)));
        }
        let of = counts.entry(one.head).or_default();
        *of.entry(one.answer.label()).or_default() += 1;
    }
    for (head, counts) in counts {
        diesel::update(campaign_departments::table.find((campaign.id, head)))
            .set((
                campaign_departments::state.eq(OPEN),
                campaign_departments::attested_none.eq(false),
                campaign_departments::version.eq(campaign_departments::version + 1),
            ))
            .execute(conn)?;
        let line = Event::done("answer_campaign", &campaign.title)
            .of(Some(head))
            .with(json!({ "campaign": campaign.id, "answers": counts }));
        audit::record(conn, viewer, &line)?;
    }
    Ok(())
}

/// Replaces an answer that still has the version it was given from.
fn replace(conn: &mut Conn, kept: &Kept, seen: i64) -> Result<usize> {
    use campaign_entries as c;
    let done = diesel::update(c::table.find((kept.campaign_id, kept.entry_id)))
        .filter(c::version.eq(seen))
        .set((
            (
                c::department_id.eq(kept.department_id),
                c::revision.eq(kept.revision),
                c::answer.eq(&kept.answer),
                c::note.eq(&kept.note),
                c::to_department_id.eq(kept.to_department_id),
                c::version.eq(kept.version),
                c::account_id.eq(kept.account_id),
                c::actor.eq(&kept.actor),
                c::at.eq(kept.at),
            ),
            (
                c::reply.eq(""),
                c::reply_note.eq(""),
                c::replied_by.eq(None::<String>),
                c::replied_at.eq(None::<chrono::NaiveDateTime>),
            ),
        ))
        .execute(conn)?;
    Ok(done)
}

/// Confirms at once all entries of a department that are complete and not answered for: as they were, or as changed.
///
/// # Errors
/// As [`answer`].
pub fn confirm(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (id, department): (i64, i64),
) -> Result<Confirmed> {
    viewer.may_anywhere(Right::Write)?;
    locked(conn, viewer, |conn| {
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        if !super::sees(viewer, &campaign, &members, department)
            || members.of(department).is_empty()
        {
            return Err(super::nowhere());
        }
        demand_open(&campaign)?;
        let all = members.of(department).into_iter();
        let mine: Vec<i64> = all
            .filter(|d| viewer.account().is_none() || answers_for(viewer, ground.directory, *d))
            .collect();
        if mine.is_empty() {
            demand_own(viewer, ground.directory, department)?;
        }
        let limit = i64::try_from(BULK + 1).unwrap_or(i64::MAX);
        let mut rows: Vec<EntryRow> = visible(viewer)
            .filter(scope::asked(&campaign, &mine))
            .filter(scope::is_not(scope::is_answered(id)))
            .order(entries::id)
            .limit(limit)
            .select(EntryRow::as_select())
            .load(conn)?;
        let mut out = Confirmed {
            more: rows.len() > BULK,
            ..Confirmed::default()
        };
        rows.truncate(BULK);
        let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
        let versions = kept_of(conn, id, &ids)?;
        let mut said = Vec::new();
        for row in rows {
            if !judge::missing((conn, viewer), ground, &campaign, &row)?.is_empty() {
                out.incomplete += 1;
                continue;
            }
            let answer = judge::plain(&campaign, &row);
            match answer {
                Answer::Unchanged => out.unchanged += 1,
                _ => out.changed += 1,
            }
            said.push(Said {
                head: department,
                seen: versions.get(&row.id).map_or(0, |k| k.version),
                row,
                answer,
                note: String::new(),
                to: None,
            });
        }
        store(conn, viewer, &campaign, &said)?;
        Ok(out)
    })
}

/// Answers that are stored of some entries.
pub(super) fn kept_of(conn: &mut Conn, campaign: i64, ids: &[i64]) -> Result<HashMap<i64, Kept>> {
    let mut out = HashMap::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let rows: Vec<Kept> = campaign_entries::table
            .filter(campaign_entries::campaign_id.eq(campaign))
            .filter(campaign_entries::entry_id.eq_any(part.to_vec()))
            .select(Kept::as_select())
            .load(conn)?;
        out.extend(rows.into_iter().map(|k| (k.entry_id, k)));
    }
    Ok(out)
}
