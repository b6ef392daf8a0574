//! 共享申请: asking for data, answering, supplying, ending (政务数据共享条例).

use actix_web::{HttpResponse, get, post, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::sharing::request::list::{self, Filter, Tab};
use crate::sharing::request::open::{self, Wish};
use crate::sharing::request::steps::{Act, State};
use crate::sharing::request::{Ground, act as acts};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

mod body;
mod extension;
mod parts;

use body::{ShareRequestBody, ShareRequestDetail, ShareRequestPage};

type Answer = std::result::Result<HttpResponse, Failure>;

fn short(version: i64) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

/// Runs work with definitions, settings and the organisation of the moment.
pub(in crate::web) fn grounded<T>(
    ask: &mut Ask<'_>,
    work: impl FnOnce(&mut Ask<'_>, Ground<'_>) -> Result<T>,
) -> Result<T> {
    let directory = ask.directory()?;
    let ground = Ground {
        catalogue: &ask.app.catalogue,
        directory: &directory,
        rules: ask.app.sharing,
    };
    work(ask, ground)
}

/// Which requests are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ShareRequestQuery {
    /// `mine`, `theirs`, `in_use`, `ended`, `coordinate` or `all`, which is meant when it is left out.
    tab: Option<String>,
    /// In this state.
    #[param(inline)]
    state: Option<State>,
    /// Of this provider, by code.
    provider: Option<String>,
    /// Of this asking department, by code.
    consumer: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Requests that you see, newest first.
#[utoipa::path(tag = "requests", security(("bearer" = [])), params(ShareRequestQuery),
    responses((status = 200, body = ShareRequestPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/requests")]
async fn list_requests(caller: Caller, query: web::Query<ShareRequestQuery>) -> Answer {
    let page = caller.read(move |ask| {
        let query = query.into_inner();
        let most = limit(query.limit)?;
        fields::plain(&[
            ("provider", query.provider.as_deref()),
            ("consumer", query.consumer.as_deref()),
        ])?;
        let tab = query.tab.as_deref().map_or(Some(Tab::All), Tab::from_word);
        let tab = tab.ok_or_else(|| {
            let what = "tab 应为 mine、theirs、in_use、ended、coordinate 或 all";
            Error::Invalid(vec![Problem::new("tab", "unknown", what, "")])
        })?;
        grounded(ask, |ask, ground| {
            // A department that nobody has means none, not all.
            let id = |code: &String| ground.directory.by_code(code).map_or(-1, |d| d.id);
            let filter = Filter {
                tab,
                state: query.state,
                provider: query.provider.as_ref().map(id),
                consumer: query.consumer.as_ref().map(id),
                dataset: None,
                before: query.cursor,
            };
            let mut rows = list::list(ask.conn, &ask.viewer, ground, &filter, most + 1)?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let more = rows.len() > most;
            rows.truncate(most);
            let next = rows.last().filter(|_| more).map(|r| r.id);
            let items = ShareRequestBody::all(ask.conn, ground, &rows)?;
            Ok(ShareRequestPage { items, next })
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// What is asked for.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareRequestWish {
    /// Code of the dataset.
    dataset: String,
    /// Code or name of the asking department; may be left out by who belongs to one only.
    #[serde(default)]
    consumer: String,
    /// Code or name of the system that will use it.
    #[serde(default)]
    consumer_system: String,
    /// Which items; all of them when left out.
    #[serde(default)]
    items: String,
    /// 使用依据.
    #[serde(default)]
    basis: String,
    /// 使用场景.
    #[serde(default)]
    scene: String,
    /// 使用范围.
    #[serde(default)]
    use_scope: String,
    /// Code of the mode (list `share_mode`).
    #[serde(default)]
    share_mode: String,
    /// 使用时限.
    valid_until: Option<NaiveDate>,
    /// Contact.
    #[serde(default)]
    contact: String,
    /// His telephone.
    #[serde(default)]
    contact_phone: String,
    /// Why, although the catalogue says 不予共享.
    #[serde(default)]
    argument: String,
}

impl From<ShareRequestWish> for Wish {
    fn from(body: ShareRequestWish) -> Self {
        Self {
            dataset: body.dataset,
            consumer: body.consumer,
            consumer_system: body.consumer_system,
            items: body.items,
            basis: body.basis,
            scene: body.scene,
            use_scope: body.use_scope,
            share_mode: body.share_mode,
            valid_until: body.valid_until,
            contact: body.contact,
            contact_phone: body.contact_phone,
            argument: body.argument,
        }
    }
}

/// Drafts a request; it may be incomplete until it is handed in.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = ShareRequestWish,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ShareRequestDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/requests")]
async fn draft_request(caller: Caller, once: Once, body: web::Json<ShareRequestWish>) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        grounded(ask, |ask, ground| {
            let made = open::draft(ask.conn, &ask.viewer, ground, &body.into())?;
            let detail = ShareRequestDetail::of(ask.conn, &ask.viewer, ground, made.id)?;
            Answered::created(&detail, Some(tag(short(made.version))))
        })
    };
    caller.post(once, &sent, work).await
}

/// A request with its clocks, what may be done with it, and what was done.
#[utoipa::path(tag = "requests", security(("bearer" = [])), params(("id" = i64, Path, description = "共享申请")),
    responses((status = 200, body = ShareRequestDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/requests/{id}")]
async fn get_request(caller: Caller, id: web::Path<i64>) -> Answer {
    let found = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            ShareRequestDetail::of(ask.conn, &ask.viewer, ground, *id)
        })
    });
    let found = found.await?;
    Ok(tagged(&found, short(found.request.version)))
}

/// Changes a draft.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = ShareRequestWish,
    params(("id" = i64, Path, description = "共享申请"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = ShareRequestDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[put("/requests/{id}")]
async fn edit_request(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<ShareRequestWish>,
) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            crate::sharing::request::get(ask.conn, &ask.viewer, *id)?;
            let seen = i64::from(version.need()?);
            let wish: Wish = body.into_inner().into();
            open::edit(ask.conn, &ask.viewer, ground, (*id, seen), &wish)?;
            ShareRequestDetail::of(ask.conn, &ask.viewer, ground, *id)
        })
    });
    let done = done.await?;
    Ok(tagged(&done, short(done.request.version)))
}

