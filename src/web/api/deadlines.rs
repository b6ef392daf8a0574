//! What falls due, and what one is told.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::clock;
use crate::deadline::{self, Cursor, Listed, State};
use crate::error::{Error, Problem};
use crate::notice::{self, Notice};
use crate::report::falling::{self, Filter, Kind};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::api::requests::grounded;
use crate::web::caller::Caller;
use crate::web::fields;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Which deadlines are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DeadlineQuery {
    /// In this state; all that is not done when absent.
    state: Option<State>,
    /// `entry`: what falls due on entries; `share`: the clocks of share requests; both when absent.
    #[param(inline)]
    kind: Option<Kind>,
    /// Of this register.
    register: Option<String>,
    /// By this rule.
    rule: Option<String>,
    /// Of this department.
    department_id: Option<i64>,
    /// What the answer before gave as `next`.
    cursor: Option<String>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Some deadlines.
#[derive(Serialize, ToSchema)]
struct DeadlinePage {
    /// The most urgent first; what is done, the latest first.
    items: Vec<Listed>,
    /// The cursor of the next answer; none at the end.
    next: Option<String>,
    /// Changes of the ledger, the calendar or the limits are not yet counted in; ask again in some seconds.
    behind: bool,
}

/// Deadlines of entries that you see in full, and the clocks of share requests that you see.
#[utoipa::path(tag = "deadlines", params(DeadlineQuery), security(("bearer" = [])),
    responses((status = 200, body = DeadlinePage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/deadlines")]
async fn list_deadlines(caller: Caller, query: web::Query<DeadlineQuery>) -> Answer {
    let page = caller.read(move |ask| {
        let query = query.into_inner();
        fields::plain(&[
            ("register", query.register.as_deref()),
            ("rule", query.rule.as_deref()),
            ("cursor", query.cursor.as_deref()),
        ])?;
        let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
        let after = match query.cursor.as_deref() {
            None => None,
            Some(text) => Some(Cursor::parse(text).ok_or_else(|| {
                let what = "cursor 应取自上一次应答的 next";
                Error::Invalid(vec![Problem::new("cursor", "cursor", what, "")])
            })?),
        };
        let filter = Filter {
            kind: query.kind,
            of: deadline::Filter {
                state: query.state,
                register: query.register,
                rule: query.rule,
                departments: query.department_id.map(|id| vec![id]),
                entry: None,
            },
        };
        let part = (after.as_ref(), most + 1);
        let mut items = grounded(ask, |ask, ground| {
            let who = (&ask.viewer, ground);
            falling::page(ask.conn, who, &filter, part, clock::today())
        })?;
        let more = items.len() > most;
        items.truncate(most);
        Ok(DeadlinePage {
            next: items
                .last()
                .filter(|_| more)
                .map(|l| l.cursor().to_string()),
            behind: deadline::is_behind(ask.conn)?,
            items,
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// Which notices are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct NoticeQuery {
    /// Only those not read.
    unread: Option<bool>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Some notices.
#[derive(Serialize, ToSchema)]
struct NoticePage {
    /// Newest first.
    items: Vec<Notice>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
    /// How many you have not read, counted up to 100.
    unread: i64,
}

/// Your own notices, newest first.
#[utoipa::path(tag = "notices", params(NoticeQuery), security(("bearer" = [])),
    responses((status = 200, body = NoticePage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/notices")]
async fn list_notices(caller: Caller, query: web::Query<NoticeQuery>) -> Answer {
    let page = caller.read(move |ask| {
        let most = limit(query.limit)?;
        let only = query.unread == Some(true);
        let mut items = notice::page(ask.conn, &ask.viewer, only, query.cursor, most + 1)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = items.len() > most;
        items.truncate(most);
        Ok(NoticePage {
            next: items.last().filter(|_| more).map(|n| n.id),
            unread: notice::unread(ask.conn, ask.viewer.account().unwrap_or(-1))?,
            items,
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// Marks one of your own notices as read.
#[utoipa::path(tag = "notices", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the notice")),
    responses((status = 200, body = Notice), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/notices/{id}/read")]
async fn read_notice(caller: Caller, id: web::Path<i64>) -> Answer {
    let done = caller.change(move |ask| notice::mark_read(ask.conn, &ask.viewer, *id));
    Ok(HttpResponse::Ok().json(done.await?))
}

/// Up to where notices are read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadUpTo {
    /// Number of the newest notice that was seen.
    up_to: i64,
}

/// How many notices were marked.
#[derive(Serialize, ToSchema)]
struct Marked {
    /// So many.
    marked: usize,
}

/// Marks your own notices as read, up to the newest one that you have seen.
#[utoipa::path(tag = "notices", security(("bearer" = [])), request_body = ReadUpTo,
    responses((status = 200, body = Marked), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/notices/read")]
async fn read_notices(caller: Caller, body: web::Json<ReadUpTo>) -> Answer {
    let done = caller.change(move |ask| {
        let marked = notice::mark_all_read(ask.conn, &ask.viewer, body.up_to)?;
        Ok(Marked { marked })
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_deadlines)
        .service(list_notices)
        .service(read_notices)
        .service(read_notice);
}
