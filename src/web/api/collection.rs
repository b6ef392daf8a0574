//! 汇聚: rates of sharing, opening, collection and timely updates; what the platform reports.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::org::directory::Directory;
use crate::sharing::collection::{self, Counts, Cursor, Filter, Item, Listed, Pushed, Rate, Slice};
use crate::sheet::export::ExportFormat;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, Outgoing};
use crate::web::fields;
use crate::web::once::{Answered, Once};

type Answer = std::result::Result<HttpResponse, Failure>;

/// By what rates are given.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::web) enum CollectionBy {
    /// By owning department.
    #[default]
    Department,
    /// By the region of the owning department.
    Region,
}

/// Which rates are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct RateQuery {
    /// By department, or by region.
    #[serde(default)]
    by: CollectionBy,
}

/// A rate.
#[derive(Serialize, ToSchema)]
struct RateBody {
    /// `share`, `open`, `collect` or `timely`.
    rate: &'static str,
    /// What people call it.
    label: &'static str,
    /// What is counted.
    numerator: usize,
    /// Out of what.
    denominator: usize,
    /// In percent with one decimal; none out of nothing.
    percent: Option<f64>,
}

/// The rates of a department or a region.
#[derive(Serialize, ToSchema)]
struct RatesBody {
    /// Code of the department or the region; empty for all together, and where no region is known.
    code: String,
    /// Its name.
    name: String,
    /// How many datasets stand how.
    counts: Counts,
    /// The rates.
    rates: Vec<RateBody>,
}

impl RatesBody {
    fn of(code: &str, name: &str, counts: Counts) -> Self {
        Self {
            code: code.to_owned(),
            name: name.to_owned(),
            counts,
            rates: Rate::ALL.into_iter().map(|r| rate(r, &counts)).collect(),
        }
    }
}

fn rate(rate: Rate, counts: &Counts) -> RateBody {
    let (part, whole) = rate.parts();
    let permille = rate.permille(counts).and_then(|p| u32::try_from(p).ok());
    RateBody {
        rate: rate.word(),
        label: rate.label(),
        numerator: counts.of(part),
        denominator: counts.of(whole),
        percent: permille.map(|p| f64::from(p) / 10.0),
    }
}

/// What a rate is made of.
#[derive(Serialize, ToSchema)]
struct RateDefinition {
    /// The rate.
    rate: &'static str,
    /// Numerator and denominator in words.
    definition: &'static str,
    /// The part of the datasets that is the numerator, for `is` of the list.
    numerator: Slice,
    /// The part of the datasets that is the denominator.
    denominator: Slice,
}

/// Rates over the datasets that you see in full.
#[derive(Serialize, ToSchema)]
struct CollectionBody {
    /// All together.
    total: RatesBody,
    /// By department in the order of the organisation, or by region.
    items: Vec<RatesBody>,
    /// Datasets in the catalogue beside those that you see in full; not counted above.
    hidden: usize,
    /// Changes of the ledger are not yet counted in; ask again in some seconds.
    behind: bool,
    /// What the rates are made of.
    definitions: Vec<RateDefinition>,
}

