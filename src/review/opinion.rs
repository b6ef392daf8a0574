//! Opinions of a joint review: whom the bureau asks, what they say. An expert sees what is assigned to him, as
//! long as it is open, and nothing else.

mod assign;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{review_opinions, submissions};
use crate::db::scope;
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::register::lifecycle::{Kind, Route};
use crate::review::announce::{Announced, announce, tell_gathered};
use crate::review::decision;
use crate::review::steps::State;
use crate::review::submission::{self, Submission};

pub use assign::{Whom, assign, offices, release};

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
    /// Who is asked, by account; none when a department is asked.
    pub account_id: Option<i64>,
    /// The department that is asked: its specialist or CDO answers.
    pub department_id: Option<i64>,
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
    /// Who gave it, by account.
    pub giver_id: Option<i64>,
    /// Who gave it, by name; empty before.
    pub giver: String,
}

impl Opinion {
    /// Whether the viewer is asked for it, himself or for his department.
    #[must_use]
    pub fn asks(&self, viewer: &Viewer) -> bool {
        let himself = self.account_id.is_some() && self.account_id == viewer.account();
        let office = self.department_id;
        himself || office.is_some_and(|d| viewer.can(Right::GiveOfficeOpinion, d))
    }
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

/// The opinion that the viewer can give on a submission now: his own before his department's.
///
/// # Errors
/// When the database fails.
pub(super) fn mine(conn: &mut Conn, viewer: &Viewer, row: &Submission) -> Result<Option<Opinion>> {
    let Some(whom) = scope::asked_of(viewer) else {
        return Ok(None);
    };
    Ok(review_opinions::table
        .filter(whom)
        .filter(review_opinions::submission_id.eq(row.id))
        .filter(review_opinions::round.eq(row.round))
        .filter(review_opinions::open.eq(true))
        .order((
            review_opinions::department_id.is_not_null(),
            review_opinions::id,
        ))
        .select(Opinion::as_select())
        .first(conn)
        .optional()?)
}

/// Gives the opinion one is asked for, or gives it anew until the decision.
///
/// # Errors
/// [`Error::NotFound`] when the viewer is not asked; [`Error::Refused`] to the applicant's own people;
/// [`Error::Conflict`] after the review; [`Error::Stale`]; [`Error::Invalid`].
pub fn give(conn: &mut Conn, viewer: &Viewer, id: i64, said: &Said) -> Result<Opinion> {
    let (_, given) = change_set::write(conn, viewer, purpose(), |set| {
        let conn = set.conn();
        let (row, entry) = submission::get(conn, viewer, id)?;
        let mine = mine(conn, viewer, &row)?
            .ok_or_else(|| Error::NotFound(format!("送审 {id} 的评审邀请")))?;
        demand_review(&row)?;
        for department in [row.department_id, entry.department_id] {
            if submission::is_of_department(viewer, department) {
                return Err(Error::Refused(
                    "申报单位的人员不能评审本单位的申报".to_owned(),
                ));
            }
        }
        let new = read(viewer, &mine, said)?;
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
            review_opinions::giver_id.eq(new.giver_id),
            review_opinions::giver.eq(&new.giver),
        ))
        .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale("评审意见".to_owned()));
        }
        let detail = serde_json::json!({ "score": new.score, "verdict": new.verdict, "opinion": new.opinion });
        announced(conn, viewer, &row, &entry, "give", detail)?;
        if outstanding(conn, &row)? == 0 {
            tell_gathered(conn, viewer, &row, &entry)?;
        }
        Ok(Verdict::Commit(new))
    })?;
    Ok(given)
}

/// How many opinions of this round have been asked for and not given.
fn outstanding(conn: &mut Conn, row: &Submission) -> Result<i64> {
    Ok(review_opinions::table
        .filter(review_opinions::submission_id.eq(row.id))
        .filter(review_opinions::round.eq(row.round))
        .filter(review_opinions::open.eq(true))
        .filter(review_opinions::given_at.is_null())
        .count()
        .get_result(conn)?)
}

fn read(viewer: &Viewer, mine: &Opinion, said: &Said) -> Result<Opinion> {
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
        giver_id: viewer.account(),
        giver: viewer.name().to_owned(),
        ..mine.clone()
    })
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
    let over = row.state() != State::JointReview && viewer.can(Right::SeeOwn, &entry);
    Ok(all
        .into_iter()
        .filter(|o| bureau || over || o.asks(viewer))
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
    let Some(whom) = scope::asked_of(viewer) else {
        return Ok(Vec::new());
    };
    Ok(review_opinions::table
        .inner_join(submissions::table.on(submissions::id.eq(review_opinions::submission_id)))
        .filter(whom)
        .filter(review_opinions::open.eq(true))
        .order(review_opinions::id)
        .select((Opinion::as_select(), Submission::as_select()))
        .load(conn)?)
}
