//! A department's list: its entries, each with the answers that its state allows.

use std::collections::HashMap;

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE, badge, department_of, grounded, name, register_label};
use crate::auth::Right;
use crate::campaign::answer::{self, Answer as Said, Given};
use crate::campaign::board::{self, Line};
use crate::campaign::list::{self, Item, View};
use crate::campaign::{self, Campaign};
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::review::Ground;
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Shell, address};

/// Entries on one page.
const PAGE: usize = 50;

/// An entry with what can be said of it.
struct Row {
    item: Item,
    register: String,
    department: String,
    to: String,
    replied: String,
    offers: Vec<(&'static str, &'static str)>,
    /// What was chosen, said and named in a form that was not accepted.
    given: (String, String, String),
}

struct Tab {
    label: &'static str,
    href: String,
    current: bool,
}

/// A department's list.
#[derive(Template)]
#[template(path = "campaigns/department.html")]
pub(super) struct Page {
    shell: Shell,
    problems: Vec<Problem>,
    c: Campaign,
    line: Line,
    here: String,
    view: &'static str,
    badge: &'static str,
    due: String,
    provisional: bool,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    answers: bool,
    submits: bool,
    several: bool,
    next: String,
}

/// Which part of a list is asked for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    /// Word of a view.
    pub(super) view: String,
    /// Where it begins.
    pub(super) cursor: i64,
}

/// The answers that an entry's state allows.
fn offers(item: &Item) -> Vec<(&'static str, &'static str)> {
    let complete = item.missing.is_empty();
    let fits = |answer: &Said| match answer {
        Said::Unchanged => complete && !item.moved,
        Said::Changed => complete && item.moved,
        Said::Retired => item.retired,
        Said::Elsewhere => true,
    };
    let all = Said::ALL.into_iter().filter(fits);
    all.map(|a| (a.word(), a.label())).collect()
}

fn row(ground: Ground<'_>, item: Item, given: &HashMap<(String, String), &Given>) -> Row {
    let kept = item.kept.as_ref();
    let to = kept.and_then(|k| k.to_department_id);
    let key = (item.row.register.clone(), item.row.code.clone());
    let replied = kept.map(|k| match k.reply.as_str() {
        "returned" => format!("数据管理部门退回: {}", k.reply_note),
        "moved" => "由其他单位划入".to_owned(),
        _ => String::new(),
    });
    let given = given.get(&key).map(|g| {
        let answer = g.answer.word().to_owned();
        (answer, g.note.clone(), g.to.clone())
    });
    Row {
        register: register_label(ground.catalogue, &item.row.register),
        department: name(ground.directory, item.row.department_id),
        to: to.map(|id| name(ground.directory, id)).unwrap_or_default(),
        replied: replied.filter(|_| !item.counts).unwrap_or_default(),
        offers: offers(&item),
        given: given.unwrap_or_default(),
        item,
    }
}

/// Puts a department's list together.
pub(super) fn page(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    (id, code): (i64, &str),
    query: &Query,
    (problems, given): (Vec<Problem>, &[Given]),
) -> Result<Page> {
    let (c, members) = campaign::get(ask.conn, &ask.viewer, ground.directory, id)?;
    let head = department_of(ground, code)?;
    let pair = (&c, &members);
    let today = clock::today();
    let lines = board::lines(ask.conn, &ask.viewer, ground.directory, pair, today)?;
    let found = lines.into_iter().find(|l| l.part.department_id == head);
    let line = found.ok_or_else(|| Error::NotFound("这次年度核对".to_owned()))?;
    let view = View::from_word(&query.view).unwrap_or_default();
    let here = board::address(ground.directory, id, head);
    let wanted = (&[head][..], view);
    let part = (query.cursor, PAGE);
    let found = list::page(ask.conn, &ask.viewer, ground, pair, wanted, part)?;
    let next = found.next.map(|cursor| {
        let cursor = cursor.to_string();
        address(&here, &[("view", view.word()), ("cursor", &cursor)])
    });
    let own = members.of(head);
    let answers = |d: &i64| answer::answers_for(&ask.viewer, ground.directory, *d);
    let due = c.due(ask.conn)?;
    let sent: HashMap<(String, String), &Given> = given
        .iter()
        .map(|g| ((g.register.clone(), g.code.clone()), g))
        .collect();
    let rows: Vec<Row> = found
        .items
        .into_iter()
        .map(|i| row(ground, i, &sent))
        .collect();
    Ok(Page {
        problems,
        badge: badge(&line),
        due: due.date.to_string(),
        provisional: due.provisional,
        tabs: View::ALL
            .into_iter()
            // Nothing changes or waits in a closed one.
            .filter(|v| c.is_open() || !matches!(v, View::Changed | View::Questions))
            .map(|v| Tab {
                label: v.label(),
                href: address(&here, &[("view", v.word())]),
                current: v == view,
            })
            .collect(),
        several: own.len() > 1,
        answers: c.is_open() && own.iter().any(answers),
        submits: c.is_open() && ask.viewer.can(Right::ApproveSubmission, head),
        view: view.word(),
        next: next.unwrap_or_default(),
        shell: ask.shell(&format!("{}: {}", c.title, line.name), HERE),
        here,
        rows,
        line,
        c,
    })
}

/// `GET /campaigns/{id}/departments/{department}`
async fn show(caller: Caller, path: web::Path<(i64, String)>, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            grounded(ask, |ask, ground| {
                let which = (path.0, path.1.as_str());
                page(ask, ground, which, &query, (Vec::new(), &[]))
            })
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.route(
        "/campaigns/{id}/departments/{department}",
        web::get().to(show),
    );
}
