//! 年度核对: the campaigns, opening one, certificates and their check.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::campaign::board::{self, Line, Standing};
use crate::campaign::certificate::{self, Paper};
use crate::campaign::close::{self, Verified};
use crate::campaign::{self, open};
use crate::clock;
use crate::error::{Error, Result};
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::review::Ground;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;

mod acts;
mod department;
mod make;
mod show;

type Answer = std::result::Result<HttpResponse, Failure>;

const HERE: &str = "/campaigns";

/// Runs work with definitions and the organisation of the moment.
fn grounded<T>(
    ask: &mut Ask<'_>,
    work: impl FnOnce(&mut Ask<'_>, Ground<'_>) -> Result<T>,
) -> Result<T> {
    let directory = ask.state.directory.get(ask.conn)?;
    let ground = Ground {
        catalogue: &ask.app.catalogue,
        directory: &directory,
    };
    work(ask, ground)
}

/// A department by the code in an address.
fn department_of(ground: Ground<'_>, code: &str) -> Result<i64> {
    let found = ground.directory.by_code(code).map(|d| d.id);
    found.ok_or_else(|| Error::NotFound("这次年度核对".to_owned()))
}

fn name(directory: &Directory, id: i64) -> String {
    directory
        .get(id)
        .map(|d| d.name.clone())
        .unwrap_or_default()
}

fn register_label(catalogue: &Catalogue, key: &str) -> String {
    let found = catalogue.register(key);
    found.map_or_else(|| key.to_owned(), |r| r.label.clone())
}

/// The colour of a standing.
fn badge(line: &Line) -> &'static str {
    match line.standing {
        Standing::Submitted => "ol-badge--good",
        Standing::Gone => "",
        _ if line.late => "ol-badge--bad",
        Standing::Reopened => "ol-badge--warn",
        Standing::Ready | Standing::Answering => "ol-badge--brand",
        Standing::Untouched => "ol-badge--warn",
    }
}

/// A campaign in the list.
struct Row {
    id: i64,
    title: String,
    year: i32,
    bureau: String,
    due: String,
    provisional: bool,
    open: bool,
    progress: String,
}

#[derive(Template)]
#[template(path = "campaigns/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    runs: bool,
}

/// `GET /campaigns`
async fn list(caller: Caller) -> Answer {
    caller
        .page(|ask| {
            grounded(ask, |ask, ground| {
                let all = campaign::all(ask.conn, &ask.viewer, ground.directory)?;
                let mut rows = Vec::with_capacity(all.len());
                for (one, members) in &all {
                    let due = one.due(ask.conn)?;
                    let pair = (one, members);
                    let today = clock::today();
                    let lines = board::lines(ask.conn, &ask.viewer, ground.directory, pair, today)?;
                    let settled = lines.iter().filter(|l| l.standing.is_settled()).count();
                    rows.push(Row {
                        id: one.id,
                        title: one.title.clone(),
                        year: one.year,
                        bureau: name(ground.directory, one.bureau_id),
                        due: due.date.to_string(),
                        provisional: due.provisional,
                        open: one.is_open(),
                        progress: match lines.as_slice() {
                            [only] => only.standing.label().to_owned(),
                            _ => format!("{settled} / {} 个单位已提交", lines.len()),
                        },
                    });
                }
                Ok(List {
                    shell: ask.shell("年度核对", HERE),
                    rows,
                    runs: !open::bureaus(&ask.viewer, ground.directory).is_empty(),
                })
            })
        })
        .await
}

/// A label and a number.
type Count = (String, i64);

struct Printed {
    paper: Paper,
    registers: Vec<Count>,
    answers: Vec<Count>,
}

fn printed(catalogue: &Catalogue, paper: Paper) -> Printed {
    let said = paper.certificate.as_ref();
    let registers = said.into_iter().flat_map(|c| &c.registers);
    let answers = said.into_iter().flat_map(|c| {
        campaign::answer::Answer::ALL.into_iter().map(|a| {
            let count = c.answers.get(a.word()).copied().unwrap_or(0);
            (
                a.label().to_owned(),
                i64::try_from(count).unwrap_or(i64::MAX),
            )
        })
    });
    Printed {
        registers: registers
            .map(|(key, n)| (register_label(catalogue, key), *n))
            .collect(),
        answers: answers.collect(),
        paper,
    }
}

#[derive(Template)]
#[template(path = "campaigns/certificate.html")]
struct Sheet {
    shell: Shell,
    code: String,
    asked: bool,
    found: Option<Printed>,
    closed: String,
    unknown: bool,
}

/// `GET /campaigns/{id}/departments/{department}/certificate`
async fn certificate(caller: Caller, path: web::Path<(i64, String)>) -> Answer {
    caller
        .page(move |ask| {
            grounded(ask, |ask, ground| {
                let which = (path.0, department_of(ground, &path.1)?);
                let found =
                    certificate::certificate(ask.conn, &ask.viewer, ground.directory, which)?;
                Ok(Sheet {
                    shell: ask.shell("核对证明", HERE),
                    code: String::new(),
                    asked: false,
                    found: Some(printed(ground.catalogue, found)),
                    closed: String::new(),
                    unknown: false,
                })
            })
        })
        .await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    code: String,
}

/// `GET /campaign-certificates`
async fn check(caller: Caller, asked: web::Query<Asked>) -> Answer {
    caller
        .page(move |ask| {
            let code = asked.into_inner().code;
            grounded(ask, |ask, ground| {
                let mut page = Sheet {
                    shell: ask.shell("核对证明核验", HERE),
                    code: code.clone(),
                    asked: true,
                    found: None,
                    closed: String::new(),
                    unknown: false,
                };
                if code.trim().is_empty() {
                    return Ok(page);
                }
                match certificate::check(ask.conn, &ask.viewer, ground.directory, &code) {
                    Ok((campaign, paper)) => {
                        page.closed = format!(
                            "“{}”（{} 结束）",
                            campaign.title,
                            campaign.closed_at.map(clock::local).unwrap_or_default()
                        );
                        page.found = Some(printed(ground.catalogue, paper));
                    }
                    Err(Error::NotFound(_)) => page.unknown = true,
                    Err(other) => return Err(other),
                }
                Ok(page)
            })
        })
        .await
}

#[derive(Template)]
#[template(path = "campaigns/verified.html")]
struct Verification {
    shell: Shell,
    id: i64,
    title: String,
    found: Verified,
}

/// `GET /campaigns/{id}/verification`
async fn verification(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| {
            grounded(ask, |ask, ground| {
                let (one, _) = campaign::get(ask.conn, &ask.viewer, ground.directory, *id)?;
                Ok(Verification {
                    found: close::verify(ask.conn, &ask.viewer, ground, *id)?,
                    shell: ask.shell("核对快照校验", HERE),
                    id: *id,
                    title: one.title,
                })
            })
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/campaigns", web::get().to(list))
        .configure(make::configure)
        .configure(show::configure)
        .configure(department::configure)
        .configure(acts::configure)
        .route("/campaigns/{id}/verification", web::get().to(verification))
        .route(
            "/campaigns/{id}/departments/{department}/certificate",
            web::get().to(certificate),
        )
        .route("/campaign-certificates", web::get().to(check));
}
