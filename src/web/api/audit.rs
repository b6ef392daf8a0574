//! The audit log, the list of change sets, and the check of both chains.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::{self, Line};
use crate::auth::Right;
use crate::error::Error;
use crate::ledger::changes::{self, ChangeSetLine};
use crate::ledger::verify;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::Caller;
use crate::web::{fields, ui};

/// Which lines are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The author's name holds this.
    actor: Option<String>,
    /// This kind of act.
    action: Option<String>,
    /// `done` or `refused`.
    result: Option<String>,
    /// From this day on (Chinese time).
    from: Option<String>,
    /// Up to this day, its end included (Chinese time).
    until: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// One line of the log.
#[derive(Serialize, ToSchema)]
struct LogLine {
    /// Number in the chain.
    seq: i64,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// The account, when there is one.
    account_id: Option<i64>,
    /// Who.
    actor: String,
    /// What kind of act.
    action: String,
    /// What it was done to.
    object: String,
    /// The department it concerns.
    department_id: Option<i64>,
    /// `done` or `refused`.
    result: String,
    /// More, as an object.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Network address it came from.
    address: String,
    /// The request's id.
    request_id: String,
}

impl From<Line> for LogLine {
    fn from(line: Line) -> Self {
        Self {
            detail: serde_json::from_str(&line.detail).unwrap_or_default(),
            seq: line.seq,
            at: line.at,
            account_id: line.account_id,
            actor: line.actor,
            action: line.action,
            object: line.object,
            department_id: line.department_id,
            result: line.result,
            address: line.address,
            request_id: line.request_id,
        }
    }
}

/// Some lines.
#[derive(Serialize, ToSchema)]
struct LogPage {
    /// The newest first.
    items: Vec<LogLine>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

/// Which change sets are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Before {
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Some change sets.
#[derive(Serialize, ToSchema)]
struct ChangePage {
    /// The newest first.
    items: Vec<ChangeSetLine>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

/// A place where a chain does not fit.
#[derive(Serialize, ToSchema)]
struct Fault {
    /// The first link that does not fit.
    seq: i64,
    /// What is wrong with it, in Chinese.
    message: String,
}

/// What checking one chain came to.
#[derive(Serialize, ToSchema)]
struct ChainChecked {
    /// Links that were read.
    links: i64,
    /// Hash of the last one: note it down elsewhere, because a cut tail shows only so.
    head: String,
    /// The first link that does not fit.
    broken: Option<Fault>,
}

/// What checking both chains came to.
#[derive(Serialize, ToSchema)]
struct Checks {
    /// The audit log.
    audit: ChainChecked,
    /// The ledger.
    ledger: ChainChecked,
}

/// Lines of the audit log, the newest first.
#[utoipa::path(tag = "audit", params(Which), security(("bearer" = [])),
    responses((status = 200, body = LogPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_audit")), ("x-scope" = json!("all"))))]
#[get("/audit")]
async fn read_log(caller: Caller, query: web::Query<Which>) -> Result<HttpResponse, Failure> {
    caller
        .json(move |ask| {
            let most = limit(query.limit)?;
            let text = |t: &Option<String>| t.clone().unwrap_or_default();
            fields::plain(&[
                ("actor", query.actor.as_deref()),
                ("action", query.action.as_deref()),
            ])?;
            let (from, until) = (text(&query.from), text(&query.until));
            let (actor, action, result) =
                (text(&query.actor), text(&query.action), text(&query.result));
            let (mut filter, problems) =
                ui::audit::filter(&actor, &action, &result, (&from, &until), "");
            if !problems.is_empty() {
                return Err(Error::Invalid(problems));
            }
            filter.before = query.cursor;
            let mut lines = audit::page(ask.conn, &ask.viewer, &filter, most + 1)?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let more = lines.len() > most;
            lines.truncate(most);
            let next = lines.last().filter(|_| more).map(|l| l.seq);
            Ok(LogPage {
                items: lines.into_iter().map(LogLine::from).collect(),
                next,
            })
        })
        .await
}

/// Recomputes both chains: the audit log's and the ledger's.
#[utoipa::path(tag = "audit", security(("bearer" = [])),
    responses((status = 200, body = Checks), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_audit")), ("x-scope" = json!("all"))))]
#[get("/audit/verify")]
async fn check(caller: Caller) -> Result<HttpResponse, Failure> {
    caller
        .json(|ask| {
            ask.viewer.may_anywhere(Right::SeeAudit)?;
            let log = audit::verify(ask.conn, &ask.viewer)?;
            let ledger = verify::verify(ask.conn)?;
            Ok(Checks {
                audit: ChainChecked {
                    links: log.lines,
                    head: log.head,
                    broken: log.broken.map(|b| Fault {
                        seq: b.seq,
                        message: b.message,
                    }),
                },
                ledger: ChainChecked {
                    links: ledger.change_sets,
                    head: ledger.head,
                    broken: ledger.broken.map(|b| Fault {
                        seq: b.seq,
                        message: b.reason,
                    }),
                },
            })
        })
        .await
}

/// Change sets of the ledger, the newest first.
#[utoipa::path(tag = "audit", params(Before), security(("bearer" = [])),
    responses((status = 200, body = ChangePage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_audit")), ("x-scope" = json!("all"))))]
#[get("/audit/changes")]
async fn list_changes(caller: Caller, query: web::Query<Before>) -> Result<HttpResponse, Failure> {
    caller
        .json(move |ask| {
            let most = limit(query.limit)?;
            let mut items = changes::page(ask.conn, &ask.viewer, query.cursor, most + 1)?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let more = items.len() > most;
            items.truncate(most);
            let next = items.last().filter(|_| more).map(|c| c.seq);
            Ok(ChangePage { items, next })
        })
        .await
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(read_log)
        .service(check)
        .service(list_changes);
}
