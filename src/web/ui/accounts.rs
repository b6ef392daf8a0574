//! 账号: the list that reviewers look through, one account with its roles, and what is done to it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::{Account, ApiToken, Filter, Grant, Lock, NewAccount, OpenSession, State};
use crate::auth::{Right, Role};
use crate::error::{Doing, Error, Problem, Result};
use crate::org::directory::{Directory, Found};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell, address};
use crate::web::posted::Posted;
use crate::web::ui::account::role_at;

/// Accounts on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "accounts/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    query: Query,
    locks: Vec<Lock>,
    after: String,
    manages: bool,
    grants: bool,
}

/// One account in the list.
struct Row {
    account: Account,
    department: String,
    roles: Vec<String>,
}

/// What the list is narrowed to.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    role: String,
    state: String,
    department: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "accounts/new.html")]
struct New {
    shell: Shell,
    login: String,
    person: String,
    department: String,
    departments: Vec<String>,
    problems: Vec<Problem>,
}

#[derive(Template)]
#[template(path = "accounts/made.html")]
struct Made {
    shell: Shell,
    id: i64,
    login: String,
    password: String,
    fresh: bool,
}

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

fn place(directory: &Directory, id: Option<i64>) -> String {
    id.and_then(|d| directory.get(d))
        .map_or_else(String::new, |d| d.name.clone())
}

fn names(directory: &Directory) -> Vec<String> {
    directory
        .all()
        .iter()
        .take(3_000)
        .map(|d| d.name.clone())
        .collect()
}

/// The department that was typed; empty means none.
fn department(directory: &Directory, text: &str) -> std::result::Result<Option<i64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    match directory.find(text) {
        Found::One(id) => Ok(Some(id)),
        Found::Many(_) => Err(Problem::new(
            "department",
            "ambiguous_department",
            "叫这个名称的部门不止一个",
            "请填写单位代码",
        )),
        Found::None(similar) => {
            let hint = if similar.is_empty() {
                String::new()
            } else {
                format!("是不是 {}", similar.join("、"))
            };
            Err(Problem::new(
                "department",
                "unknown_department",
                &format!("没有找到部门“{text}”"),
                &hint,
            ))
        }
    }
}

fn filter(query: &Query, directory: &Directory) -> Filter {
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    Filter {
        search: some(&query.q),
        role: Role::from_word(&query.role),
        // A department that is not found narrows to nothing, like any other word that fits nothing.
        department: some(&query.department)
            .map(|d| department(directory, &d).ok().flatten().unwrap_or(-1)),
        state: match query.state.as_str() {
            "active" => Some(State::Active),
            "inactive" => Some(State::Inactive),
            "locked" => Some(State::Locked),
            "idle" => Some(State::Idle),
            "without_role" => Some(State::WithoutRole),
            _ => None,
        },
        after: some(&query.cursor),
    }
}

impl Query {
    fn next(&self, cursor: &str) -> String {
        let pairs = [
            ("q", self.q.as_str()),
            ("role", &self.role),
            ("state", &self.state),
            ("department", &self.department),
            ("cursor", cursor),
        ];
        address("/accounts", &pairs)
    }
}

async fn list(
    caller: Caller,
    query: web::Query<Query>,
) -> std::result::Result<HttpResponse, Failure> {
    let page = caller.page(move |ask| {
        let query = query.into_inner();
        let texts = [
            ("q", Some(query.q.as_str())),
            ("department", Some(&query.department)),
            ("cursor", Some(&query.cursor)),
        ];
        crate::web::fields::plain(&texts)?;
        let directory = Directory::load(ask.conn)?;
        let accounts = &ask.state.accounts;
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut found = accounts.list(ask.conn, &ask.viewer, &filter(&query, &directory), limit)?;
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let after = found
            .last()
            .filter(|_| more)
            .map_or_else(String::new, |a| query.next(&a.login));
        let row = |account: Account| Row {
            department: place(&directory, account.department_id),
            roles: account
                .roles
                .iter()
                .map(|h| role_at(h.role, h.department_id, &directory))
                .collect(),
            account,
        };
        Ok(List {
            shell: ask.shell("账号", "/accounts"),
            rows: found.into_iter().map(row).collect(),
            locks: accounts.locks(ask.conn, &ask.viewer)?,
            manages: ask.viewer.can_anywhere(Right::ManageAccounts),
            grants: ask.viewer.can_anywhere(Right::GrantRoles),
            query,
            after,
        })
    });
    page.await
}

