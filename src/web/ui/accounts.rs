//! 账号: the list that reviewers look through, and a new account.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::{Account, Filter, Lock, NewAccount, State};
use crate::auth::{Right, Role};
use crate::error::{Doing, Error, Problem, Result};
use crate::org::directory::{Directory, Found};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Shell, address};
use crate::web::posted::Posted;
use crate::web::ui::account::role_at;

mod one;

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
        let directory = ask.state.directory.get(ask.conn)?;
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
        departments: names(&*ask.state.directory.get(ask.conn)?),
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
        let directory = ask.state.directory.get(ask.conn)?;
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

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/accounts", web::get().to(list))
        .route("/accounts", web::post().to(create))
        .route("/accounts/new", web::get().to(new))
        .route(
            "/accounts/unlock-address",
            web::post().to(one::unlock_address),
        )
        .route("/accounts/{id}", web::get().to(one::one))
        .route("/accounts/{id}", web::post().to(one::update))
        .route("/accounts/{id}/reset", web::post().to(one::reset))
        .route("/accounts/{id}/grants", web::post().to(one::grant))
        .route(
            "/accounts/{id}/grants/{grant}/end",
            web::post().to(one::end_role),
        )
        .route("/accounts/{id}/{what}", web::post().to(one::act));
}
