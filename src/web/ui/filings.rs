//! 备案: what a department reports, what a bureau answers, the printed form, and the boards.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::Right;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::org::appointment::role_label;
use crate::org::board::{self, Vacancy};
use crate::org::change::Seen;
use crate::org::directory::Directory;
use crate::org::filing::{self, Filing, Filter, Listed};
use crate::org::paper::{self, Paper, Scan};
use crate::org::person::{self, Shown};
use crate::org::steps::{Act, State};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Next, Shell, address};
use crate::web::posted::Posted;
use crate::web::ui::lists::download;
use crate::web::upload;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Filings on one page.
const PAGE: usize = 50;
/// People with stale contacts that the board shows.
const STALE: i64 = 300;

/// One filing in the list.
struct Row {
    id: i64,
    number: String,
    department: String,
    name: String,
    person: i64,
    role: &'static str,
    change: &'static str,
    state: &'static str,
    badge: &'static str,
    age: String,
    late: bool,
}

fn badge(state: State) -> &'static str {
    match state {
        State::Acknowledged | State::Kept => "ol-badge--good",
        State::Returned => "ol-badge--bad",
        State::Draft | State::Withdrawn => "ol-badge--warn",
        State::Submitted => "ol-badge--brand",
        State::Void => "",
    }
}

fn row(directory: &Directory, days: u16, listed: &Listed) -> Row {
    let f = &listed.filing;
    let open = f.state().is_open();
    Row {
        id: f.id,
        number: f.number(),
        department: name(directory, f.department_id),
        name: listed.name.clone(),
        person: listed.person,
        role: role_label(f.role()),
        change: f.change().label(),
        state: f.state().label(),
        badge: badge(f.state()),
        age: if open {
            format!("{} 天", f.age())
        } else {
            String::new()
        },
        late: open && f.age() > i64::from(days),
    }
}

fn name(directory: &Directory, id: i64) -> String {
    directory
        .get(id)
        .map(|d| d.name.clone())
        .unwrap_or_default()
}

#[derive(Template)]
#[template(path = "filings/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    query: Query,
    states: Vec<(&'static str, &'static str)>,
    answers: bool,
    waiting: usize,
    boards: bool,
    next: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    view: String,
    state: String,
    cursor: Option<i64>,
}

async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            let query = query.into_inner();
            let directory = Directory::load(ask.conn)?;
            let to_answer = Filter {
                to_answer: true,
                ..Filter::default()
            };
            let answers = ask.viewer.can_anywhere(Right::AnswerFiling);
            let waiting = if answers {
                filing::list(ask.conn, &ask.viewer, &to_answer, 100)?.len()
            } else {
                0
            };
            let filter = Filter {
                to_answer: query.view == "answer",
                open: query.view.is_empty() && query.state.is_empty(),
                state: State::from_word(&query.state),
                before: query.cursor,
                ..Filter::default()
            };
            let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
            let mut found = filing::list(ask.conn, &ask.viewer, &filter, most)?;
            let more = found.len() > PAGE;
            found.truncate(PAGE);
            let next = found.last().filter(|_| more).map(|l| {
                let cursor = l.filing.id.to_string();
                let pairs = [
                    ("view", query.view.as_str()),
                    ("state", &query.state),
                    ("cursor", &cursor),
                ];
                address("/filings", &pairs)
            });
            let days = ask.app.organisation.filing_days;
            Ok(List {
                shell: ask.shell("备案", "/filings"),
                rows: found.iter().map(|l| row(&directory, days, l)).collect(),
                states: State::ALL.map(|s| (s.word(), s.label())).to_vec(),
                answers,
                waiting,
                boards: ask.viewer.can_anywhere(Right::ManagePeople),
                next: next.unwrap_or_default(),
                query,
            })
        })
        .await
}

/// A department that lacks somebody.
struct Vacant {
    v: Vacancy,
    role: &'static str,
}

#[derive(Template)]
#[template(path = "filings/board.html")]
struct Board {
    shell: Shell,
    vacancies: Vec<Vacant>,
    stale: Vec<(Shown, String)>,
    open: Vec<Row>,
    days: u16,
}

async fn boards(caller: Caller) -> Answer {
    caller
        .page(|ask| {
            let directory = Directory::load(ask.conn)?;
            let vacancies = board::vacancies(ask.conn, &ask.viewer)?;
            let rules = ask.app.organisation;
            let filter = person::Filter {
                stale: true,
                ..person::Filter::default()
            };
            let stale = person::list(ask.conn, &ask.viewer, rules, &filter, STALE)?;
            let open = Filter {
                open: true,
                ..Filter::default()
            };
            let mut open = filing::list(ask.conn, &ask.viewer, &open, STALE)?;
            open.sort_by_key(|l| std::cmp::Reverse(l.filing.age()));
            Ok(Board {
                shell: ask.shell("配备与联系情况", "/filings"),
                vacancies: vacancies
                    .into_iter()
                    .map(|v| Vacant {
                        role: role_label(v.role),
                        v,
                    })
                    .collect(),
                stale: stale
                    .into_iter()
                    .map(|p| {
                        let department = name(&directory, p.department);
                        (p, department)
                    })
                    .collect(),
                open: open
                    .iter()
                    .map(|l| row(&directory, rules.filing_days, l))
                    .collect(),
                days: rules.contact_days,
            })
        })
        .await
}

/// One step that was taken, in words.
struct Taken {
    at: String,
    act: &'static str,
    actor: String,
    note: String,
}

