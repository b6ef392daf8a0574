//! Findings and opinions: what reviewers find wrong and what they think.

use actix_web::{HttpResponse, delete, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{FindingBody, OpinionBody};
use super::{Answer, directory, short};
use crate::review::Ground;
use crate::review::finding::{self, FindingAct};
use crate::review::opinion::{self, Said, Whom};
use crate::review::submission;
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

/// A fault that was found.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RaiseBody {
    /// Key of the field; empty or left out for the whole.
    #[serde(default)]
    field: String,
    /// What is wrong.
    text: String,
}

/// Raises a finding: a thread that must be settled before the submission goes on.
#[utoipa::path(tag = "reviews", security(("bearer" = [])), request_body = RaiseBody,
    params(("id" = i64, Path, description = "送审"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = FindingBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/submissions/{id}/findings")]
async fn raise_finding(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<RaiseBody>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let directory = directory(ask)?;
        let ground = Ground {
            catalogue: &ask.app.catalogue,
            directory: &directory,
        };
        let made = finding::raise(ask.conn, &ask.viewer, ground, *id, &body.field, &body.text)?;
        let version = tag(short(made.version));
        Answered::created(&FindingBody::of(made, Vec::new()), Some(version))
    };
    caller.post(once, &sent, work).await
}

/// What is said with an act on a finding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FindingActBody {
    /// What is done.
    act: FindingAct,
    /// What is said; needed to answer and to reopen.
    #[serde(default)]
    text: String,
}

/// Answers, settles or reopens a finding.
#[utoipa::path(tag = "reviews", security(("bearer" = [])), request_body = FindingActBody,
    params(("id" = i64, Path, description = "审核问题"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = FindingBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/findings/{id}/acts")]
async fn act_on_finding(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<FindingActBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        let version = i64::from(version.need()?);
        let body = body.into_inner();
        finding::act(ask.conn, &ask.viewer, (*id, version), body.act, &body.text)
    });
    let done = done.await?;
    let version = short(done.version);
    Ok(tagged(&FindingBody::of(done, Vec::new()), version))
}

/// Who is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    /// Logins of accounts with the reviewer's role.
    #[serde(default)]
    logins: Vec<String>,
    /// Departments of the bureau's level, by number: their specialist or CDO answers.
    #[serde(default)]
    departments: Vec<i64>,
}

/// Asks experts and offices for their opinion; `If-Match` names the submission's version.
#[utoipa::path(tag = "reviews", security(("bearer" = [])), request_body = AssignBody,
    params(("id" = i64, Path, description = "送审"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Vec<OpinionBody>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("level"))))]
#[post("/submissions/{id}/opinions")]
async fn ask_opinions(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<AssignBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        submission::get(ask.conn, &ask.viewer, *id)?;
        let version = i64::from(version.need()?);
        let directory = directory(ask)?;
        let body = body.into_inner();
        let whom = Whom {
            logins: body.logins,
            departments: body.departments,
        };
        opinion::assign(ask.conn, &ask.viewer, &directory, (*id, version), &whom)
    });
    let made: Vec<OpinionBody> = done.await?.iter().map(OpinionBody::from).collect();
    Ok(HttpResponse::Ok().json(made))
}

/// An opinion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveBody {
    /// From 0 to 100.
    score: i32,
    /// `pass`, `cut`, `return`, `reject` or `merge`.
    verdict: String,
    /// In words.
    opinion: String,
}

/// Gives the opinion that you or your department are asked for, or gives it anew; `If-Match` names the opinion's version.
#[utoipa::path(tag = "reviews", security(("bearer" = [])), request_body = GiveBody,
    params(("id" = i64, Path, description = "送审"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = OpinionBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[put("/submissions/{id}/opinion")]
async fn give_opinion(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<GiveBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        submission::get(ask.conn, &ask.viewer, *id)?;
        let body = body.into_inner();
        let said = Said {
            version: i64::from(version.need()?),
            score: body.score,
            verdict: body.verdict,
            opinion: body.opinion,
        };
        opinion::give(ask.conn, &ask.viewer, *id, &said)
    });
    let done = done.await?;
    Ok(tagged(&OpinionBody::from(&done), short(done.version)))
}

/// Releases somebody who was asked and has not answered.
#[utoipa::path(tag = "reviews", security(("bearer" = [])),
    params(("id" = i64, Path, description = "送审"), ("opinion" = i64, Path, description = "评审意见")),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("level"))))]
#[delete("/submissions/{id}/opinions/{opinion}")]
async fn release_opinion(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    let done = caller.change(move |ask| opinion::release(ask.conn, &ask.viewer, path.0, path.1));
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(raise_finding)
        .service(act_on_finding)
        .service(ask_opinions)
        .service(give_opinion)
        .service(release_opinion);
}
