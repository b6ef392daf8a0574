//! 年度核对: campaigns, their board and lists, answers, closing, certificates.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::campaign::list::{self, View};
use crate::campaign::open::{self, Plan};
use crate::campaign::{self, board, close};
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::review::Ground;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

mod acts;
mod body;

use body::{CampaignBody, CampaignDetail, EntryPage, ItemBody, VerificationBody};

type Answer = std::result::Result<HttpResponse, Failure>;

fn short(version: i64) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

/// Runs work with definitions and the organisation of the moment.
fn grounded<T>(
    ask: &mut Ask<'_>,
    work: impl FnOnce(&mut Ask<'_>, Ground<'_>) -> Result<T>,
) -> Result<T> {
    let directory = ask.state.directory.get(ask.conn)?;
    let ground = Ground {
        catalogue: &ask.app.catalogue,
        directory: &directory,
    };
    work(ask, ground)
}

/// A department by the code in an address; an unknown one is as absent as one that takes no part.
fn department(ground: Ground<'_>, code: &str) -> Result<i64> {
    let found = ground.directory.by_code(code).map(|d| d.id);
    found.ok_or_else(|| Error::NotFound("这次年度核对".to_owned()))
}

fn detail(ask: &mut Ask<'_>, ground: Ground<'_>, id: i64) -> Result<CampaignDetail> {
    let (found, members) = campaign::get(ask.conn, &ask.viewer, ground.directory, id)?;
    let pair = (&found, &members);
    let lines = board::lines(
        ask.conn,
        &ask.viewer,
        ground.directory,
        pair,
        clock::today(),
    )?;
    CampaignDetail::of(ask.conn, &ask.viewer, ground, &found, &lines)
}

/// Campaigns in which you or your departments have a part, newest first.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])),
    responses((status = 200, body = Vec<CampaignBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/campaigns")]
async fn list_campaigns(caller: Caller) -> Answer {
    let found = caller.read(|ask| {
        grounded(ask, |ask, ground| {
            let all = campaign::all(ask.conn, &ask.viewer, ground.directory)?;
            let mut out = Vec::with_capacity(all.len());
            for (one, _) in &all {
                out.push(CampaignBody::of(ask.conn, ground, one)?);
            }
            Ok(out)
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// What a bureau wants to ask.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignPlan {
    /// What it is called, such as 2027 年度核对.
    title: String,
    /// The year it is about.
    year: i32,
    /// The paper that orders it; may be left out.
    #[serde(default)]
    basis: String,
    /// Code of the bureau; may be left out by who serves one only.
    #[serde(default)]
    bureau: String,
    /// Keys of the registers.
    registers: Vec<String>,
    /// Keys of the fields to confirm by register; without any, what the entry's stage expects.
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
    /// Holds entries to the gates of the step where they stand, in the versions in force on this day.
    gates_on: Option<NaiveDate>,
    /// Codes of the departments; all of the level when left out.
    #[serde(default)]
    departments: Vec<String>,
    /// The day it is due; a day that is not worked moves on to the next that is.
    due_on: NaiveDate,
    /// Working days before that from which departments are reminded; 5 when left out.
    remind_days: Option<i32>,
}

impl From<CampaignPlan> for Plan {
    fn from(body: CampaignPlan) -> Self {
        Self {
            title: body.title,
            year: body.year,
            basis: body.basis,
            bureau: body.bureau,
            registers: body.registers,
            fields: body.fields,
            gates_on: body.gates_on,
            departments: body.departments,
            due_on: Some(body.due_on),
            remind_days: body.remind_days,
        }
    }
}

/// Opens a campaign.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), request_body = CampaignPlan,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = CampaignDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("run_campaign")), ("x-scope" = json!("level"))))]
#[post("/campaigns")]
async fn open_campaign(caller: Caller, once: Once, body: web::Json<CampaignPlan>) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        grounded(ask, |ask, ground| {
            let made = open::open(ask.conn, &ask.viewer, ground, &body.into())?;
            let detail = detail(ask, ground, made.id)?;
            Answered::created(&detail, Some(tag(short(made.version))))
        })
    };
    caller.post(once, &sent, work).await
}

/// A campaign with the departments that you see.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), params(("id" = i64, Path, description = "年度核对")),
    responses((status = 200, body = CampaignDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/campaigns/{id}")]
async fn get_campaign(caller: Caller, id: web::Path<i64>) -> Answer {
    let body = caller.read(move |ask| grounded(ask, |ask, ground| detail(ask, ground, *id)));
    let body = body.await?;
    Ok(tagged(&body, short(body.campaign.version)))
}

/// Another day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignDue {
    /// The day it is due.
    due_on: NaiveDate,
}

/// Sets another day on which an open campaign is due.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), request_body = CampaignDue,
    params(("id" = i64, Path, description = "年度核对"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CampaignDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("run_campaign")), ("x-scope" = json!("level"))))]
#[post("/campaigns/{id}/due")]
async fn reschedule_campaign(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<CampaignDue>,
) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::RunCampaign)?;
        grounded(ask, |ask, ground| {
            campaign::get(ask.conn, &ask.viewer, ground.directory, *id)?;
            let seen = i64::from(version.need()?);
            open::reschedule(
                ask.conn,
                &ask.viewer,
                ground,
                (*id, seen),
                Some(body.due_on),
            )?;
            detail(ask, ground, *id)
        })
    });
    let body = done.await?;
    Ok(tagged(&body, short(body.campaign.version)))
}

