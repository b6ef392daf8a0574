//! What departments and the bureau do with the entries of a campaign; certificates.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::CampaignDetail;
use super::{Answer, department, detail, grounded, short};
use crate::auth::Right;
use crate::campaign::answer::{self, Answer as Said, Confirmed, Given};
use crate::campaign::certificate::{self, Paper};
use crate::campaign::question::{self, Settlement};
use crate::campaign::submit;
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tagged};

/// One answer.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignAnswerBody {
    /// Register key.
    register: String,
    /// Code of the entry.
    code: String,
    /// The version of the entry that was looked at.
    revision: i32,
    /// The version of the answer that was looked at; 0 when there was none.
    #[serde(default)]
    version: i64,
    /// What is said.
    answer: Said,
    /// What there is to say with it.
    #[serde(default)]
    note: String,
    /// Code or full name of the department it belongs to, for `elsewhere`.
    #[serde(default)]
    to: String,
}

/// Answers, all taken or none.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignAnswers {
    /// At most 500.
    answers: Vec<CampaignAnswerBody>,
}

/// How many answers were taken.
#[derive(Serialize, ToSchema)]
struct CampaignTaken {
    /// So many.
    taken: usize,
}

/// Answers for entries of your department.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), request_body = CampaignAnswers,
    params(("id" = i64, Path, description = "年度核对"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = CampaignTaken), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/campaigns/{id}/answers")]
async fn answer_campaign(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<CampaignAnswers>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let given: Vec<Given> = body
            .answers
            .into_iter()
            .map(|a| Given {
                register: a.register,
                code: a.code,
                revision: a.revision,
                version: a.version,
                answer: a.answer,
                note: a.note,
                to: a.to,
            })
            .collect();
        for one in &given {
            crate::web::fields::plain(&[
                ("register", Some(&one.register)),
                ("code", Some(&one.code)),
                ("to", Some(&one.to)),
            ])?;
        }
        grounded(ask, |ask, ground| {
            let taken = answer::answer(ask.conn, &ask.viewer, ground, *id, &given)?;
            Answered::done(&CampaignTaken { taken })
        })
    };
    caller.post(once, &sent, work).await
}

/// Confirms at once all entries of a department that are complete and not answered for.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])),
    params(("id" = i64, Path, description = "年度核对"), ("department" = String, Path, description = "单位代码")),
    responses((status = 200, body = Confirmed), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/campaigns/{id}/departments/{department}/confirm")]
async fn confirm_campaign(caller: Caller, path: web::Path<(i64, String)>) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            let department = department(ground, &path.1)?;
            answer::confirm(ask.conn, &ask.viewer, ground, (path.0, department))
        })
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// What is handed in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignHandIn {
    /// Declares that the department has no entries.
    #[serde(default)]
    none: bool,
}

/// Hands in a department's list; `If-Match` names the version of its part.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), request_body = CampaignHandIn,
    params(("id" = i64, Path, description = "年度核对"), ("department" = String, Path, description = "单位代码"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CampaignDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("approve_submission")), ("x-scope" = json!("own"))))]
#[post("/campaigns/{id}/departments/{department}/submit")]
async fn submit_campaign(
    caller: Caller,
    path: web::Path<(i64, String)>,
    version: Version,
    body: web::Json<CampaignHandIn>,
) -> Answer {
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ApproveSubmission)?;
        grounded(ask, |ask, ground| {
            let id = path.0;
            let department = department(ground, &path.1)?;
            crate::campaign::get(ask.conn, &ask.viewer, ground.directory, id)?;
            let seen = i64::from(version.need()?);
            let which = (id, department, seen);
            submit::submit(ask.conn, &ask.viewer, ground, which, body.none)?;
            detail(ask, ground, id)
        })
    });
    let body = done.await?;
    Ok(tagged(&body, short(body.campaign.version)))
}

/// What the bureau does with an entry that is said to be another's.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CampaignSettling {
    /// It goes to the department that was named.
    Move,
    /// The department must answer again.
    Return,
}

/// A question and what becomes of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignSettlement {
    /// Register key.
    register: String,
    /// Code of the entry.
    code: String,
    /// The version of the answer that was looked at.
    version: i64,
    /// What becomes of it.
    act: CampaignSettling,
    /// What there is to say; needed to return it.
    #[serde(default)]
    note: String,
}

/// Settles an entry that its department says is not its own.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), request_body = CampaignSettlement,
    params(("id" = i64, Path, description = "年度核对")),
    responses((status = 200, body = CampaignDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("run_campaign")), ("x-scope" = json!("level"))))]
#[post("/campaigns/{id}/settlements")]
async fn settle_campaign(
    caller: Caller,
    id: web::Path<i64>,
    body: web::Json<CampaignSettlement>,
) -> Answer {
    let done = caller.change(move |ask| {
        let body = body.into_inner();
        crate::web::fields::plain(&[
            ("register", Some(&body.register)),
            ("code", Some(&body.code)),
        ])?;
        let wish = Settlement {
            register: body.register,
            code: body.code,
            version: body.version,
            moves: matches!(body.act, CampaignSettling::Move),
            note: body.note,
        };
        grounded(ask, |ask, ground| {
            question::settle(ask.conn, &ask.viewer, ground, *id, &wish)?;
            detail(ask, ground, *id)
        })
    });
    let body = done.await?;
    Ok(tagged(&body, short(body.campaign.version)))
}

/// The certificate of a department in a closed campaign.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])),
    params(("id" = i64, Path, description = "年度核对"), ("department" = String, Path, description = "单位代码")),
    responses((status = 200, body = Paper), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/campaigns/{id}/certificates/{department}")]
async fn get_certificate(caller: Caller, path: web::Path<(i64, String)>) -> Answer {
    let found = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let department = department(ground, &path.1)?;
            let which = (path.0, department);
            certificate::certificate(ask.conn, &ask.viewer, ground.directory, which)
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// What the ledger answers about a certificate.
#[derive(Serialize, ToSchema)]
struct CampaignPaperAnswer {
    /// What the campaign is called.
    title: String,
    /// When it was closed, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    closed_at: Option<chrono::NaiveDateTime>,
    /// The certificate; what it says is told to those who see the department's part.
    paper: Paper,
}

/// Answers whether a certificate is what was frozen.
#[utoipa::path(tag = "campaigns", security(("bearer" = [])), params(("code" = String, Path, description = "核验码")),
    responses((status = 200, body = CampaignPaperAnswer), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("all"))))]
#[get("/campaign-certificates/{code}")]
async fn check_certificate(caller: Caller, code: web::Path<String>) -> Answer {
    let found = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let checked = certificate::check(ask.conn, &ask.viewer, ground.directory, &code);
            let (campaign, paper) = checked?;
            Ok(CampaignPaperAnswer {
                title: campaign.title,
                closed_at: campaign.closed_at,
                paper,
            })
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Adds the operations.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(answer_campaign)
        .service(confirm_campaign)
        .service(submit_campaign)
        .service(settle_campaign)
        .service(get_certificate)
        .service(check_certificate);
}
