//! Regions and departments: as they are, as they were on a day, and the changes the system administrator makes.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::error::{Error, Result};
use crate::org::appointment::{self, Term};
use crate::org::as_of;
use crate::org::change::Seen;
use crate::org::directory::{Department, Directory};
use crate::org::event::{self, Event};
use crate::register::words;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::version::tagged;

mod acts;

type Answer = std::result::Result<HttpResponse, Failure>;

/// One region.
#[derive(Serialize, ToSchema)]
struct RegionBody {
    /// Six digits, GB/T 2260.
    code: String,
    /// Its own name.
    name: String,
    /// With all that is above it.
    full_name: String,
    /// `province`, `city`, `county` or `zone`.
    level: String,
    /// Code of the region above; empty at the top.
    parent: String,
}

/// Which regions are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct RegionQuery {
    /// Only those directly below this one; empty for the top.
    parent: Option<String>,
}

/// The regions that are loaded.
#[utoipa::path(tag = "departments", params(RegionQuery), security(("bearer" = [])),
    responses((status = 200, body = Vec<RegionBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/regions")]
async fn list_regions(caller: Caller, query: web::Query<RegionQuery>) -> Answer {
    caller
        .json(move |ask| {
            let regions = ask.app.catalogue.regions();
            let wanted = query.into_inner().parent;
            Ok(regions
                .iter()
                .filter(|r| wanted.as_ref().is_none_or(|p| r.parent == *p))
                .map(|r| RegionBody {
                    code: r.code.clone(),
                    name: r.name.clone(),
                    full_name: regions.full_name(&r.code).unwrap_or_default(),
                    level: r.level.clone(),
                    parent: r.parent.clone(),
                })
                .collect::<Vec<_>>())
        })
        .await
}

/// One department.
#[derive(Serialize, ToSchema)]
pub(super) struct DepartmentBody {
    /// Number.
    id: i64,
    /// Code; never changes.
    code: String,
    /// Full name.
    name: String,
    /// 统一社会信用代码.
    credit_code: Option<String>,
    /// Region code.
    region: Option<String>,
    /// Code of the department above.
    parent: Option<String>,
    /// A subordinate unit, which reports through it.
    unit: bool,
    /// The data bureau of its region.
    bureau: bool,
    /// Kind of body.
    category: Option<String>,
    /// Protocol order.
    sort: i64,
    /// First day it exists, when known.
    valid_from: Option<NaiveDate>,
    /// Last day it existed.
    valid_until: Option<NaiveDate>,
    /// Code of the department that took it over.
    merged_into: Option<String>,
    /// Version, as in the `ETag`.
    version: i64,
}

impl DepartmentBody {
    pub(super) fn of(directory: &Directory, d: &Department) -> Self {
        let code = |id: Option<i64>| id.and_then(|id| directory.get(id)).map(|d| d.code.clone());
        Self {
            id: d.id,
            code: d.code.clone(),
            name: d.name.clone(),
            credit_code: d.credit_code.clone(),
            region: d.region.clone(),
            parent: code(d.parent_id),
            unit: d.unit,
            bureau: d.bureau,
            category: d.category.clone(),
            sort: d.sort,
            valid_from: d.valid_from,
            valid_until: d.valid_until,
            merged_into: code(d.merged_into),
            version: d.revision,
        }
    }
}

/// Some departments.
#[derive(Serialize, ToSchema)]
struct DepartmentPage {
    /// By number.
    items: Vec<DepartmentBody>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

/// Which departments are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DepartmentQuery {
    /// Name or code holds this.
    search: Option<String>,
    /// Of this region.
    region: Option<String>,
    /// Only data bureaus, or only others.
    bureau: Option<bool>,
    /// As the organisation was on this day.
    as_of: Option<NaiveDate>,
    /// Those that ended as well.
    ended: Option<bool>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Departments by number.
#[utoipa::path(tag = "departments", params(DepartmentQuery), security(("bearer" = [])),
    responses((status = 200, body = DepartmentPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/departments")]
async fn list_departments(caller: Caller, query: web::Query<DepartmentQuery>) -> Answer {
    caller
        .json(move |ask| {
            let query = query.into_inner();
            fields::plain(&[
                ("search", query.search.as_deref()),
                ("region", query.region.as_deref()),
            ])?;
            let most = usize::try_from(limit(query.limit)?).unwrap_or(1);
            let directory = Directory::load(ask.conn)?;
            let mut all = match query.as_of {
                Some(day) => as_of::on(ask.conn, &ask.viewer, day)?,
                None => directory.all().to_vec(),
            };
            let word = query.search.as_deref().map(words::name_key);
            let historical = query.as_of.is_some() || query.ended == Some(true);
            all.retain(|d| {
                (historical || !d.is_over())
                    && query.cursor.is_none_or(|after| d.id > after)
                    && query.bureau.is_none_or(|b| d.bureau == b)
                    && query.region.is_none_or_matches(d.region.as_ref())
                    && word
                        .as_ref()
                        .is_none_or(|w| d.name_key.contains(w) || words::name_key(&d.code) == *w)
            });
            all.sort_by_key(|d| d.id);
            let more = all.len() > most;
            all.truncate(most);
            let next = all.last().filter(|_| more).map(|d| d.id);
            let items = all
                .iter()
                .map(|d| DepartmentBody::of(&directory, d))
                .collect();
            Ok(DepartmentPage { items, next })
        })
        .await
}

/// A filter that, when given, must be met exactly.
trait Met {
    fn is_none_or_matches(&self, value: Option<&String>) -> bool;
}

impl Met for Option<String> {
    fn is_none_or_matches(&self, value: Option<&String>) -> bool {
        self.is_none() || self.as_ref() == value
    }
}

/// A department by its code.
pub(super) fn coded(ask: &mut Ask<'_>, code: &str) -> Result<(Directory, Department)> {
    ask.viewer.may_anywhere(Right::SeeSummary)?;
    let directory = Directory::load(ask.conn)?;
    let found = directory.by_code(code).cloned();
    let found = found.ok_or_else(|| Error::NotFound("该单位".to_owned()))?;
    Ok((directory, found))
}

/// The state that `If-Match` names.
fn seen(department: &Department, version: i32) -> Seen {
    Seen {
        id: department.id,
        revision: i64::from(version),
    }
}

fn answer(directory: &Directory, department: &Department) -> HttpResponse {
    let version = i32::try_from(department.revision).unwrap_or(i32::MAX);
    tagged(&DepartmentBody::of(directory, department), version)
}

/// One department.
#[utoipa::path(tag = "departments", security(("bearer" = [])),
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/departments/{code}")]
async fn get_department(caller: Caller, code: web::Path<String>) -> Answer {
    let (directory, found) = caller.read(move |ask| coded(ask, &code)).await?;
    Ok(answer(&directory, &found))
}

/// What happened to a department.
#[derive(Serialize, ToSchema)]
struct EventBody {
    /// What: `made`, `renamed`, `moved`, …
    kind: String,
    /// What, in words.
    label: String,
    /// From which day it is true; null when not known.
    true_from: Option<NaiveDate>,
    /// When it was recorded, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    recorded_at: chrono::NaiveDateTime,
    /// By whom.
    actor: String,
    /// Why.
    reason: String,
    /// What was there before, changed keys only.
    before: serde_json::Value,
    /// What is there since, likewise.
    after: serde_json::Value,
}

impl From<Event> for EventBody {
    fn from(e: Event) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            label: event::Kind::label_of(&e.kind).to_owned(),
            before: json(&e.before),
            after: json(&e.after),
            kind: e.kind,
            true_from: e.true_from,
            recorded_at: e.recorded_at,
            actor: e.actor,
            reason: e.reason,
        }
    }
}

/// Everything that happened to a department, newest first.
#[utoipa::path(tag = "departments", security(("bearer" = [])),
    responses((status = 200, body = Vec<EventBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/departments/{code}/history")]
async fn department_history(caller: Caller, code: web::Path<String>) -> Answer {
    caller
        .json(move |ask| {
            let (_, found) = coded(ask, &code)?;
            let all = event::history(ask.conn, &ask.viewer, found.id)?;
            Ok(all.into_iter().map(EventBody::from).collect::<Vec<_>>())
        })
        .await
}

/// On which day.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct OnDay {
    /// The day; every term that was ever served when none.
    on: Option<NaiveDate>,
}

/// Who holds the roles of a department, or held them on a day.
#[utoipa::path(tag = "departments", params(OnDay), security(("bearer" = [])),
    responses((status = 200, body = Vec<Term>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/departments/{code}/staff")]
async fn department_staff(
    caller: Caller,
    code: web::Path<String>,
    query: web::Query<OnDay>,
) -> Answer {
    caller
        .json(move |ask| {
            let (_, found) = coded(ask, &code)?;
            match query.on {
                Some(day) => appointment::on(ask.conn, &ask.viewer, found.id, day),
                None => appointment::of_department(ask.conn, &ask.viewer, found.id),
            }
        })
        .await
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_regions)
        .service(list_departments)
        .service(get_department)
        .service(department_history)
        .service(department_staff)
        .configure(acts::configure);
}
