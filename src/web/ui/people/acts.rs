//! Recording and correcting people, appointing and dismissing them.

use actix_web::web;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Answer, department, show_page};
use crate::auth::{Right, Role};
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::handover;
use crate::org::appointment::{self, Wish, role_label};
use crate::org::change::Seen;
use crate::org::directory::{Directory, Found, department_fault};
use crate::org::person::{self, Details, Glimpse};
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::ui::organisation::day;

/// Departments offered while typing.
const OFFERED: usize = 3_000;

#[derive(Template)]
#[template(path = "people/edit.html")]
struct Edit {
    shell: Shell,
    action: String,
    back: String,
    d: Details,
    department: String,
    names: Vec<String>,
    version: i64,
    problems: Vec<Problem>,
}

fn typed(directory: &Directory, text: &str) -> Result<i64> {
    match directory.find(text) {
        Found::One(id) => Ok(id),
        found => {
            let fault = department_fault(directory, text, &found);
            let problem = Problem::new("department", fault.code, &fault.message, &fault.suggestion);
            Err(Error::Invalid(vec![problem]))
        }
    }
}

fn details(directory: &Directory, fields: &Fields) -> (Details, Result<i64>) {
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let place = typed(directory, &text("department"));
    let details = Details {
        name: text("name"),
        department: place.as_ref().copied().unwrap_or_default(),
        post: text("post"),
        office: text("office"),
        background: text("background"),
        phone: text("phone"),
        mobile: text("mobile"),
        email: text("email"),
    };
    (details, place)
}

/// Departments whose people the viewer keeps.
fn names(ask: &Ask<'_>, directory: &Directory) -> Vec<String> {
    let mine = |d: &&crate::org::directory::Department| {
        !d.is_over() && ask.viewer.can(Right::ManagePeople, d.id)
    };
    let kept = directory.all().iter().filter(mine).take(OFFERED);
    kept.map(|d| d.name.clone()).collect()
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct At {
    department: String,
}

async fn new(caller: Caller, query: web::Query<At>) -> Answer {
    caller
        .page(move |ask| {
            ask.viewer.may_anywhere(Right::ManagePeople)?;
            let place = if query.department.is_empty() {
                let directory = Directory::load(ask.conn)?;
                let home = ask.viewer.home().and_then(|id| directory.get(id));
                home.map(|d| d.name.clone()).unwrap_or_default()
            } else {
                department(ask, &query.department)?.1
            };
            form(ask, None, (Details::default(), place), Vec::new())
        })
        .await
}

/// The form of a person: a new one, or this one as it was seen.
fn form(
    ask: &mut Ask<'_>,
    seen: Option<Seen>,
    (d, department): (Details, String),
    problems: Vec<Problem>,
) -> Result<Edit> {
    let directory = Directory::load(ask.conn)?;
    let (title, action, back) = match seen {
        None => ("登记人员", "/people/new".to_owned(), "/people".to_owned()),
        Some(s) => (
            "更正人员信息",
            format!("/people/{}/edit", s.id),
            format!("/people/{}", s.id),
        ),
    };
    Ok(Edit {
        shell: ask.shell(title, "/people"),
        action,
        back,
        names: names(ask, &directory),
        version: seen.map_or(0, |s| s.revision),
        d,
        department,
        problems,
    })
}

async fn create(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            let directory = Directory::load(ask.conn)?;
            let (details, place) = details(&directory, &fields);
            let made = place.and_then(|_| person::add(ask.conn, &ask.viewer, &details));
            match made {
                Ok(p) => Ok(Next::saying(
                    &format!("/people/{}", p.id),
                    "已登记，可在本页办理任职",
                )),
                Err(Error::Invalid(problems)) => {
                    let place = fields.get("department").unwrap_or_default().to_owned();
                    Next::again(&form(ask, None, (details, place), problems)?)
                }
                Err(other) => Err(other),
            }
        })
        .await
}

async fn edit(caller: Caller, id: web::Path<i64>) -> Answer {
    // The form shows contacts in full, which is written down.
    let body = caller.change(move |ask| {
        let who = person::kept(ask.conn, &ask.viewer, *id)?;
        let rules = ask.app.organisation;
        person::look(ask.conn, &ask.viewer, rules, who.id, Glimpse::Full)?;
        let place = crate::org::change::one(ask.conn, who.department_id)?.name;
        let seen = Seen {
            id: who.id,
            revision: who.revision,
        };
        let page = form(ask, Some(seen), (Details::from(&who), place), Vec::new())?;
        crate::error::Doing::doing(page.render(), "生成页面")
    });
    Ok(crate::web::page::html(body.await?, false))
}

