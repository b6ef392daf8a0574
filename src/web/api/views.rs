//! Lists kept under a name.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock;
use crate::ledger::list;
use crate::ledger::saved::{self, Keep, SavedView};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::once::{Answered, Once};

/// A list kept under a name.
#[derive(Serialize, ToSchema)]
struct ViewBody {
    id: i64,
    register: String,
    name: String,
    /// The department sees it too.
    shared: bool,
    /// It is the caller's own.
    own: bool,
    /// The query string that asks for it.
    query: String,
    /// When it was kept, UTC.
    at: String,
}

fn body(viewer: &crate::auth::Viewer, view: &SavedView) -> ViewBody {
    ViewBody {
        id: view.id,
        register: view.register.clone(),
        name: view.name.clone(),
        shared: view.shared,
        own: view.is_of(viewer),
        query: desk::query_string(&view.pairs()),
        at: clock::stamp(view.at),
    }
}

/// Lists kept under a name.
#[derive(Serialize, ToSchema)]
struct Views {
    items: Vec<ViewBody>,
}

/// Which views.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only of this register.
    register: Option<String>,
}

/// One's own views, and those that the department shares.
#[utoipa::path(tag = "views", security(("bearer" = [])), params(Which),
    responses((status = 200, body = Views), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/views")]
async fn list_views(caller: Caller, which: web::Query<Which>) -> Result<HttpResponse, Failure> {
    let found = caller.read(move |ask| {
        if let Some(register) = &which.register {
            Desk::of(ask, register)?;
        }
        let views = saved::views(ask.conn, &ask.viewer, which.register.as_deref())?;
        Ok(Views {
            items: views.iter().map(|v| body(&ask.viewer, v)).collect(),
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// A list to keep.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeepBody {
    register: String,
    name: String,
    /// The department sees it too.
    #[serde(default)]
    shared: bool,
    /// The query string of the list, such as `mine=true&sort=-amount`.
    #[serde(default)]
    query: String,
}

/// Keeps a list; one's own of the same name is replaced.
#[utoipa::path(tag = "views", security(("bearer" = [])), request_body = KeepBody,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ViewBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/views")]
async fn keep_view(
    caller: Caller,
    once: Once,
    sent: web::Json<KeepBody>,
) -> Result<HttpResponse, Failure> {
    let sent = sent.into_inner();
    let digest = serde_json::to_value(&sent).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let view = keep(ask, &sent.register, &sent.name, sent.shared, &sent.query)?;
        Answered::created(&body(&ask.viewer, &view), None)
    };
    caller.post(once, &digest, work).await
}

/// Keeps what a query string asks for, after it has been read.
pub fn keep(
    ask: &mut Ask<'_>,
    register: &str,
    name: &str,
    shared: bool,
    query: &str,
) -> crate::error::Result<SavedView> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let asked = list::ask(&ask.viewer, definitions, desk::pairs(query)?)?;
    let kept = Keep {
        register: register.to_owned(),
        name: name.to_owned(),
        shared,
        pairs: asked.pairs(definitions),
    };
    saved::keep(ask.conn, &ask.viewer, &kept)
}

/// Forgets one's own view.
#[utoipa::path(tag = "views", security(("bearer" = [])), params(("id" = i64, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[delete("/views/{id}")]
async fn forget_view(caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Failure> {
    caller
        .change(move |ask| saved::forget(ask.conn, &ask.viewer, *id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(list_views)
        .service(keep_view)
        .service(forget_view);
}
