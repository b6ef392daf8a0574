//! People, appointments and hand-overs.

use actix_web::{HttpResponse, get, patch, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Role;
use crate::error::Result;
use crate::org::appointment::{self, Term};
use crate::org::change::Seen;
use crate::org::person::{self, Contacts, Details, Filter, Glimpse, Held, Shown};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

mod staffing;

type Answer = std::result::Result<HttpResponse, Failure>;

/// One person.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonBody {
    /// Identity.
    id: i64,
    /// Code in files.
    code: String,
    /// 姓名.
    name: String,
    /// Where this person works.
    department_id: i64,
    /// 职务.
    post: String,
    /// 内设机构.
    office: String,
    /// 专业背景; null for those who may not see contacts.
    background: Option<String>,
    /// How to reach them; null for those who may not know.
    contacts: Option<Contacts>,
    /// When the contacts were last confirmed.
    confirmed_on: Option<NaiveDate>,
    /// Whether the contacts have to be confirmed anew.
    stale: bool,
    /// Still works there.
    active: bool,
    /// Roles held today.
    roles: Vec<Held>,
    /// Version, as in the `ETag`.
    version: i64,
}

impl From<Shown> for PersonBody {
    fn from(p: Shown) -> Self {
        Self {
            id: p.id,
            code: p.code,
            name: p.name,
            department_id: p.department,
            post: p.post,
            office: p.office,
            background: p.background,
            contacts: p.contacts,
            confirmed_on: p.confirmed_on,
            stale: p.stale,
            active: p.active,
            roles: p.roles,
            version: p.revision,
        }
    }
}

