//! 统建清单 and 负面清单: read by everyone, kept by the data bureau of a region.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE};
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::review::duplicate::lists::{self, Line, ListKind, Written};
use crate::web::api::duplicates::lists::plain;
use crate::web::api::duplicates::{directory, means};
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

struct Row {
    line: Line,
    region: String,
    keeps: bool,
}

#[derive(Template)]
#[template(path = "duplicates/lists.html")]
struct Lists {
    shell: Shell,
    kind: ListKind,
    unified: bool,
    lines: Vec<Row>,
    keeps: bool,
    edit: i64,
    version: i64,
    text: Written,
    problems: Vec<Problem>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    edit: Option<i64>,
}

fn kind_of(word: &str) -> Result<ListKind> {
    ListKind::from_word(word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))
}

fn page(ask: &mut Ask<'_>, kind: ListKind, edit: Option<i64>) -> Result<Lists> {
    let lines = lists::lines(ask.conn, Some(kind))?;
    let regions = ask.app.catalogue.regions();
    let mut out = Lists {
        shell: ask.shell(kind.label(), HERE),
        kind,
        unified: kind == ListKind::Unified,
        lines: Vec::new(),
        keeps: ask.viewer.can_anywhere(Right::ReviewProposals),
        edit: 0,
        version: 0,
        text: Written::default(),
        problems: Vec::new(),
    };
    for line in lines {
        if edit == Some(line.id) {
            out.edit = line.id;
            out.version = line.version;
            out.text = line.clone().into();
        }
        out.lines.push(Row {
            region: regions.full_name(&line.region).unwrap_or_default(),
            keeps: ask.viewer.can(Right::ReviewProposals, line.department_id),
            line,
        });
    }
    Ok(out)
}

async fn show(caller: Caller, kind: web::Path<String>, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| page(ask, kind_of(&kind)?, query.edit))
        .await
}

fn written(fields: &Fields) -> Written {
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    Written {
        category: text("category"),
        name: text("name"),
        description: text("description"),
        capability: text("capability"),
        own_part: text("own_part"),
        clause: text("clause"),
        advice: text("advice"),
    }
}

/// Sends the browser on, or shows the form again with what is wrong in it.
fn after(
    ask: &mut Ask<'_>,
    kind: ListKind,
    edit: Option<i64>,
    text: Written,
    done: Result<()>,
) -> Result<Next> {
    let problems = match done {
        Ok(()) => {
            let to = format!("/duplicates/lists/{}", kind.word());
            return Ok(Next::saying(&to, "已保存"));
        }
        Err(Error::Invalid(problems)) => problems,
        Err(told @ (Error::Conflict(_) | Error::Stale(_))) => {
            vec![Problem::new("", told.code(), &told.to_string(), "")]
        }
        Err(other) => return Err(other),
    };
    let shown = page(ask, kind, edit)?;
    Next::again(&Lists {
        text,
        problems,
        ..shown
    })
}

async fn add(Posted { caller, fields }: Posted, kind: web::Path<String>) -> Answer {
    caller
        .act(move |ask| {
            let kind = kind_of(&kind)?;
            let text = written(&fields);
            let directory = directory(ask)?;
            let means = means(ask, &directory);
            let added = plain(&text)
                .and_then(|()| lists::add(ask.conn, &ask.viewer, means, kind, &text))
                .map(drop);
            after(ask, kind, None, text, added)
        })
        .await
}

async fn change(Posted { caller, fields }: Posted, path: web::Path<(String, i64)>) -> Answer {
    caller
        .act(move |ask| {
            let (kind, id) = (kind_of(&path.0)?, path.1);
            let text = written(&fields);
            let version = fields.get("version").and_then(|v| v.parse().ok());
            let changed = plain(&text)
                .and_then(|()| {
                    lists::change(ask.conn, &ask.viewer, id, version.unwrap_or(-1), &text)
                })
                .map(drop);
            after(ask, kind, Some(id), text, changed)
        })
        .await
}

async fn remove(Posted { caller, fields }: Posted, path: web::Path<(String, i64)>) -> Answer {
    caller
        .act(move |ask| {
            let (kind, id) = (kind_of(&path.0)?, path.1);
            let version = fields.get("version").and_then(|v| v.parse().ok());
            let removed = lists::remove(ask.conn, &ask.viewer, id, version.unwrap_or(-1));
            after(ask, kind, None, Written::default(), removed)
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/duplicates/lists/{kind}", web::get().to(show))
        .route("/duplicates/lists/{kind}", web::post().to(add))
        .route("/duplicates/lists/{kind}/{id}", web::post().to(change))
        .route(
            "/duplicates/lists/{kind}/{id}/remove",
            web::post().to(remove),
        );
}
