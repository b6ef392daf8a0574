//! JSON for machines under `/api/v1`, described by an `OpenAPI` document made from this code.
//!
//! Every operation declares `x-permission` (a right's word, or `signed_in`, `public`) and `x-scope`
//! (`own`, `level`, `subtree`, `all`, `none`); a test asks every route as every role and holds them to it.

use std::sync::OnceLock;

use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use utoipa::OpenApi as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::SwaggerUi;

use crate::db::pool::Pool;
use crate::error::Error;
use crate::register::catalogue::Catalogue;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::state::State;

mod accounts;
pub mod attachments;
mod audit;
mod calendar;
mod campaigns;
pub(in crate::web) mod collection;
mod deadlines;
mod departments;
pub(in crate::web) mod duplicates;
pub mod entries;
mod filings;
mod finish;
pub(in crate::web) mod impact;
pub(in crate::web) mod imports;
pub(in crate::web) mod issues;
mod links;
mod lists;
pub(in crate::web) mod map;
mod people;
pub(in crate::web) mod reconcile;
pub mod registers;
pub(in crate::web) mod requests;
mod reviews;
mod schema;
mod sessions;
mod time_limits;
mod tokens;
pub mod views;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "数字资源一本账",
        description = "信息系统、数据资源、信息化项目一本账的接口。字段名与登记簿定义一致；出错时返回 application/problem+json。"
    ),
    // Words in addresses and queries are not collected from the operations.
    components(schemas(
        ProblemBody,
        accounts::acts::AccountStanding,
        accounts::acts::SecurityAct,
        crate::accounts::State
    ))
)]
struct Base;

/// All operations of the API.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(utoipa_actix_web::scope("/api/v1").configure(operations));
}

fn operations(config: &mut ServiceConfig<'_>) {
    config
        .configure(sessions::configure)
        .configure(tokens::configure)
        .configure(accounts::configure)
        .configure(audit::configure)
        .configure(imports::configure)
        .configure(registers::configure)
        .configure(attachments::configure)
        .configure(entries::configure)
        .configure(views::configure)
        .configure(lists::configure)
        .configure(departments::configure)
        .configure(people::configure)
        .configure(filings::configure)
        .configure(calendar::configure)
        .configure(time_limits::configure)
        .configure(deadlines::configure)
        .configure(requests::configure)
        .configure(reviews::configure)
        .configure(duplicates::configure)
        .configure(reconcile::configure)
        .configure(links::configure)
        .configure(campaigns::configure)
        .configure(impact::configure)
        .configure(map::configure)
        .configure(issues::configure)
        .configure(collection::configure);
}

/// The `OpenAPI` 3.1 document: operations from the code, entries from the register definitions.
#[must_use]
pub fn document(catalogue: &Catalogue) -> utoipa::openapi::OpenApi {
    let (_, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(configure)
        .split_for_parts();
    let components = document.components.get_or_insert_default();
    schema::add_registers(components, catalogue);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    finish::finish(&mut document, catalogue);
    document
}

/// The document as it is sent: written when it is first asked for, since few ever ask and it is large.
#[derive(Default)]
pub struct Written(OnceLock<Bytes>);

async fn openapi(written: web::Data<Written>, state: web::Data<State>) -> HttpResponse {
    let write = || {
        let json = serde_json::to_vec(&document(&state.app.catalogue));
        Bytes::from(json.unwrap_or_default())
    };
    let body = written.0.get_or_init(write).clone();
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(body)
}

/// Whether the process lives: answers without touching anything else.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

/// Whether the service can work: the database answers.
async fn readyz(state: web::Data<State>) -> Result<HttpResponse, Failure> {
    let pool: Pool = state.pool.clone();
    let ready = web::block(move || pool.lend().map(drop)).await;
    match ready {
        Ok(Ok(())) => Ok(HttpResponse::Ok().json(serde_json::json!({"status": "ready"}))),
        _ => Err(Failure::Error(Error::Busy(5))),
    }
}

async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(state.metrics.text(state.pool.state()))
}

/// What is no part of the versioned API: health, counters, the API's description with its viewer.
pub fn plain(config: &mut web::ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics))
        .route("/api/openapi.json", web::get().to(openapi))
        .route(
            "/api/docs",
            web::get().to(|| async { crate::web::answer::see_other("/api/docs/") }),
        )
        .service(
            SwaggerUi::new("/api/docs/{_:.*}")
                .config(utoipa_swagger_ui::Config::from("/api/openapi.json")),
        );
}
