//! 统建清单 and 负面清单 for machines.

use actix_web::{HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, directory, means};
use crate::auth::Right;
use crate::clock;
use crate::error::Result;
use crate::review::duplicate::lists::{self, Line, ListKind, Written};
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tagged};

/// One line of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = BuildListLine)]
struct LineBody {
    /// Identity.
    id: i64,
    /// Which list.
    kind: ListKind,
    /// The region it holds for, with all below.
    region: String,
    /// What it says.
    text: Written,
    /// Who changed it last.
    actor: String,
    /// When, UTC.
    at: String,
    /// Version, as in the `ETag`.
    version: i64,
}

impl From<Line> for LineBody {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            kind: ListKind::from_word(&line.kind).unwrap_or(ListKind::Unified),
            region: line.region.clone(),
            actor: line.actor.clone(),
            at: clock::stamp(line.at),
            version: line.version,
            text: line.into(),
        }
    }
}

fn answer(body: &LineBody) -> HttpResponse {
    tagged(body, i32::try_from(body.version).unwrap_or(i32::MAX))
}

/// Which list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only this list.
    #[param(inline)]
    kind: Option<ListKind>,
}

/// The lines of the lists, of all regions.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), params(Which),
    responses((status = 200, body = Vec<LineBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("all"))))]
#[get("/build-lists")]
async fn list_lines(caller: Caller, which: web::Query<Which>) -> Answer {
    let lines = caller.read(move |ask| lists::lines(ask.conn, which.kind));
    let body: Vec<LineBody> = lines.await?.into_iter().map(LineBody::from).collect();
    Ok(HttpResponse::Ok().json(body))
}

/// A line to add.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = NewBuildListLine)]
#[serde(deny_unknown_fields)]
struct NewLine {
    /// Which list.
    kind: ListKind,
    /// What it says.
    text: Written,
}

/// Refuses characters that no field may hold.
pub(in crate::web) fn plain(text: &Written) -> Result<()> {
    let given = text.fields().map(|(key, _, text)| (key, Some(text)));
    fields::plain(&given)
}

/// Adds a line to a list of one's own region.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = NewLine,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = LineBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("review_proposals")), ("x-scope" = json!("level"))))]
#[post("/build-lists")]
async fn add_line(caller: Caller, once: Once, body: web::Json<NewLine>) -> Answer {
    let new = body.into_inner();
    let digest = serde_json::to_value(&new).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::ReviewProposals)?;
        plain(&new.text)?;
        let directory = directory(ask)?;
        let means = means(ask, &directory);
        let line = lists::add(ask.conn, &ask.viewer, means, new.kind, &new.text)?;
        Answered::created(&LineBody::from(line), Some("\"1\"".to_owned()))
    };
    caller.post(once, &digest, work).await
}

/// Rewrites a line, from the version that was looked at.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = Written,
    params(("If-Match" = String, Header)),
    responses((status = 200, body = LineBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("review_proposals")), ("x-scope" = json!("level"))))]
#[put("/build-lists/{id}")]
async fn change_line(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<Written>,
) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ReviewProposals)?;
        lists::line(ask.conn, *id)?;
        plain(&body)?;
        let version = i64::from(version.need()?);
        lists::change(ask.conn, &ask.viewer, *id, version, &body)
    });
    Ok(answer(&done.await?.into()))
}

/// Takes a line out of its list.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), params(("If-Match" = String, Header)),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("review_proposals")), ("x-scope" = json!("level"))))]
#[delete("/build-lists/{id}")]
async fn remove_line(caller: Caller, id: web::Path<i64>, version: Version) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ReviewProposals)?;
        lists::line(ask.conn, *id)?;
        let version = i64::from(version.need()?);
        lists::remove(ask.conn, &ask.viewer, *id, version)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_lines)
        .service(add_line)
        .service(change_line)
        .service(remove_line);
}