fn seen(id: i64, fields: &Fields) -> Seen {
    Seen {
        id,
        revision: fields
            .get("version")
            .and_then(|v| v.parse().ok())
            .unwrap_or(-1),
    }
}

async fn update(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            person::kept(ask.conn, &ask.viewer, *id)?;
            let directory = Directory::load(ask.conn)?;
            let (details, place) = details(&directory, &fields);
            let at = seen(*id, &fields);
            let done = place.and_then(|_| person::amend(ask.conn, &ask.viewer, at, &details));
            let place = fields.get("department").unwrap_or_default().to_owned();
            match done {
                Ok(p) => Ok(Next::saying(&format!("/people/{}", p.id), "已更正")),
                Err(Error::Invalid(problems)) => {
                    Next::again(&form(ask, Some(at), (details, place), problems)?)
                }
                Err(said @ Error::Stale(_)) => {
                    let problem = Problem::new("", said.code(), &said.to_string(), "");
                    Next::again(&form(ask, Some(at), (details, place), vec![problem])?)
                }
                Err(other) => Err(other),
            }
        })
        .await
}

fn needed(fields: &Fields, name: &str, label: &str) -> Result<NaiveDate> {
    let text = fields.need(name, label)?;
    day(text).ok_or_else(|| {
        let message = format!("{label}“{text}”不是日期");
        let problem = Problem::new(name, "bad_date", &message, "请写成 2024-03-05");
        Error::Invalid(vec![problem])
    })
}

/// Carries out one form of a person's page; says what it came to.
fn done(ask: &mut Ask<'_>, id: i64, act: &str, fields: &Fields) -> Result<String> {
    person::kept(ask.conn, &ask.viewer, id)?;
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    match act {
        "appoint" => {
            let directory = Directory::load(ask.conn)?;
            let role = Role::from_word(&text("role"));
            let role = role.ok_or_else(|| {
                let problem = Problem::new("role", "required", "请选择角色", "");
                Error::Invalid(vec![problem])
            })?;
            let until = match fields.get("until") {
                Some(_) => Some(needed(fields, "until", "任职截止日")?),
                None => None,
            };
            let wish = Wish {
                person: id,
                department: typed(&directory, &text("department"))?,
                role,
                from: needed(fields, "from", "任职起始日")?,
                until,
                reason: text("reason"),
            };
            let made = appointment::appoint(ask.conn, &ask.viewer, &wish)?;
            let former = if made.former.is_some() {
                "，前任任期到前一日为止"
            } else {
                ""
            };
            Ok(format!(
                "已登记新任{}{former}；请提交备案",
                role_label(role)
            ))
        }
        "dismiss" => {
            let at = Seen {
                id: fields
                    .get("appointment")
                    .and_then(|t| t.parse().ok())
                    .unwrap_or(-1),
                ..seen(id, fields)
            };
            let last = needed(fields, "until", "任职截止日")?;
            appointment::dismiss(ask.conn, &ask.viewer, at, last, &text("reason"))?;
            Ok("已登记免任；请提交备案".to_owned())
        }
        "confirm" => {
            person::confirm(ask.conn, &ask.viewer, seen(id, fields))?;
            Ok(format!("联系方式已于 {} 确认", clock::today()))
        }
        "account" => {
            handover::link_account(ask.conn, &ask.viewer, seen(id, fields), &text("login"))?;
            Ok("已保存".to_owned())
        }
        "return" => {
            person::set_active(ask.conn, &ask.viewer, seen(id, fields), true)?;
            Ok("已恢复".to_owned())
        }
        _ => Err(Error::NotFound("这个地址".to_owned())),
    }
}

async fn act(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    let (id, act) = path.into_inner();
    caller
        .act(move |ask| match done(ask, id, &act, &fields) {
            Ok(said) => Ok(Next::saying(&format!("/people/{id}"), &said)),
            Err(Error::Invalid(problems)) => {
                let wrong = (act.as_str(), fields, problems);
                Next::again(&show_page(ask, id, Glimpse::Masked, wrong)?)
            }
            Err(said @ (Error::Conflict(_) | Error::Stale(_))) => {
                let problem = Problem::new("", said.code(), &said.to_string(), "");
                let wrong = (act.as_str(), fields, vec![problem]);
                Next::again(&show_page(ask, id, Glimpse::Masked, wrong)?)
            }
            Err(other) => Err(other),
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/people/new", web::get().to(new))
        .route("/people/new", web::post().to(create))
        .route("/people/{id}/edit", web::get().to(edit))
        .route("/people/{id}/edit", web::post().to(update))
        .route("/people/{id}/act/{act}", web::post().to(act));
}
