//! Many proposals at once: chosen, checked in the background, shown as one table.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE, wan};
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::jobs::duplicates as job;
use crate::jobs::queue;
use crate::review::duplicate::batch::{self, Batch, BatchLine};
use crate::web::api::duplicates::{directory, means};
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

struct Row {
    code: String,
    name: String,
    department: String,
    year: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "duplicates/batches.html")]
struct Choose {
    shell: Shell,
    year: String,
    rows: Vec<Row>,
    batches: Vec<Batch>,
    problems: Vec<Problem>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    year: String,
}

fn choose(ask: &mut Ask<'_>, year: &str, problems: Vec<Problem>) -> Result<Choose> {
    ask.viewer.may_anywhere(Right::Write)?;
    let directory = directory(ask)?;
    let wanted = year.trim().parse().ok();
    let found = batch::candidates(ask.conn, &ask.viewer, wanted)?;
    let rows = found.into_iter().map(|row| Row {
        department: directory
            .get(row.department_id)
            .map(|d| d.name.clone())
            .unwrap_or_default(),
        year: row.year.map(|y| y.to_string()).unwrap_or_default(),
        amount: row.amount.as_ref().map(wan).unwrap_or_default(),
        code: row.code,
        name: row.name,
    });
    Ok(Choose {
        shell: ask.shell("批量查重", HERE),
        year: wanted.map(|y| y.to_string()).unwrap_or_default(),
        rows: rows.collect(),
        batches: batch::list(ask.conn, &ask.viewer)?,
        problems,
    })
}

async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| choose(ask, &query.year, Vec::new()))
        .await
}

async fn make(Posted { caller, fields }: Posted) -> Answer {
    let state = caller.state().clone();
    let done = caller.act(move |ask| {
        let codes: Vec<String> = fields.all("code").map(str::to_owned).collect();
        let title = fields.get("title").unwrap_or_default();
        match job::submit(ask.conn, &ask.viewer, title, &codes) {
            Ok(id) => Ok(Next::to(&format!("/duplicates/batches/{id}"))),
            Err(Error::Invalid(problems)) => Next::again(&choose(ask, "", problems)?),
            Err(other) => Err(other),
        }
    });
    let answer = done.await?;
    state.jobs.wake();
    Ok(answer)
}

#[derive(Template)]
#[template(path = "duplicates/batch.html")]
struct Show {
    shell: Shell,
    id: i64,
    busy: bool,
    total: usize,
    strong: usize,
    open: usize,
    message: String,
    lines: Vec<BatchLine>,
}

async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| {
            let directory = directory(ask)?;
            let means = means(ask, &directory);
            let (batch, lines) = batch::table(ask.conn, &ask.viewer, means, *id)?;
            let job = job::job(ask.conn, *id)?;
            let busy = job.as_ref().is_some_and(queue::Job::is_open);
            let shell = ask.shell(&format!("批量查重: {}", batch.title), HERE);
            Ok(Show {
                shell: if busy { shell.refreshing(2) } else { shell },
                id: *id,
                busy,
                total: batch.ids().len(),
                strong: lines.iter().filter(|l| l.strong > 0).count(),
                open: lines.iter().filter(|l| l.unanswered > 0).count(),
                message: job.map(|j| j.message).unwrap_or_default(),
                lines,
            })
        })
        .await
}

async fn progress(caller: Caller, id: web::Path<i64>) -> Answer {
    let now = caller.read(move |ask| {
        let batch = batch::find(ask.conn, &ask.viewer, *id)?;
        let job = job::job(ask.conn, *id)?;
        let busy = job.as_ref().is_some_and(queue::Job::is_open);
        let here = job.and_then(|j| ask.state.jobs.progress(j.id));
        Ok(serde_json::json!({
            "busy": busy, "done": here.map_or(0, |p| p.done), "total": batch.ids().len(),
        }))
    });
    Ok(HttpResponse::Ok().json(now.await?))
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/duplicates/batches", web::get().to(list))
        .route("/duplicates/batches", web::post().to(make))
        .route("/duplicates/batches/{id}", web::get().to(show))
        .route("/duplicates/batches/{id}/progress", web::get().to(progress));
}