/// Some people.
#[derive(Serialize, ToSchema)]
struct PersonPage {
    /// By number; contacts masked.
    items: Vec<PersonBody>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

/// Which people are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PersonQuery {
    /// Name or post holds this.
    search: Option<String>,
    /// Work in this department, or hold a role there.
    department_id: Option<i64>,
    /// Hold this role today.
    role: Option<Role>,
    /// Only those whose contacts have to be confirmed anew.
    stale: Option<bool>,
    /// Those who left as well.
    former: Option<bool>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// People that you may see: the appointed, and those whose contacts you know.
#[utoipa::path(tag = "people", params(PersonQuery), security(("bearer" = [])),
    responses((status = 200, body = PersonPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/people")]
async fn list_people(caller: Caller, query: web::Query<PersonQuery>) -> Answer {
    caller
        .json(move |ask| {
            let query = query.into_inner();
            fields::plain(&[("search", query.search.as_deref())])?;
            let most = limit(query.limit)?;
            let filter = Filter {
                departments: query.department_id.map(|id| vec![id]),
                role: query.role,
                word: query.search.unwrap_or_default(),
                stale: query.stale == Some(true),
                with_former: query.former == Some(true),
                after: query.cursor.unwrap_or(0),
            };
            let rules = ask.app.organisation;
            let mut found = person::list(ask.conn, &ask.viewer, rules, &filter, most + 1)?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let more = found.len() > most;
            found.truncate(most);
            Ok(PersonPage {
                next: found.last().filter(|_| more).map(|p| p.id),
                items: found.into_iter().map(PersonBody::from).collect(),
            })
        })
        .await
}

/// How closely.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Closely {
    /// Contacts in full; it is written into the audit log.
    full: Option<bool>,
}

fn shown(ask: &mut Ask<'_>, id: i64, glimpse: Glimpse) -> Result<PersonBody> {
    let rules = ask.app.organisation;
    Ok(person::look(ask.conn, &ask.viewer, rules, id, glimpse)?.into())
}

fn answer(body: &PersonBody) -> HttpResponse {
    tagged(body, i32::try_from(body.version).unwrap_or(i32::MAX))
}

/// One person; contacts masked unless asked for in full.
#[utoipa::path(tag = "people", params(Closely), security(("bearer" = [])),
    responses((status = 200, body = PersonBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/people/{id}")]
async fn get_person(caller: Caller, id: web::Path<i64>, query: web::Query<Closely>) -> Answer {
    // Looking in full writes a line of the audit log, so it is a change.
    let body = if query.full == Some(true) {
        caller
            .change(move |ask| shown(ask, *id, Glimpse::Full))
            .await?
    } else {
        caller
            .read(move |ask| shown(ask, *id, Glimpse::Masked))
            .await?
    };
    Ok(answer(&body))
}

/// The roles a person held and holds, the latest first.
#[utoipa::path(tag = "people", security(("bearer" = [])),
    responses((status = 200, body = Vec<Term>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/people/{id}/terms")]
async fn person_terms(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .json(move |ask| {
            shown(ask, *id, Glimpse::Masked)?;
            appointment::of_person(ask.conn, &ask.viewer, *id)
        })
        .await
}

/// A person's record.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Record {
    /// 姓名.
    name: String,
    /// Where this person works.
    department_id: i64,
    /// 职务.
    #[serde(default)]
    post: String,
    /// 内设机构.
    #[serde(default)]
    office: String,
    /// 专业背景.
    #[serde(default)]
    background: String,
    /// 办公电话.
    #[serde(default)]
    phone: String,
    /// 手机.
    #[serde(default)]
    mobile: String,
    /// 电子邮箱.
    #[serde(default)]
    email: String,
}

/// What of a record changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = PersonChanges)]
#[serde(deny_unknown_fields)]
struct Changes {
    /// 姓名.
    name: Option<String>,
    /// Where this person works.
    department_id: Option<i64>,
    /// 职务.
    post: Option<String>,
    /// 内设机构.
    office: Option<String>,
    /// 专业背景.
    background: Option<String>,
    /// 办公电话.
    phone: Option<String>,
    /// 手机.
    mobile: Option<String>,
    /// 电子邮箱.
    email: Option<String>,
}

/// Records a person.
#[utoipa::path(tag = "people", security(("bearer" = [])), request_body = Record,
    responses((status = 201, body = PersonBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/people")]
async fn create_person(caller: Caller, once: Once, body: web::Json<Record>) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    caller
        .post(once, &sent, move |ask| {
            let details = Details {
                name: body.name,
                department: body.department_id,
                post: body.post,
                office: body.office,
                background: body.background,
                phone: body.phone,
                mobile: body.mobile,
                email: body.email,
            };
            let made = person::add(ask.conn, &ask.viewer, &details)?;
            let body = shown(ask, made.id, Glimpse::Masked)?;
            Answered::created(&body, Some(tag(1)))
        })
        .await
}

/// The state that `If-Match` names, of a person who may be seen.
fn seen(ask: &mut Ask<'_>, id: i64, version: Version) -> Result<Seen> {
    // Absent and hidden answer alike, before any word about versions.
    person::kept(ask.conn, &ask.viewer, id)?;
    Ok(Seen {
        id,
        revision: i64::from(version.need()?),
    })
}

/// Corrects a person's record; a change of an appointed person drafts a filing.
#[utoipa::path(tag = "people", security(("bearer" = [])), request_body = Changes,
    responses((status = 200, body = PersonBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[patch("/people/{id}")]
async fn update_person(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<Changes>,
) -> Answer {
    let done = caller.change(move |ask| {
        let seen = seen(ask, *id, version)?;
        let body = body.into_inner();
        let old = Details::from(&person::one(ask.conn, *id)?);
        let details = Details {
            name: body.name.unwrap_or(old.name),
            department: body.department_id.unwrap_or(old.department),
            post: body.post.unwrap_or(old.post),
            office: body.office.unwrap_or(old.office),
            background: body.background.unwrap_or(old.background),
            phone: body.phone.unwrap_or(old.phone),
            mobile: body.mobile.unwrap_or(old.mobile),
            email: body.email.unwrap_or(old.email),
        };
        person::amend(ask.conn, &ask.viewer, seen, &details)?;
        shown(ask, *id, Glimpse::Masked)
    });
    Ok(answer(&done.await?))
}

/// Says that the contacts are right as they stand.
#[utoipa::path(tag = "people", security(("bearer" = [])),
    responses((status = 200, body = PersonBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/people/{id}/confirm")]
async fn confirm_contacts(caller: Caller, id: web::Path<i64>, version: Version) -> Answer {
    let done = caller.change(move |ask| {
        let seen = seen(ask, *id, version)?;
        person::confirm(ask.conn, &ask.viewer, seen)?;
        shown(ask, *id, Glimpse::Masked)
    });
    Ok(answer(&done.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_people)
        .service(create_person)
        .service(get_person)
        .service(person_terms)
        .service(update_person)
        .service(confirm_contacts)
        .configure(staffing::configure);
}
