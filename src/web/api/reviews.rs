//! Submissions, findings, opinions and stages: what departments hand in, and what becomes of it.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::error::{Error, Problem, Result};
use crate::org::directory::Directory;
use crate::review::opinion;
use crate::review::steps::Act;
use crate::review::submission::{self, Filter, Queue, Wish};
use crate::review::{Ground, paper};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::api::duplicates;
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

mod body;
mod opinions;
mod stages;

use body::{DecisionBody, OpinionBody, SubmissionBody, SubmissionDetail};

type Answer = std::result::Result<HttpResponse, Failure>;

/// The organisation of the moment, for acts.
fn directory(ask: &mut Ask<'_>) -> Result<Arc<Directory>> {
    ask.state.directory.get(ask.conn)
}

fn short(version: i64) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

/// Some submissions.
#[derive(Serialize, ToSchema)]
struct SubmissionPage {
    /// Newest first.
    items: Vec<SubmissionBody>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

/// Which submissions are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SubmissionQuery {
    /// Of this kind, such as `proposal` or `change`.
    kind: Option<String>,
    /// Of this register.
    register: Option<String>,
    /// In this state.
    state: Option<String>,
    /// Of this season, such as the year.
    season: Option<String>,
    /// Of this department.
    department_id: Option<i64>,
    /// Only where somebody still has to do something, or only what has ended.
    open: Option<bool>,
    /// That wait for you: `check`, `approve`, `take`, `decide`, `mend` or `fill`.
    queue: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Submissions whose entries you see in full, newest first.
#[utoipa::path(tag = "submissions", params(SubmissionQuery), security(("bearer" = [])),
    responses((status = 200, body = SubmissionPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/submissions")]
async fn list_submissions(caller: Caller, query: web::Query<SubmissionQuery>) -> Answer {
    let page = caller.read(move |ask| {
        let query = query.into_inner();
        let most = limit(query.limit)?;
        for text in [&query.kind, &query.register, &query.state, &query.season]
            .into_iter()
            .flatten()
        {
            desk::code(text)?;
        }
        let queue = match query.queue.as_deref() {
            None => None,
            Some(word) => Some(Queue::from_word(word).ok_or_else(|| {
                let known = Queue::ALL.map(Queue::word).join("、");
                let message = "没有这种待办";
                let hint = format!("可选: {known}");
                Error::Invalid(vec![Problem::new("queue", "invalid", message, &hint)])
            })?),
        };
        let filter = Filter {
            kind: query.kind,
            register: query.register,
            states: query.state.into_iter().collect(),
            season: query.season,
            department: query.department_id,
            open: query.open,
            queue,
            before: query.cursor,
        };
        let mut found = submission::list(ask.conn, &ask.viewer, &filter, most + 1)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        Ok(SubmissionPage {
            next: found.last().filter(|_| more).map(|l| l.submission.id),
            items: found
                .iter()
                .map(|l| SubmissionBody::of(&l.submission, &l.entry))
                .collect(),
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// What waits for your opinion, the oldest first.
#[utoipa::path(tag = "reviews", security(("bearer" = [])),
    responses((status = 200, body = Vec<OpinionBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/reviews")]
async fn list_reviews(caller: Caller) -> Answer {
    let found = caller.read(|ask| {
        let asked = opinion::asked(ask.conn, &ask.viewer)?;
        Ok(asked
            .iter()
            .map(|(o, _)| OpinionBody::from(o))
            .collect::<Vec<_>>())
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

fn detail(ask: &mut Ask<'_>, id: i64) -> Result<SubmissionDetail> {
    let directory = directory(ask)?;
    let ground = Ground {
        catalogue: &ask.app.catalogue,
        directory: &directory,
    };
    body::detail(ask.conn, &ask.viewer, ground, id)
}

/// One submission with its way, findings, opinions and decision.
#[utoipa::path(tag = "submissions", security(("bearer" = [])), params(("id" = i64, Path, description = "送审")),
    responses((status = 200, body = SubmissionDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/submissions/{id}")]
async fn get_submission(caller: Caller, id: web::Path<i64>) -> Answer {
    let body = caller.read(move |ask| detail(ask, *id)).await?;
    Ok(tagged(&body, short(body.submission.version)))
}

/// What is opened.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    /// The kind, such as `proposal` or `catalogue`.
    kind: String,
    /// Why; may be left out.
    #[serde(default)]
    reason: String,
}

/// Opens a submission for an entry.
#[utoipa::path(tag = "submissions", security(("bearer" = [])), request_body = OpenBody,
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = SubmissionDetail), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/entries/{register}/{code}/submissions")]
async fn open_submission(
    caller: Caller,
    once: Once,
    path: web::Path<(String, String)>,
    body: web::Json<OpenBody>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let directory = directory(ask)?;
        let ground = Ground {
            catalogue: &ask.app.catalogue,
            directory: &directory,
        };
        let entry = (path.0.as_str(), desk::code(&path.1)?);
        let made = submission::open(
            ask.conn,
            &ask.viewer,
            ground,
            (entry.0, &entry.1),
            &body.kind,
            &body.reason,
        )?;
        let detail = body::detail(ask.conn, &ask.viewer, ground, made.id)?;
        Answered::created(&detail, Some(tag(short(made.version))))
    };
    caller.post(once, &sent, work).await
}

/// What is said with an act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActBody {
    /// The opinion; needed to send back, withdraw, return, cut, reject and merge.
    #[serde(default)]
    opinion: String,
    /// Class of the reason, to hand in a change request (list `change_reason`).
    #[serde(default)]
    reason_class: String,
    /// More, for a decision.
    decision: Option<DecisionBody>,
}

/// Takes one step: `submit`, `check`, `send_back`, `approve`, `withdraw`, `accept`, `convene`, `return`, `pass`,
/// `cut`, `reject` or `merge`.
#[utoipa::path(tag = "submissions", security(("bearer" = [])), request_body = ActBody,
    params(("id" = i64, Path, description = "送审"), ("act" = String, Path, description = "办理"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = SubmissionDetail), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/submissions/{id}/acts/{act}")]
async fn act_on_submission(
    caller: Caller,
    path: web::Path<(i64, String)>,
    version: Version,
    body: web::Json<ActBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        let (id, word) = path.into_inner();
        let act = Act::from_word(&word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))?;
        submission::get(ask.conn, &ask.viewer, id)?;
        let body = body.into_inner();
        let wish = Wish {
            id,
            version: i64::from(version.need()?),
            act,
            opinion: body.opinion,
            reason_class: body.reason_class,
            decision: body.decision.map(Into::into).unwrap_or_default(),
        };
        let directory = directory(ask)?;
        let ground = Ground {
            catalogue: &ask.app.catalogue,
            directory: &directory,
        };
        let means = duplicates::means(ask, &directory);
        submission::act(ask.conn, &ask.viewer, means, &wish)?;
        // Whoever sends his own view of it away (an expert, a bureau) may not see it any more.
        body::detail(ask.conn, &ask.viewer, ground, id)
    });
    let body = done.await?;
    Ok(tagged(&body, short(body.submission.version)))
}

/// What the ledger answers about a printed sheet.
#[derive(Serialize, ToSchema)]
struct SheetAnswer {
    /// The check code.
    code: String,
    /// When it was printed, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    printed_at: chrono::NaiveDateTime,
    /// The digest that the paper must show: SM3.
    digest: String,
    /// What the ledger keeps of it still has this digest.
    whole: bool,
    /// Nothing has been done with the submission since.
    current: bool,
}

/// Answers whether a printed review sheet is what the ledger held.
#[utoipa::path(tag = "reviews", security(("bearer" = [])), params(("code" = String, Path, description = "核验码")),
    responses((status = 200, body = SheetAnswer), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("all"))))]
#[get("/review-sheets/{code}")]
async fn check_sheet(caller: Caller, code: web::Path<String>) -> Answer {
    let found = caller.read(move |ask| paper::check(ask.conn, &ask.viewer, &code));
    let found = found.await?;
    Ok(HttpResponse::Ok().json(SheetAnswer {
        code: found.code,
        printed_at: found.at,
        digest: found.digest,
        whole: found.whole,
        current: found.current,
    }))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_submissions)
        .service(list_reviews)
        .service(get_submission)
        .service(open_submission)
        .service(act_on_submission)
        .service(check_sheet)
        .configure(opinions::configure)
        .configure(stages::configure);
}