/// How a campaign is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignClosing {
    /// Close it although something is open.
    #[serde(default)]
    force: bool,
    /// Why; needed when it is forced.
    #[serde(default)]
    reason: String,
}

/// Closes a campaign and freezes what the ledger holds.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), request_body = CampaignClosing,
    params(("id" = i64, Path, description = "年度核对"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CampaignDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("run_campaign")), ("x-scope" = json!("level"))))]
#[post("/campaigns/{id}/close")]
async fn close_campaign(
    caller: Caller,
    id: web::Path<i64>,
    version: Version,
    body: web::Json<CampaignClosing>,
) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::RunCampaign)?;
        grounded(ask, |ask, ground| {
            campaign::get(ask.conn, &ask.viewer, ground.directory, *id)?;
            let body = body.into_inner();
            let wish = close::Wish {
                version: i64::from(version.need()?),
                force: body.force,
                reason: body.reason,
            };
            close::close(ask.conn, &ask.viewer, ground, *id, &wish)?;
            detail(ask, ground, *id)
        })
    });
    let body = done.await?;
    Ok(tagged(&body, short(body.campaign.version)))
}

/// Reckons the digests of a closed campaign anew from the ledger as of the closing.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), params(("id" = i64, Path, description = "年度核对")),
    responses((status = 200, body = VerificationBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/campaigns/{id}/verification")]
async fn verify_campaign(caller: Caller, id: web::Path<i64>) -> Answer {
    let found = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let found = close::verify(ask.conn, &ask.viewer, ground, *id)?;
            Ok(VerificationBody::from(found))
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Which entries of a campaign are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CampaignEntryQuery {
    /// Of the list of this department, by code; of all that you see when absent.
    department: Option<String>,
    /// `all`, `open`, `answered`, `changed` or `questions`.
    view: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Entries of a campaign, each with its answer and what it lacks.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])),
    params(("id" = i64, Path, description = "年度核对"), CampaignEntryQuery),
    responses((status = 200, body = EntryPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/campaigns/{id}/entries")]
async fn list_campaign_entries(
    caller: Caller,
    id: web::Path<i64>,
    query: web::Query<CampaignEntryQuery>,
) -> Answer {
    let page = caller.read(move |ask| {
        let query = query.into_inner();
        let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
        fields::plain(&[("department", query.department.as_deref())])?;
        let view = query
            .view
            .as_deref()
            .map_or(Some(View::All), View::from_word);
        let view = view.ok_or_else(|| {
            let what = "view 应为 all、open、answered、changed 或 questions";
            Error::Invalid(vec![Problem::new("view", "unknown", what, "")])
        })?;
        grounded(ask, |ask, ground| {
            let (found, members) = campaign::get(ask.conn, &ask.viewer, ground.directory, *id)?;
            let heads = match &query.department {
                Some(code) => vec![department(ground, code)?],
                None => members.heads(),
            };
            let after = query.cursor.unwrap_or(0);
            let found = list::page(
                ask.conn,
                &ask.viewer,
                ground,
                (&found, &members),
                (&heads, view),
                (after, most),
            )?;
            Ok(EntryPage {
                next: found.next,
                items: found
                    .items
                    .iter()
                    .map(|i| ItemBody::of(ground, i))
                    .collect(),
            })
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_campaigns)
        .service(open_campaign)
        .service(get_campaign)
        .service(reschedule_campaign)
        .service(close_campaign)
        .service(verify_campaign)
        .service(list_campaign_entries)
        .configure(acts::configure);
}
