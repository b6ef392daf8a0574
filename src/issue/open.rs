//! An issue is raised by a person, or by the program when it finds something; and what it found may heal.

use std::collections::{BTreeSet, HashMap};

use chrono::Datelike as _;
use diesel::prelude::*;
use serde_json::json;

use super::act::{store, text};
use super::judge::raises_for;
use super::steps::{Act, State, Turn};
use super::{Ground, Issue, KINDS, lock, note, settings, tell};
use crate::almanac;
use crate::auth::{Right, Viewer};
use crate::calendar::Due;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{issue_entries, issues, ledger_head};
use crate::each;
use crate::error::{Error, Problem, Result};
use crate::ledger::facts;
use crate::org::directory::{Found, department_fault};

/// How many entries one issue may name.
pub const MOST: usize = 50;

/// An issue to be opened.
#[derive(Clone, Copy, Debug)]
pub struct NewIssue<'n> {
    /// A code of the list [`KINDS`].
    pub kind: &'n str,
    /// What it is, in a line.
    pub title: &'n str,
    /// What it is.
    pub text: &'n str,
    /// The department that raises it, or for which it is raised.
    pub raised_by: i64,
    /// The department that owes.
    pub owed_by: i64,
    /// The entries it is about.
    pub entries: &'n [i64],
    /// For what other rooms raise: the same word for the same thing, always.
    pub cause: Option<&'n str>,
}

/// Opens an issue inside the caller's transaction and returns its id; of what has an open issue already, that one.
///
/// The caller has judged the right, and takes the ledger's lock, if at all, before this. Only a person's own wish comes
/// without a cause.
///
/// # Errors
/// When the database fails.
pub fn open(conn: &mut Conn, viewer: &Viewer, new: &NewIssue<'_>) -> Result<i64> {
    lock(conn)?;
    if let Some(cause) = new.cause
        && let Some(there) = by_cause(conn, cause)?
    {
        return Ok(there.id);
    }
    let today = clock::today();
    let days = settings::days(conn)?;
    let (calendar, _) = almanac::calendar(conn)?;
    let due = calendar.add_working_days(today, u32::try_from(days).unwrap_or(0));
    let row = Issue {
        start_on: today,
        days: Some(days),
        ..fresh(conn, viewer, new, due)?
    };
    diesel::insert_into(issues::table)
        .values(&row)
        .execute(conn)?;
    concern(conn, row.id, new.entries)?;
    let detail = json!({"entries": new.entries});
    note(conn, viewer, &row, ("open", ""), &row.text, &detail)?;
    let told = json!({"issue": row.id, "title": row.title, "cause": row.cause});
    tell::record(conn, viewer, &row, "open_issue", ("提出", told))?;
    tell::tell(conn, viewer, &row, false)?;
    Ok(row.id)
}

/// The issue as it begins, with the next number of its year.
fn fresh(conn: &mut Conn, viewer: &Viewer, new: &NewIssue<'_>, due: Due) -> Result<Issue> {
    let last: Option<i64> = issues::table
        .select(diesel::dsl::max(issues::id))
        .first(conn)?;
    let year = clock::today().year();
    let ordinal: Option<i32> = issues::table
        .filter(issues::year.eq(year))
        .select(diesel::dsl::max(issues::ordinal))
        .first(conn)?;
    Ok(Issue {
        id: last.unwrap_or(0) + 1,
        year,
        ordinal: ordinal.unwrap_or(0) + 1,
        kind: new.kind.to_owned(),
        title: new.title.to_owned(),
        text: new.text.to_owned(),
        raised_by: new.raised_by,
        owed_by: new.owed_by,
        cause: new.cause.map(str::to_owned),
        state: State::Open.word().to_owned(),
        open: true,
        version: 1,
        rung: 0,
        handler_id: None,
        turn: Turn::Owed.word().to_owned(),
        start_on: due.date,
        days: None,
        due_on: due.date,
        provisional: due.provisional,
        opened_at: clock::now(),
        opened_by: viewer.name().to_owned(),
        opener_id: viewer.account(),
        proof_seq: ledger_head::table.select(ledger_head::seq).first(conn)?,
        proposer_id: None,
        proposer: String::new(),
        proof: String::new(),
        decision: String::new(),
        closed_at: None,
        closed_by: None,
        outcome: String::new(),
        reopened: 0,
    })
}