fn new_page(ask: &mut Ask<'_>, fields: Option<&Fields>, problems: Vec<Problem>) -> Result<New> {
    let text = |name: &str| {
        fields
            .and_then(|f| f.get(name))
            .unwrap_or_default()
            .to_owned()
    };
    Ok(New {
        departments: names(&Directory::load(ask.conn)?),
        shell: ask.shell("新建账号", "/accounts"),
        login: text("login"),
        person: text("name"),
        department: text("department"),
        problems,
    })
}

async fn new(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let page = caller.page(|ask| {
        ask.viewer.may_anywhere(Right::ManageAccounts)?;
        new_page(ask, None, Vec::new())
    });
    page.await
}

/// A page that is the answer to a form itself, because it shows a secret once.
fn shown((status, body): (StatusCode, String)) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}

async fn create(Posted { caller, fields }: Posted) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let directory = Directory::load(ask.conn)?;
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        let placed = department(&directory, &text("department"));
        let account = NewAccount {
            login: text("login"),
            name: text("name"),
            department: placed.as_ref().ok().copied().flatten(),
            ..NewAccount::default()
        };
        let made = match placed {
            Ok(_) => ask.state.accounts.create(ask.conn, &ask.viewer, &account),
            Err(problem) => Err(Error::Invalid(vec![problem])),
        };
        match made {
            Ok(made) => {
                let page = Made {
                    shell: ask.shell("账号已建立", "/accounts"),
                    id: made.id,
                    login: account.login,
                    password: made.password.unwrap_or_default(),
                    fresh: true,
                };
                Ok((StatusCode::OK, page.render().doing("生成页面")?))
            }
            Err(Error::Invalid(problems)) => {
                let page = new_page(ask, Some(&fields), problems)?;
                Ok((
                    StatusCode::UNPROCESSABLE_ENTITY,
                    page.render().doing("生成页面")?,
                ))
            }
            Err(other) => Err(other),
        }
    });
    Ok(shown(done.await?))
}

fn one_page(ask: &mut Ask<'_>, id: i64) -> Result<One> {
    let accounts = &ask.state.accounts;
    let account = accounts.account(ask.conn, &ask.viewer, id)?;
    let directory = Directory::load(ask.conn)?;
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

async fn one(caller: Caller, id: web::Path<i64>) -> std::result::Result<HttpResponse, Failure> {
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

async fn update(
    Posted { caller, fields }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        let directory = Directory::load(ask.conn)?;
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

async fn act(
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

async fn reset(
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

async fn grant(
    Posted { caller, fields }: Posted,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.act(move |ask| {
        let directory = Directory::load(ask.conn)?;
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

async fn end_role(
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

async fn unlock_address(
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

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/accounts", web::get().to(list))
        .route("/accounts", web::post().to(create))
        .route("/accounts/new", web::get().to(new))
        .route("/accounts/unlock-address", web::post().to(unlock_address))
        .route("/accounts/{id}", web::get().to(one))
        .route("/accounts/{id}", web::post().to(update))
        .route("/accounts/{id}/reset", web::post().to(reset))
        .route("/accounts/{id}/grants", web::post().to(grant))
        .route(
            "/accounts/{id}/grants/{grant}/end",
            web::post().to(end_role),
        )
        .route("/accounts/{id}/{what}", web::post().to(act));
}