#[derive(Template)]
#[template(path = "filings/show.html")]
struct Show {
    shell: Shell,
    f: Filing,
    state: &'static str,
    badge: &'static str,
    paper: Paper,
    steps: Vec<Taken>,
    acts: Vec<Act>,
    scans: Vec<Scan>,
    adds: bool,
    note: String,
    problems: Vec<Problem>,
}

fn show_page(ask: &mut Ask<'_>, id: i64, note: &str, problems: Vec<Problem>) -> Result<Show> {
    let regions = ask.app.catalogue.regions();
    let (f, paper) = paper::read(ask.conn, &ask.viewer, regions, id)?;
    let steps = filing::history(ask.conn, &ask.viewer, id)?;
    let bureau = f.bureau_id.is_some() || !paper.bureau.is_empty();
    let mut acts = filing::acts(&ask.viewer, &f);
    // Of the two ways out of the department only the one that is open is offered.
    acts.retain(|act| match act {
        Act::Submit => bureau,
        Act::Keep => !bureau,
        _ => true,
    });
    Ok(Show {
        shell: ask.shell(&format!("备案 {}", f.number()), "/filings"),
        state: f.state().label(),
        badge: badge(f.state()),
        steps: steps
            .into_iter()
            .map(|t| Taken {
                at: clock::local(t.at),
                act: Act::from_word(&t.act).map_or("", Act::label),
                actor: t.actor,
                note: t.note,
            })
            .collect(),
        acts,
        scans: paper::scans(ask.conn, &ask.viewer, id)?,
        adds: f.state().is_editable() && ask.viewer.can(Right::ManagePeople, f.department_id),
        note: note.to_owned(),
        problems,
        paper,
        f,
    })
}

async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| show_page(ask, *id, "", Vec::new()))
        .await
}

#[derive(Template)]
#[template(path = "filings/print.html")]
struct Print {
    shell: Shell,
    paper: Paper,
    state: &'static str,
    answered: String,
    today: String,
}

async fn print(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| {
            let regions = ask.app.catalogue.regions();
            let (f, paper) = paper::read(ask.conn, &ask.viewer, regions, *id)?;
            let title = format!("{}备案表", paper.role);
            Ok(Print {
                shell: ask.shell(&title, "/filings"),
                state: f.state().label(),
                answered: match (f.answered_at, &f.answerer) {
                    (Some(at), Some(by)) => format!("{} {by}", clock::local(at)),
                    _ => String::new(),
                },
                today: clock::today().format("%Y 年 %-m 月 %-d 日").to_string(),
                paper,
            })
        })
        .await
}

async fn act(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    let (id, word) = path.into_inner();
    caller
        .act(move |ask| {
            let act =
                Act::from_word(&word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))?;
            let revision = fields.get("version").and_then(|v| v.parse().ok());
            let seen = Seen {
                id,
                revision: revision.unwrap_or(-1),
            };
            let note = fields.get("note").unwrap_or_default();
            let regions = ask.app.catalogue.regions();
            match filing::act(ask.conn, &ask.viewer, regions, seen, act, note) {
                Ok(_) => Ok(Next::saying(
                    &format!("/filings/{id}"),
                    &format!("已{}", act.label()),
                )),
                Err(Error::Invalid(problems)) => Next::again(&show_page(ask, id, note, problems)?),
                Err(said @ (Error::Conflict(_) | Error::Stale(_))) => {
                    let problem = Problem::new("", said.code(), &said.to_string(), "");
                    Next::again(&show_page(ask, id, note, vec![problem])?)
                }
                Err(other) => Err(other),
            }
        })
        .await
}

async fn add_scan(request: HttpRequest, payload: web::Payload, id: web::Path<i64>) -> Answer {
    let sent = upload::take_for(&request, payload, Right::ManagePeople).await?;
    let token = sent.csrf().map(str::to_owned);
    let caller = Caller::of(&request)?.with_csrf(token.as_deref());
    let id = *id;
    let done = caller.act(move |ask| {
        let (name, content) = match &sent.file {
            Some((name, incoming)) if incoming.size() <= LARGEST => {
                use crate::error::Doing as _;
                let bytes = std::fs::read(incoming.path()).doing("读取上传的文件")?;
                (name.as_str(), bytes)
            }
            Some(_) => return Err(Error::TooLarge("扫描件超过 10 MB，请压缩后再传".to_owned())),
            None => ("", Vec::new()),
        };
        match paper::add_scan(ask.conn, &ask.viewer, id, (name, &content)) {
            Ok(_) => Ok(Next::saying(&format!("/filings/{id}"), "附件已保存")),
            Err(Error::Invalid(problems)) => Next::again(&show_page(ask, id, "", problems)?),
            Err(other) => Err(other),
        }
    });
    done.await
}

/// Bytes of a scan at most; the ledger checks it again.
const LARGEST: u64 = 10 * 1024 * 1024;

async fn scan(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    let (id, scan) = path.into_inner();
    let (told, bytes) = caller
        .read(move |ask| paper::read_scan(ask.conn, &ask.viewer, id, scan))
        .await?;
    Ok(download(&told.name, &told.media_type, bytes))
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/filings", web::get().to(list))
        .route("/filings/board", web::get().to(boards))
        .route("/filings/{id}", web::get().to(show))
        .route("/filings/{id}/print", web::get().to(print))
        .route("/filings/{id}/scans", web::post().to(add_scan))
        .route("/filings/{id}/scans/{scan}", web::get().to(scan))
        .route("/filings/{id}/act/{act}", web::post().to(act));
}
