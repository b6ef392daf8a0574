//! Changes of departments: made, renamed, moved, corrected, merged, abolished.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, DepartmentBody, answer, coded, seen};
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::handover;
use crate::org::change::{self, AliasKind, Details, Draft, Placement};
use crate::org::directory::{Department, Directory};
use crate::org::event::When;
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag};

/// A department to be made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDepartment {
    /// Code; given when left out.
    code: Option<String>,
    /// Full name.
    name: String,
    /// 简称.
    short: Option<String>,
    /// 统一社会信用代码.
    credit_code: Option<String>,
    /// Region code.
    region: Option<String>,
    /// Code of the department above.
    parent: Option<String>,
    /// A subordinate unit of that one.
    #[serde(default)]
    unit: bool,
    /// Kind of body.
    category: Option<String>,
    /// Protocol order.
    sort: Option<i64>,
    /// First day it exists.
    valid_from: Option<NaiveDate>,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// Another full name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Renaming {
    /// The new name.
    name: String,
    /// From which day; today when left out.
    from: Option<NaiveDate>,
    /// Why.
    reason: String,
}

/// Another place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Relocation {
    /// Region code.
    region: Option<String>,
    /// Code of the department above.
    parent: Option<String>,
    /// A subordinate unit of that one.
    #[serde(default)]
    unit: bool,
    /// From which day; today when left out.
    from: Option<NaiveDate>,
    /// Why.
    reason: String,
}

/// What else is known; what is left out becomes empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Correction {
    /// 统一社会信用代码.
    credit_code: Option<String>,
    /// Kind of body.
    category: Option<String>,
    /// Protocol order.
    sort: i64,
    /// First day it exists.
    valid_from: Option<NaiveDate>,
    /// Why.
    reason: String,
}

/// An end or a new standing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Because {
    /// From which day; today when left out.
    from: Option<NaiveDate>,
    /// Why.
    reason: String,
}

/// A merger.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Merger {
    /// Code of the department that takes it over.
    into: String,
    /// From which day; today when left out.
    from: Option<NaiveDate>,
    /// Why.
    reason: String,
}

/// One more name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAlias {
    /// The name.
    alias: String,
    /// `short`, `former` or `other`.
    kind: String,
}

/// What a merger moved.
#[derive(Serialize, ToSchema)]
struct MovedBody {
    /// The department as it stands.
    department: DepartmentBody,
    /// Entries that belong elsewhere since.
    entries: usize,
    /// Accounts that belong elsewhere since.
    accounts: usize,
    /// People who moved.
    people: usize,
    /// Units that report elsewhere.
    units: usize,
    /// The change set that moved the entries.
    change_set: Option<i64>,
}

fn when(from: Option<NaiveDate>, reason: &str) -> When {
    from.map_or_else(|| When::today(reason), |day| When::on(day, reason))
}

/// The department that a body names by code.
fn named(directory: &Directory, field: &str, code: Option<&str>) -> Result<Option<i64>> {
    let Some(code) = code.filter(|c| !c.is_empty()) else {
        return Ok(None);
    };
    match directory.by_code(code) {
        Some(found) => Ok(Some(found.id)),
        None => Err(Error::Invalid(vec![Problem::new(
            field,
            "unknown_department",
            &format!("没有代码为“{code}”的单位"),
            "",
        )])),
    }
}

