//! Reconciliation of links: what is wrong now, and having it written down as issues.

use actix_web::{HttpResponse, get, post};
use chrono::NaiveDateTime;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::clock;
use crate::error::Result;
use crate::sharing::LINKS;
use crate::sharing::reconcile::{self, Finding, Last, Ran};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::Desk;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Something that is wrong with a link.
#[derive(Serialize, ToSchema)]
struct LinkFinding {
    /// What: `stale`, `twin`, `conflict`, `retired`, `gone`, `unknown`, `over`, `expired`.
    kind: String,
    /// In a line.
    title: String,
    /// What to do.
    text: String,
    /// Codes of the links; of a `twin`, the provider's entry first.
    codes: Vec<String>,
    /// Department for which the issue is raised.
    raised_by: String,
    /// Department that is to act.
    owed_by: String,
}

/// What is wrong with links that you write for.
#[derive(Serialize, ToSchema)]
struct ReconcileBody {
    /// All of it.
    items: Vec<LinkFinding>,
    /// When everything was last compared, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    last: Option<NaiveDateTime>,
}

/// What a run came to.
#[derive(Serialize, ToSchema)]
struct ReconcileRan {
    /// What is wrong now.
    findings: usize,
    /// Issues that were opened.
    opened: usize,
    /// Issues that were closed because nothing is wrong any more.
    healed: usize,
}

/// What is wrong now, as the viewer may have it compared.
pub(in crate::web) fn now(ask: &mut Ask<'_>) -> Result<(Vec<Finding>, Last)> {
    ask.viewer.may_anywhere(Right::Write)?;
    let desk = Desk::of(ask, LINKS)?;
    let definitions = desk.definitions()?;
    let (rules, today) = (ask.app.reconcile, clock::today());
    let found = reconcile::findings(ask.conn, &ask.viewer, definitions, rules, today)?;
    Ok((found, reconcile::last(ask.conn)?))
}

/// Has it written down.
pub(in crate::web) fn run(ask: &mut Ask<'_>) -> Result<Ran> {
    let desk = Desk::of(ask, LINKS)?;
    let definitions = desk.definitions()?;
    let when = (clock::today(), clock::now());
    reconcile::run(ask.conn, &ask.viewer, definitions, ask.app.reconcile, when)
}

/// What is wrong now with links that you write for; nothing is written down.
#[utoipa::path(tag = "links", security(("bearer" = [])),
    responses((status = 200, body = ReconcileBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[get("/links/reconcile")]
async fn get_reconciliation(caller: Caller) -> Answer {
    let done = caller.read(move |ask| {
        let (found, last) = now(ask)?;
        let directory = ask.directory()?;
        let name = |id: i64| {
            directory
                .get(id)
                .map(|d| d.name.clone())
                .unwrap_or_default()
        };
        let items = found.into_iter().map(|f| LinkFinding {
            kind: f.kind.word().to_owned(),
            raised_by: name(f.raised_by),
            owed_by: name(f.owed_by),
            title: f.title,
            text: f.text,
            codes: f.codes,
        });
        Ok(ReconcileBody {
            items: items.collect(),
            last: last.at,
        })
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// Compares links that you write for: opens an issue for what is wrong and closes those of what no longer is.
///
/// Running it twice changes nothing.
#[utoipa::path(tag = "links", security(("bearer" = [])),
    responses((status = 200, body = ReconcileRan), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[post("/links/reconcile")]
async fn run_reconciliation(caller: Caller) -> Answer {
    let ran = caller.change(run).await?;
    Ok(HttpResponse::Ok().json(ReconcileRan {
        findings: ran.findings,
        opened: ran.opened,
        healed: ran.healed,
    }))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_reconciliation)
        .service(run_reconciliation);
}
