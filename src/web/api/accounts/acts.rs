//! What is done to an account: its standing, its locks and credentials, its roles.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::{Grant, Made};
use crate::auth::Role;
use crate::error::Error;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::sessions::in_person;
use crate::web::caller::Caller;

/// A role to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleAt {
    /// The role.
    role: Role,
    /// In which department; none for the three administrators.
    #[serde(default)]
    department_id: Option<i64>,
}

/// A role just given.
#[derive(Serialize, ToSchema)]
struct GrantMade {
    /// Number of the grant.
    id: i64,
}

/// Whether an account may sign in.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = AccountStanding)]
#[serde(rename_all = "kebab-case")]
pub(in crate::web::api) enum AccountStanding {
    /// Ends its sign-ins at once.
    Deactivate,
    /// Lets it sign in again.
    Activate,
}

/// What security does to an account.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = AccountAct)]
#[serde(rename_all = "kebab-case")]
pub(in crate::web::api) enum SecurityAct {
    /// Lifts the lock of failed sign-ins.
    Unlock,
    /// Takes away its one-time codes.
    RemoveTotp,
    /// Ends its sessions and tokens.
    EndSessions,
}

/// Deactivates an account, or lets it sign in again; nobody does so to himself.
#[utoipa::path(tag = "accounts", security(("bearer" = [])),
    params(("id" = i64, Path, description = "Number of the account"), ("standing" = inline(AccountStanding), Path, description = "What is done")),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_accounts")), ("x-scope" = json!("all"))))]
#[post("/accounts/{id}/standing/{standing}")]
async fn stand(
    caller: Caller,
    path: web::Path<(i64, AccountStanding)>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, standing) = path.into_inner();
    let done = caller.change(move |ask| {
        in_person(ask)?;
        let active = matches!(standing, AccountStanding::Activate);
        ask.state
            .accounts
            .set_active(ask.conn, &ask.viewer, id, active)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Unlocks an account, takes away its one-time codes, or ends its sessions and tokens; nobody does so to himself.
#[utoipa::path(tag = "accounts", security(("bearer" = [])),
    params(("id" = i64, Path, description = "Number of the account"), ("act" = inline(SecurityAct), Path, description = "What is done")),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("grant_roles")), ("x-scope" = json!("all"))))]
#[post("/accounts/{id}/acts/{act}")]
async fn act(
    caller: Caller,
    path: web::Path<(i64, SecurityAct)>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, act) = path.into_inner();
    let done = caller.change(move |ask| {
        in_person(ask)?;
        let (accounts, viewer) = (&ask.state.accounts, &ask.viewer);
        // One's own are ended at `/me/sessions`.
        match act {
            SecurityAct::Unlock => accounts.unlock(ask.conn, viewer, id),
            SecurityAct::RemoveTotp => accounts.reset_totp(ask.conn, viewer, id),
            SecurityAct::EndSessions if viewer.account() == Some(id) => Err(Error::Refused(
                "结束自己的登录请用 DELETE /api/v1/me/sessions".to_owned(),
            )),
            SecurityAct::EndSessions => accounts.end_all(ask.conn, viewer, id),
        }
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives an account a new password, shown by this answer only.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the account")),
    responses((status = 200, body = Made), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_accounts")), ("x-scope" = json!("all"))))]
#[post("/accounts/{id}/password")]
async fn reset_password(
    caller: Caller,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let made = caller.change(move |ask| {
        in_person(ask)?;
        ask.state
            .accounts
            .reset_password(ask.conn, &ask.viewer, *id)
    });
    Ok(HttpResponse::Ok().json(made.await?))
}

/// Roles that an account holds and held, the newest first.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the account")),
    responses((status = 200, body = Vec<Grant>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_accounts")), ("x-scope" = json!("all"))))]
#[get("/accounts/{id}/grants")]
async fn list_grants(
    caller: Caller,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let grants = caller.read(move |ask| {
        super::at_desk(ask)?;
        ask.state.accounts.account(ask.conn, &ask.viewer, *id)?;
        ask.state.accounts.grants(ask.conn, &ask.viewer, *id)
    });
    Ok(HttpResponse::Ok().json(grants.await?))
}

/// Gives a role. The account signs in anew.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the account")),
    responses((status = 201, body = GrantMade), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("grant_roles")), ("x-scope" = json!("all"))))]
#[post("/accounts/{id}/grants")]
async fn grant(
    caller: Caller,
    id: web::Path<i64>,
    body: web::Json<RoleAt>,
) -> std::result::Result<HttpResponse, Failure> {
    let given = caller.change(move |ask| {
        in_person(ask)?;
        let grant =
            ask.state
                .accounts
                .grant(ask.conn, &ask.viewer, *id, body.role, body.department_id)?;
        Ok(GrantMade { id: grant })
    });
    Ok(HttpResponse::Created().json(given.await?))
}

/// Ends a role. The account signs in anew.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the grant")),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("grant_roles")), ("x-scope" = json!("all"))))]
#[delete("/grants/{id}")]
async fn end_role(
    caller: Caller,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        ask.state.accounts.end_role(ask.conn, &ask.viewer, *id)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(stand)
        .service(act)
        .service(reset_password)
        .service(list_grants)
        .service(grant)
        .service(end_role);
}
