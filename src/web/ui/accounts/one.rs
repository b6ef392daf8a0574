//! One account: what it is, the roles it holds and held, and what is done to it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::{Made, department, names, place, shown};
use crate::accounts::{Account, ApiToken, Grant, OpenSession};
use crate::auth::{Right, Role};
use crate::error::{Doing, Error, Problem, Result};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::ui::account::role_at;

#[derive(Template)]
#[template(path = "accounts/one.html")]
struct One {
    shell: Shell,
    account: Account,
    department: String,
    grants: Vec<(Grant, String)>,
    sessions: Vec<OpenSession>,
    tokens: Vec<ApiToken>,
    departments: Vec<String>,
    manages: bool,
    gives: bool,
    own: bool,
    problems: Vec<Problem>,
    given: (String, String),
}

fn one_page(ask: &mut Ask<'_>, id: i64) -> Result<One> {
    let accounts = &ask.state.accounts;
    let account = accounts.account(ask.conn, &ask.viewer, id)?;
    let directory = ask.state.directory.get(ask.conn)?;
    let gives = ask.viewer.can_anywhere(Right::GrantRoles);
    let grants = accounts.grants(ask.conn, &ask.viewer, id)?;
    let (mut sessions, mut tokens) = (Vec::new(), Vec::new());
    if gives {
        sessions = accounts.sessions(ask.conn, &ask.viewer, id)?;
        tokens = accounts.api_tokens(ask.conn, &ask.viewer, id)?;
    }
    let titled = |g: Grant| {
        let title = role_at(g.role, g.department_id, &directory);
        (g, title)
    };
    Ok(One {
        department: place(&directory, account.department_id),
        grants: grants.into_iter().map(titled).collect(),
        sessions,
        tokens,
        departments: names(&directory),
        manages: ask.viewer.can_anywhere(Right::ManageAccounts),
        gives,
        own: ask.viewer.account() == Some(id),
        problems: Vec::new(),
        given: (String::new(), String::new()),
        shell: ask.shell(&format!("账号 {}", account.login), "/accounts"),
        account,
    })
}

pub(super) async fn one(
    caller: Caller,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let page = caller.page(move |ask| {
        let id = *id;
        // One's own page is another one; this desk is for those who look after accounts.
        if !ask.viewer.can_anywhere(Right::GrantRoles) {
            ask.viewer.may_anywhere(Right::ManageAccounts)?;
        }
        one_page(ask, id)
    });
    page.await
}

pub(super) async fn update(
    Posted { caller, fields }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        let directory = ask.state.directory.get(ask.conn)?;
        let version = fields
            .get("version")
            .and_then(|v| v.parse().ok())
            .ok_or(Error::VersionMissing)?;
        let name = fields.get("name").unwrap_or_default();
        let done = match department(&directory, fields.get("department").unwrap_or_default()) {
            Ok(at) => ask
                .state
                .accounts
                .update(ask.conn, &ask.viewer, *id, version, name, at),
            Err(problem) => Err(Error::Invalid(vec![problem])),
        };
        match done {
            Ok(()) => Ok(Next::saying(&format!("/accounts/{id}"), "已保存")),
            Err(Error::Invalid(problems)) => {
                let page = One {
                    problems,
                    ..one_page(ask, *id)?
                };
                Next::again(&page)
            }
            Err(other) => Err(other),
        }
    });
    done.await
}

pub(super) async fn act(
    Posted { caller, .. }: Posted,
    path: web::Path<(i64, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, what) = path.into_inner();
    let done = caller.act(move |ask| {
        let (accounts, viewer) = (&ask.state.accounts, &ask.viewer);
        let message = match what.as_str() {
            "deactivate" => accounts
                .set_active(ask.conn, viewer, id, false)
                .map(|()| "账号已停用，全部登录和令牌立即失效"),
            "activate" => accounts
                .set_active(ask.conn, viewer, id, true)
                .map(|()| "账号已启用"),
            "unlock" => accounts.unlock(ask.conn, viewer, id).map(|()| "账号已解锁"),
            "remove-totp" => accounts
                .reset_totp(ask.conn, viewer, id)
                .map(|()| "动态口令已取消"),
            "end-sessions" => accounts
                .end_all(ask.conn, viewer, id)
                .map(|()| "全部登录和令牌已失效"),
            _ => Err(Error::NotFound("这个地址".to_owned())),
        }?;
        Ok(Next::saying(&format!("/accounts/{id}"), message))
    });
    done.await
}

pub(super) async fn reset(
    Posted { caller, .. }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let made = ask
            .state
            .accounts
            .reset_password(ask.conn, &ask.viewer, *id)?;
        let account = ask.state.accounts.account(ask.conn, &ask.viewer, *id)?;
        let page = Made {
            shell: ask.shell("密码已重置", "/accounts"),
            id: *id,
            login: account.login,
            password: made.password.unwrap_or_default(),
            fresh: false,
        };
        Ok((StatusCode::OK, page.render().doing("生成页面")?))
    });
    Ok(shown(done.await?))
}

pub(super) async fn grant(
    Posted { caller, fields }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        let directory = ask.state.directory.get(ask.conn)?;
        let (word, at) = (
            fields.get("role").unwrap_or_default(),
            fields.get("department").unwrap_or_default(),
        );
        let done = match (Role::from_word(word), department(&directory, at)) {
            (Some(role), Ok(at)) => ask
                .state
                .accounts
                .grant(ask.conn, &ask.viewer, *id, role, at),
            (None, _) => Err(Error::Invalid(vec![Problem::new(
                "role",
                "unknown_role",
                "请选择角色",
                "",
            )])),
            (_, Err(problem)) => Err(Error::Invalid(vec![problem])),
        };
        match done {
            Ok(_) => Ok(Next::saying(
                &format!("/accounts/{id}"),
                "角色已授予，本人下次登录时生效",
            )),
            Err(Error::Invalid(problems)) => {
                let page = One {
                    problems,
                    given: (word.to_owned(), at.to_owned()),
                    ..one_page(ask, *id)?
                };
                Next::again(&page)
            }
            Err(other) => Err(other),
        }
    });
    done.await
}

pub(super) async fn end_role(
    Posted { caller, .. }: Posted,
    path: web::Path<(i64, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, number) = path.into_inner();
    let done = caller.act(move |ask| {
        ask.state.accounts.end_role(ask.conn, &ask.viewer, number)?;
        Ok(Next::saying(&format!("/accounts/{id}"), "角色已终止"))
    });
    done.await
}

pub(super) async fn unlock_address(
    Posted { caller, fields }: Posted,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        let address = fields.need("address", "地址")?;
        ask.state
            .accounts
            .unlock_address(ask.conn, &ask.viewer, address)?;
        Ok(Next::saying("/accounts", "该地址已解锁"))
    });
    done.await
}
