//! Opinions of a joint review: whom the bureau asks, what they say. An expert sees what is assigned to him, as
//! long as it is open, and nothing else.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts, departments, review_opinions, submissions};
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::register::lifecycle::{Kind, Route};
use crate::review::announce::{Announced, announce};
use crate::review::decision;
use crate::review::steps::State;
use crate::review::submission::{self, Submission};

/// What an expert recommends: codes of the list `review_decision` that a decision can have.
pub const VERDICTS: [(&str, &str); 5] = [
    ("pass", "建议通过"),
    ("cut", "建议核减"),
    ("return", "建议退回"),
    ("reject", "建议不予通过"),
    ("merge", "建议并入"),
];

/// An opinion that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = review_opinions, treat_none_as_default_value = false)]
pub struct Opinion {
    /// Identity.
    pub id: i64,
    /// The submission.
    pub submission_id: i64,
    /// Its entry.
    pub entry_id: i64,
    /// In which round.
    pub round: i64,
    /// Who is asked, by account.
    pub account_id: i64,
    /// Who is asked, by name.
    pub name: String,
    /// His office; may be empty.
    pub office: String,
    /// Whether it can still be given.
    pub open: bool,
    /// Counts its changes from 1.
    pub version: i64,
    /// When it was asked for, UTC.
    pub assigned_at: NaiveDateTime,
    /// By whom.
    pub assigned_by: String,
    /// From 0 to 100.
    pub score: Option<i32>,
    /// One of [`VERDICTS`]; empty before.
    pub verdict: String,
    /// In words.
    pub opinion: String,
    /// When it was given, UTC.
    pub given_at: Option<NaiveDateTime>,
}

/// What somebody says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The version that was looked at.
    pub version: i64,
    /// From 0 to 100.
    pub score: i32,
    /// One of [`VERDICTS`].
    pub verdict: String,
    /// In words.
    pub opinion: String,
}

fn purpose() -> Purpose {
    Purpose {
        source: "review",
        reason: String::new(),
        valid_on: None,
        import_id: None,
        undoes: None,
    }
}

/// Asks accounts, by login, for an opinion: experts and other offices' people who hold the reviewer's role.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Conflict`] outside joint review;
/// [`Error::Stale`]; [`Error::Invalid`] naming every login that cannot be asked.
pub fn assign(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    version: i64,
    logins: &[String],
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
        for login in logins.iter().take(100) {
            match candidate(conn, &row, &entry, login.trim())? {
                Ok((account, name, office)) => {
                    made.extend(ask(conn, viewer, &row, account, (name, office))?)
                }
                Err(why) => problems.push(Problem::new(
                    "logins",
                    "invalid",
                    &why,
                    "请核对登录名和角色",
                )),
            }
        }
        if logins.is_empty() || logins.len() > 100 {
            let message = "请写明 1 至 100 名评审人员的登录名";
            problems.push(Problem::new("logins", "required", message, ""));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
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

fn demand_review(row: &Submission) -> Result<()> {
    if row.state() == State::JointReview {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "送审{}当前为“{}”，不在联审评审中",
        row.number(),
        row.state().label()
    )))
}

/// An account that may be asked: id, name, office. Otherwise why not.
#[expect(clippy::type_complexity, reason = "a candidate, or why not")]
fn candidate(
    conn: &mut Conn,
    row: &Submission,
    entry: &EntryRow,
    login: &str,
) -> Result<std::result::Result<(i64, String, String), String>> {
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
    Ok(Ok((account, name, office.unwrap_or_default())))
}

fn ask(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    account: i64,
    who: (String, String),
) -> Result<Option<Opinion>> {
    let there: i64 = review_opinions::table
        .filter(review_opinions::submission_id.eq(row.id))
        .filter(review_opinions::round.eq(row.round))
        .filter(review_opinions::account_id.eq(account))
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
        account_id: account,
        name: who.0,
        office: who.1,
        open: true,
        version: 1,
        assigned_at: clock::now(),
        assigned_by: viewer.name().to_owned(),
        score: None,
        verdict: String::new(),
        opinion: String::new(),
        given_at: None,
    };
    diesel::insert_into(review_opinions::table)
        .values(&made)
        .execute(conn)?;
    Ok(Some(made))
}

fn announced(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Submission,
    entry: &EntryRow,
    act: &str,
    detail: serde_json::Value,
) -> Result<()> {
    announce(
        conn,
        viewer,
        &Announced {
            action: "review_opinion",
            object: format!(
                "{} {}",
                if act == "assign" {
                    "邀请评审"
                } else {
                    "评审意见"
                },
                entry.code
            ),
            department: entry.department_id,
            submission: Some(row.id),
            entry: entry.id,
            act,
            detail,
        },
    )
}

