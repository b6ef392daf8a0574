//! The board: who has answered, who is late, what waits for the bureau.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::Answer;
use super::certificate::Certificate;
use super::{Campaign, Members, Part, scope, sees};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{campaign_departments, campaign_entries, entries};
use crate::db::scope::visible;
use crate::error::Result;
use crate::org::directory::Directory;

/// How far a department is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[schema(as = CampaignStanding)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 未开始: nothing was answered.
    #[default]
    Untouched,
    /// 核对中: some answers are missing.
    Answering,
    /// 待提交: everything is answered, or there is nothing; the list is not handed in.
    Ready,
    /// 提交后有变更: handed in, and something needs an answer again.
    Reopened,
    /// 已提交: handed in, nothing is open.
    Submitted,
    /// 已撤并: the department is no more; its heir answers.
    Gone,
}

impl Standing {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Untouched => "未开始",
            Self::Answering => "核对中",
            Self::Ready => "待提交",
            Self::Reopened => "提交后有变更",
            Self::Submitted => "已提交",
            Self::Gone => "已撤并",
        }
    }

    /// Whether nothing is expected of it any more.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Submitted | Self::Gone)
    }
}

/// A department on the board.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its part.
    pub part: Part,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Entries on its list, as far as the viewer sees them.
    pub total: usize,
    /// Those with an answer that counts, by answer.
    pub answers: BTreeMap<Answer, usize>,
    /// Those that changed after they were answered for.
    pub changed: usize,
    /// Those said to be another's, which wait for the bureau.
    pub questions: usize,
    /// Entries taken out of the ledger since the campaign was opened.
    pub removed: usize,
    /// How far it is.
    pub standing: Standing,
    /// The day has passed and something is still expected.
    pub late: bool,
}

impl Line {
    /// Entries with an answer that counts.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.answers.values().sum()
    }

    /// Entries that need an answer.
    #[must_use]
    pub fn open(&self) -> usize {
        self.total.saturating_sub(self.answered())
    }

    /// How many were answered this way.
    #[must_use]
    pub fn count(&self, answer: Answer) -> usize {
        self.answers.get(&answer).copied().unwrap_or(0)
    }
}

/// The page of a department's list.
#[must_use]
pub fn address(directory: &Directory, campaign: i64, department: i64) -> String {
    let code = directory.get(department).map_or("", |d| &d.code);
    let code = percent_encoding::utf8_percent_encode(code, percent_encoding::NON_ALPHANUMERIC);
    format!("/campaigns/{campaign}/departments/{code}")
}

/// How many entries there are by department, under a condition.
fn count(
    conn: &mut Conn,
    viewer: &Viewer,
    condition: Fragment<Bool>,
) -> Result<BTreeMap<i64, usize>> {
    let rows: Vec<(i64, i64)> = visible(viewer)
        .filter(condition)
        .group_by(entries::department_id)
        .select((entries::department_id, count_star()))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(department, n)| (department, usize::try_from(n).unwrap_or(0)))
        .collect())
}

/// How many answers count, by department and answer.
fn answers(
    conn: &mut Conn,
    viewer: &Viewer,
    campaign: &Campaign,
    departments: &[i64],
) -> Result<Vec<(i64, Answer, usize)>> {
    let rows: Vec<(i64, String, i64)> = visible(viewer)
        .inner_join(campaign_entries::table.on(campaign_entries::entry_id.eq(entries::id)))
        .filter(scope::asked(campaign, departments))
        .filter(campaign_entries::campaign_id.eq(campaign.id))
        .filter(campaign_entries::revision.eq(entries::revision))
        .filter(campaign_entries::department_id.eq(entries::department_id))
        .group_by((entries::department_id, campaign_entries::answer))
        .select((
            entries::department_id,
            campaign_entries::answer,
            count_star(),
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(department, word, n)| {
            let answer = Answer::from_word(&word)?;
            Some((department, answer, usize::try_from(n).unwrap_or(0)))
        })
        .collect())
}

