//! 人员: who holds which role, how they are reached, one person with all terms, and "who was … on".

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::error::{Doing, Problem, Result};
use crate::org::appointment::{self, ROLES, role_label};
use crate::org::board;
use crate::org::directory::Directory;
use crate::org::person::{self, Filter, Glimpse, Held, Shown};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{self, Shell, address};
use crate::web::ui::organisation::{Served, coded, day};

mod acts;
mod leave;

type Answer = std::result::Result<HttpResponse, Failure>;

/// People on one page.
const PAGE: usize = 50;

/// One person in the list.
struct Row {
    p: Shown,
    department: String,
    roles: Vec<String>,
}

/// One role of the viewer's own department.
struct Mine {
    role: &'static str,
    names: Vec<(i64, String)>,
}

#[derive(Template)]
#[template(path = "people/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    query: Query,
    roles: Vec<(&'static str, &'static str)>,
    home: Option<(String, String)>,
    mine: Vec<Mine>,
    on: String,
    vacancies: usize,
    keeps: bool,
    next: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    department: String,
    role: String,
    stale: String,
    former: String,
    on: String,
    cursor: i64,
}

impl Query {
    fn next(&self, cursor: i64) -> String {
        let cursor = cursor.to_string();
        let pairs = [
            ("q", self.q.as_str()),
            ("department", &self.department),
            ("role", &self.role),
            ("stale", &self.stale),
            ("former", &self.former),
            ("cursor", &cursor),
        ];
        address("/people", &pairs)
    }
}

fn role_words(directory: &Directory, home: i64, held: &[Held]) -> Vec<String> {
    held.iter()
        .map(|h| {
            let label = role_label(h.role);
            match directory.get(h.department).filter(|d| d.id != home) {
                Some(d) => format!("{label}（{}）", d.name),
                None => label.to_owned(),
            }
        })
        .collect()
}

async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            let query = query.into_inner();
            let texts = [
                ("q", Some(query.q.as_str())),
                ("department", Some(&query.department)),
            ];
            crate::web::fields::plain(&texts)?;
            let directory = Directory::load(ask.conn)?;
            let filter = filter(&directory, &query);
            let rules = ask.app.organisation;
            let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
            let mut found = person::list(ask.conn, &ask.viewer, rules, &filter, most)?;
            let more = found.len() > PAGE;
            found.truncate(PAGE);
            let next = found.last().filter(|_| more).map(|p| query.next(p.id));
            let on = day(&query.on).unwrap_or_else(clock::today);
            let home = ask.viewer.home().and_then(|id| directory.get(id));
            let mine = match home {
                Some(home) => mine(ask, home.id, on)?,
                None => Vec::new(),
            };
            let keeps = ask.viewer.can_anywhere(Right::ManagePeople);
            let vacancies = if keeps {
                board::vacancies(ask.conn, &ask.viewer)?.len()
            } else {
                0
            };
            Ok(List {
                shell: ask.shell("人员", "/people"),
                rows: found
                    .into_iter()
                    .map(|p| Row {
                        department: name(&directory, p.department),
                        roles: role_words(&directory, p.department, &p.roles),
                        p,
                    })
                    .collect(),
                roles: ROLES.map(|r| (r.word(), role_label(r))).to_vec(),
                home: home.map(|d| (d.code.clone(), d.name.clone())),
                mine,
                on: on.to_string(),
                vacancies,
                keeps,
                next: next.unwrap_or_default(),
                query,
            })
        })
        .await
}

fn filter(directory: &Directory, query: &Query) -> Filter {
    let department = Some(query.department.trim()).filter(|t| !t.is_empty());
    Filter {
        // A department that nobody knows narrows to nothing, like any word that fits nothing.
        departments: department.map(|text| match directory.find(text) {
            crate::org::directory::Found::One(id) => vec![id],
            crate::org::directory::Found::Many(ids) => ids,
            crate::org::directory::Found::None(_) => vec![-1],
        }),
        role: Role::from_word(&query.role).filter(|r| ROLES.contains(r)),
        word: query.q.trim().to_owned(),
        stale: !query.stale.is_empty(),
        with_former: !query.former.is_empty(),
        after: query.cursor,
    }
}