/// Gives the opinion one is asked for, or gives it anew until the decision.
///
/// # Errors
/// [`Error::NotFound`] when the viewer is not asked; [`Error::Refused`] without the right; [`Error::Conflict`]
/// after the review; [`Error::Stale`]; [`Error::Invalid`].
pub fn give(conn: &mut Conn, viewer: &Viewer, id: i64, said: &Said) -> Result<Opinion> {
    let (_, given) = change_set::write(conn, viewer, purpose(), |set| {
        let conn = set.conn();
        viewer.may_anywhere(Right::GiveOpinion)?;
        let (row, entry) = submission::get(conn, viewer, id)?;
        let mine: Option<Opinion> = review_opinions::table
            .filter(review_opinions::submission_id.eq(id))
            .filter(review_opinions::round.eq(row.round))
            .filter(review_opinions::account_id.eq(viewer.account().unwrap_or(0)))
            .filter(review_opinions::open.eq(true))
            .select(Opinion::as_select())
            .first(conn)
            .optional()?;
        let mine = mine.ok_or_else(|| Error::NotFound(format!("送审 {id} 的评审邀请")))?;
        demand_review(&row)?;
        for department in [row.department_id, entry.department_id] {
            if submission::is_of_department(viewer, department) {
                return Err(Error::Refused(
                    "申报单位的人员不能评审本单位的申报".to_owned(),
                ));
            }
        }
        let new = read(&mine, said)?;
        let done = diesel::update(
            review_opinions::table
                .find(mine.id)
                .filter(review_opinions::version.eq(said.version))
                .filter(review_opinions::open.eq(true)),
        )
        .set((
            review_opinions::version.eq(new.version),
            review_opinions::score.eq(new.score),
            review_opinions::verdict.eq(&new.verdict),
            review_opinions::opinion.eq(&new.opinion),
            review_opinions::given_at.eq(new.given_at),
        ))
        .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale("评审意见".to_owned()));
        }
        let detail = serde_json::json!({ "score": new.score, "verdict": new.verdict, "opinion": new.opinion });
        announced(conn, viewer, &row, &entry, "give", detail)?;
        Ok(Verdict::Commit(new))
    })?;
    Ok(given)
}

fn read(mine: &Opinion, said: &Said) -> Result<Opinion> {
    let mut problems = Vec::new();
    if !(0..=100).contains(&said.score) {
        problems.push(Problem::new(
            "score",
            "out_of_range",
            "评分应为 0 至 100",
            "请填写整数",
        ));
    }
    if !VERDICTS.iter().any(|(word, _)| *word == said.verdict) {
        let known: Vec<&str> = VERDICTS.iter().map(|(word, _)| *word).collect();
        let hint = format!("可选: {}", known.join("、"));
        problems.push(Problem::new("verdict", "invalid", "请选择评审结论", &hint));
    }
    let opinion = decision::text("opinion", "评审意见", &said.opinion, 2_000)?;
    if opinion.is_empty() {
        problems.push(Problem::new("opinion", "required", "请填写评审意见", ""));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    Ok(Opinion {
        version: mine.version + 1,
        score: Some(said.score),
        verdict: said.verdict.clone(),
        opinion,
        given_at: Some(clock::now()),
        ..mine.clone()
    })
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

/// Opinions of all rounds: for the department and the bureau all that were given once the review is over, for
/// the bureau at any time, for an expert his own.
///
/// # Errors
/// As [`submission::get`].
pub fn of_submission(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Vec<Opinion>> {
    let (row, entry) = submission::get(conn, viewer, id)?;
    let all: Vec<Opinion> = review_opinions::table
        .filter(review_opinions::submission_id.eq(id))
        .order(review_opinions::id)
        .select(Opinion::as_select())
        .load(conn)?;
    let bureau = submission::reviews(conn, viewer, &row, &entry).is_ok();
    let over = row.state() != State::JointReview && viewer.can(Right::SeeOwn, entry.department_id);
    let mine = viewer.account();
    Ok(all
        .into_iter()
        .filter(|o| bureau || over || Some(o.account_id) == mine)
        .collect())
}

/// What a decision still waits for: in a joint review at least one opinion, and none outstanding.
pub(super) fn wanting(conn: &mut Conn, kind: &Kind, row: &Submission) -> Result<Vec<Problem>> {
    if kind.route != Route::Joint {
        return Ok(Vec::new());
    }
    let all: Vec<Opinion> = review_opinions::table
        .filter(review_opinions::submission_id.eq(row.id))
        .filter(review_opinions::round.eq(row.round))
        .filter(review_opinions::open.eq(true))
        .order(review_opinions::id)
        .select(Opinion::as_select())
        .load(conn)?;
    if all.is_empty() {
        let hint = "请先邀请有关部门或专家提出意见";
        return Ok(vec![Problem::new(
            "opinions",
            "required",
            "联审还没有任何意见",
            hint,
        )]);
    }
    let silent = all.iter().filter(|o| o.given_at.is_none());
    Ok(silent
        .map(|o| {
            let message = format!("{}尚未提交评审意见", o.name);
            Problem::new(
                "opinions",
                "outstanding",
                &message,
                "请等其提交，或收回邀请",
            )
        })
        .collect())
}

/// Ends what is open, when the review ends.
pub(super) fn close(conn: &mut Conn, submission: i64) -> Result<()> {
    diesel::update(
        review_opinions::table
            .filter(review_opinions::submission_id.eq(submission))
            .filter(review_opinions::open.eq(true)),
    )
    .set(review_opinions::open.eq(false))
    .execute(conn)?;
    Ok(())
}

/// Submissions on which the viewer is asked for an opinion now, the oldest first.
///
/// # Errors
/// When the database fails.
pub fn asked(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<(Opinion, Submission)>> {
    let Some(account) = viewer
        .account()
        .filter(|_| viewer.can_anywhere(Right::GiveOpinion))
    else {
        return Ok(Vec::new());
    };
    Ok(review_opinions::table
        .inner_join(submissions::table.on(submissions::id.eq(review_opinions::submission_id)))
        .filter(review_opinions::account_id.eq(account))
        .filter(review_opinions::open.eq(true))
        .order(review_opinions::id)
        .select((Opinion::as_select(), Submission::as_select()))
        .load(conn)?)
}
