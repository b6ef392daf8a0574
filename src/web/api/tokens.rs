//! API tokens of the caller's own account.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::{ApiToken, MadeToken, NewToken};
use crate::error::Error;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::sessions::in_person;
use crate::web::caller::Caller;

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewToken)]
#[serde(deny_unknown_fields)]
struct TokenWanted {
    /// What it is for.
    name: String,
    /// Whether it may change anything.
    #[serde(default)]
    writes: bool,
    /// Days until it ends.
    days: i64,
}

/// The caller's tokens that are not revoked, the newest first.
#[utoipa::path(tag = "tokens", security(("bearer" = [])),
    responses((status = 200, body = Vec<ApiToken>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/tokens")]
async fn list_tokens(caller: Caller) -> Result<HttpResponse, Failure> {
    let tokens = caller.read(|ask| {
        let id = ask.viewer.account().ok_or(Error::SignedOut)?;
        ask.state.accounts.api_tokens(ask.conn, &ask.viewer, id)
    });
    Ok(HttpResponse::Ok().json(tokens.await?))
}

/// Makes a token; it is shown by this answer only, so `Idempotency-Key` is not honoured here.
#[utoipa::path(tag = "tokens", security(("bearer" = [])),
    responses((status = 201, body = MadeToken), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/tokens")]
async fn create_token(
    caller: Caller,
    body: web::Json<TokenWanted>,
) -> Result<HttpResponse, Failure> {
    let made = caller.change(move |ask| {
        in_person(ask)?;
        let TokenWanted { name, writes, days } = body.into_inner();
        ask.state
            .accounts
            .create_token(ask.conn, &ask.viewer, &NewToken { name, writes, days })
    });
    Ok(HttpResponse::Created().json(made.await?))
}

/// Revokes one of the caller's tokens; any token, for the security administrator.
#[utoipa::path(tag = "tokens", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the token")),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[delete("/tokens/{id}")]
async fn revoke_token(caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        ask.state.accounts.revoke_token(ask.conn, &ask.viewer, *id)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_tokens)
        .service(create_token)
        .service(revoke_token);
}
