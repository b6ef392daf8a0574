//! The list of a register: search, filters with counts, sort by head, columns, kept views, pages, export.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::address;
use crate::auth::{Right, Viewer};
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::facts::stage_of;
use crate::ledger::list::{self, Asked, Cursor, Facet, Page, Query, Row, Sort};
use crate::ledger::{saved, sight};
use crate::register::field::FieldType;
use crate::web::answer::Failure;
use crate::web::api::{entries::list::made, views};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, query_string};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

type Pairs = Vec<(String, String)>;

/// How many filters are counted at once where there is much to count.
const FIRST: usize = 6;

/// A head of the table.
struct Head {
    label: String,
    /// Empty when the column does not order.
    href: String,
    /// `ascending`, `descending` or empty.
    sorted: &'static str,
    number: bool,
}

struct Cell {
    text: String,
    href: String,
    number: bool,
}

struct Line {
    cells: Vec<Cell>,
    stage: &'static str,
    completeness: Option<i32>,
}

struct Choice {
    label: String,
    count: String,
    href: String,
    chosen: bool,
}

struct Filter {
    label: String,
    choices: Vec<Choice>,
    open: bool,
}

struct Chip {
    label: String,
    href: String,
}

struct Column {
    key: String,
    label: String,
    shown: bool,
}

struct View {
    id: i64,
    name: String,
    href: String,
    shared: bool,
    own: bool,
}

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

/// The list with these pairs instead of its own.
struct Links<'l> {
    register: &'l str,
    pairs: Pairs,
}

impl Links<'_> {
    fn to(&self, pairs: &[(String, String)]) -> String {
        let query = query_string(pairs);
        if query.is_empty() {
            format!("/registers/{}", self.register)
        } else {
            format!("/registers/{}?{query}", self.register)
        }
    }

    fn without(&self, key: &str) -> Pairs {
        self.pairs
            .iter()
            .filter(|(k, _)| k != key)
            .cloned()
            .collect()
    }

    /// With one value of a key taken out.
    fn less(&self, key: &str, value: &str) -> String {
        let kept = self.pairs.iter().filter(|(k, v)| k != key || v != value);
        self.to(&kept.cloned().collect::<Pairs>())
    }

    /// With one more value of a key.
    fn more(&self, key: &str, value: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.push((key.to_owned(), value.to_owned()));
        self.to(&pairs)
    }

    /// With this as the only value of a key.
    fn set(&self, key: &str, value: &str) -> String {
        let mut pairs = self.without(key);
        pairs.push((key.to_owned(), value.to_owned()));
        self.to(&pairs)
    }
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

fn heads(definitions: Definitions<'_>, query: &Query, links: &Links<'_>) -> Vec<Head> {
    let register = definitions.register;
    let head = |key: &String| {
        let field = register.field(key);
        let sort = Sort::of_field(register, key);
        let here = sort == Some(query.sort);
        let href = sort.map(|s| {
            let sign = if here && !query.down { "-" } else { "" };
            links.set("sort", &format!("{sign}{}", s.word()))
        });
        let unit = field
            .and_then(|f| f.unit.as_ref())
            .map(|u| format!("（{u}）"));
        Head {
            label: field.map_or(key.as_str(), |f| f.label.as_str()).to_owned()
                + unit.as_deref().unwrap_or_default(),
            href: href.unwrap_or_default(),
            sorted: match (here, query.down) {
                (false, _) => "",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
            number: field.is_some_and(|f| is_number(f.kind)),
        }
    };
    query.columns.iter().map(head).collect()
}

fn is_number(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::Integer | FieldType::Decimal | FieldType::Money
    )
}

fn line(definitions: Definitions<'_>, query: &Query, row: &Row) -> Line {
    let register = definitions.register;
    let cell = |key: &String| {
        let field = register.field(key);
        let value = row.values.get(key);
        let text = match (field, value) {
            (Some(f), Some(v)) => f.show(definitions.catalogue, definitions.directory, v),
            (None, Some(crate::register::value::Value::Text(t))) => t.clone(),
            _ => String::new(),
        };
        let leads = *key == register.keys.name || *key == register.keys.code;
        Cell {
            text: if text.chars().count() > 80 {
                text.chars().take(79).chain(['…']).collect()
            } else {
                text
            },
            href: if leads {
                address(&register.key, &row.code)
            } else {
                String::new()
            },
            number: field.is_some_and(|f| is_number(f.kind)),
        }
    };
    Line {
        cells: query.columns.iter().map(cell).collect(),
        stage: stage_of(&row.stage).label(),
        completeness: row.completeness,
    }
}

fn filter(facet: &Facet, links: &Links<'_>) -> Filter {
    let choice = |c: &list::Count| Choice {
        label: c.label.clone(),
        count: format!("{}{}", if c.more { "≥" } else { "" }, c.count),
        href: if c.chosen {
            links.less(&facet.key, &c.value)
        } else {
            links.more(&facet.key, &c.value)
        },
        chosen: c.chosen,
    };
    Filter {
        label: facet.label.clone(),
        open: facet.values.iter().any(|v| v.chosen),
        choices: facet.values.iter().map(choice).collect(),
    }
}

fn chips(facets: &[Facet], links: &Links<'_>) -> Vec<Chip> {
    let mut out = Vec::new();
    for facet in facets {
        for value in facet.values.iter().filter(|v| v.chosen) {
            out.push(Chip {
                label: format!("{}: {}", facet.label, value.label),
                href: links.less(&facet.key, &value.value),
            });
        }
    }
    out
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
