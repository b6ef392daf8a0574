//! Whom the bureau asks for an opinion, and who is released from it.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{Opinion, announced, demand_review, purpose};
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{account_grants, accounts, departments, review_opinions};
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Verdict};
use crate::ledger::entry::EntryRow;
use crate::org::directory::{Department, Directory};
use crate::review::announce::tell_asked;
use crate::review::submission::{self, Submission};

/// How many are asked at once.
const MOST: usize = 100;

/// Who is asked for an opinion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whom {
    /// Experts, by login: they hold the reviewer's role.
    pub logins: Vec<String>,
    /// Departments of the bureau's own level: their specialist or CDO answers.
    pub departments: Vec<i64>,
}

/// Asks experts and other departments for an opinion.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Conflict`] outside joint review;
/// [`Error::Stale`]; [`Error::Invalid`] naming everyone who cannot be asked.
pub fn assign(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    (id, version): (i64, i64),
    whom: &Whom,
) -> Result<Vec<Opinion>> {
    let (_, made) = change_set::write(conn, viewer, purpose(), |set| {
        let conn = set.conn();
        let (row, entry) = submission::get(conn, viewer, id)?;
        submission::reviews(conn, viewer, &row, &entry)?;
        demand_review(&row)?;
        if row.version != version {
            return Err(Error::Stale(format!("送审{}", row.number())));
        }
        let mut made = Vec::new();
        let mut problems = Vec::new();
        for login in whom.logins.iter().take(MOST) {
            match candidate(conn, &row, &entry, login.trim())? {
                Ok(asked) => made.extend(ask(conn, viewer, &row, asked)?),
                Err(why) => problems.push(Problem::new(
                    "logins",
                    "invalid",
                    &why,
                    "请核对登录名和角色",
                )),
            }
        }
        for department in whom.departments.iter().take(MOST) {
            match office(directory, &row, &entry, *department) {
                Ok(asked) => made.extend(ask(conn, viewer, &row, asked)?),
                Err(why) => {
                    let hint = "请选择本级其他部门";
                    problems.push(Problem::new("departments", "invalid", &why, hint));
                }
            }
        }
        let all = whom.logins.len() + whom.departments.len();
        if all == 0 || all > MOST {
            let message = "请写明 1 至 100 名评审人员的登录名，或选择部门";
            problems.push(Problem::new("logins", "required", message, ""));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        for asked in &made {
            tell_asked(conn, viewer, &row, &entry, asked)?;
        }
        let names: Vec<&str> = made.iter().map(|o| o.name.as_str()).collect();
        announced(
            conn,
            viewer,
            &row,
            &entry,
            "assign",
            serde_json::json!(names),
        )?;
        Ok(Verdict::Commit(made))
    })?;
    Ok(made)
}

/// Whether a department may be asked about a submission: another one of the bureau's own level, not the applicant's.
fn office(
    directory: &Directory,
    row: &Submission,
    entry: &EntryRow,
    department: i64,
) -> std::result::Result<Asked, String> {
    let found = directory.get(department);
    let Some(found) = found.filter(|d| is_office(directory, row, entry, d)) else {
        let name = found.map_or_else(|| department.to_string(), |d| d.name.clone());
        return Err(format!("不能请“{name}”会审: 应为受理部门本级的其他部门"));
    };
    Ok(Asked {
        account: None,
        department: Some(found.id),
        name: found.name.clone(),
        office: String::new(),
    })
}

fn is_office(directory: &Directory, row: &Submission, entry: &EntryRow, d: &Department) -> bool {
    let bureau = row.bureau_id.and_then(|id| directory.get(id));
    let level = bureau.is_some_and(|b| b.region.is_some() && b.region == d.region);
    let party = [
        Some(row.department_id),
        Some(entry.department_id),
        row.bureau_id,
    ];
    level && !d.unit && is_there(d) && !party.contains(&Some(d.id))
}

fn is_there(d: &Department) -> bool {
    let today = clock::today();
    d.merged_into.is_none() && d.valid_until.is_none_or(|last| last >= today)
}

/// Departments that may be asked about a submission.
#[must_use]
pub fn offices<'d>(
    directory: &'d Directory,
    row: &Submission,
    entry: &EntryRow,
) -> Vec<&'d Department> {
    let all = directory.all().iter();
    all.filter(|d| is_office(directory, row, entry, d))
        .collect()
}

/// An account or a department that may be asked.
struct Asked {
    account: Option<i64>,
    department: Option<i64>,
    name: String,
    office: String,
}

