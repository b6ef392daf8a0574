//! Many proposals checked at once, in the background.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, directory, means};
use crate::auth::Right;
use crate::error::Result;
use crate::jobs::duplicates as job;
use crate::review::duplicate::batch::{self, BatchLine};
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::once::{Answered, Once};

/// Projects to be checked at once.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = DuplicateBatchAsked)]
#[serde(deny_unknown_fields)]
struct BatchAsked {
    /// What to call it.
    #[serde(default)]
    title: String,
    /// Codes of the projects, at most 500.
    codes: Vec<String>,
}

/// A batch.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateBatch)]
struct BatchBody {
    /// Identity.
    id: i64,
    /// What it is called.
    title: String,
    /// It is still being worked on.
    busy: bool,
    /// How many are to be checked.
    total: usize,
    /// Those that were checked, the most alike first.
    lines: Vec<BatchLine>,
}

fn batch_body(ask: &mut Ask<'_>, id: i64) -> Result<BatchBody> {
    ask.viewer.may_anywhere(Right::Write)?;
    let directory = directory(ask)?;
    let means = means(ask, &directory);
    let (batch, lines) = batch::table(ask.conn, &ask.viewer, means, id)?;
    let job = job::job(ask.conn, id)?;
    Ok(BatchBody {
        id,
        total: batch.ids().len(),
        title: batch.title,
        busy: job.is_some_and(|j| j.is_open()),
        lines,
    })
}

/// Has projects checked in the background.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = BatchAsked,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = BatchBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[post("/duplicates/batches")]
async fn check_batch(caller: Caller, once: Once, body: web::Json<BatchAsked>) -> Answer {
    let asked = body.into_inner();
    let digest = serde_json::to_value(&asked).unwrap_or_default();
    let state = caller.state().clone();
    let work = move |ask: &mut Ask<'_>| {
        crate::web::fields::plain(&[("title", Some(&asked.title))])?;
        for code in &asked.codes {
            desk::code(code)?;
        }
        let id = job::submit(ask.conn, &ask.viewer, &asked.title, &asked.codes)?;
        Answered::created(&batch_body(ask, id)?, None)
    };
    let answer = caller.post(once, &digest, work).await?;
    state.jobs.wake();
    Ok(answer)
}

/// A batch with what was checked so far.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])),
    responses((status = 200, body = BatchBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[get("/duplicates/batches/{id}")]
async fn get_batch(caller: Caller, id: web::Path<i64>) -> Answer {
    let body = caller.read(move |ask| batch_body(ask, *id));
    Ok(HttpResponse::Ok().json(body.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(check_batch).service(get_batch);
}
