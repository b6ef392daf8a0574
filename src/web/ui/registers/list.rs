//! The list of a register: search, filters with counts, sort by head, columns, kept views, pages, export.

mod parts;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use parts::{Chip, Column, Filter, Head, Line, Links, View, chips, filter, heads, line};

use crate::auth::{Right, Viewer};
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::list::{self, Asked, Cursor, Facet, Page, Query, Row};
use crate::ledger::{saved, sight};
use crate::web::answer::Failure;
use crate::web::api::{entries::list::made, views};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, query_string};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

type Pairs = Vec<(String, String)>;

/// How many filters are counted at once where there is much to count.
const FIRST: usize = 6;

#[derive(Template)]
#[template(path = "registers/list.html")]
struct List {
    shell: Shell,
    register: String,
    label: String,
    search: String,
    total: String,
    problems: Vec<Problem>,
    heads: Vec<Head>,
    lines: Vec<Line>,
    filters: Vec<Filter>,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    views: Vec<View>,
    query: String,
    /// Everything but the search, for the search box.
    beside_search: Pairs,
    /// Everything but the columns, for their chooser.
    beside_fields: Pairs,
    mine: bool,
    href_mine: String,
    href_all: String,
    /// This list, from its beginning.
    href_same: String,
    /// The list with all its filters; empty when they are there.
    href_filters: String,
    first: String,
    before: String,
    after: String,
    last: String,
    may_write: bool,
}