/// The roles of a department on a day, vacant ones too.
fn mine(ask: &mut Ask<'_>, department: i64, on: chrono::NaiveDate) -> Result<Vec<Mine>> {
    let terms = appointment::on(ask.conn, &ask.viewer, department, on)?;
    Ok(ROLES
        .into_iter()
        .map(|role| Mine {
            role: role_label(role),
            names: terms
                .iter()
                .filter(|t| t.role == role)
                .map(|t| (t.person, t.name.clone()))
                .collect(),
        })
        .collect())
}

fn name(directory: &Directory, id: i64) -> String {
    directory
        .get(id)
        .map(|d| d.name.clone())
        .unwrap_or_default()
}

/// A term with what a form needs to end it.
struct Open {
    served: Served,
    place: String,
    id: i64,
    revision: i64,
    ends: bool,
}

#[derive(Template)]
#[template(path = "people/show.html")]
struct Show {
    shell: Shell,
    p: Shown,
    department: String,
    code: String,
    terms: Vec<Open>,
    keeps: bool,
    sees: bool,
    roles: Vec<(&'static str, &'static str)>,
    logins: Vec<String>,
    login: String,
    today: String,
    problems: Vec<Problem>,
    act: String,
    sent: Fields,
}

impl Show {
    fn value(&self, act: &str, name: &str, stored: &str) -> String {
        if self.act == act {
            self.sent.get(name).unwrap_or_default().to_owned()
        } else {
            stored.to_owned()
        }
    }

    fn wrong(&self, act: &str) -> &[Problem] {
        if self.act == act { &self.problems } else { &[] }
    }
}

fn keeps(viewer: &Viewer, department: i64) -> bool {
    viewer.can(Right::ManagePeople, department)
}

/// The page of a person, with a form that was wrong.
fn show_page(
    ask: &mut Ask<'_>,
    id: i64,
    glimpse: Glimpse,
    (act, sent, problems): (&str, Fields, Vec<Problem>),
) -> Result<Show> {
    let rules = ask.app.organisation;
    let p = person::look(ask.conn, &ask.viewer, rules, id, glimpse)?;
    let directory = Directory::load(ask.conn)?;
    let today = clock::today();
    let terms = appointment::of_person(ask.conn, &ask.viewer, id)?;
    let viewer = ask.viewer.clone();
    let keeps_them = keeps(&viewer, p.department);
    let logins = if keeps_them {
        let found = crate::handover::candidates(ask.conn, &viewer, p.department)?;
        found.into_iter().map(|(_, login, _)| login).collect()
    } else {
        Vec::new()
    };
    let login = match p.account {
        Some(account) => crate::handover::login_of(ask.conn, account)?,
        None => String::new(),
    };
    Ok(Show {
        shell: ask.shell(&p.name, "/people"),
        department: name(&directory, p.department),
        code: directory
            .get(p.department)
            .map(|d| d.code.clone())
            .unwrap_or_default(),
        terms: terms
            .into_iter()
            .map(|t| Open {
                place: name(&directory, t.department),
                id: t.id,
                revision: t.revision,
                ends: keeps(&viewer, t.department) && t.until.is_none_or(|u| u >= today),
                served: Served::from(t),
            })
            .collect(),
        keeps: keeps_them,
        sees: viewer.can(Right::SeeContacts, p.department),
        roles: ROLES.map(|r| (r.word(), role_label(r))).to_vec(),
        logins,
        login,
        today: today.to_string(),
        problems,
        act: act.to_owned(),
        sent,
        p,
    })
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Closely {
    full: String,
}

async fn show(caller: Caller, id: web::Path<i64>, query: web::Query<Closely>) -> Answer {
    let nothing = || ("", Fields::default(), Vec::new());
    if query.full.is_empty() {
        return caller
            .page(move |ask| show_page(ask, *id, Glimpse::Masked, nothing()))
            .await;
    }
    // Contacts in full: who looked is written down, so this reading is a change.
    let body = caller.change(move |ask| {
        let page = show_page(ask, *id, Glimpse::Full, nothing())?;
        page.render().doing("生成页面")
    });
    let mut answer = page::html(body.await?, false);
    answer.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    Ok(answer)
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/people", web::get().to(list))
        .configure(super::lists::people)
        .configure(acts::configure)
        .configure(leave::configure)
        .route("/people/{id}", web::get().to(show));
}

/// A department that the address names by code.
fn department(ask: &mut Ask<'_>, code: &str) -> Result<(i64, String)> {
    let (_, found) = coded(ask, code)?;
    Ok((found.id, found.name))
}