/// An act and what there is to say with it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareRequestDoing {
    /// What is done.
    act: Act,
    /// What there is to say; needed by acts that send back, refuse, ask or end.
    #[serde(default)]
    note: String,
    /// For `draft_answer`: `agree` or `refuse`.
    #[serde(default)]
    verdict: String,
    /// For a refusal: its legal basis.
    #[serde(default)]
    basis: String,
    /// For `ask_extension`: working days, 1 to 10.
    days: Option<i32>,
    /// For `wish`: `stop` or `change`.
    #[serde(default)]
    kind: String,
    /// For `finish`: what became of the data.
    #[serde(default)]
    disposal: String,
}

/// Does something with a request; the answer's `acts` say what may be done.
#[utoipa::path(tag = "requests", security(("bearer" = [])), request_body = ShareRequestDoing,
    params(("id" = i64, Path, description = "共享申请"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = ShareRequestDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/requests/{id}/acts")]
async fn act_on_request(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<ShareRequestDoing>,
) -> Answer {
    let done = caller.change(move |ask| {
        grounded(ask, |ask, ground| {
            crate::sharing::request::get(ask.conn, &ask.viewer, *id)?;
            let body = body.into_inner();
            let wish = acts::Wish {
                id: *id,
                version: i64::from(version.need()?),
                act: body.act,
                note: body.note,
                verdict: body.verdict,
                basis: body.basis,
                days: body.days,
                kind: body.kind,
                disposal: body.disposal,
            };
            acts::act(ask.conn, &ask.viewer, ground, &wish)?;
            ShareRequestDetail::of(ask.conn, &ask.viewer, ground, *id)
        })
    });
    let done = done.await?;
    Ok(tagged(&done, short(done.request.version)))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_requests)
        .service(draft_request)
        .service(get_request)
        .service(edit_request)
        .service(act_on_request)
        .configure(parts::configure)
        .configure(extension::configure);
}
