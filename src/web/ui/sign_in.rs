//! 登录: login and password, the one-time code where there is one, and signing out.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::SignedIn;
use crate::error::{Doing, Error, Problem};
use crate::web::answer::{self, Failure};
use crate::web::fields::Fields;
use crate::web::page::{self, Next};
use crate::web::posted::{Posted, VisitorPosted};
use crate::web::visitor::{self, Visitor};

#[derive(Template, Default)]
#[template(path = "sign_in/password.html")]
struct Password {
    title: &'static str,
    login: String,
    next: String,
    problems: Vec<Problem>,
    flash: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct Code {
    title: &'static str,
    ticket: String,
    next: String,
    problems: Vec<Problem>,
}

/// What a step of signing in came to.
enum Step {
    Open(String),
    Form(String),
}

const TITLE: &str = "登录";

async fn form(visitor: Visitor, query: web::Query<NextPage>) -> Result<HttpResponse, Failure> {
    let flash = visitor.flash().map(str::to_owned);
    let flashed = flash.is_some();
    let empty = visitor
        .run(|conn, state, _| state.accounts.needs_setup(conn))
        .await?;
    if empty {
        return Ok(answer::see_other("/set-up"));
    }
    let page = Password {
        title: TITLE,
        next: own(query.into_inner().next.as_deref()),
        flash,
        ..Password::default()
    };
    Ok(page::html(page.render().doing("生成页面")?, flashed))
}

#[derive(serde::Deserialize)]
struct NextPage {
    next: Option<String>,
}

/// The page to go on to: one of ours, or home.
fn own(next: Option<&str>) -> String {
    next.filter(|n| answer::is_own(n) && !n.starts_with("/sign-"))
        .unwrap_or("/")
        .to_owned()
}

async fn submit(VisitorPosted { visitor, fields }: VisitorPosted) -> Result<HttpResponse, Failure> {
    let next = own(fields.get("next"));
    let to = next.clone();
    let step = visitor.run(move |conn, state, origin| {
        let login = fields.get("login").unwrap_or_default().to_owned();
        let password = fields.raw("password").unwrap_or_default();
        let mut problems = Vec::new();
        if login.is_empty() {
            problems.push(crate::web::fields::missing("login", "账号"));
        }
        if password.is_empty() {
            problems.push(crate::web::fields::missing("password", "密码"));
        }
        let done = if problems.is_empty() {
            state
                .accounts
                .sign_in(conn, &state.app.catalogue, &login, password, None, origin)
        } else {
            Err(Error::Invalid(problems))
        };
        let again = |problems| {
            Password {
                title: TITLE,
                login,
                next: next.clone(),
                problems,
                flash: None,
            }
            .render()
        };
        match done {
            Ok(SignedIn::Session(new)) => Ok(Step::Open(new.secret)),
            Ok(SignedIn::NeedsTotp(ticket)) => {
                let page = Code {
                    title: "动态口令",
                    ticket,
                    next: next.clone(),
                    problems: Vec::new(),
                };
                Ok(Step::Form(page.render().doing("生成页面")?))
            }
            Err(other) => Ok(Step::Form(again(told(other)?).doing("生成页面")?)),
        }
    });
    Ok(open(step.await?, &to))
}

/// What a person is told beside the form; anything else is a page of its own.
fn told(error: Error) -> crate::error::Result<Vec<Problem>> {
    match error {
        Error::Invalid(problems) => Ok(problems),
        Error::WrongCredentials | Error::Locked(_) => {
            let code = error.code().to_owned();
            Ok(vec![Problem::new("", &code, &error.to_string(), "")])
        }
        other => Err(other),
    }
}

async fn code(VisitorPosted { visitor, fields }: VisitorPosted) -> Result<HttpResponse, Failure> {
    let next = own(fields.get("next"));
    let to = next.clone();
    let step = visitor.run(move |conn, state, origin| {
        let ticket = fields.get("ticket").unwrap_or_default().to_owned();
        let code = fields.get("totp").unwrap_or_default();
        match state
            .accounts
            .finish_totp(conn, &state.app.catalogue, &ticket, code, origin)
        {
            Ok(SignedIn::Session(new)) => Ok(Step::Open(new.secret)),
            Ok(SignedIn::NeedsTotp(_)) | Err(Error::SignedOut) => Err(Error::SignedOut),
            Err(Error::WrongCredentials) => {
                let wrong = Problem::new(
                    "totp",
                    "wrong_totp",
                    "动态口令不正确",
                    "请输入当前显示的 6 位数字；同一个口令只能用一次",
                );
                let page = Code {
                    title: "动态口令",
                    ticket,
                    next: next.clone(),
                    problems: vec![wrong],
                };
                Ok(Step::Form(page.render().doing("生成页面")?))
            }
            Err(other) => {
                let page = Code {
                    title: "动态口令",
                    ticket,
                    next: next.clone(),
                    problems: told(other)?,
                };
                Ok(Step::Form(page.render().doing("生成页面")?))
            }
        }
    });
    Ok(open(step.await?, &to))
}

fn open(step: Step, next: &str) -> HttpResponse {
    match step {
        Step::Open(secret) => with_session(&secret, Next::to(next)),
        Step::Form(body) => HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY)
            .content_type("text/html; charset=utf-8")
            .body(body),
    }
}

/// An answer that hands the browser its session.
pub(super) fn with_session(secret: &str, next: Next) -> HttpResponse {
    let mut answer = next.answer();
    if answer.add_cookie(&visitor::session_cookie(secret)).is_err() {
        tracing::error!("the session's cookie could not be set");
    }
    answer
}

async fn sign_out(Posted { caller, .. }: Posted) -> Result<HttpResponse, Failure> {
    let done = caller.change(|ask| match &ask.session {
        Some(session) => ask.state.accounts.sign_out(ask.conn, session),
        None => Ok(()),
    });
    match done.await {
        Ok(()) | Err(Failure::Error(Error::SignedOut)) => {}
        Err(other) => return Err(other),
    }
    let mut answer = Next::saying("/sign-in", "已退出登录").answer();
    if answer.add_cookie(&visitor::no_session_cookie()).is_err() {
        tracing::warn!("the session's cookie could not be removed");
    }
    Ok(answer)
}

/// The text of a field as it was typed, for passwords: spaces count.
pub(super) fn typed<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.raw(name).unwrap_or_default()
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/sign-in", web::get().to(form))
        .route("/sign-in", web::post().to(submit))
        .route("/sign-in/code", web::post().to(code))
        .route("/sign-out", web::post().to(sign_out));
}