/// The rates, by department or by region.
#[utoipa::path(tag = "collection", params(RateQuery), security(("bearer" = [])),
    responses((status = 200, body = CollectionBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/collection")]
async fn get_collection(caller: Caller, query: web::Query<RateQuery>) -> Answer {
    let body = caller.read(move |ask| {
        let directory = ask.directory()?;
        // Before anything is counted: what is brought up to date meanwhile must not look settled.
        let behind = collection::is_behind(ask.conn)?;
        let today = clock::today();
        let found = collection::by_department(ask.conn, &ask.viewer, None, today)?;
        let items = match query.by {
            CollectionBy::Department => {
                let known = directory.all().iter();
                known
                    .filter_map(|d| Some(RatesBody::of(&d.code, &d.name, *found.get(&d.id)?)))
                    .collect()
            }
            CollectionBy::Region => by_region(ask, &directory, &found),
        };
        Ok(CollectionBody {
            total: RatesBody::of("", "合计", collection::total(found.values())),
            items,
            hidden: collection::hidden(ask.conn, &ask.viewer)?,
            behind,
            definitions: Rate::ALL
                .into_iter()
                .map(|r| RateDefinition {
                    rate: r.word(),
                    definition: r.definition(),
                    numerator: r.parts().0,
                    denominator: r.parts().1,
                })
                .collect(),
        })
    });
    Ok(HttpResponse::Ok().json(body.await?))
}

fn by_region(
    ask: &Ask<'_>,
    directory: &Directory,
    found: &BTreeMap<i64, Counts>,
) -> Vec<RatesBody> {
    let mut out: BTreeMap<&str, Counts> = BTreeMap::new();
    for (department, counts) in found {
        let region = collection::region_of(directory, *department);
        out.entry(region).or_default().add(counts);
    }
    let regions = ask.app.catalogue.regions();
    out.into_iter()
        .map(|(code, counts)| {
            let name = regions
                .full_name(code)
                .unwrap_or_else(|| "未注明区划".to_owned());
            RatesBody::of(code, &name, counts)
        })
        .collect()
}

/// Which datasets are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DatasetQuery {
    /// This part of them; all when absent.
    #[serde(default)]
    is: Slice,
    /// Of the department with this code.
    department: Option<String>,
    /// Of the departments of this region.
    region: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<String>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Some datasets.
#[derive(Serialize, ToSchema)]
struct DatasetPage {
    /// Those that are late, the latest first; others in the order they came into the ledger.
    items: Vec<Listed>,
    /// The cursor of the next answer; none at the end.
    next: Option<String>,
    /// Changes of the ledger are not yet counted in; ask again in some seconds.
    behind: bool,
}

/// Exactly the datasets behind a number, of those that you see in full.
#[utoipa::path(tag = "collection", params(DatasetQuery), security(("bearer" = [])),
    responses((status = 200, body = DatasetPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/collection/datasets")]
async fn list_collection_datasets(caller: Caller, query: web::Query<DatasetQuery>) -> Answer {
    let page = caller.read(move |ask| {
        fields::plain(&[
            ("department", query.department.as_deref()),
            ("region", query.region.as_deref()),
            ("cursor", query.cursor.as_deref()),
        ])?;
        let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
        let after = match query.cursor.as_deref() {
            None => None,
            Some(text) => Some(Cursor::parse(text).ok_or_else(|| {
                let what = "cursor 应取自上一次应答的 next";
                Error::Invalid(vec![Problem::new("cursor", "cursor", what, "")])
            })?),
        };
        let directory = ask.directory()?;
        // Before anything is counted: what is brought up to date meanwhile must not look settled.
        let behind = collection::is_behind(ask.conn)?;
        let filter = Filter {
            slice: query.is,
            departments: departments(
                &directory,
                query.department.as_deref(),
                query.region.as_deref(),
            ),
        };
        let part = (after.as_ref(), most + 1);
        let mut items = collection::page(ask.conn, &ask.viewer, &filter, part, clock::today())?;
        let more = items.len() > most;
        items.truncate(most);
        Ok(DatasetPage {
            next: items
                .last()
                .filter(|_| more)
                .map(|l| l.cursor(&filter).to_string()),
            behind,
            items,
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// Which datasets a file is wanted of.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DatasetFileQuery {
    /// This part of them; all when absent.
    #[serde(default)]
    is: Slice,
    /// Of the department with this code.
    department: Option<String>,
    /// Of the departments of this region.
    region: Option<String>,
    /// `xlsx` (the default) or `csv`.
    #[serde(default)]
    format: String,
}

/// The list of datasets (汇聚清单) as xlsx or csv: all that the same filters list.
#[utoipa::path(tag = "collection", params(DatasetFileQuery), security(("bearer" = [])),
    responses((status = 200, description = "xlsx or csv", content_type = "application/octet-stream", body = Vec<u8>),
        (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/collection/datasets/export")]
async fn export_collection_datasets(caller: Caller, query: web::Query<DatasetFileQuery>) -> Answer {
    // It is written down who took it, so this takes its turn among the writers.
    let out = caller.change(move |ask| {
        let (department, region) = (query.department.as_deref(), query.region.as_deref());
        fields::plain(&[("department", department), ("region", region)])?;
        let directory = ask.directory()?;
        let filter = Filter {
            slice: query.is,
            departments: departments(&directory, department, region),
        };
        file(ask, &filter, &query.format)
    });
    Ok(desk::send(&out.await?)?)
}

/// The list as a file to be sent.
pub(in crate::web) fn file(ask: &mut Ask<'_>, filter: &Filter, format: &str) -> Result<Outgoing> {
    let format = match format {
        "" | "xlsx" => ExportFormat::Xlsx,
        "csv" => ExportFormat::Csv,
        _ => {
            let what = "format 应为 xlsx 或 csv";
            let problem = Problem::new("format", "unknown_value", what, "");
            return Err(Error::Invalid(vec![problem]));
        }
    };
    let desk = Desk::of(ask, "dataset")?;
    let extension = format.extension();
    let path = desk::passing(ask.app, extension)?;
    let what = (filter, clock::today());
    let out = (format, path.as_path());
    collection::export(ask.conn, &ask.viewer, desk.definitions()?, what, out)?;
    Ok(Outgoing {
        path,
        name: format!("汇聚清单-{}.{extension}", filter.slice.label()),
        media_type: format.media_type().to_owned(),
        passing: true,
    })
}

/// The departments that a code and a region mean; nobody's when no department has the code, not all.
pub(in crate::web) fn departments(
    directory: &Directory,
    department: Option<&str>,
    region: Option<&str>,
) -> Option<Vec<i64>> {
    let one = department.map(|code| directory.by_code(code).map_or(-1, |d| d.id));
    let Some(region) = region else {
        return one.map(|id| vec![id]);
    };
    let there = directory.all().iter().map(|d| d.id);
    Some(
        there
            .filter(|id| one.is_none_or(|one| one == *id))
            .filter(|id| collection::region_of(directory, *id) == region)
            .collect(),
    )
}

/// What the platform reports.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CollectionReport {
    /// The datasets, at most 500.
    items: Vec<Item>,
    /// Whether what is right goes in while what is wrong is refused; otherwise all of it or none.
    #[serde(default)]
    partial: bool,
    /// Why, for the history.
    #[serde(default)]
    reason: String,
}

/// Reports the state of up to 500 datasets on the platform, in one change set.
#[utoipa::path(tag = "collection", security(("bearer" = [])), request_body = CollectionReport,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Pushed), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("report_collection")), ("x-scope" = json!("level"))))]
#[post("/collection")]
async fn report_collection(
    caller: Caller,
    once: Once,
    body: web::Json<CollectionReport>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::ReportCollection)?;
        let desk = Desk::of(ask, "dataset")?;
        let definitions = desk.definitions()?;
        let how = (body.reason.as_str(), body.partial);
        let done = collection::push(ask.conn, &ask.viewer, definitions, &body.items, how)?;
        Answered::done(&done)
    };
    caller.post(once, &sent, work).await
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_collection)
        .service(list_collection_datasets)
        .service(export_collection_datasets)
        .service(report_collection);
}
