//! 机构: the tiers of regions with their departments, one department with its history, and changing it.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Deserialize;

use crate::auth::Right;
use crate::clock;
use crate::db::schema::department_aliases;
use crate::error::{Error, Result};
use crate::org::appointment::{self, Term, role_label};
use crate::org::as_of;
use crate::org::change::AliasKind;
use crate::org::directory::{Department, Directory};
use crate::org::event;
use crate::register::region::Regions;
use crate::register::words;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;

mod acts;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Departments that a search shows at most.
const FOUND: usize = 300;

/// One region in the tree.
struct Node {
    code: String,
    name: String,
    depth: usize,
    count: usize,
    chosen: bool,
}

/// One department in the list.
struct Row {
    code: String,
    name: String,
    depth: usize,
    place: String,
    category: String,
    bureau: bool,
    unit: bool,
    over: bool,
}

#[derive(Template)]
#[template(path = "organisation/list.html")]
struct List {
    shell: Shell,
    nodes: Vec<Node>,
    rows: Vec<Row>,
    query: Query,
    heading: String,
    total: usize,
    manages: bool,
    cut: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    region: String,
    on: String,
}

/// A day somebody typed; empty or unreadable means none.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    text.trim().parse().ok()
}

async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            let query = query.into_inner();
            let texts = [
                ("q", Some(query.q.as_str())),
                ("region", Some(&query.region)),
            ];
            crate::web::fields::plain(&texts)?;
            let directory = Directory::load(ask.conn)?;
            let all = match day(&query.on) {
                Some(day) => as_of::on(ask.conn, &ask.viewer, day)?,
                None => directory
                    .all()
                    .iter()
                    .filter(|d| !d.is_over())
                    .cloned()
                    .collect(),
            };
            let regions = ask.app.catalogue.regions();
            let query = settle(query, regions, &all);
            let (rows, cut) = rows(&directory, regions, &all, &query);
            Ok(List {
                heading: heading(regions, &query),
                nodes: nodes(regions, &all, &query.region),
                total: all.len(),
                manages: ask.viewer.can_anywhere(Right::ManageOrganisation),
                shell: ask.shell("机构", "/organisation"),
                rows,
                cut,
                query,
            })
        })
        .await
}

/// Without a choice, the region that stands highest and has departments.
fn settle(query: Query, regions: &Regions, all: &[Department]) -> Query {
    if !query.region.is_empty() || !query.q.trim().is_empty() {
        return query;
    }
    let has = |code: &str| all.iter().any(|d| d.region.as_deref() == Some(code));
    let region = regions
        .iter()
        .find(|r| r.parent.is_empty() && has(&r.code))
        .or_else(|| regions.iter().find(|r| has(&r.code)));
    Query {
        region: region.map_or_else(|| "none".to_owned(), |r| r.code.clone()),
        ..query
    }
}

fn heading(regions: &Regions, query: &Query) -> String {
    if !query.q.trim().is_empty() {
        return format!("查找“{}”", query.q.trim());
    }
    let name = regions.full_name(&query.region);
    name.unwrap_or_else(|| "未注明行政区划".to_owned())
}

/// The regions on the way to the chosen one, with what lies beside and below.
fn nodes(regions: &Regions, all: &[Department], chosen: &str) -> Vec<Node> {
    let mut open = vec![chosen.to_owned()];
    while let Some(up) = open.last().and_then(|c| regions.get(c)) {
        if up.parent.is_empty() || open.len() > 6 {
            break;
        }
        open.push(up.parent.clone());
    }
    let mut out = Vec::new();
    branch(regions, all, ("", 0), (&open, chosen), &mut out);
    let without = all.iter().filter(|d| d.region.is_none()).count();
    if without > 0 {
        out.push(Node {
            code: "none".to_owned(),
            name: "未注明行政区划".to_owned(),
            depth: 0,
            count: without,
            chosen: chosen == "none",
        });
    }
    out
}

fn branch(
    regions: &Regions,
    all: &[Department],
    (parent, depth): (&str, usize),
    (open, chosen): (&[String], &str),
    out: &mut Vec<Node>,
) {
    for region in regions.children(parent) {
        let count = below(regions, all, &region.code, 0);
        let is_open = open.contains(&region.code);
        if count == 0 && !is_open && depth == 0 {
            continue;
        }
        out.push(Node {
            code: region.code.clone(),
            name: region.name.clone(),
            depth,
            count,
            chosen: region.code == chosen,
        });
        if is_open && depth < 6 {
            branch(regions, all, (&region.code, depth + 1), (open, chosen), out);
        }
    }
}

