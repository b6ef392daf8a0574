//! Stages: where an entry stands and can go, on its page; the board of a register.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::step_of;
use crate::review::board::{self, BoardStep};
use crate::review::stage::{self, StageWish};
use crate::review::{Ground, approval, money, submission};
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::desk::{self, coded};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

type Answer = std::result::Result<HttpResponse, Failure>;

/// A submission of an entry, on its page.
pub(super) struct Handed {
    pub id: i64,
    pub label: String,
    pub number: String,
    pub state: &'static str,
}

/// A way on, on the page of an entry.
pub(super) struct WayOn {
    pub arrow: String,
    pub label: String,
    pub to: String,
    pub allowed: bool,
    pub note: bool,
    pub carries: bool,
    pub gate: String,
    /// What is missing, and what to do.
    pub missing: Vec<(String, String)>,
}

/// The part of an entry's page about its stages.
pub(super) struct Way {
    pub step: String,
    pub stock: bool,
    pub submissions: Vec<Handed>,
    pub approvals: Vec<String>,
    /// Kinds that can be opened now: key and label.
    pub opens: Vec<(String, String)>,
    pub ways: Vec<WayOn>,
    /// What was taken: label, when and by whom, note.
    pub steps: Vec<(String, String, String)>,
}

/// The part of an entry's page about its stages; none for a register without them.
///
/// # Errors
/// When the database fails.
pub(super) fn way(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
) -> Result<Option<Way>> {
    let ground = Ground {
        catalogue: definitions.catalogue,
        directory: definitions.directory,
    };
    let Some(model) = ground.catalogue.lifecycle(&row.register) else {
        return Ok(None);
    };
    let document = row.document();
    let step = step_of(definitions.register, &document);
    let all = submission::of_entry(conn, viewer, row)?;
    let busy = all.iter().any(|s| s.open && s.kind != "change");
    let kinds = model
        .kinds
        .iter()
        .filter(|k| k.steps.is_some() && !busy)
        .filter(|k| step.is_empty() || k.starts.iter().any(|s| s == step));
    let label = |key: &str| model.kind(key).map_or(key.to_owned(), |k| k.label.clone());
    let told = |s: stage::StageStep| {
        let to = ground.step_label(&row.register, &s.to_step);
        let gate = s
            .gate_version
            .map(|v| format!("，按第 {v} 版门槛"))
            .unwrap_or_default();
        let who = format!("{} {}{gate}", clock::local(s.at), s.actor);
        (to, who, s.note)
    };
    Ok(Some(Way {
        step: ground.step_label(&row.register, step),
        stock: stage::is_stock(conn, ground, row)?,
        opens: kinds.map(|k| (k.key.clone(), k.label.clone())).collect(),
        submissions: all
            .iter()
            .take(5)
            .map(|s| Handed {
                id: s.id,
                label: label(&s.kind),
                number: s.number(),
                state: s.state().label(),
            })
            .collect(),
        approvals: approval::of_entry(conn, viewer, row)?
            .into_iter()
            .map(|a| {
                let amount = a.amount.map(|f| format!("，{} 万元", money::wan(f)));
                format!(
                    "{} {}审定版本 {}{}",
                    a.day,
                    label(&a.kind),
                    a.revision,
                    amount.unwrap_or_default()
                )
            })
            .collect(),
        ways: stage::ways(conn, viewer, ground, row)?
            .into_iter()
            .map(|w| WayOn {
                arrow: w.arrow.key.clone(),
                label: w.arrow.label.clone(),
                to: ground.step_label(&row.register, &w.arrow.to),
                allowed: w.allowed,
                note: w.arrow.note,
                carries: !w.arrow.carry.is_empty(),
                gate: w.gate.as_ref().map(|g| g.label.clone()).unwrap_or_default(),
                missing: w
                    .gate
                    .map(|g| g.missing)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|m| (m.message, m.suggestion))
                    .collect(),
            })
            .collect(),
        steps: stage::history(conn, viewer, row)?
            .into_iter()
            .rev()
            .map(told)
            .collect(),
    }))
}

fn home(register: &str, code: &str) -> String {
    format!("/registers/{}/{}", coded(register), coded(code))
}

