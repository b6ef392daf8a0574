//! 导入: the list, sending a file, its preview and what became of it.

mod acts;
mod mapping;
mod parts;
mod row;
mod show;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::Right;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::intake::upload::list::{self, Filter};
use crate::intake::upload::{State, Upload};
use crate::jobs::imports;
use crate::org::directory::Directory;
use crate::web::answer::{Failure, see_other};
use crate::web::api::imports::submission;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;
use crate::web::upload;

/// Imports of a page.
const LISTED: usize = 50;
/// Departments offered while typing.
const OFFERED: usize = 2_000;

/// One choice of a select.
pub(super) struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// One import in the list.
struct Item {
    id: i64,
    file: String,
    sender: String,
    department: String,
    at: String,
    state: &'static str,
    badge: &'static str,
    new: i64,
    changed: i64,
    same: i64,
    refused: i64,
    message: String,
}

fn badge(state: State) -> &'static str {
    match state {
        State::Applied => "ol-badge--good",
        State::Rejected | State::Failed => "ol-badge--bad",
        State::Previewed => "ol-badge--warn",
        State::Received | State::Checking | State::Applying => "ol-badge--brand",
        State::Undone | State::Discarded => "",
    }
}

impl Item {
    fn of(directory: &Directory, upload: &Upload) -> Self {
        let department = upload.department_id.and_then(|id| directory.get(id));
        Self {
            id: upload.id,
            file: upload.file_name.clone(),
            sender: upload.actor.clone(),
            department: department.map(|d| d.name.clone()).unwrap_or_default(),
            at: clock::local(upload.at),
            state: upload.state().label(),
            badge: badge(upload.state()),
            new: upload.rows_new,
            changed: upload.rows_changed,
            same: upload.rows_same,
            refused: upload.rows_refused,
            message: upload.message.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "imports/list.html")]
struct List {
    shell: Shell,
    items: Vec<Item>,
    states: Vec<Choice>,
    mine: bool,
    search: String,
    filtered: bool,
    first: String,
    after: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    state: String,
    mine: String,
    search: String,
    before: Option<i64>,
}

impl ListQuery {
    fn href(&self, before: Option<i64>) -> String {
        let coded = |t: &str| {
            percent_encoding::utf8_percent_encode(t, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let mut href = format!(
            "/imports?state={}&mine={}&search={}",
            coded(&self.state),
            coded(&self.mine),
            coded(&self.search)
        );
        if let Some(before) = before {
            href.push_str(&format!("&before={before}"));
        }
        href
    }
}

async fn list(
    caller: Caller,
    query: web::Query<ListQuery>,
) -> std::result::Result<HttpResponse, Failure> {
    let query = query.into_inner();
    caller
        .page(move |ask| {
            let search = crate::web::fields::has_controls(&query.search);
            let search = if search {
                String::new()
            } else {
                query.search.trim().to_owned()
            };
            let filter = Filter {
                state: State::from_word(&query.state),
                mine: !query.mine.is_empty(),
                text: (!search.is_empty()).then(|| search.clone()),
            };
            let (uploads, next) = list::page(ask.conn, &ask.viewer, &filter, query.before, LISTED)?;
            let directory = Directory::load(ask.conn)?;
            let states = State::ALL.map(|state| Choice {
                value: state.word().to_owned(),
                label: state.label().to_owned(),
                chosen: filter.state == Some(state),
            });
            Ok(List {
                shell: ask.shell("导入", "/imports"),
                items: uploads.iter().map(|u| Item::of(&directory, u)).collect(),
                states: states.into(),
                mine: filter.mine,
                filtered: filter.mine || filter.state.is_some() || filter.text.is_some(),
                search,
                first: query.before.map(|_| query.href(None)).unwrap_or_default(),
                after: next.map(|n| query.href(Some(n))).unwrap_or_default(),
            })
        })
        .await
}

#[derive(Template)]
#[template(path = "imports/new.html")]
struct New {
    shell: Shell,
    problems: Vec<Problem>,
    registers: Vec<Choice>,
    departments: Vec<String>,
    department: String,
    reason: String,
    valid_on: String,
    apply: bool,
    megabytes: u64,
}

/// What was filled in already.
#[derive(Clone, Debug, Default)]
struct Filled {
    register: String,
    department: String,
    reason: String,
    valid_on: String,
    apply: bool,
}

/// Names of the departments that the viewer may write for.
pub(super) fn own_departments(ask: &mut Ask<'_>) -> Result<Vec<String>> {
    let directory = Directory::load(ask.conn)?;
    let mine = directory
        .all()
        .iter()
        .filter(|d| ask.viewer.can(Right::Write, d.id));
    Ok(mine.take(OFFERED).map(|d| d.name.clone()).collect())
}

fn form(ask: &mut Ask<'_>, filled: Filled, problems: Vec<Problem>) -> Result<New> {
    ask.viewer.may_anywhere(Right::Write)?;
    let departments = own_departments(ask)?;
    let registers = ask.app.catalogue.registers().iter().map(|r| Choice {
        value: r.key.clone(),
        label: r.label.clone(),
        chosen: r.key == filled.register,
    });
    Ok(New {
        shell: ask.shell("导入文件", "/imports"),
        problems,
        registers: registers.collect(),
        departments,
        department: filled.department,
        reason: filled.reason,
        valid_on: filled.valid_on,
        apply: filled.apply,
        megabytes: ask.app.parser.limits.file_bytes / (1024 * 1024),
    })
}

async fn new(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    caller
        .page(|ask| form(ask, Filled::default(), Vec::new()))
        .await
}

async fn send(
    request: HttpRequest,
    payload: web::Payload,
) -> std::result::Result<HttpResponse, Failure> {
    let sent = upload::take(&request, payload).await?;
    let filled = Filled {
        register: sent.get("register").unwrap_or_default(),
        department: sent.get("department").unwrap_or_default(),
        reason: sent.get("reason").unwrap_or_default(),
        valid_on: sent.get("valid_on").unwrap_or_default(),
        apply: sent.is_set("apply"),
    };
    let token = sent.csrf().map(str::to_owned);
    let caller = Caller::of(&request)?.with_csrf(token.as_deref());
    let state = caller.state().clone();
    let taken = match submission(sent, String::new()) {
        Ok(submission) => {
            caller
                .change(move |ask| imports::submit(ask.app, ask.conn, &ask.viewer, submission))
                .await
        }
        Err(error) => Err(error.into()),
    };
    match taken {
        Ok(received) => {
            state.jobs.wake();
            acts::settle(&state, received.import).await;
            Ok(see_other(&format!("/imports/{}", received.import)))
        }
        Err(Failure::Error(Error::Invalid(problems))) => {
            let caller = Caller::of(&request)?.with_csrf(token.as_deref());
            let mut answer = caller.page(move |ask| form(ask, filled, problems)).await?;
            *answer.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
        Err(other) => Err(other),
    }
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/imports", web::get().to(list))
        .route("/imports", web::post().to(send))
        .route("/imports/new", web::get().to(new))
        .configure(show::configure)
        .configure(mapping::configure)
        .configure(acts::configure);
}
