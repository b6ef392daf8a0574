//! What belongs to share requests: corrections, use records; clocks and the board over all of them.

use actix_web::{HttpResponse, delete, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::ShareCorrectionBody;
use super::{Answer, grounded, short};
use crate::auth::Right;
use crate::clock as time;
use crate::error::{Error, Problem};
use crate::sharing::request::board::{self, Line};
use crate::sharing::request::catalogue::{self, Update};
use crate::sharing::request::clock::{Clock, Reckoner};
use crate::sharing::request::correction::{self, Act, Correction};
use crate::sharing::request::uses::{self, Use, Wish};
use crate::web::answer::ProblemBody;
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

/// The correction requests of a request.
#[utoipa::path(tag = "requests", security(("bearer" = [])), params(("id" = i64, Path, description = "共享申请")),
    responses((status = 200, body = Vec<ShareCorrectionBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/requests/{id}/corrections")]
async fn list_corrections(caller: Caller, id: web::Path<i64>) -> Answer {
    let found = caller.read(move |ask| {
        let all = correction::all(ask.conn, &ask.viewer, *id)?.into_iter();
        let body = |(correction, notes)| ShareCorrectionBody { correction, notes };
        Ok(all.map(body).collect::<Vec<_>>())
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// A doubt about data in use.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareDoubt {
    /// What is doubted.
    subject: String,
}

/// Asks the provider to check data; the answer is due within ten working days.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = ShareDoubt,
    params(("id" = i64, Path, description = "共享申请"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Correction), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/requests/{id}/corrections")]
async fn raise_correction(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<ShareDoubt>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            let made = correction::raise(ask.conn, &ask.viewer, ground, *id, &body.subject)?;
            Answered::created(&made, Some(tag(short(made.version))))
        })
    };
    caller.post(once, &sent, work).await
}

/// What is done in a thread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareCorrectionDoing {
    /// What is done.
    act: Act,
    /// What there is to say; needed to answer and to reopen.
    #[serde(default)]
    text: String,
}

/// Answers, confirms or reopens a correction request; `If-Match` names its version.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = ShareCorrectionDoing,
    params(("id" = i64, Path, description = "共享申请"), ("correction" = i64, Path, description = "校核申请"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Correction), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/requests/{id}/corrections/{correction}")]
async fn act_on_correction(
    caller: Caller,
    path: web::Path<(i64, i64)>,
    version: Version,
    body: web::Json<ShareCorrectionDoing>,
) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            crate::sharing::request::get(ask.conn, &ask.viewer, path.0)?;
            let which = (path.0, path.1, i64::from(version.need()?));
            correction::act(ask.conn, &ask.viewer, ground, which, (body.act, &body.text))
        })
    });
    let done = done.await?;
    Ok(tagged(&done, short(done.version)))
}

/// A use record with the day until which it is kept.
#[derive(Serialize, ToSchema)]
struct ShareUseBody {
    /// The record.
    record: Use,
    /// It cannot be deleted up to this day.
    kept_until: NaiveDate,
}

/// The use records of a request, newest first.
#[utoipa::path(tag = "requests", security(("bearer" = [])), params(("id" = i64, Path, description = "共享申请")),
    responses((status = 200, body = Vec<ShareUseBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/requests/{id}/uses")]
async fn list_uses(caller: Caller, id: web::Path<i64>) -> Answer {
    let found = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let all = uses::all(ask.conn, &ask.viewer, ground, *id)?.into_iter();
            let body = |(record, kept_until)| ShareUseBody { record, kept_until };
            Ok(all.map(body).collect::<Vec<_>>())
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// How data was used.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareUseWish {
    /// The day; today when left out.
    used_on: Option<NaiveDate>,
    /// 使用场景.
    scene: String,
    /// 使用过程.
    process: String,
    /// 应用成效.
    outcome: String,
    /// 存储情况.
    storage: String,
    /// 销毁情况; may be left out.
    #[serde(default)]
    disposal: String,
}

/// Writes down how data was used; kept for three years at least.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = ShareUseWish,
    params(("id" = i64, Path, description = "共享申请"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Use), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/requests/{id}/uses")]
async fn add_use(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<ShareUseWish>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            let wish = Wish {
                used_on: body.used_on,
                scene: body.scene,
                process: body.process,
                outcome: body.outcome,
                storage: body.storage,
                disposal: body.disposal,
            };
            let made = uses::add(ask.conn, &ask.viewer, ground, *id, &wish)?;
            Answered::created(&made, None)
        })
    };
    caller.post(once, &sent, work).await
}