/// What is wrong, in one line, for the message above the page.
fn in_one_line(error: Error) -> Result<String> {
    match error {
        Error::Invalid(problems) => {
            let all: Vec<String> = problems.into_iter().map(|p| p.message).collect();
            Ok(format!("没有办理: {}", all.join("；")))
        }
        Error::Conflict(why) => Ok(format!("没有办理: {why}")),
        Error::Stale(what) => Ok(Error::Stale(what).to_string()),
        other => Err(other),
    }
}

/// `POST /registers/{register}/{code}/stages`
async fn take(Posted { caller, fields }: Posted, path: web::Path<(String, String)>) -> Answer {
    caller
        .act(move |ask| {
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let code = desk::code(&path.1)?;
            let wish = StageWish {
                register: &path.0,
                code: &code,
                revision: fields
                    .get("revision")
                    .and_then(|r| r.parse().ok())
                    .unwrap_or(-1),
                arrow: fields.need("arrow", "办理事项")?,
                note: fields.get("note").unwrap_or_default(),
                carry: fields.get("carry").is_some(),
            };
            let said = match stage::act(ask.conn, &ask.viewer, ground, &wish) {
                Ok(moved) => {
                    let step = ground.step_label(&path.0, &moved.step);
                    let mut said = format!("已转为“{step}”");
                    if !moved.carried.is_empty() {
                        said.push_str(&format!("，{} 个系统随之变动", moved.carried.len()));
                    }
                    for stayed in moved.stayed {
                        said.push_str(&format!("；{} 未变动: {}", stayed.code, stayed.why));
                    }
                    said
                }
                Err(error) => in_one_line(error)?,
            };
            Ok(Next::saying(
                &format!("{}#stages", home(&path.0, &code)),
                &said,
            ))
        })
        .await
}

/// `POST /registers/{register}/{code}/submissions`
async fn open(Posted { caller, fields }: Posted, path: web::Path<(String, String)>) -> Answer {
    caller
        .act(move |ask| {
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let code = desk::code(&path.1)?;
            let kind = fields.need("kind", "送审类型")?;
            match submission::open(ask.conn, &ask.viewer, ground, (&path.0, &code), kind, "") {
                Ok(made) => Ok(Next::to(&format!("/reviews/{}", made.id))),
                Err(error) => Ok(Next::saying(&home(&path.0, &code), &in_one_line(error)?)),
            }
        })
        .await
}

struct Late {
    href: String,
    name: String,
    department: String,
    days: i64,
}

struct Column {
    step: BoardStep,
    href: String,
    late: Vec<Late>,
}

#[derive(Template)]
#[template(path = "stages/board.html")]
struct Board {
    shell: Shell,
    /// Registers with stages: key, label, whether it is this one.
    registers: Vec<(String, String, bool)>,
    columns: Vec<Column>,
}

/// `GET /stages/{register}`
async fn show(caller: Caller, register: web::Path<String>) -> Answer {
    caller
        .page(move |ask| {
            ask.viewer.may_anywhere(Right::SeeOwn)?;
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let definitions = ground.definitions(&register)?;
            let steps = board::board(ask.conn, &ask.viewer, ground, &register)?;
            let status = definitions.register.keys.status.clone().unwrap_or_default();
            let columns = steps.into_iter().map(|step| Column {
                href: format!(
                    "/registers/{}?{status}={}",
                    coded(&register),
                    coded(&step.label)
                ),
                late: step
                    .named
                    .iter()
                    .map(|o| Late {
                        href: home(&register, &o.code),
                        name: o.name.clone(),
                        department: directory
                            .get(o.department_id)
                            .map(|d| d.name.clone())
                            .unwrap_or_default(),
                        days: o.days,
                    })
                    .collect(),
                step,
            });
            let models = ask.app.catalogue.registers().iter();
            let models = models.filter(|r| ask.app.catalogue.lifecycle(&r.key).is_some());
            let title = format!("{}阶段", definitions.register.label);
            Ok(Board {
                shell: ask.shell(&title, "/stages/project"),
                registers: models
                    .map(|r| (r.key.clone(), r.label.clone(), r.key == *register))
                    .collect(),
                columns: columns.collect(),
            })
        })
        .await
}

/// The routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/stages/{register}", web::get().to(show))
        .route("/registers/{register}/{code}/stages", web::post().to(take))
        .route(
            "/registers/{register}/{code}/submissions",
            web::post().to(open),
        );
}