/// Makes a department.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = NewDepartment,
    responses((status = 201, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments")]
async fn create_department(caller: Caller, once: Once, body: web::Json<NewDepartment>) -> Answer {
    let sent = serde_json::to_value(&*body).unwrap_or_default();
    let body = body.into_inner();
    caller
        .post(once, &sent, move |ask| {
            ask.viewer.may_anywhere(Right::ManageOrganisation)?;
            let directory = Directory::load(ask.conn)?;
            let draft = Draft {
                place: Placement {
                    region: body.region,
                    parent: named(&directory, "parent", body.parent.as_deref())?,
                    unit: body.unit,
                },
                code: body.code,
                name: body.name,
                short: body.short,
                credit_code: body.credit_code,
                category: body.category,
                sort: body.sort,
                valid_from: body.valid_from,
            };
            let regions = ask.app.catalogue.regions();
            let made = change::create(ask.conn, &ask.viewer, regions, &draft, &body.reason)?;
            Answered::created(&DepartmentBody::of(&directory, &made), Some(tag(1)))
        })
        .await
}

/// Runs one change of a department and answers with its new state.
async fn changed(
    caller: Caller,
    code: String,
    version: Version,
    work: impl FnOnce(&mut Ask<'_>, change::Seen, &Directory) -> Result<Department> + Send + 'static,
) -> Answer {
    let (directory, found) = caller
        .change(move |ask| {
            ask.viewer.may_anywhere(Right::ManageOrganisation)?;
            let (directory, found) = coded(ask, &code)?;
            let at = seen(&found, version.need()?);
            let new = work(ask, at, &directory)?;
            Ok((directory, new))
        })
        .await?;
    Ok(answer(&directory, &found))
}

/// Gives a department another full name; the old one stays as a former name.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = Renaming,
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/rename")]
async fn rename_department(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<Renaming>,
) -> Answer {
    changed(caller, code.into_inner(), version, move |ask, at, _| {
        let when = when(body.from, &body.reason);
        change::rename(ask.conn, &ask.viewer, at, &body.name, &when)
    })
    .await
}

/// Puts a department elsewhere.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = Relocation,
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/relocate")]
async fn relocate_department(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<Relocation>,
) -> Answer {
    changed(caller, code.into_inner(), version, move |ask, at, all| {
        let body = body.into_inner();
        let to = Placement {
            parent: named(all, "parent", body.parent.as_deref())?,
            region: body.region,
            unit: body.unit,
        };
        let when = when(body.from, &body.reason);
        let regions = ask.app.catalogue.regions();
        change::relocate(ask.conn, &ask.viewer, regions, at, &to, &when)
    })
    .await
}

/// Corrects what else is known of a department.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = Correction,
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/amend")]
async fn amend_department(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<Correction>,
) -> Answer {
    changed(caller, code.into_inner(), version, move |ask, at, _| {
        let body = body.into_inner();
        let details = Details {
            credit_code: body.credit_code,
            category: body.category,
            sort: body.sort,
            valid_from: body.valid_from,
        };
        let when = When::today(&body.reason);
        change::amend(ask.conn, &ask.viewer, at, &details, &when)
    })
    .await
}

/// Makes a department the data bureau of its region.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = Because,
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/bureau")]
async fn set_bureau(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<Because>,
) -> Answer {
    changed(caller, code.into_inner(), version, move |ask, at, _| {
        change::set_bureau(ask.conn, &ask.viewer, at, &when(body.from, &body.reason))
    })
    .await
}

/// Lets a department be found by one more name.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = NewAlias,
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/aliases")]
async fn add_alias(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<NewAlias>,
) -> Answer {
    changed(caller, code.into_inner(), version, move |ask, at, _| {
        let Some(kind) = AliasKind::from_word(&body.kind) else {
            return Err(Error::Invalid(vec![Problem::new(
                "kind",
                "unknown_kind",
                "kind 应为 short、former 或 other",
                "",
            )]));
        };
        let alias = (body.alias.as_str(), kind);
        change::add_alias(ask.conn, &ask.viewer, at, alias, &When::today(""))
    })
    .await
}

/// Abolishes a department that owns nothing any more.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = Because,
    responses((status = 200, body = DepartmentBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/abolish")]
async fn abolish_department(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<Because>,
) -> Answer {
    changed(caller, code.into_inner(), version, move |ask, at, _| {
        let when = when(body.from, &body.reason);
        Ok(handover::abolish(ask.conn, &ask.viewer, at, &when)?.department)
    })
    .await
}

/// Merges a department into another one with its entries, units, people and accounts.
#[utoipa::path(tag = "departments", security(("bearer" = [])), request_body = Merger,
    responses((status = 200, body = MovedBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/{code}/merge")]
async fn merge_department(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<Merger>,
) -> Answer {
    let moved = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManageOrganisation)?;
        let (directory, found) = coded(ask, &code)?;
        let at = seen(&found, version.need()?);
        let into = named(&directory, "into", Some(&body.into))?.unwrap_or_default();
        let when = when(body.from, &body.reason);
        let catalogue = &ask.app.catalogue;
        let moved = handover::merge(ask.conn, &ask.viewer, catalogue, at, into, &when)?;
        Ok(MovedBody {
            department: DepartmentBody::of(&directory, &moved.ended.department),
            entries: moved.entries,
            accounts: moved.accounts,
            people: moved.ended.people,
            units: moved.ended.units,
            change_set: moved.change_set,
        })
    });
    Ok(HttpResponse::Ok().json(moved.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(create_department)
        .service(rename_department)
        .service(relocate_department)
        .service(amend_department)
        .service(set_bureau)
        .service(add_alias)
        .service(abolish_department)
        .service(merge_department);
}
