//! All versions of an entry: old and new of every field, two of them compared, one put back.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::address;
use super::edit::revision;
use super::entry::{Told, told};
use crate::auth::Right;
use crate::error::{Error, Result};
use crate::ledger::edit;
use crate::ledger::facts::{self, Diff};
use crate::sharing::follow;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// Which two versions are compared.
#[derive(Deserialize)]
pub(super) struct Two {
    from: Option<i32>,
    to: Option<i32>,
}

#[derive(Template)]
#[template(path = "registers/history.html")]
struct History {
    shell: Shell,
    register: String,
    register_label: String,
    href: String,
    name: String,
    versions: Vec<Told>,
    from: i32,
    to: i32,
    compared: Option<Vec<Diff>>,
    revision: i32,
    may_write: bool,
}

/// `GET /registers/{register}/{code}/history`
pub(super) async fn show(
    caller: Caller,
    path: web::Path<(String, String)>,
    two: web::Query<Two>,
) -> std::result::Result<HttpResponse, Failure> {
    caller
        .page(move |ask| shown(ask, &path.0, &path.1, &two))
        .await
}

fn shown(ask: &mut Ask<'_>, register: &str, code: &str, two: &Two) -> Result<History> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let code = desk::code(code)?;
    let viewer = ask.viewer.clone();
    let row = facts::row(ask.conn, &viewer, definitions.register, &code)?;
    let versions = facts::history(ask.conn, &viewer, definitions, &row)?;
    let compared = match (two.from, two.to) {
        (Some(from), Some(to)) => Some(facts::compare(
            ask.conn,
            &viewer,
            definitions,
            &row,
            (from, to),
        )?),
        _ => None,
    };
    let title = format!("{} 的历史", row.name);
    Ok(History {
        shell: ask.shell(&title, &format!("/registers/{register}")),
        register: register.to_owned(),
        register_label: definitions.register.label.clone(),
        href: address(register, &code),
        versions: versions.into_iter().map(told).collect(),
        from: two.from.unwrap_or((row.revision - 1).max(1)),
        to: two.to.unwrap_or(row.revision),
        compared,
        revision: row.revision,
        may_write: viewer.can(Right::Write, &row),
        name: row.name,
    })
}

/// `POST /registers/{register}/{code}/restore`
pub(super) async fn restore(
    Posted { caller, fields }: Posted,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let code = desk::code(&path.1)?;
        let to = fields.need("to", "要恢复的版本")?.parse();
        let to = to.map_err(|_| Error::NotFound("这个版本".to_owned()))?;
        let from = (code.as_str(), revision(&fields)?);
        let definitions = desk.definitions()?;
        follow::heard(ask.conn, definitions, |conn| {
            edit::restore(conn, &ask.viewer, definitions, from, to, "")
        })?;
        Ok(Next::saying(
            &address(&path.0, &code),
            &format!("已恢复到版本 {to} 的内容"),
        ))
    };
    caller.act(work).await
}
