//! 我的账号: password, one-time codes, sessions and API tokens of whoever is signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::{Account, ApiToken, Must, NewToken, OpenSession, Picture, TotpSetup};
use crate::error::{Doing, Error, Problem, Result};
use crate::org::directory::Directory;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::ui::sign_in::{typed, with_session};

#[derive(Template)]
#[template(path = "account/overview.html")]
struct Overview {
    shell: Shell,
    account: Account,
    department: String,
    roles: Vec<String>,
    sessions: Vec<OpenSession>,
    /// The session of this browser; 0 for a program.
    here: i64,
    tokens: Vec<ApiToken>,
    made: Option<String>,
    days: i64,
    purpose: String,
    problems: Vec<Problem>,
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct Password {
    shell: Shell,
    forced: bool,
    least: usize,
    classes: usize,
    problems: Vec<Problem>,
}

#[derive(Template)]
#[template(path = "account/second_factor.html")]
struct SecondFactor {
    shell: Shell,
    forced: bool,
    on: bool,
    pending: Option<(TotpSetup, Picture)>,
    problems: Vec<Problem>,
}

/// Where a role is held, in words.
pub(super) fn role_at(role: crate::auth::Role, at: Option<i64>, directory: &Directory) -> String {
    match at.and_then(|id| directory.get(id)) {
        Some(department) => format!("{}（{}）", role.label(), department.name),
        None => role.label().to_owned(),
    }
}

fn me(ask: &Ask<'_>) -> Result<i64> {
    ask.viewer.account().ok_or(Error::SignedOut)
}

fn overview(ask: &mut Ask<'_>) -> Result<Overview> {
    let id = me(ask)?;
    let accounts = &ask.state.accounts;
    let account = accounts.account(ask.conn, &ask.viewer, id)?;
    let directory = ask.state.directory.get(ask.conn)?;
    let roles = account.roles.iter();
    Ok(Overview {
        roles: roles
            .map(|h| role_at(h.role, h.department_id, &directory))
            .collect(),
        department: account
            .department_id
            .and_then(|d| directory.get(d))
            .map_or_else(String::new, |d| d.name.clone()),
        sessions: accounts.sessions(ask.conn, &ask.viewer, id)?,
        here: ask.session.as_ref().map_or(0, |s| s.id),
        tokens: accounts.api_tokens(ask.conn, &ask.viewer, id)?,
        made: None,
        days: 90,
        purpose: String::new(),
        problems: Vec::new(),
        shell: ask.shell("我的账号", "/account"),
        account,
    })
}

async fn show(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    caller.page(overview).await
}

fn password_page(ask: &Ask<'_>, problems: Vec<Problem>) -> Password {
    let rules = &ask.state.accounts.rules;
    Password {
        shell: ask.shell("修改密码", "/account"),
        forced: ask.session.as_ref().and_then(|s| s.must) == Some(Must::ChangePassword),
        least: rules.password_min_length,
        classes: rules.password_classes,
        problems,
    }
}

async fn password(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    caller.page(|ask| Ok(password_page(ask, Vec::new()))).await
}

/// What changing one's own credentials came to: the browser goes on with a new session, or sees the form again.
enum Changed {
    Renewed(String),
    Again(String),
}

impl Changed {
    fn answer(self, to: &str, message: &str) -> HttpResponse {
        match self {
            Self::Renewed(secret) => with_session(&secret, Next::saying(to, message)),
            Self::Again(body) => Next::Again(body).answer(),
        }
    }
}

fn renewed(ask: &mut Ask<'_>) -> Result<Changed> {
    let session = ask.session.as_ref().ok_or(Error::SignedOut)?;
    let regions = ask.app.catalogue.regions();
    let new = ask.state.accounts.renew(ask.conn, regions, session)?;
    Ok(Changed::Renewed(new.secret))
}

async fn change_password(
    Posted { caller, fields }: Posted,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let (new, again) = (typed(&fields, "password"), typed(&fields, "again"));
        let mut done = Ok(());
        if new != again {
            done = Err(Error::Invalid(vec![Problem::new(
                "again",
                "differs",
                "两次输入的新密码不一致",
                "",
            )]));
        }
        let done = done.and_then(|()| {
            let current = typed(&fields, "current");
            ask.state
                .accounts
                .change_password(ask.conn, &ask.viewer, current, new)
        });
        match done {
            Ok(()) => renewed(ask),
            Err(Error::Invalid(problems)) => Ok(Changed::Again(
                password_page(ask, problems).render().doing("生成页面")?,
            )),
            Err(other) => Err(other),
        }
    });
    Ok(done.await?.answer(
        "/account",
        "密码已修改，其他设备上的登录和接口令牌已全部失效",
    ))
}

