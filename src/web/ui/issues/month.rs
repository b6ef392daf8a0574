//! The month of issues (工作调度): page, paper and workbook.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE, grounded, name};
use crate::clock;
use crate::error::Result;
use crate::issue::Ground;
use crate::issue::steps::rung_label;
use crate::issue::summary::Month;
use crate::report::dispatch::{Dispatch, kind_label};
use crate::web::api::issues::month::{self, workbook};
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::page::Shell;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    month: String,
    department: String,
}

/// An issue of the month, in words.
struct Line {
    id: i64,
    number: String,
    title: String,
    kind: String,
    raised_by: String,
    owed_by: String,
    state: &'static str,
    rung: &'static str,
    next: String,
    due: String,
    late: bool,
    age: u32,
    last: String,
}

#[derive(Template)]
#[template(path = "issues/month.html")]
struct Sheet {
    shell: Shell,
    whose: String,
    month: String,
    word: String,
    latest: String,
    department: String,
    figures: Vec<(&'static str, usize)>,
    sharing: Vec<(&'static str, usize)>,
    lines: Vec<Line>,
    more: bool,
    today: String,
}

fn found(ask: &mut Ask<'_>, ground: Ground<'_>, query: &Query) -> Result<Dispatch> {
    let month = Some(query.month.as_str()).filter(|m| !m.is_empty());
    let department = Some(query.department.as_str()).filter(|d| !d.is_empty());
    month::month(ask, ground, (month, department))
}

/// `GET /issues/summary`
async fn summary(caller: Caller, query: web::Query<Query>) -> Answer {
    let page = caller.page(move |ask| {
        grounded(ask, |ask, ground| {
            let query = query.into_inner();
            let d = found(ask, ground, &query)?;
            let of = |id: i64| name(ground.directory, id);
            let lines = d.summary.lines.iter().map(|l| Line {
                id: l.issue.id,
                number: l.issue.number(),
                title: l.issue.title.clone(),
                kind: kind_label(ground, &l.issue.kind),
                raised_by: of(l.issue.raised_by),
                owed_by: of(l.issue.owed_by),
                state: l.state.label(),
                rung: rung_label(l.rung),
                next: l.mover.map(of).unwrap_or_default(),
                due: l.due_on.to_string(),
                late: l.late,
                age: l.age,
                last: l.last.clone(),
            });
            let month = d.summary.month;
            Ok(Sheet {
                shell: ask.shell("工作调度", HERE),
                lines: lines.collect(),
                month: month.label(),
                word: month.word(),
                latest: Month::of(clock::today()).word(),
                department: query.department,
                figures: d.figures,
                sharing: d.sharing,
                more: d.summary.more,
                whose: d.whose,
                today: clock::today().format("%Y 年 %-m 月 %-d 日").to_string(),
            })
        })
    });
    page.await
}

/// `GET /issues/summary.xlsx`
async fn export(caller: Caller, query: web::Query<Query>) -> Answer {
    // Who takes it is written down, so this takes its turn among the writers.
    let out = caller.change(move |ask| {
        grounded(ask, |ask, ground| {
            let d = found(ask, ground, &query)?;
            workbook(ask, ground, &d)
        })
    });
    Ok(desk::send(&out.await?)?)
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/issues/summary", web::get().to(summary))
        .route("/issues/summary.xlsx", web::get().to(export));
}
