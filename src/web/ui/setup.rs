//! 首次设置: the code from the terminal makes the first administrators; there is no such page afterwards.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::{First, FirstMade, NewAccount, SignedIn};
use crate::error::{Doing, Error, Problem};
use crate::web::answer::Failure;
use crate::web::fields::Fields;
use crate::web::page;
use crate::web::posted::VisitorPosted;
use crate::web::visitor::{Visitor, session_cookie};

#[derive(Template, Default)]
#[template(path = "sign_in/setup.html")]
struct Setup {
    title: &'static str,
    minutes: i64,
    least: usize,
    code: String,
    people: Vec<Person>,
    problems: Vec<Problem>,
}

/// One administrator as the form shows it.
#[derive(Clone, Default)]
struct Person {
    key: &'static str,
    role: &'static str,
    does: &'static str,
    optional: bool,
    login: String,
    name: String,
}

#[derive(Template)]
#[template(path = "sign_in/made.html")]
struct Made {
    title: &'static str,
    made: Vec<FirstMade>,
}

const ROLES: [(&str, &str, &str); 3] = [
    (
        "system",
        "系统管理员",
        "维护机构、账号和系统设置；不授予角色，不办业务",
    ),
    (
        "security",
        "安全管理员",
        "授予角色、解除锁定；不建账号，不办业务",
    ),
    ("audit", "审计管理员", "查看审计日志；不做其他事"),
];

fn people(fields: Option<&Fields>) -> Vec<Person> {
    let text = |key: &str, what: &str| {
        let found = fields.and_then(|f| f.get(&format!("{key}.{what}")));
        found.unwrap_or_default().to_owned()
    };
    ROLES
        .map(|(key, role, does)| Person {
            key,
            role,
            does,
            optional: key != "system",
            login: text(key, "login"),
            name: text(key, "name"),
        })
        .into()
}

fn over() -> Error {
    Error::NotFound("这个地址".to_owned())
}

async fn form(visitor: Visitor) -> Result<HttpResponse, Failure> {
    let page = visitor.run(|conn, state, _| {
        if !state.accounts.needs_setup(conn)? {
            return Err(over());
        }
        let rules = &state.accounts.rules;
        let page = Setup {
            title: "首次设置",
            minutes: rules.setup_code_minutes,
            least: rules.password_min_length,
            people: people(None),
            ..Setup::default()
        };
        page.render().doing("生成页面")
    });
    Ok(page::html(page.await?, false))
}

fn account(fields: &Fields, key: &str) -> NewAccount {
    let text = |what: &str| {
        fields
            .get(&format!("{key}.{what}"))
            .unwrap_or_default()
            .to_owned()
    };
    let password = fields.raw(&format!("{key}.password")).unwrap_or_default();
    NewAccount {
        login: text("login"),
        name: text("name"),
        password: (!password.is_empty()).then(|| password.to_owned()),
        ..NewAccount::default()
    }
}

async fn submit(VisitorPosted { visitor, fields }: VisitorPosted) -> Result<HttpResponse, Failure> {
    let done = visitor.run(move |conn, state, origin| {
        let accounts = &state.accounts;
        let here = origin.clone();
        // An administrator whose line was left empty is made later.
        let other = |key: &str| {
            let new = account(&fields, key);
            (!new.login.is_empty() || !new.name.is_empty() || new.password.is_some()).then_some(new)
        };
        let first = First {
            system: account(&fields, "system"),
            security: other("security"),
            audit: other("audit"),
        };
        let code = fields.get("code").unwrap_or_default();
        match accounts.finish_setup(conn, code, &first, origin) {
            Ok(made) => {
                let page = Made {
                    title: "设置完成",
                    made,
                };
                // Whoever has just chosen the password goes straight on: the organisation comes next.
                let (login, password) = (&first.system.login, first.system.password.as_deref());
                let signed_in = accounts.sign_in(
                    conn,
                    &state.app.catalogue,
                    login,
                    password.unwrap_or_default(),
                    None,
                    here,
                );
                let secret = match signed_in {
                    Ok(SignedIn::Session(new)) => Some(new.secret),
                    _ => None,
                };
                Ok((StatusCode::OK, page.render().doing("生成页面")?, secret))
            }
            Err(Error::Invalid(problems)) => {
                let page = Setup {
                    title: "首次设置",
                    minutes: accounts.rules.setup_code_minutes,
                    least: accounts.rules.password_min_length,
                    code: code.to_owned(),
                    people: people(Some(&fields)),
                    problems,
                };
                Ok((
                    StatusCode::UNPROCESSABLE_ENTITY,
                    page.render().doing("生成页面")?,
                    None,
                ))
            }
            Err(Error::NotFound(_)) => Err(over()),
            Err(other) => Err(other),
        }
    });
    let (status, body, secret) = done.await?;
    let mut answer = HttpResponse::build(status);
    if let Some(secret) = secret {
        answer.cookie(session_cookie(&secret));
    }
    Ok(answer.content_type("text/html; charset=utf-8").body(body))
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/set-up", web::get().to(form))
        .route("/set-up", web::post().to(submit));
}
