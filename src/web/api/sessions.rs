//! Signing in and out for programs, and who one is.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::{Account, OpenSession, TokenPair, TotpSetup};
use crate::auth::{Reach, Right};
use crate::error::{Error, Problem, Result};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::visitor::Visitor;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// 账号.
    login: String,
    /// 密码.
    password: String,
    /// 动态口令, where the account uses one.
    #[serde(default)]
    totp: Option<String>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshToken {
    /// The one that the last answer gave.
    refresh_token: String,
}

/// A new password for an account whose password was set by somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// 账号.
    login: String,
    /// The present password.
    password: String,
    /// The new one.
    new_password: String,
    /// 动态口令, where the account uses one.
    #[serde(default)]
    totp: Option<String>,
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnPassword {
    /// The present password.
    current: String,
    /// The new one.
    password: String,
}

/// A one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TotpCode {
    /// The six digits.
    totp: String,
}

/// The present password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PresentPassword {
    /// The present password.
    password: String,
}

/// How far one of the caller's rights goes.
#[derive(Serialize, ToSchema)]
struct RightHeld {
    /// The right's word.
    right: &'static str,
    /// What it lets one do.
    label: &'static str,
    /// It covers the whole installation.
    everywhere: bool,
    /// Otherwise the departments that it covers.
    departments: Vec<i64>,
}

/// Who the caller is and what that lets one do.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The account.
    account: Account,
    /// Rights held anywhere.
    rights: Vec<RightHeld>,
}

/// Which right, and where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct May {
    /// The right's word, as `rights` of `/me` names them.
    right: String,
    /// The department; without it, anywhere.
    department_id: Option<i64>,
}

/// Whether something is allowed, and by which rule.
#[derive(Serialize, ToSchema)]
struct Why {
    /// Whether it is.
    allowed: bool,
    /// The rule, in Chinese.
    rule: String,
}

/// Credentials are managed by the person, not by a machine's long-lived token.
pub(super) fn in_person(ask: &Ask<'_>) -> Result<()> {
    match &ask.bearer {
        Some(bearer) if bearer.session.is_none() => Err(Error::Refused(
            "接口令牌不能管理凭据，请登录后再操作".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn me_id(ask: &Ask<'_>) -> Result<i64> {
    ask.viewer.account().ok_or(Error::SignedOut)
}

/// Signs in: answers an access token, good for some minutes, and a refresh token.
#[utoipa::path(tag = "sessions",
    responses((status = 200, body = TokenPair), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("public")), ("x-scope" = json!("none"))))]
#[post("/sessions")]
async fn sign_in(
    visitor: Visitor,
    body: web::Json<Credentials>,
) -> std::result::Result<HttpResponse, Failure> {
    let pair = visitor.run(move |conn, state, origin| {
        let Credentials {
            login,
            password,
            totp,
        } = body.into_inner();
        state
            .accounts
            .tokens(conn, &login, &password, totp.as_deref(), origin)
    });
    Ok(HttpResponse::Ok().json(pair.await?))
}

/// Exchanges the refresh token against the next pair. Each is good once; an old one that comes back ends them all.
#[utoipa::path(tag = "sessions",
    responses((status = 200, body = TokenPair), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("public")), ("x-scope" = json!("none"))))]
#[post("/sessions/refresh")]
async fn refresh(
    visitor: Visitor,
    body: web::Json<RefreshToken>,
) -> std::result::Result<HttpResponse, Failure> {
    let pair = visitor
        .run(move |conn, state, origin| state.accounts.refresh(conn, &body.refresh_token, origin));
    Ok(HttpResponse::Ok().json(pair.await?))
}

