//! Entries of a department that are nearly the same, datasets collected twice, and merging two entries.

use std::collections::BTreeSet;

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE};
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::ledger::merge::{self, Beside, Wish};
use crate::register::value::Value;
use crate::review::duplicate::kept::{DATASET, SYSTEM, sort_of};
use crate::review::duplicate::near::{self, Asked, Pairs};
use crate::review::duplicate::tell::Hit;
use crate::web::api::duplicates::pairs::{carry_out, undo, whose};
use crate::web::api::duplicates::{directory, means};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::page::{Next, Shell, address};
use crate::web::posted::Posted;

struct Two {
    row: EntryRow,
    hit: Hit,
    source: bool,
}

#[derive(Template)]
#[template(path = "duplicates/pairs.html")]
struct List {
    shell: Shell,
    here: &'static str,
    registers: Vec<(String, String)>,
    register: String,
    department: String,
    merges: bool,
    hidden: usize,
    pairs: Vec<Two>,
    next: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    register: String,
    department: String,
    cursor: Option<i64>,
}

fn list(ask: &mut Ask<'_>, here: &'static str, query: &Query) -> Result<List> {
    let directory = directory(ask)?;
    let department = whose(&ask.viewer, &directory, &query.department)?;
    let means = means(ask, &directory);
    let after = query.cursor.unwrap_or(0);
    let register = match query.register.as_str() {
        "" => SYSTEM,
        given => given,
    };
    let found: Pairs = if here == "near" {
        let asked = Asked {
            register,
            department,
            after,
        };
        near::inside(ask.conn, &ask.viewer, means, asked)?
    } else {
        near::collected_twice(ask.conn, &ask.viewer, means, department, after)?
    };
    let name = directory.get(department).map(|d| d.name.clone());
    let name = name.unwrap_or_default();
    let registers = ask.app.catalogue.registers().iter();
    let registers = registers.filter(|r| sort_of(&r.key).is_some());
    let next = found.next.map(|next| {
        let cursor = next.to_string();
        let pairs = [
            ("register", register),
            ("department", &name),
            ("cursor", &cursor),
        ];
        address(&format!("/duplicates/{here}"), &pairs)
    });
    let source = |row: &EntryRow| {
        row.register == DATASET && row.document().get("is_source_dept") == Some(&Value::Bool(true))
    };
    let title = if here == "near" {
        "部门内近似条目"
    } else {
        "重复采集的数据"
    };
    Ok(List {
        shell: ask.shell(title, HERE),
        here,
        registers: registers
            .map(|r| (r.key.clone(), r.label.clone()))
            .collect(),
        register: register.to_owned(),
        merges: ask.viewer.can(Right::Write, department),
        hidden: found.hidden,
        next: next.unwrap_or_default(),
        department: name,
        pairs: found
            .pairs
            .into_iter()
            .map(|pair| Two {
                source: source(&pair.row),
                row: pair.row,
                hit: pair.hit,
            })
            .collect(),
    })
}

async fn near_page(caller: Caller, query: web::Query<Query>) -> Answer {
    caller.page(move |ask| list(ask, "near", &query)).await
}

async fn datasets_page(caller: Caller, query: web::Query<Query>) -> Answer {
    caller.page(move |ask| list(ask, "datasets", &query)).await
}

#[derive(Template)]
#[template(path = "duplicates/merge.html")]
struct MergePage {
    shell: Shell,
    register: String,
    keep: EntryRow,
    drop: EntryRow,
    fields: Vec<Beside>,
    take: BTreeSet<String>,
    reason: String,
    problems: Vec<Problem>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct MergeQuery {
    register: String,
    keep: String,
    drop: String,
}

fn beside(ask: &mut Ask<'_>, query: &MergeQuery) -> Result<MergePage> {
    let desk = Desk::of(ask, &query.register)?;
    let definitions = desk.definitions()?;
    let (keep, drop) = (desk::code(&query.keep)?, desk::code(&query.drop)?);
    let (keep, drop) = merge::both(ask.conn, &ask.viewer, definitions.register, &keep, &drop)?;
    let fields = merge::side_by_side(&ask.viewer, definitions, &keep, &drop);
    let fills = fields.iter().filter(|f| f.fills);
    Ok(MergePage {
        shell: ask.shell("合并条目", HERE),
        register: query.register.clone(),
        take: fills.map(|f| f.key.clone()).collect(),
        keep,
        drop,
        fields,
        reason: String::new(),
        problems: Vec::new(),
    })
}

async fn merge_page(caller: Caller, query: web::Query<MergeQuery>) -> Answer {
    caller.page(move |ask| beside(ask, &query)).await
}

async fn merge_two(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
            let version = |name: &str| fields.get(name).and_then(|v| v.parse().ok()).unwrap_or(-1);
            let register = text("register");
            let wish = Wish {
                keep: (text("keep"), version("keep_revision")),
                drop: (text("drop"), version("drop_revision")),
                take: fields.all("take").map(str::to_owned).collect(),
                reason: text("reason"),
            };
            let problems = match carry_out(ask, &register, &wish) {
                Ok(_) => {
                    let to = address(&format!("/registers/{register}/{}", wish.keep.0), &[]);
                    return Ok(Next::saying(&to, "已合并，可在本页撤销"));
                }
                Err(Error::Invalid(problems)) => problems,
                Err(told @ (Error::Conflict(_) | Error::Stale(_))) => {
                    vec![Problem::new("", told.code(), &told.to_string(), "")]
                }
                Err(other) => return Err(other),
            };
            let query = MergeQuery {
                register,
                keep: wish.keep.0,
                drop: wish.drop.0,
            };
            let page = beside(ask, &query)?;
            Next::again(&MergePage {
                take: wish.take,
                reason: wish.reason,
                problems,
                ..page
            })
        })
        .await
}

async fn undo_merge(Posted { caller, .. }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let (_, keep, _) = merge::find(ask.conn, &ask.viewer, *id)?;
            undo(ask, *id)?;
            let to = format!("/registers/{}/{}", keep.register, keep.code);
            Ok(Next::saying(&to, "已撤销合并，两个条目恢复原样"))
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/duplicates/near", web::get().to(near_page))
        .route("/duplicates/datasets", web::get().to(datasets_page))
        .route("/duplicates/merge", web::get().to(merge_page))
        .route("/duplicates/merge", web::post().to(merge_two))
        .route("/duplicates/merges/{id}/undo", web::post().to(undo_merge));
}