/// An account that may be asked. Otherwise why not.
fn candidate(
    conn: &mut Conn,
    row: &Submission,
    entry: &EntryRow,
    login: &str,
) -> Result<std::result::Result<Asked, String>> {
    let found: Option<(i64, String, Option<i64>)> = accounts::table
        .filter(accounts::login.eq(login))
        .filter(accounts::active.eq(true))
        .select((accounts::id, accounts::name, accounts::department_id))
        .first(conn)
        .optional()?;
    let Some((account, name, home)) = found else {
        return Ok(Err(format!("没有可用的账号“{login}”")));
    };
    let grants: Vec<(String, Option<i64>)> = account_grants::table
        .filter(account_grants::account_id.eq(account))
        .filter(account_grants::ended_at.is_null())
        .select((account_grants::role, account_grants::department_id))
        .load(conn)?;
    if !grants.iter().any(|(role, _)| role == Role::Reviewer.word()) {
        return Ok(Err(format!("“{login}”没有评审专家角色")));
    }
    let owners = [row.department_id, entry.department_id];
    let business = |role: &str| {
        [Role::Liaison, Role::Specialist, Role::Cdo]
            .iter()
            .any(|r| r.word() == role)
    };
    let own = home.is_some_and(|h| owners.contains(&h))
        || grants
            .iter()
            .any(|(role, at)| business(role) && at.is_some_and(|d| owners.contains(&d)));
    if own {
        return Ok(Err(format!("“{login}”属于申报单位，不能评审本单位的申报")));
    }
    let acts = submission::taken(conn, row.id)?;
    let bureau = ["accept", "convene"];
    if acts
        .iter()
        .any(|a| a.account_id == Some(account) && !bureau.contains(&a.act.as_str()))
    {
        return Ok(Err(format!("“{login}”参与过本件的办理，不能再任评审专家")));
    }
    let office: Option<String> = match home {
        Some(home) => departments::table
            .find(home)
            .select(departments::name)
            .first(conn)
            .optional()?,
        None => None,
    };
    Ok(Ok(Asked {
        account: Some(account),
        department: None,
        name,
        office: office.unwrap_or_default(),
    }))
}

fn ask(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    asked: Asked,
) -> Result<Option<Opinion>> {
    let whom = match (asked.account, asked.department) {
        (Some(account), _) => {
            Fragment::<Bool>::sql("review_opinions.account_id = ").number(account)
        }
        (None, of) => {
            Fragment::sql("review_opinions.department_id = ").number(of.unwrap_or_default())
        }
    };
    let there: i64 = review_opinions::table
        .filter(review_opinions::submission_id.eq(row.id))
        .filter(review_opinions::round.eq(row.round))
        .filter(whom)
        .count()
        .get_result(conn)?;
    if there > 0 {
        return Ok(None);
    }
    let last: Option<i64> = review_opinions::table
        .select(diesel::dsl::max(review_opinions::id))
        .first(conn)?;
    let made = Opinion {
        id: last.unwrap_or(0) + 1,
        submission_id: row.id,
        entry_id: row.entry_id,
        round: row.round,
        account_id: asked.account,
        department_id: asked.department,
        name: asked.name,
        office: asked.office,
        open: true,
        version: 1,
        assigned_at: clock::now(),
        assigned_by: viewer.name().to_owned(),
        score: None,
        verdict: String::new(),
        opinion: String::new(),
        given_at: None,
        giver_id: None,
        giver: String::new(),
    };
    diesel::insert_into(review_opinions::table)
        .values(&made)
        .execute(conn)?;
    Ok(Some(made))
}

/// Releases somebody who was asked and has not answered.
///
/// # Errors
/// As [`assign`]; [`Error::Conflict`] when the opinion has been given.
pub fn release(conn: &mut Conn, viewer: &Viewer, id: i64, opinion: i64) -> Result<()> {
    let (_, ()) = change_set::write(conn, viewer, purpose(), |set| {
        let conn = set.conn();
        let (row, entry) = submission::get(conn, viewer, id)?;
        submission::reviews(conn, viewer, &row, &entry)?;
        let done = diesel::update(
            review_opinions::table
                .find(opinion)
                .filter(review_opinions::submission_id.eq(id))
                .filter(review_opinions::open.eq(true))
                .filter(review_opinions::given_at.is_null()),
        )
        .set(review_opinions::open.eq(false))
        .execute(conn)?;
        if done != 1 {
            return Err(Error::Conflict("这份意见已经提交或已经收回".to_owned()));
        }
        announced(
            conn,
            viewer,
            &row,
            &entry,
            "release",
            serde_json::json!(opinion),
        )?;
        Ok(Verdict::Commit(()))
    })?;
    Ok(())
}
