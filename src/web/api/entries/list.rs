//! Lists of entries: pages, counts, exports and the search over all registers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::{EntryItem, EntryPage};
use crate::error::{Error, Problem};
use crate::ledger::list::{self, Cursor, Paging, Query};
use crate::report::view;
use crate::sheet::export::ExportFormat;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, Outgoing};

/// What a list can be asked for; any other parameter is the key of a field to filter by, which may be repeated.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "the document only: the query is read by the ledger itself"
)]
pub(super) struct ListQuery {
    /// Two characters of a name or more, pinyin initials, or a code.
    search: Option<String>,
    /// `recorded`, `code`, `name`, `changed`, `department`, `stage`, `completeness`, `amount`, `year`; `-` before it
    /// for downwards.
    sort: Option<String>,
    /// `next` or `previous` of a page.
    cursor: Option<String>,
    /// 1 to 500; 50 when absent.
    limit: Option<String>,
    /// Only entries seen in full.
    mine: Option<String>,
    /// Name or code of a department.
    department: Option<String>,
    /// Stage.
    stage: Option<String>,
    /// Keys of the fields to give, joined by commas, or `all`; the register's own columns when absent.
    fields: Option<String>,
}

/// The entries of a register.
///
/// Parameters that are field keys filter: `?mlps_level=3&mlps_level=4&owner_org=示例市教育局`.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ListQuery),
    responses((status = 200, body = EntryPage), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/entries/{register}")]
pub(super) async fn list_entries(
    caller: Caller,
    register: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let query = request.query_string().to_owned();
    let asked = request.uri().to_string();
    caller
        .kept(asked, move |ask| {
            let desk = Desk::of(ask, &register)?;
            let definitions = desk.definitions()?;
            let asked = list::ask(&ask.viewer, definitions, desk::pairs(&query)?)?;
            let page = list::page(
                ask.conn,
                &ask.viewer,
                definitions,
                &asked.query,
                &asked.paging,
            )?;
            let word = |cursor: Option<Cursor>| cursor.map(|c| c.word());
            Ok(EntryPage {
                items: page
                    .rows
                    .into_iter()
                    .map(|r| EntryItem::of(definitions, r))
                    .collect(),
                next: word(page.next),
                previous: word(page.previous),
            })
        })
        .await
}

/// One value of a filter.
#[derive(Serialize, ToSchema)]
struct CountBody {
    value: String,
    label: String,
    count: usize,
    /// There are more than were counted.
    more: bool,
    chosen: bool,
}

/// One filter with its values.
#[derive(Serialize, ToSchema)]
struct FacetBody {
    key: String,
    label: String,
    values: Vec<CountBody>,
}

/// The filters of a list with their counts.
#[derive(Serialize, ToSchema)]
struct Facets {
    /// How many entries the list has.
    total: usize,
    /// There are more than were counted.
    more: bool,
    items: Vec<FacetBody>,
}

/// How many entries each value of a filter would leave.
///
/// Takes the parameters of the list, and `facet` (may be repeated) for the filters that are wanted.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ListQuery, ("facet" = Option<Vec<String>>, Query, description = "字段键，可重复；省略则为全部")),
    responses((status = 200, body = Facets), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/entries/{register}/facets")]
pub(super) async fn count_entries(
    caller: Caller,
    register: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let query = request.query_string().to_owned();
    let asked = request.uri().to_string();
    caller
        .kept(asked, move |ask| {
            let desk = Desk::of(ask, &register)?;
            let definitions = desk.definitions()?;
            let (wanted, pairs): (Vec<_>, Vec<_>) = desk::pairs(&query)?
                .into_iter()
                .partition(|(k, _)| k == "facet");
            let asked = list::ask(&ask.viewer, definitions, pairs)?;
            let mut keys = list::facet_keys(&ask.viewer, definitions);
            if let Some((_, unknown)) = wanted.iter().find(|(_, v)| !keys.contains(v)) {
                let message = format!("没有筛选项“{unknown}”。");
                let hint = format!("可用: {}", keys.join("、"));
                let problem = Problem::new("facet", "unknown_filter", &message, &hint);
                return Err(Error::Invalid(vec![problem]));
            }
            if !wanted.is_empty() {
                keys.retain(|k| wanted.iter().any(|(_, v)| v == k));
            }
            let facets = list::facets(ask.conn, &ask.viewer, definitions, &asked.query, &keys)?;
            let (total, more) = list::total(ask.conn, &ask.viewer, definitions, &asked.query)?;
            let items = facets.into_iter().map(|f| FacetBody {
                key: f.key,
                label: f.label,
                values: f.values.into_iter().map(count).collect(),
            });
            Ok(Facets {
                total,
                more,
                items: items.collect(),
            })
        })
        .await
}

fn count(count: list::Count) -> CountBody {
    CountBody {
        value: count.value,
        label: count.label,
        count: count.count,
        more: count.more,
        chosen: count.chosen,
    }
}

/// The list as a workbook or CSV: the same entries, columns and order as [`list_entries`] with these parameters.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("format" = Option<String>, Query, description = "xlsx 或 csv"), ListQuery),
    responses((status = 200, description = "文件", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/entries/{register}/export")]
pub(super) async fn export_entries(
    caller: Caller,
    register: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let query = request.query_string().to_owned();
    let out = caller.read(move |ask| made(ask, &register, &query)).await?;
    Ok(desk::send(&out)?)
}

/// Makes the file of a list.
pub fn made(ask: &mut Ask<'_>, register: &str, query: &str) -> crate::error::Result<Outgoing> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let (named, pairs): (Vec<_>, Vec<_>) = desk::pairs(query)?
        .into_iter()
        .partition(|(k, _)| k == "format");
    let word = named.first().map_or("xlsx", |(_, v)| v.as_str());
    let format = ExportFormat::named(word)
        .filter(|f| matches!(f, ExportFormat::Xlsx | ExportFormat::Csv))
        .ok_or_else(|| {
            let message = "导出格式只能是 xlsx 或 csv。";
            Error::Invalid(vec![Problem::new("format", "unknown_value", message, "")])
        })?;
    let asked = list::ask(&ask.viewer, definitions, pairs)?;
    let path = desk::passing(ask.app, format.extension())?;
    view::export(
        ask.conn,
        &ask.viewer,
        definitions,
        &asked.query,
        format,
        &path,
    )?;
    let day: String = crate::clock::local(crate::clock::now())
        .chars()
        .take(10)
        .collect();
    Ok(Outgoing {
        path,
        name: format!(
            "{}_{day}.{}",
            definitions.register.label,
            format.extension()
        ),
        media_type: format.media_type().to_owned(),
        passing: true,
    })
}

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    /// Two characters of a name or more, pinyin initials, or a code.
    q: String,
}

/// What a search found in one register.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchGroup)]
struct Group {
    register: String,
    label: String,
    /// Whether the list has more than these.
    more: bool,
    items: Vec<EntryItem>,
}

/// What a search found.
#[derive(Serialize, ToSchema)]
struct Groups {
    items: Vec<Group>,
}

/// Searches all registers; of each, the first ten.
#[utoipa::path(tag = "entries", security(("bearer" = [])), params(SearchQuery),
    responses((status = 200, body = Groups), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/search")]
pub(super) async fn search_entries(
    caller: Caller,
    query: web::Query<SearchQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    caller
        .kept(request.uri().to_string(), move |ask| {
            let app = ask.app;
            let mut items = Vec::new();
            for register in app.catalogue.registers() {
                let desk = Desk::of(ask, &register.key)?;
                let definitions = desk.definitions()?;
                let asked = list::ask(&ask.viewer, definitions, [("search", query.q.as_str())])?;
                if asked.query.search.is_none() {
                    let problem = Problem::new("q", "required", "请输入要查找的内容。", "");
                    return Err(Error::Invalid(vec![problem]));
                }
                let paging = Paging {
                    cursor: None,
                    limit: 10,
                };
                let wanted: &Query = &asked.query;
                let page = list::page(ask.conn, &ask.viewer, definitions, wanted, &paging)?;
                if !page.rows.is_empty() {
                    items.push(Group {
                        register: register.key.clone(),
                        label: register.label.clone(),
                        more: page.next.is_some(),
                        items: page
                            .rows
                            .into_iter()
                            .map(|r| EntryItem::of(definitions, r))
                            .collect(),
                    });
                }
            }
            Ok(Groups { items })
        })
        .await
}