/// Deletes a use record that need not be kept any more; before, it is refused with the rule.
#[utoipa::path(tag = "requests", security(("bearer" = [])),
    params(("id" = i64, Path, description = "共享申请"), ("record" = i64, Path, description = "使用记录")),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("approve_sharing")), ("x-scope" = json!("own"))))]
#[delete("/requests/{id}/uses/{record}")]
async fn delete_use(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ApproveSharing)?;
        grounded(ask, |ask, ground| {
            uses::remove(ask.conn, &ask.viewer, ground, (path.0, path.1))
        })
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which clocks are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ShareClockQuery {
    /// Those that are over instead of those that run.
    done: Option<bool>,
    /// Pass over so many: what the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// A clock with its request.
#[derive(Serialize, ToSchema)]
struct ShareClockLine {
    /// Number of the request.
    request: i64,
    /// The number that people call it by.
    number: String,
    /// Name of the dataset.
    dataset_name: String,
    /// The clock.
    clock: Clock,
}

/// Some clocks.
#[derive(Serialize, ToSchema)]
struct ShareClockPage {
    /// The most urgent first.
    items: Vec<ShareClockLine>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
    /// Updates of the catalogue that are under way (art. 17), on the first page.
    updates: Vec<Update>,
}

/// The statutory clocks of requests that you see.
#[utoipa::path(tag = "requests", security(("bearer" = [])), params(ShareClockQuery),
    responses((status = 200, body = ShareClockPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/request-clocks")]
async fn list_request_clocks(caller: Caller, query: web::Query<ShareClockQuery>) -> Answer {
    let page = caller.read(move |ask| {
        let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
        let after = usize::try_from(query.cursor.unwrap_or(0)).map_err(|_| {
            let what = "cursor 应取自上一次应答的 next";
            Error::Invalid(vec![Problem::new("cursor", "cursor", what, "")])
        })?;
        grounded(ask, |ask, ground| {
            let reckoner = Reckoner::new(ask.conn, ground, time::today())?;
            let running = query.done != Some(true);
            let found = reckoner.seen(ask.conn, &ask.viewer, running)?;
            let more = found.len() > after.saturating_add(most);
            let items = found.into_iter().skip(after).take(most);
            let items: Vec<ShareClockLine> = items
                .map(|(clock, row)| ShareClockLine {
                    request: row.id,
                    number: row.number(),
                    dataset_name: row.dataset_name,
                    clock,
                })
                .collect();
            let next = more.then(|| i64::try_from(after.saturating_add(most)).unwrap_or(i64::MAX));
            let updates = if after == 0 && running {
                catalogue::updates(ask.conn, &ask.viewer, &reckoner)?
            } else {
                Vec::new()
            };
            Ok(ShareClockPage {
                items,
                next,
                updates,
            })
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// How the providers of your level keep the law's time.
#[utoipa::path(tag = "requests", security(("bearer" = [])),
    responses((status = 200, body = Vec<Line>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("coordinate_sharing")), ("x-scope" = json!("level"))))]
#[get("/request-board")]
async fn get_request_board(caller: Caller) -> Answer {
    let found = caller.read(|ask| {
        grounded(ask, |ask, ground| {
            board::lines(ask.conn, &ask.viewer, ground)
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Adds the operations.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_corrections)
        .service(raise_correction)
        .service(act_on_correction)
        .service(list_uses)
        .service(add_use)
        .service(delete_use)
        .service(list_request_clocks)
        .service(get_request_board);
}