fn below(regions: &Regions, all: &[Department], code: &str, depth: usize) -> usize {
    let here = all
        .iter()
        .filter(|d| d.region.as_deref() == Some(code))
        .count();
    if depth > 6 {
        return here;
    }
    let under: usize = regions
        .children(code)
        .map(|r| below(regions, all, &r.code, depth + 1))
        .sum();
    here + under
}

fn row(directory: &Directory, regions: &Regions, d: &Department, depth: usize) -> Row {
    let place = d.region.as_deref().and_then(|r| regions.full_name(r));
    let above = d.parent_id.and_then(|id| directory.get(id));
    Row {
        code: d.code.clone(),
        name: d.name.clone(),
        depth,
        place: match (place, above) {
            (Some(place), _) => place,
            (None, Some(above)) => above.name.clone(),
            (None, None) => String::new(),
        },
        category: d.category.clone().unwrap_or_default(),
        bureau: d.bureau,
        unit: d.unit,
        over: d.is_over(),
    }
}

fn rows(
    directory: &Directory,
    regions: &Regions,
    all: &[Department],
    query: &Query,
) -> (Vec<Row>, bool) {
    let word = words::name_key(&query.q);
    if !word.is_empty() {
        // A former or short name finds it as well.
        let named = match directory.find(&query.q) {
            crate::org::directory::Found::One(id) => vec![id],
            crate::org::directory::Found::Many(ids) => ids,
            crate::org::directory::Found::None(_) => Vec::new(),
        };
        let fits = |d: &&Department| d.name_key.contains(&word) || named.contains(&d.id);
        let found: Vec<Row> = all
            .iter()
            .filter(fits)
            .take(FOUND + 1)
            .map(|d| row(directory, regions, d, 0))
            .collect();
        let cut = found.len() > FOUND;
        return (found.into_iter().take(FOUND).collect(), cut);
    }
    let mut out = Vec::new();
    let here = |d: &&Department| match query.region.as_str() {
        "none" => d.region.is_none() && d.parent_id.is_none(),
        code => d.region.as_deref() == Some(code),
    };
    let listed: Vec<&Department> = all.iter().filter(here).collect();
    let top = |d: &&&Department| {
        let inside = |id: i64| listed.iter().any(|other| other.id == id);
        !d.parent_id.is_some_and(inside)
    };
    for d in listed.iter().filter(top) {
        units(directory, regions, all, (d, 0), &mut out);
    }
    (out, false)
}

/// A department and the units that report through it, below it.
fn units(
    directory: &Directory,
    regions: &Regions,
    all: &[Department],
    (d, depth): (&Department, usize),
    out: &mut Vec<Row>,
) {
    out.push(row(directory, regions, d, depth));
    if depth > 6 {
        return;
    }
    let mine =
        |u: &&Department| u.parent_id == Some(d.id) && (u.region.is_none() || u.region == d.region);
    for unit in all.iter().filter(mine) {
        units(directory, regions, all, (unit, depth + 1), out);
    }
}

/// One thing that happened, in words.
struct Told {
    label: &'static str,
    true_from: String,
    recorded: String,
    actor: String,
    reason: String,
    changes: Vec<(String, String, String)>,
}

/// One term, in words.
pub(super) struct Served {
    pub(super) person: i64,
    pub(super) name: String,
    pub(super) post: String,
    pub(super) role: &'static str,
    pub(super) from: String,
    pub(super) until: String,
}

