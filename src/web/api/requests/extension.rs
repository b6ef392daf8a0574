//! 目录更新延期: asking for more time to update the catalogue, and the bureau's consent (art. 17).

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, grounded};
use crate::auth::Right;
use crate::sharing::request::catalogue::{Update, extension};
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::once::{Answered, Once};

/// Why more time is needed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CatalogueExtensionWish {
    /// 延期理由.
    reason: String,
}

/// Asks for more time to update a catalogue entry; once for each update, and before its last day is over.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = CatalogueExtensionWish,
    params(("id" = i64, Path, description = "目录更新的送审"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Update), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/requests/catalogue/{id}/extension")]
async fn ask_catalogue_extension(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<CatalogueExtensionWish>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            let made = extension::ask(ask.conn, &ask.viewer, ground, *id, &body.reason)?;
            Answered::created(&made, None)
        })
    };
    caller.post(once, &sent, work).await
}

/// What the bureau decides.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CatalogueExtensionDecision {
    /// Whether it consents.
    consent: bool,
    /// What there is to say; needed when it does not.
    #[serde(default)]
    note: String,
}

/// Consents to more time, or does not; of two who decide at once, the second is answered 409.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = CatalogueExtensionDecision,
    params(("id" = i64, Path, description = "目录更新的送审"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Update), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("coordinate_sharing")), ("x-scope" = json!("level"))))]
#[post("/requests/catalogue/{id}/extension/decision")]
async fn decide_catalogue_extension(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<CatalogueExtensionDecision>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::CoordinateSharing)?;
        grounded(ask, |ask, ground| {
            let said = (body.consent, body.note.as_str());
            let done = extension::decide(ask.conn, &ask.viewer, ground, *id, said)?;
            Answered::done(&done)
        })
    };
    caller.post(once, &sent, work).await
}

/// Adds the operations.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(ask_catalogue_extension)
        .service(decide_catalogue_extension);
}