/// `GET /registers/{register}`
pub(super) async fn list(
    caller: Caller,
    register: web::Path<String>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, Failure> {
    let query = request.query_string().to_owned();
    caller.page(move |ask| shown(ask, &register, &query)).await
}

fn shown(ask: &mut Ask<'_>, register: &str, query: &str) -> Result<List> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let viewer = ask.viewer.clone();
    let (switch, pairs): (Vec<_>, Vec<_>) = desk::pairs(query)?
        .into_iter()
        .partition(|(k, _)| k == "filters");
    let every = !switch.is_empty();
    let (asked, mut problems) = match list::ask(&viewer, definitions, pairs) {
        Ok(asked) => (asked, Vec::new()),
        Err(Error::Invalid(problems)) => (plain(definitions), problems),
        Err(other) => return Err(other),
    };
    let mut asked = asked;
    let page = match list::page(ask.conn, &viewer, definitions, &asked.query, &asked.paging) {
        Ok(page) => page,
        Err(Error::Invalid(wrong)) => {
            // What was typed stays in the box; the list is empty, because nothing was looked for.
            problems.extend(wrong);
            asked.paging.cursor = None;
            Page::default()
        }
        Err(other) => return Err(other),
    };
    let (total, filters) = if problems.is_empty() {
        let (count, more) = list::total(ask.conn, &viewer, definitions, &asked.query)?;
        let mut keys = list::facet_keys(&viewer, definitions);
        if more && !every {
            // Of many entries each value is counted by itself: the first filters, and the others when asked for.
            let used = |k: &String| asked.query.filters.contains_key(k);
            let kept: Vec<String> = keys
                .iter()
                .skip(FIRST)
                .filter(|k| used(k))
                .cloned()
                .collect();
            keys.truncate(FIRST);
            keys.extend(kept);
        }
        let facets = list::facets(ask.conn, &viewer, definitions, &asked.query, &keys)?;
        let total = format!("{}{count} 条", if more { "超过 " } else { "" });
        (total, facets)
    } else {
        (String::new(), Vec::new())
    };
    let views = saved::views(ask.conn, &viewer, Some(register))?;
    let shell = ask.shell(
        &definitions.register.label,
        &format!("/registers/{register}"),
    );
    let found = Found {
        page,
        total,
        filters,
        views,
        problems,
    };
    let mut page = build(&viewer, definitions, shell, &asked, found);
    let offered = list::facet_keys(&viewer, definitions).len();
    if page.filters.len() < offered && !every && page.problems.is_empty() {
        page.href_filters = format!(
            "{}{}filters=all",
            page.href_same,
            if page.query.is_empty() { "?" } else { "&" }
        );
    }
    Ok(page)
}

fn plain(definitions: Definitions<'_>) -> Asked {
    Asked {
        query: Query::all(definitions.register),
        ..Asked::default()
    }
}

/// What was found for a list.
struct Found {
    page: Page,
    total: String,
    filters: Vec<Facet>,
    views: Vec<saved::SavedView>,
    problems: Vec<Problem>,
}

fn build(
    viewer: &Viewer,
    definitions: Definitions<'_>,
    shell: Shell,
    asked: &Asked,
    found: Found,
) -> List {
    let register = definitions.register;
    let links = Links {
        register: &register.key,
        pairs: asked.pairs(definitions),
    };
    let query = &asked.query;
    let turn = |cursor: Option<Cursor>| {
        cursor
            .map(|c| links.set("cursor", &c.word()))
            .unwrap_or_default()
    };
    let paged = found.page.next.is_some() || found.page.previous.is_some();
    let fields = sight::fields(viewer, register).map(|f| Column {
        shown: query.columns.contains(&f.key),
        key: f.key.clone(),
        label: f.label.clone(),
    });
    let columns = fields.collect();
    let view = |v: &saved::SavedView| View {
        id: v.id,
        name: v.name.clone(),
        href: links.to(&v.pairs()),
        shared: v.shared,
        own: v.is_of(viewer),
    };
    let row = |r: &Row| line(definitions, query, r);
    List {
        register: register.key.clone(),
        label: register.label.clone(),
        search: query.search.clone().unwrap_or_default(),
        heads: heads(definitions, query, &links),
        lines: found.page.rows.iter().map(row).collect(),
        filters: found.filters.iter().map(|f| filter(f, &links)).collect(),
        chips: chips(&found.filters, &links),
        columns,
        views: found.views.iter().map(view).collect(),
        query: query_string(&links.pairs),
        beside_search: links.without("search"),
        beside_fields: links.without("fields"),
        mine: query.mine,
        href_same: links.to(&links.pairs),
        href_filters: String::new(),
        href_mine: links.set("mine", "true"),
        href_all: links.to(&links.without("mine")),
        first: if found.page.previous.is_some() {
            links.to(&links.pairs)
        } else {
            String::new()
        },
        last: if paged && found.page.next.is_some() {
            links.set("cursor", &Cursor::end(query.sort).word())
        } else {
            String::new()
        },
        before: turn(found.page.previous),
        after: turn(found.page.next),
        may_write: viewer.can_anywhere(Right::Write),
        total: found.total,
        problems: found.problems,
        shell,
    }
}

/// `GET /registers/{register}/export`
pub(super) async fn export(
    caller: Caller,
    register: web::Path<String>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, Failure> {
    let query = request.query_string().to_owned();
    let out = caller.read(move |ask| made(ask, &register, &query)).await?;
    Ok(desk::send(&out)?)
}

/// `POST /registers/{register}/views`
pub(super) async fn keep_view(
    Posted { caller, fields }: Posted,
    register: web::Path<String>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let query = fields.raw("query").unwrap_or_default();
        let shared = fields.get("shared").is_some();
        let name = fields.need("name", "视图名称")?;
        let view = views::keep(ask, &register, name, shared, query)?;
        let to = format!("/registers/{register}?{}", query_string(&view.pairs()));
        Ok(Next::saying(&to, &format!("已保存视图“{}”", view.name)))
    };
    caller.act(work).await
}

/// `POST /registers/{register}/views/{id}/delete`
pub(super) async fn forget_view(
    Posted { caller, .. }: Posted,
    path: web::Path<(String, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        saved::forget(ask.conn, &ask.viewer, path.1)?;
        Ok(Next::saying(
            &format!("/registers/{}", path.0),
            "已删除视图",
        ))
    };
    caller.act(work).await
}
