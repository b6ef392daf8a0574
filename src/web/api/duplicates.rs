//! The check for duplicates (查重): questions, kept checks with their answers, batches.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, put, web};
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::ledger::facts;
use crate::org::directory::{Directory, Found, department_fault};
use crate::review::duplicate::answer::{self, Answered as AnsweredHit, Shown, Verdict};
use crate::review::duplicate::listed::{self, Listed};
use crate::review::duplicate::{Form, Means, Report, What, check, store};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::once::{Answered, Once};
use crate::web::version::Version;

mod batches;
pub(in crate::web) mod lists;
pub(in crate::web) mod pairs;

type Answer = std::result::Result<HttpResponse, Failure>;

/// The organisation of the moment.
pub(in crate::web) fn directory(ask: &mut Ask<'_>) -> Result<Arc<Directory>> {
    ask.state.directory.get(ask.conn)
}

/// What every check needs.
pub(in crate::web) fn means<'m>(ask: &Ask<'m>, directory: &'m Directory) -> Means<'m> {
    Means {
        catalogue: &ask.app.catalogue,
        directory,
        kept: &ask.state.duplicates,
    }
}

/// The department that a text names; `None` for an empty one.
pub(in crate::web) fn department(directory: &Directory, text: &str) -> Result<Option<i64>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match directory.find(text) {
        Found::One(id) => Ok(Some(id)),
        found => {
            let fault = department_fault(directory, text, &found);
            let (code, message) = (fault.code, &fault.message);
            Err(Error::Invalid(vec![Problem::new(
                "department",
                code,
                message,
                &fault.suggestion,
            )]))
        }
    }
}

/// What is asked about: an entry, or something that is not in the ledger.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = DuplicateQuestion)]
#[serde(default, deny_unknown_fields)]
struct CheckBody {
    /// Register of an entry.
    register: Option<String>,
    /// Its code.
    code: Option<String>,
    /// What something new would be called.
    name: String,
    /// What it would do.
    function: String,
    /// Whose it would be, by name or code; one's own when left out.
    department: String,
    /// Whom it would serve, as codes of the list `service_target`.
    service_target: Vec<String>,
    /// Names of the data items it would hold.
    items: Vec<String>,
}

impl CheckBody {
    fn what(self, directory: &Directory) -> Result<What> {
        let named = [
            ("name", Some(self.name.as_str())),
            ("function", Some(&self.function)),
        ];
        crate::web::fields::plain(&named)?;
        if let (Some(register), Some(code)) = (&self.register, &self.code) {
            return Ok(What::Entry(register.clone(), desk::code(code)?));
        }
        Ok(What::Form(Form {
            department: department(directory, &self.department)?,
            name: self.name,
            function: self.function,
            targets: self.service_target,
            items: self.items,
        }))
    }
}

/// Asks what of the ledger is like an entry, or like something new; nothing is kept.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = CheckBody,
    responses((status = 200, body = Report), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/duplicates/check")]
async fn check_duplicates(caller: Caller, body: web::Json<CheckBody>) -> Answer {
    let report = caller.read(move |ask| {
        let directory = directory(ask)?;
        let means = means(ask, &directory);
        let what = body.into_inner().what(&directory)?;
        check::check(ask.conn, &ask.viewer, means, &what)
    });
    Ok(HttpResponse::Ok().json(report.await?))
}

/// A check that was kept.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateRun)]
struct RunBody {
    /// Identity.
    id: i64,
    /// Register of the entry.
    register: String,
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// The submission it was made for.
    submission_id: Option<i64>,
    /// Made by somebody who may answer; such a one counts before a department's own.
    review: bool,
    /// Who made it.
    actor: String,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// How many entries it was compared with.
    compared: i64,
    /// Hits, the best first.
    hits: Vec<AnsweredHit>,
    /// Hits that you may not see.
    hidden: usize,
    /// What the lists say.
    listed: Vec<Listed>,
    /// 合规通过, 发现风险 or 建议驳回.
    result: String,
    /// The entry says something else by now.
    stale: bool,
    /// There is a later one that counts.
    superseded: bool,
    /// You may answer.
    may_answer: bool,
}

impl From<Shown> for RunBody {
    fn from(shown: Shown) -> Self {
        Self {
            id: shown.run.id,
            register: shown.row.register,
            code: shown.row.code,
            name: shown.row.name,
            submission_id: shown.run.submission_id,
            review: shown.run.review,
            actor: shown.run.actor,
            at: shown.run.at,
            compared: shown.run.compared,
            result: listed::result(&shown.listed).to_owned(),
            hits: shown.hits,
            hidden: shown.hidden,
            listed: shown.listed,
            stale: shown.stale,
            superseded: shown.superseded,
            may_answer: shown.answers,
        }
    }
}

/// Which entry is to be checked.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = DuplicateRunAsked)]
#[serde(deny_unknown_fields)]
struct RunAsked {
    /// Its register.
    register: String,
    /// Its code.
    code: String,
    /// The submission it is made for.
    submission_id: Option<i64>,
}

/// Checks an entry and keeps what came of it; returns the number of the run.
pub(in crate::web) fn run_of(
    ask: &mut Ask<'_>,
    register: &str,
    code: &str,
    submission: Option<i64>,
) -> Result<i64> {
    ask.viewer.may_anywhere(Right::Write)?;
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let code = desk::code(code)?;
    let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
    let directory = directory(ask)?;
    let means = means(ask, &directory);
    store::run(ask.conn, &ask.viewer, means, row.id, submission, None)
}

fn shown(ask: &mut Ask<'_>, id: i64) -> Result<RunBody> {
    let directory = directory(ask)?;
    let means = means(ask, &directory);
    Ok(answer::shown(ask.conn, &ask.viewer, means, id)?.into())
}

/// Checks an entry and keeps what came of it. Answers to the same pairs are taken over.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = RunAsked,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = RunBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[post("/duplicates/runs")]
async fn run_check(caller: Caller, once: Once, body: web::Json<RunAsked>) -> Answer {
    let asked = body.into_inner();
    let digest = serde_json::to_value(&asked).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let id = run_of(ask, &asked.register, &asked.code, asked.submission_id)?;
        Answered::created(&shown(ask, id)?, None)
    };
    caller.post(once, &digest, work).await
}

