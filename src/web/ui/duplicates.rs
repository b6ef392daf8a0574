//! 查重: a question to the ledger, kept checks with their answers, batches, pairs and lists.

use actix_web::{HttpResponse, web};
use askama::Template;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::ledger::facts;
use crate::review::duplicate::answer::{self, Shown, Verdict};
use crate::review::duplicate::{Form, Report, What, check, store};
use crate::web::answer::Failure;
use crate::web::api::duplicates::{department, directory, means, run_of};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

mod batches;
mod lists;
mod pairs;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Where the check is in the navigation.
const HERE: &str = "/duplicates";

/// 分 as 万元, without zeros behind.
pub(in crate::web) fn wan(fen: &i64) -> String {
    Decimal::new(*fen, 6).normalize().to_string()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    register: String,
    code: String,
    name: String,
    function: String,
    department: String,
    service_target: String,
    items: String,
}

impl Query {
    fn is_empty(&self) -> bool {
        self.code.is_empty() && self.name.trim().is_empty() && self.function.trim().is_empty()
    }

    fn form(&self, department: Option<i64>) -> Form {
        let parts = self.items.split(['、', '，', ',', '；', ';', '\n']);
        let items = parts.map(str::trim).filter(|i| !i.is_empty());
        Form {
            name: self.name.clone(),
            function: self.function.clone(),
            department,
            targets: Some(self.service_target.clone())
                .filter(|t| !t.is_empty())
                .into_iter()
                .collect(),
            items: items.map(str::to_owned).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "duplicates/check.html")]
struct CheckPage {
    shell: Shell,
    query: Query,
    subject: String,
    targets: Vec<(String, String)>,
    report: Option<Report>,
    problems: Vec<Problem>,
    may_keep: bool,
    last: Option<i64>,
}

async fn ask(caller: Caller, query: web::Query<Query>) -> Answer {
    caller.page(move |ask| page(ask, query.into_inner())).await
}

fn page(ask: &mut Ask<'_>, query: Query) -> Result<CheckPage> {
    let list = ask.app.catalogue.list("service_target");
    let targets = list.map(|l| {
        l.items
            .iter()
            .map(|i| (i.code.clone(), i.label.clone()))
            .collect()
    });
    let mut out = CheckPage {
        shell: ask.shell("查重", HERE),
        subject: String::new(),
        targets: targets.unwrap_or_default(),
        report: None,
        problems: Vec::new(),
        may_keep: false,
        last: None,
        query,
    };
    if out.query.is_empty() {
        return Ok(out);
    }
    match answer_to(ask, &mut out) {
        Err(Error::Invalid(problems)) => out.problems = problems,
        other => other?,
    }
    Ok(out)
}

/// Fills in what the ledger answers.
fn answer_to(ask: &mut Ask<'_>, out: &mut CheckPage) -> Result<()> {
    let directory = directory(ask)?;
    let means = means(ask, &directory);
    let query = &out.query;
    crate::web::fields::plain(&[
        ("name", Some(&query.name)),
        ("function", Some(&query.function)),
    ])?;
    let what = if query.code.is_empty() {
        What::Form(query.form(department(&directory, &query.department)?))
    } else {
        let desk = Desk::of(ask, &query.register)?;
        let code = desk::code(&query.code)?;
        let register = desk.definitions()?.register;
        let row = facts::row(ask.conn, &ask.viewer, register, &code)?;
        out.subject.clone_from(&row.name);
        out.may_keep = row.present
            && (ask.viewer.can(Right::Write, row.department_id)
                || answer::may_answer(&ask.viewer, means, row.department_id));
        out.last = store::last_run(ask.conn, row.id)?.map(|r| r.id);
        What::Entry(row.register, row.code)
    };
    out.report = Some(check::check(ask.conn, &ask.viewer, means, &what)?);
    Ok(())
}

#[derive(Template)]
#[template(path = "duplicates/run.html")]
struct RunPage {
    shell: Shell,
    run: Shown,
    open: usize,
    verdicts: [Verdict; 3],
    problems: Vec<Problem>,
}

fn run_page(ask: &mut Ask<'_>, id: i64, problems: Vec<Problem>) -> Result<RunPage> {
    let directory = directory(ask)?;
    let means = means(ask, &directory);
    let run = answer::shown(ask.conn, &ask.viewer, means, id)?;
    let open = run
        .hits
        .iter()
        .filter(|a| a.hit.strong && a.verdict.is_none());
    Ok(RunPage {
        shell: ask.shell(&format!("查重结果: {}", run.row.name), HERE),
        open: open.count(),
        verdicts: Verdict::ALL,
        problems,
        run,
    })
}

async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller.page(move |ask| run_page(ask, *id, Vec::new())).await
}

async fn run(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            let register = fields.need("register", "登记簿")?;
            let code = fields.need("code", "编码")?;
            let id = run_of(ask, register, code, None)?;
            Ok(Next::saying(
                &format!("/duplicates/runs/{id}"),
                "已保存查重结果",
            ))
        })
        .await
}

async fn reply(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let number = |name: &str| fields.get(name).and_then(|v| v.parse::<i64>().ok());
            let run = number("run").unwrap_or(-1);
            let verdict = fields.get("verdict").and_then(Verdict::from_word);
            let verdict = verdict.ok_or_else(|| {
                let message = "请选择答复。";
                Error::Invalid(vec![Problem::new("verdict", "required", message, "")])
            });
            let reason = fields.get("reason").unwrap_or_default();
            let version = number("version").unwrap_or(-1);
            let directory = directory(ask)?;
            let means = means(ask, &directory);
            let said = verdict.and_then(|verdict| {
                answer::answer(ask.conn, &ask.viewer, means, *id, version, verdict, reason)
            });
            match said {
                Ok(hit) => {
                    let to = format!("/duplicates/runs/{}#hit-{}", hit.run_id, hit.id);
                    Ok(Next::saying(&to, "已答复"))
                }
                Err(Error::Invalid(problems)) => Next::again(&run_page(ask, run, problems)?),
                Err(told @ (Error::Conflict(_) | Error::Stale(_))) => {
                    let problem = Problem::new("", told.code(), &told.to_string(), "");
                    Next::again(&run_page(ask, run, vec![problem])?)
                }
                Err(other) => Err(other),
            }
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/duplicates", web::get().to(ask))
        .route("/duplicates/runs", web::post().to(run))
        .route("/duplicates/runs/{id}", web::get().to(show))
        .route("/duplicates/hits/{id}", web::post().to(reply))
        .configure(batches::configure)
        .configure(pairs::configure)
        .configure(lists::configure);
}