/// Changes a password that was set by somebody else, which has to be done before signing in.
#[utoipa::path(tag = "sessions",
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("public")), ("x-scope" = json!("none"))))]
#[post("/sessions/password")]
async fn first_password(
    visitor: Visitor,
    body: web::Json<NewPassword>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = visitor.run(move |conn, state, origin| {
        let NewPassword {
            login,
            password,
            new_password,
            totp,
        } = body.into_inner();
        let accounts = &state.accounts;
        accounts.change_password_of(
            conn,
            &login,
            &password,
            totp.as_deref(),
            &new_password,
            origin,
        )
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Signs out: ends the caller's access and refresh tokens.
#[utoipa::path(tag = "sessions", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[delete("/sessions")]
async fn sign_out(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(|ask| match (&ask.bearer, &ask.session) {
        (Some(bearer), _) => ask.state.accounts.end_tokens(ask.conn, bearer),
        (None, Some(session)) => ask.state.accounts.sign_out(ask.conn, session),
        (None, None) => Err(Error::SignedOut),
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who the caller is: account, roles, and how far each right goes.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 200, body = Me), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/me")]
async fn me(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let me = caller.read(|ask| {
        let id = me_id(ask)?;
        let held = |right: Right| {
            let (everywhere, departments) = match ask.viewer.reach(right) {
                Reach::Everything => (true, Vec::new()),
                Reach::Departments(ids) => (false, ids.clone()),
            };
            RightHeld {
                right: right.word(),
                label: right.label(),
                everywhere,
                departments,
            }
        };
        let rights = Right::ALL
            .into_iter()
            .filter(|r| ask.viewer.can_anywhere(*r))
            .map(held)
            .collect();
        Ok(Me {
            account: ask.state.accounts.account(ask.conn, &ask.viewer, id)?,
            rights,
        })
    });
    Ok(HttpResponse::Ok().json(me.await?))
}

/// Why the caller may, or may not: the rule.
#[utoipa::path(tag = "me", params(May), security(("bearer" = [])),
    responses((status = 200, body = Why), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/me/may")]
async fn may(caller: Caller, query: web::Query<May>) -> std::result::Result<HttpResponse, Failure> {
    let why = caller.read(move |ask| {
        let right = Right::ALL.into_iter().find(|r| r.word() == query.right);
        let unknown = || {
            Problem::new(
                "right",
                "unknown_right",
                "没有这项权限",
                "可用的权限见 /api/v1/me 的 rights",
            )
        };
        let right = right.ok_or_else(|| Error::Invalid(vec![unknown()]))?;
        let allowed = match query.department_id {
            Some(department) => ask.viewer.can(right, department),
            None => ask.viewer.can_anywhere(right),
        };
        Ok(Why {
            allowed,
            rule: crate::auth::policy::rule(right),
        })
    });
    Ok(HttpResponse::Ok().json(why.await?))
}

/// Changes one's own password. Ends all tokens, the one used here included.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/me/password")]
async fn change_password(
    caller: Caller,
    body: web::Json<OwnPassword>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        ask.state
            .accounts
            .change_password(ask.conn, &ask.viewer, &body.current, &body.password)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One's own open sessions.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 200, body = Vec<OpenSession>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/me/sessions")]
async fn sessions(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let open = caller.read(|ask| {
        let id = me_id(ask)?;
        ask.state.accounts.sessions(ask.conn, &ask.viewer, id)
    });
    Ok(HttpResponse::Ok().json(open.await?))
}

/// Ends one of one's own sessions.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the session")),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[delete("/me/sessions/{id}")]
async fn end_session(
    caller: Caller,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        ask.state.accounts.end_session(ask.conn, &ask.viewer, *id)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends all of one's own sessions and tokens, the one used here included.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[delete("/me/sessions")]
async fn end_all(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(|ask| {
        in_person(ask)?;
        let id = me_id(ask)?;
        ask.state.accounts.end_all(ask.conn, &ask.viewer, id)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a secret for one-time codes; it counts once it is confirmed.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 200, body = TotpSetup), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/me/totp")]
async fn begin_totp(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let setup = caller.change(|ask| {
        in_person(ask)?;
        ask.state.accounts.begin_totp(ask.conn, &ask.viewer)
    });
    Ok(HttpResponse::Ok().json(setup.await?))
}

/// Confirms the secret by a code made from it. Ends all sessions and tokens.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/me/totp/confirm")]
async fn confirm_totp(
    caller: Caller,
    body: web::Json<TotpCode>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        ask.state
            .accounts
            .confirm_totp(ask.conn, &ask.viewer, &body.totp)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Stops the use of one-time codes. Ends all sessions and tokens.
#[utoipa::path(tag = "me", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[post("/me/totp/remove")]
async fn remove_totp(
    caller: Caller,
    body: web::Json<PresentPassword>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        ask.state
            .accounts
            .remove_totp(ask.conn, &ask.viewer, &body.password)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in)
        .service(refresh)
        .service(first_password)
        .service(sign_out)
        .service(me)
        .service(may)
        .service(change_password)
        .service(sessions)
        .service(end_session)
        .service(end_all)
        .service(begin_totp)
        .service(confirm_totp)
        .service(remove_totp);
}