/// The open issue with this cause.
fn by_cause(conn: &mut Conn, cause: &str) -> Result<Option<Issue>> {
    Ok(issues::table
        .filter(issues::cause.eq(cause))
        .filter(issues::open.eq(true))
        .select(Issue::as_select())
        .first(conn)
        .optional()?)
}

/// Whether a cause has an open issue, or one that people have closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is open.
    Open,
    /// People have settled it; the program does not bring it up again.
    Settled,
}

/// Causes that begin so and have an issue, open or settled by people.
///
/// # Errors
/// When the database fails.
pub fn causes(conn: &mut Conn, begin: &str) -> Result<HashMap<String, Known>> {
    let rows: Vec<(Option<String>, bool, String)> = issues::table
        .filter(issues::cause.like(format!("{begin}%")))
        .order(issues::id)
        .select((issues::cause, issues::open, issues::outcome))
        .load(conn)?;
    let mut out = HashMap::new();
    for (cause, open, outcome) in rows {
        let Some(cause) = cause else { continue };
        if open {
            out.insert(cause, Known::Open);
        } else if outcome != Act::Heal.word() {
            out.entry(cause).or_insert(Known::Settled);
        }
    }
    Ok(out)
}

/// Notes what an issue is about; an entry it names already stays.
pub(super) fn concern(conn: &mut Conn, issue: i64, ids: &[i64]) -> Result<()> {
    for id in ids.iter().collect::<BTreeSet<_>>() {
        let row = (
            issue_entries::issue_id.eq(issue),
            issue_entries::entry_id.eq(*id),
        );
        each!(conn, c => diesel::insert_into(issue_entries::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// Closes the issue that the program opened for a cause that is gone; says whether there was one. Inside the caller's
/// transaction, as [`open`].
///
/// # Errors
/// When the database fails.
pub fn heal(conn: &mut Conn, viewer: &Viewer, cause: &str, said: &str) -> Result<bool> {
    lock(conn)?;
    let Some(row) = by_cause(conn, cause)? else {
        return Ok(false);
    };
    let new = Issue {
        state: State::Closed.word().to_owned(),
        open: false,
        version: row.version + 1,
        closed_at: Some(clock::now()),
        closed_by: Some("系统".to_owned()),
        outcome: Act::Heal.word().to_owned(),
        ..row.clone()
    };
    store(conn, &row, &new)?;
    let said = format!("已自愈: {said}");
    let line = (Act::Heal.word(), row.state.as_str());
    note(conn, viewer, &new, line, &said, &json!({"cause": cause}))?;
    let told = json!({"issue": row.id, "act": Act::Heal.word(), "cause": cause, "said": said});
    tell::record(conn, viewer, &new, "issue_step", (Act::Heal.label(), told))?;
    tell::tell(conn, viewer, &new, false)?;
    Ok(true)
}

/// What a person raises, as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct Raise {
    /// A code of the list [`KINDS`].
    pub kind: String,
    /// What it is, in a line.
    pub title: String,
    /// What it is.
    pub text: String,
    /// Code or name of the department that raises it.
    pub raised_by: String,
    /// Code or name of the department that owes.
    pub owed_by: String,
    /// Register and code of the entries it is about.
    pub entries: Vec<(String, String)>,
}

/// Raises an issue for one's department.
///
/// # Errors
/// [`Error::Refused`] for a department that one may not write for or speak for; [`Error::Invalid`] with everything wrong.
pub fn raise(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, wish: &Raise) -> Result<Issue> {
    viewer.may_anywhere(Right::Write)?;
    conn.transaction(|conn| {
        lock(conn)?;
        let mut problems = Vec::new();
        let kinds = ground.catalogue.list(KINDS);
        if kinds.and_then(|list| list.item(&wish.kind)).is_none() {
            let labels: Vec<&str> = kinds
                .map(|list| list.items.iter().map(|i| i.label.as_str()).collect())
                .unwrap_or_default();
            let hint = format!("可选: {}", labels.join("、"));
            problems.push(Problem::new(
                "kind",
                "unknown_value",
                "请选择问题类型。",
                &hint,
            ));
        }
        let mut line = |key: &str, label: &str, given: &str, most: usize| match text(
            key, label, given, most,
        ) {
            Ok(text) if text.is_empty() => {
                let message = format!("请填写{label}");
                problems.push(Problem::new(key, "required", &message, ""));
                text
            }
            Ok(text) => text,
            Err(Error::Invalid(found)) => {
                problems.extend(found);
                String::new()
            }
            Err(_) => String::new(),
        };
        let title = line("title", "标题", &wish.title, 100);
        let body = line("text", "情况说明", &wish.text, 4_000);
        let raised_by = department(
            ground,
            "raised_by",
            "提出单位",
            &wish.raised_by,
            &mut problems,
        );
        let owed_by = department(ground, "owed_by", "责任单位", &wish.owed_by, &mut problems);
        if raised_by.is_some() && raised_by == owed_by {
            let message = "提出单位和责任单位是同一个单位";
            problems.push(Problem::new(
                "owed_by",
                "same_department",
                message,
                "请选择对方单位",
            ));
        }
        let ids = named(conn, viewer, ground, &wish.entries, &mut problems)?;
        let (Some(raised_by), Some(owed_by), true) = (raised_by, owed_by, problems.is_empty())
        else {
            return Err(Error::Invalid(problems));
        };
        viewer.may(Right::Write, raised_by)?;
        if !raises_for(viewer, raised_by) {
            return Err(Error::Refused(
                "数据管理部门只能以本部门的名义提出难点问题，其他单位的由该单位提出".to_owned(),
            ));
        }
        let new = NewIssue {
            kind: &wish.kind,
            title: &title,
            text: &body,
            raised_by,
            owed_by,
            entries: &ids,
            cause: None,
        };
        let id = open(conn, viewer, &new)?;
        super::get(conn, viewer, id)
    })
}

fn department(
    ground: Ground<'_>,
    key: &str,
    label: &str,
    given: &str,
    problems: &mut Vec<Problem>,
) -> Option<i64> {
    if given.trim().is_empty() {
        let message = format!("请填写{label}");
        problems.push(Problem::new(
            key,
            "required",
            &message,
            "请填写单位全称或代码",
        ));
        return None;
    }
    match ground.directory.find(given) {
        Found::One(id) if ground.directory.get(id).is_some_and(|d| !d.is_over()) => Some(id),
        Found::One(_) => {
            let message = format!("“{}”已经撤并", given.trim());
            problems.push(Problem::new(
                key,
                "department_over",
                &message,
                "请填写现在的单位",
            ));
            None
        }
        found => {
            let fault = department_fault(ground.directory, given, &found);
            problems.push(Problem::new(
                key,
                fault.code,
                &fault.message,
                &fault.suggestion,
            ));
            None
        }
    }
}

/// The entries by register and code, of those that the viewer sees.
pub(super) fn named(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    wanted: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> Result<Vec<i64>> {
    let mut out = Vec::new();
    if wanted.len() > MOST {
        let message = format!("一个难点问题最多涉及 {MOST} 个条目");
        problems.push(Problem::new("entries", "too_many", &message, ""));
        return Ok(out);
    }
    for (register, code) in wanted {
        let known = ground.catalogue.register(register);
        let found = match known {
            Some(register) => facts::row(conn, viewer, register, code),
            None => Err(Error::NotFound(format!("登记簿“{register}”"))),
        };
        match found {
            Ok(row) if row.present => out.push(row.id),
            Ok(_) | Err(Error::NotFound(_)) => {
                let message = format!("没有找到条目“{code}”");
                problems.push(Problem::new(
                    "entries",
                    "unknown_entry",
                    &message,
                    "请核对编码",
                ));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(out)
}