fn second_factor_page(ask: &mut Ask<'_>, problems: Vec<Problem>) -> Result<SecondFactor> {
    let id = me(ask)?;
    let accounts = &ask.state.accounts;
    let pending = accounts.pending_totp(ask.conn, &ask.viewer)?;
    Ok(SecondFactor {
        on: accounts.account(ask.conn, &ask.viewer, id)?.totp,
        pending: pending.map(|s| s.picture().map(|p| (s, p))).transpose()?,
        forced: ask.session.as_ref().and_then(|s| s.must) == Some(Must::SetUpTotp),
        shell: ask.shell("动态口令", "/account"),
        problems,
    })
}

async fn second_factor(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    caller.page(|ask| second_factor_page(ask, Vec::new())).await
}

async fn begin(Posted { caller, .. }: Posted) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(|ask| {
        ask.state.accounts.begin_totp(ask.conn, &ask.viewer)?;
        Ok(Next::to("/account/second-factor"))
    });
    done.await
}

async fn confirm(Posted { caller, fields }: Posted) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let code = fields.get("totp").unwrap_or_default();
        match ask.state.accounts.confirm_totp(ask.conn, &ask.viewer, code) {
            Ok(()) => renewed(ask),
            Err(Error::Invalid(problems)) => Ok(Changed::Again(
                second_factor_page(ask, problems)?
                    .render()
                    .doing("生成页面")?,
            )),
            Err(other) => Err(other),
        }
    });
    Ok(done
        .await?
        .answer("/account", "动态口令已启用，下次登录时需要输入"))
}

async fn remove(Posted { caller, fields }: Posted) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let password = typed(&fields, "password");
        match ask
            .state
            .accounts
            .remove_totp(ask.conn, &ask.viewer, password)
        {
            Ok(()) => renewed(ask),
            Err(Error::Invalid(problems)) => Ok(Changed::Again(
                second_factor_page(ask, problems)?
                    .render()
                    .doing("生成页面")?,
            )),
            Err(other) => Err(other),
        }
    });
    Ok(done.await?.answer("/account", "动态口令已停用"))
}

async fn end_session(
    Posted { caller, .. }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        ask.state.accounts.end_session(ask.conn, &ask.viewer, *id)?;
        Ok(Next::saying("/account", "该登录已结束"))
    });
    done.await
}

async fn end_all(Posted { caller, .. }: Posted) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(|ask| {
        let id = me(ask)?;
        ask.state.accounts.end_all(ask.conn, &ask.viewer, id)?;
        renewed(ask)
    });
    Ok(done
        .await?
        .answer("/account", "除本次登录外，其他登录和接口令牌已全部失效"))
}

fn wanted(fields: &Fields) -> NewToken {
    NewToken {
        name: fields.get("name").unwrap_or_default().to_owned(),
        writes: fields.get("writes").is_some(),
        days: fields.get("days").and_then(|d| d.parse().ok()).unwrap_or(0),
    }
}

async fn create_token(
    Posted { caller, fields }: Posted,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let new = wanted(&fields);
        let made = ask.state.accounts.create_token(ask.conn, &ask.viewer, &new);
        let (status, made, problems) = match made {
            Ok(made) => (StatusCode::OK, Some(made.token), Vec::new()),
            Err(Error::Invalid(problems)) => (StatusCode::UNPROCESSABLE_ENTITY, None, problems),
            Err(other) => return Err(other),
        };
        let mut page = overview(ask)?;
        if made.is_none() {
            (page.purpose, page.days) = (new.name, new.days);
        }
        (page.made, page.problems) = (made, problems);
        Ok((status, page.render().doing("生成页面")?))
    });
    // Not a redirect: the token is shown by this answer and by none after it.
    let (status, body) = done.await?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body))
}

async fn revoke_token(
    Posted { caller, .. }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        ask.state
            .accounts
            .revoke_token(ask.conn, &ask.viewer, *id)?;
        Ok(Next::saying("/account", "接口令牌已吊销"))
    });
    done.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/account", web::get().to(show))
        .route("/account/password", web::get().to(password))
        .route("/account/password", web::post().to(change_password))
        .route("/account/second-factor", web::get().to(second_factor))
        .route("/account/second-factor/begin", web::post().to(begin))
        .route("/account/second-factor/confirm", web::post().to(confirm))
        .route("/account/second-factor/remove", web::post().to(remove))
        .route("/account/sessions/end-all", web::post().to(end_all))
        .route("/account/sessions/{id}/end", web::post().to(end_session))
        .route("/account/tokens", web::post().to(create_token))
        .route("/account/tokens/{id}/revoke", web::post().to(revoke_token));
}