/// Entries of these departments that were there when the campaign was opened and were taken out since.
fn removed(campaign: &Campaign, departments: &[i64]) -> Fragment<Bool> {
    let mut out = Fragment::sql("NOT entries.present AND entries.created_seq <= ")
        .number(campaign.opened_seq)
        .then(" AND entries.changed_seq > ")
        .number(campaign.opened_seq)
        .then(" AND entries.department_id IN ")
        .numbers(departments)
        .then(" AND entries.register IN (");
    let mut before = "";
    for register in campaign.registers() {
        out = out.then(before).text(register);
        before = ", ";
    }
    out.then(")")
}

/// How far a department is, from what is counted.
fn standing(directory: &Directory, line: &Line) -> Standing {
    let over = directory
        .get(line.part.department_id)
        .is_none_or(|d| d.is_over());
    match (line.part.is_submitted(), line.open()) {
        _ if over && line.total == 0 => Standing::Gone,
        (true, 0) => Standing::Submitted,
        (true, _) => Standing::Reopened,
        (false, 0) => Standing::Ready,
        // Every answer, and every question sent back, is another version.
        (false, _) if line.part.version == 1 => Standing::Untouched,
        (false, _) => Standing::Answering,
    }
}

/// The departments of a campaign that the viewer sees, in the order of the organisation: as they stand while it is
/// open, as they were frozen once it is closed.
///
/// # Errors
/// When the database fails.
pub fn lines(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    (campaign, members): (&Campaign, &Members),
    today: NaiveDate,
) -> Result<Vec<Line>> {
    let parts: Vec<Part> = campaign_departments::table
        .filter(campaign_departments::campaign_id.eq(campaign.id))
        .select(Part::as_select())
        .load(conn)?;
    if !campaign.is_open() {
        let seen = parts
            .into_iter()
            .filter(|p| sees(viewer, campaign, members, p.department_id));
        let out = seen.map(|part| kept(directory, part)).collect();
        return Ok(in_order(directory, out));
    }
    let departments = members.all();
    let asked = || scope::asked(campaign, &departments);
    let total = count(conn, viewer, asked())?;
    let and = |other: Fragment<Bool>| asked().then(" AND ").append(other);
    let changed = count(conn, viewer, and(scope::is_changed(campaign.id)))?;
    let questions = count(conn, viewer, and(scope::is_question(campaign.id)))?;
    let removed = count(conn, viewer, removed(campaign, &departments))?;
    let answers = answers(conn, viewer, campaign, &departments)?;
    let late = today > campaign.due(conn)?.date;
    let mut out = Vec::new();
    for part in parts {
        let head = part.department_id;
        if !sees(viewer, campaign, members, head) {
            continue;
        }
        let of = members.of(head);
        let sum = |map: &BTreeMap<i64, usize>| of.iter().filter_map(|d| map.get(d)).sum();
        let mut line = Line {
            code: directory
                .get(head)
                .map(|d| d.code.clone())
                .unwrap_or_default(),
            name: directory
                .get(head)
                .map(|d| d.name.clone())
                .unwrap_or_default(),
            total: sum(&total),
            answers: BTreeMap::new(),
            changed: sum(&changed),
            questions: sum(&questions),
            removed: sum(&removed),
            standing: Standing::Untouched,
            late: false,
            part,
        };
        for (_, answer, n) in answers.iter().filter(|(d, _, _)| of.contains(d)) {
            *line.answers.entry(*answer).or_default() += n;
        }
        line.standing = standing(directory, &line);
        line.late = late && campaign.is_open() && !line.standing.is_settled();
        out.push(line);
    }
    Ok(in_order(directory, out))
}

fn in_order(directory: &Directory, mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|l| {
        let found = directory.get(l.part.department_id);
        (found.map_or(0, |d| d.sort), l.part.department_id)
    });
    lines
}

/// A department as it was frozen.
fn kept(directory: &Directory, part: Part) -> Line {
    let found = directory.get(part.department_id);
    let content = part.content.as_deref();
    let said: Option<Certificate> = content.and_then(|json| serde_json::from_str(json).ok());
    let said = said.unwrap_or_default();
    Line {
        code: found.map(|d| d.code.clone()).unwrap_or_default(),
        name: said.department.clone(),
        total: usize::try_from(said.total()).unwrap_or(0),
        answers: said
            .answers
            .iter()
            .filter_map(|(word, n)| Some((Answer::from_word(word)?, *n)))
            .collect(),
        changed: said.changed,
        questions: said.questions,
        removed: said.removed,
        standing: said.standing,
        late: false,
        part,
    }
}
