//! Appointing, dismissing, and handing over when someone leaves.

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, PersonBody, answer, seen, shown};
use crate::auth::Role;
use crate::handover::{self, HandedOver, Hanging, Leaving};
use crate::org::appointment::{self, Wish};
use crate::org::change::Seen;
use crate::org::person::{self, Glimpse};
use crate::web::answer::ProblemBody;
use crate::web::caller::Caller;
use crate::web::once::{Answered, Once};
use crate::web::version::Version;

/// An appointment as it is asked for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAppointment {
    /// Who.
    person_id: i64,
    /// For which department.
    department_id: i64,
    /// `cdo`, `specialist` or `liaison`.
    role: Role,
    /// First day.
    from: NaiveDate,
    /// Last day, when the term is limited.
    until: Option<NaiveDate>,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// What an appointment brought.
#[derive(Serialize, ToSchema)]
struct AppointedBody {
    /// The appointment.
    appointment_id: i64,
    /// The filing that reports it, still to be submitted.
    filing_id: i64,
    /// The appointment of the former holder, which it ended.
    former_id: Option<i64>,
}

/// Appoints a person; the former holder's term ends on the day before.
#[utoipa::path(tag = "people", security(("bearer" = [])), request_body = NewAppointment,
    responses((status = 201, body = AppointedBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/appointments")]
async fn create_appointment(caller: Caller, once: Once, body: web::Json<NewAppointment>) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    caller
        .post(once, &sent, move |ask| {
            let wish = Wish {
                person: body.person_id,
                department: body.department_id,
                role: body.role,
                from: body.from,
                until: body.until,
                reason: body.reason,
            };
            let done = appointment::appoint(ask.conn, &ask.viewer, &wish)?;
            let told = AppointedBody {
                appointment_id: done.appointment.id,
                filing_id: done.filing,
                former_id: done.former,
            };
            Answered::created(&told, None)
        })
        .await
}

/// The end of a term.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Dismissal {
    /// The last day.
    last_day: NaiveDate,
    /// Why.
    reason: String,
}

/// A filing that was drafted.
#[derive(Serialize, ToSchema)]
struct Drafted {
    /// Its number.
    filing_id: i64,
}

/// Ends an appointment; `If-Match` names its revision, as in `terms`.
#[utoipa::path(tag = "people", security(("bearer" = [])), request_body = Dismissal,
    responses((status = 200, body = Drafted), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/appointments/{id}/dismiss")]
async fn dismiss_appointment(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<Dismissal>,
) -> Answer {
    let done = caller.change(move |ask| {
        appointment::kept(ask.conn, &ask.viewer, *id)?;
        let seen = Seen {
            id: *id,
            revision: i64::from(version.need()?),
        };
        let filing_id =
            appointment::dismiss(ask.conn, &ask.viewer, seen, body.last_day, &body.reason)?;
        Ok(Drafted { filing_id })
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// What hangs on a person: roles, filings, entries, account, tokens, imports, views.
#[utoipa::path(tag = "people", security(("bearer" = [])),
    responses((status = 200, body = Vec<Hanging>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[get("/people/{id}/hanging")]
async fn what_hangs_on(caller: Caller, id: web::Path<i64>) -> Answer {
    let told = caller.read(move |ask| handover::what_hangs_on(ask.conn, &ask.viewer, *id));
    Ok(HttpResponse::Ok().json(told.await?))
}

/// A person who leaves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Leave {
    /// Who takes over; roles fall vacant without.
    to: Option<i64>,
    /// The last day in office.
    last_day: NaiveDate,
    /// Why.
    reason: String,
}

/// Hands everything over in one step, and closes the account.
#[utoipa::path(tag = "people", security(("bearer" = [])), request_body = Leave,
    responses((status = 200, body = HandedOver), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/people/{id}/hand-over")]
async fn hand_over(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<Leave>,
) -> Answer {
    let done = caller.change(move |ask| {
        let body = body.into_inner();
        let leaving = Leaving {
            person: seen(ask, *id, version)?,
            to: body.to,
            last_day: body.last_day,
            reason: body.reason,
        };
        handover::hand_over(ask.conn, &ask.viewer, &ask.app.catalogue, &leaving)
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// The account a person signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// Login of an account of the same department; empty ends the link.
    login: String,
}

/// Links a person with the account used to sign in, or ends the link.
#[utoipa::path(tag = "people", security(("bearer" = [])), request_body = Login,
    responses((status = 200, body = PersonBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/people/{id}/account")]
async fn link_account(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<Login>,
) -> Answer {
    let done = caller.change(move |ask| {
        let seen = seen(ask, *id, version)?;
        handover::link_account(ask.conn, &ask.viewer, seen, &body.login)?;
        shown(ask, *id, Glimpse::Masked)
    });
    Ok(answer(&done.await?))
}

/// Says that a person who had left works there again.
#[utoipa::path(tag = "people", security(("bearer" = [])),
    responses((status = 200, body = PersonBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/people/{id}/return")]
async fn return_person(caller: Caller, id: web::Path<i64>, version: Version) -> Answer {
    let done = caller.change(move |ask| {
        let seen = seen(ask, *id, version)?;
        person::set_active(ask.conn, &ask.viewer, seen, true)?;
        shown(ask, *id, Glimpse::Masked)
    });
    Ok(answer(&done.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(create_appointment)
        .service(dismiss_appointment)
        .service(what_hangs_on)
        .service(hand_over)
        .service(link_account)
        .service(return_person);
}
