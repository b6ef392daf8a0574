//! The search over all registers: of each, what fits best by number, and the way to the whole list.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::address;
use crate::error::{Error, Problem, Result};
use crate::ledger::facts::stage_of;
use crate::ledger::list::{self, Paging};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{Desk, coded};
use crate::web::page::Shell;

/// How many of each register are shown.
const SHOWN: usize = 10;

/// What is searched for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
}

struct Hit {
    href: String,
    code: String,
    name: String,
    department: String,
    stage: &'static str,
}

struct Group {
    label: String,
    href: String,
    more: bool,
    hits: Vec<Hit>,
}

#[derive(Template)]
#[template(path = "registers/search.html")]
struct Search {
    shell: Shell,
    problems: Vec<Problem>,
    groups: Vec<Group>,
    words: String,
}

/// `GET /search`
pub(super) async fn search(
    caller: Caller,
    wanted: web::Query<Wanted>,
) -> std::result::Result<HttpResponse, Failure> {
    caller.page(move |ask| shown(ask, &wanted.q)).await
}

fn shown(ask: &mut Ask<'_>, words: &str) -> Result<Search> {
    let app = ask.app;
    let mut problems = Vec::new();
    let mut groups = Vec::new();
    for register in app.catalogue.registers() {
        match group(ask, &register.key, words) {
            Ok(found) => groups.extend(found),
            Err(Error::Invalid(wrong)) => {
                problems = wrong;
                break;
            }
            Err(other) => return Err(other),
        }
    }
    let mut shell = ask.shell("搜索", "/search");
    shell.search = words.to_owned();
    Ok(Search {
        shell,
        problems,
        groups,
        words: words.to_owned(),
    })
}

fn group(ask: &mut Ask<'_>, register: &str, words: &str) -> Result<Option<Group>> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let asked = list::ask(&ask.viewer, definitions, [("search", words)])?;
    if asked.query.search.is_none() {
        let message = "请输入要查找的内容。";
        return Err(Error::Invalid(vec![Problem::new(
            "", "required", message, "",
        )]));
    }
    let paging = Paging {
        cursor: None,
        limit: SHOWN,
    };
    let page = list::page(ask.conn, &ask.viewer, definitions, &asked.query, &paging)?;
    let hit = |row: list::Row| Hit {
        href: address(register, &row.code),
        department: definitions
            .directory
            .get(row.department_id)
            .map(|d| d.name.clone())
            .unwrap_or_default(),
        stage: stage_of(&row.stage).label(),
        code: row.code,
        name: row.name,
    };
    Ok((!page.rows.is_empty()).then(|| Group {
        label: definitions.register.label.clone(),
        href: format!("/registers/{register}?search={}", coded(words)),
        more: page.next.is_some(),
        hits: page.rows.into_iter().map(hit).collect(),
    }))
}
