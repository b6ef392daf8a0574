//! 建议: links that systems sheets propose, each with a button that records it.

use askama::Template;

use super::{Answer, HERE, Tab, name, tabs};
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::sharing::LINKS;
use crate::sharing::link;
use crate::sharing::map::SYSTEM;
use crate::sharing::proposed::{self, Proposed};
use crate::web::caller::Caller;
use crate::web::desk::{self, Desk, coded};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// Where they are listed.
pub(super) const PATH: &str = "/links/proposed";

/// A proposed link.
struct Line {
    system: String,
    href: String,
    name: String,
    provider: String,
    written: String,
    consumer: String,
    /// What the form sends; empty when nobody of this name is known.
    code: String,
    problem: String,
    hint: String,
}

#[derive(Template)]
#[template(path = "links/proposed.html")]
struct Show {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    /// There may be more than are listed.
    cut: bool,
}

/// How many links are proposed to the viewer.
pub(super) fn count(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
) -> Result<usize> {
    if !viewer.can_anywhere(Right::Write) {
        return Ok(0);
    }
    Ok(proposed::list(conn, viewer, definitions, proposed::MOST)?.len())
}

fn line(definitions: Definitions<'_>, proposed: Proposed) -> Line {
    let consumer = proposed.consumer;
    let found = consumer.and_then(|id| definitions.directory.get(id));
    Line {
        href: format!("/registers/{SYSTEM}/{}", coded(&proposed.system)),
        provider: name(definitions, Some(proposed.provider)),
        consumer: name(definitions, consumer),
        code: found.map(|d| d.code.clone()).unwrap_or_default(),
        system: proposed.system,
        name: proposed.system_name,
        written: proposed.written,
        problem: proposed.problem,
        hint: proposed.hint,
    }
}

/// `GET /links/proposed`
pub(super) async fn show(caller: Caller) -> Answer {
    caller
        .page(move |ask| {
            ask.viewer.may_anywhere(Right::Write)?;
            let desk = Desk::of(ask, LINKS)?;
            let definitions = desk.definitions()?;
            let found = proposed::list(ask.conn, &ask.viewer, definitions, proposed::MOST)?;
            let counts = link::counts(ask.conn, &ask.viewer)?;
            Ok(Show {
                tabs: tabs(&counts),
                cut: found.len() >= proposed::MOST,
                lines: found.into_iter().map(|p| line(definitions, p)).collect(),
                shell: ask.shell("对接确认", HERE),
            })
        })
        .await
}

/// `POST /links/proposed`: the proposed link is recorded.
pub(super) async fn accept(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            ask.viewer.may_anywhere(Right::Write)?;
            let desk = Desk::of(ask, LINKS)?;
            let definitions = desk.definitions()?;
            let system = desk::code(fields.get("system").unwrap_or_default())?;
            let consumer = fields.get("consumer").unwrap_or_default();
            let done = proposed::accept(ask.conn, &ask.viewer, definitions, &system, consumer);
            let said = match done {
                Ok(code) => format!("已登记对接 {code}，等待对方确认"),
                Err(Error::Invalid(problems)) => {
                    let first = problems.first().map(|p| p.message.clone());
                    first.unwrap_or_default()
                }
                Err(other) => return Err(other),
            };
            Ok(Next::saying(PATH, &said))
        })
        .await
}