impl From<Term> for Served {
    fn from(t: Term) -> Self {
        Self {
            person: t.person,
            name: t.name,
            post: t.post,
            role: role_label(t.role),
            from: t.from.to_string(),
            until: t.until.map(|d| d.to_string()).unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "organisation/show.html")]
struct Show {
    shell: Shell,
    d: Department,
    region: String,
    above: Option<Department>,
    heir: Option<Department>,
    aliases: Vec<(String, &'static str)>,
    units: Vec<Department>,
    on: String,
    staff: Vec<Served>,
    vacant: Vec<&'static str>,
    history: Vec<Told>,
    manages: bool,
    keeps: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct OnDay {
    on: String,
}

pub(super) fn coded(ask: &mut Ask<'_>, code: &str) -> Result<(Directory, Department)> {
    let directory = Directory::load(ask.conn)?;
    let found = directory.by_code(code).cloned();
    let found = found.ok_or_else(|| Error::NotFound("该单位".to_owned()))?;
    Ok((directory, found))
}

async fn show(caller: Caller, code: web::Path<String>, query: web::Query<OnDay>) -> Answer {
    caller
        .page(move |ask| {
            let (directory, d) = coded(ask, &code)?;
            let asked = day(&query.on).unwrap_or_else(clock::today);
            let staff = appointment::on(ask.conn, &ask.viewer, d.id, asked)?;
            let must = [crate::auth::Role::Cdo, crate::auth::Role::Specialist];
            let vacant = must
                .into_iter()
                .filter(|role| !d.unit && !d.is_over() && staff.iter().all(|t| t.role != *role))
                .map(role_label)
                .collect();
            let told = event::history(ask.conn, &ask.viewer, d.id)?;
            let aliases: Vec<(String, String)> = department_aliases::table
                .filter(department_aliases::department_id.eq(d.id))
                .order(department_aliases::alias)
                .select((department_aliases::alias, department_aliases::kind))
                .load(ask.conn)?;
            let regions = ask.app.catalogue.regions();
            let under = |u: &&Department| u.parent_id == Some(d.id) && !u.is_over();
            Ok(Show {
                shell: ask.shell(&d.name, "/organisation"),
                region: d
                    .region
                    .as_deref()
                    .and_then(|r| regions.full_name(r))
                    .unwrap_or_default(),
                above: d.parent_id.and_then(|id| directory.get(id)).cloned(),
                heir: d.merged_into.and_then(|id| directory.get(id)).cloned(),
                aliases: aliases
                    .into_iter()
                    .map(|(alias, kind)| (alias, AliasKind::label_of(&kind)))
                    .collect(),
                units: directory.all().iter().filter(under).cloned().collect(),
                on: asked.to_string(),
                staff: staff.into_iter().map(Served::from).collect(),
                vacant,
                history: told.iter().map(|e| tell(&directory, e)).collect(),
                manages: ask.viewer.can_anywhere(Right::ManageOrganisation) && !d.is_over(),
                keeps: ask.viewer.can(Right::ManagePeople, d.id),
                d,
            })
        })
        .await
}

/// Keys of a department's row, as people call them.
const LABELS: [(&str, &str); 12] = [
    ("name", "名称"),
    ("code", "代码"),
    ("credit_code", "统一社会信用代码"),
    ("region", "行政区划"),
    ("parent_id", "上级单位"),
    ("category", "类别"),
    ("sort", "排序"),
    ("bureau", "数据管理部门"),
    ("unit", "下属单位"),
    ("valid_from", "设立日期"),
    ("valid_until", "存续至"),
    ("merged_into", "并入"),
];

fn tell(directory: &Directory, e: &event::Event) -> Told {
    let map = |text: &str| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(text).unwrap_or_default()
    };
    let (before, after) = (map(&e.before), map(&e.after));
    let words = |key: &str, value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => "—".to_owned(),
        Some(serde_json::Value::Bool(yes)) => if *yes { "是" } else { "否" }.to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(number) if key == "parent_id" || key == "merged_into" => number
            .as_i64()
            .and_then(|id| directory.get(id))
            .map_or_else(|| number.to_string(), |d| d.name.clone()),
        Some(other) => other.to_string(),
    };
    let changes = LABELS
        .iter()
        .chain(&[("alias", "名称"), ("absorbed", "单位")])
        .filter(|(key, _)| before.contains_key(*key) || after.contains_key(*key))
        .filter(|_| e.kind != event::Kind::Made.word())
        .map(|(key, label)| {
            let old = words(key, before.get(*key));
            let new = words(key, after.get(*key));
            ((*label).to_owned(), old, new)
        })
        .collect();
    Told {
        label: event::Kind::label_of(&e.kind),
        true_from: e.true_from.map(|d| d.to_string()).unwrap_or_default(),
        recorded: clock::local(e.recorded_at),
        actor: e.actor.clone(),
        reason: e.reason.clone(),
        changes,
    }
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/organisation", web::get().to(list))
        .configure(acts::configure)
        .configure(super::lists::organisation)
        .route("/organisation/{code}", web::get().to(show));
}