/// A check that was kept, with its hits and answers.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])),
    responses((status = 200, body = RunBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/duplicates/runs/{id}")]
async fn get_run(caller: Caller, id: web::Path<i64>) -> Answer {
    let body = caller.read(move |ask| {
        ask.viewer.may_anywhere(Right::SeeOwn)?;
        shown(ask, *id)
    });
    Ok(HttpResponse::Ok().json(body.await?))
}

/// The check that counts for an entry.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateStanding)]
struct StandingBody {
    /// None when it was never checked.
    run: Option<RunBody>,
    /// Strong hits that nobody has answered yet.
    unanswered: usize,
}

/// The check that counts for an entry: the last one of a reviewer, else the last one.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])),
    responses((status = 200, body = StandingBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/entries/{register}/{code}/duplicates")]
async fn entry_duplicates(caller: Caller, path: web::Path<(String, String)>) -> Answer {
    let body = caller.read(move |ask| {
        let desk = Desk::of(ask, &path.0)?;
        let definitions = desk.definitions()?;
        let code = desk::code(&path.1)?;
        let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
        ask.viewer.may(Right::SeeOwn, &row)?;
        let run = match store::last_run(ask.conn, row.id)? {
            Some(run) => Some(shown(ask, run.id)?),
            None => None,
        };
        Ok(StandingBody {
            run,
            unanswered: store::unanswered(ask.conn, row.id)?.len(),
        })
    });
    Ok(HttpResponse::Ok().json(body.await?))
}

/// What is answered to a hit.
#[derive(Deserialize, ToSchema)]
#[schema(as = DuplicateAnswer)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    /// 复用, 扩建 or 不同.
    verdict: Verdict,
    /// Why; needed for 不同.
    #[serde(default)]
    reason: String,
}

/// What a hit stands at after an answer.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateAnswered)]
struct AnsweredBody {
    /// Number of the hit.
    id: i64,
    /// The answer.
    verdict: Verdict,
    /// Why.
    reason: String,
    /// Version, as in the `ETag`.
    version: i64,
}

/// Answers a hit, from the version that was looked at.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = AnswerBody,
    params(("If-Match" = String, Header)),
    responses((status = 200, body = AnsweredBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("review_proposals")), ("x-scope" = json!("level"))))]
#[put("/duplicates/hits/{id}/answer")]
async fn answer_hit(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<AnswerBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        let directory = directory(ask)?;
        let means = means(ask, &directory);
        let said = body.into_inner();
        ask.viewer.may_anywhere(Right::ReviewProposals)?;
        let version = i64::from(version.need()?);
        let (conn, viewer) = (&mut *ask.conn, &ask.viewer);
        let hit = answer::answer(
            conn,
            viewer,
            means,
            *id,
            version,
            said.verdict,
            &said.reason,
        )?;
        Ok(AnsweredBody {
            id: hit.id,
            verdict: said.verdict,
            reason: hit.reason,
            version: hit.version,
        })
    });
    let body = done.await?;
    let version = i32::try_from(body.version).unwrap_or(i32::MAX);
    Ok(crate::web::version::tagged(&body, version))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(check_duplicates)
        .service(run_check)
        .service(get_run)
        .service(entry_duplicates)
        .service(answer_hit)
        .configure(batches::configure)
        .configure(pairs::configure)
        .configure(lists::configure);
}
