//! Filings (备案): what a department reports of its staffing, and what its bureau answers.

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Right, Role};
use crate::error::{Error, Result};
use crate::org::appointment::Change;
use crate::org::board::{self, Vacancy};
use crate::org::change::Seen;
use crate::org::filing::{self, Filing, Filter};
use crate::org::paper::{self, Paper, Scan};
use crate::org::steps::{Act, State};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::version::{Version, tagged};

type Answer = std::result::Result<HttpResponse, Failure>;

/// One filing.
#[derive(Serialize, ToSchema)]
struct FilingBody {
    /// Identity.
    id: i64,
    /// 备案编号.
    number: String,
    /// Who files.
    department_id: i64,
    /// The bureau it was submitted to.
    bureau_id: Option<i64>,
    /// The role it is about.
    role: Role,
    /// The kind of change.
    change: Change,
    /// Why.
    reason: String,
    /// Where it stands.
    state: State,
    /// Whole days it has been waiting.
    age_days: i64,
    /// When it was drafted, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    made_at: NaiveDateTime,
    /// When it was last submitted, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    submitted_at: Option<NaiveDateTime>,
    /// By whom.
    submitter: Option<String>,
    /// When it was last answered, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    answered_at: Option<NaiveDateTime>,
    /// By whom.
    answerer: Option<String>,
    /// What the bureau said.
    answer: String,
    /// Version, as in the `ETag`.
    version: i64,
}

impl From<&Filing> for FilingBody {
    fn from(f: &Filing) -> Self {
        Self {
            id: f.id,
            number: f.number(),
            department_id: f.department_id,
            bureau_id: f.bureau_id,
            role: f.role(),
            change: f.change(),
            reason: f.reason.clone(),
            state: f.state(),
            age_days: f.age(),
            made_at: f.made_at,
            submitted_at: f.submitted_at,
            submitter: f.submitter.clone(),
            answered_at: f.answered_at,
            answerer: f.answerer.clone(),
            answer: f.answer.clone(),
            version: f.revision,
        }
    }
}

/// One step that was taken.
#[derive(Serialize, ToSchema)]
struct StepBody {
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// What was done.
    act: String,
    /// The state before.
    from_state: String,
    /// The state after.
    to_state: String,
    /// By whom.
    actor: String,
    /// What was said.
    note: String,
}

/// One filing with its form and its way.
#[derive(Serialize, ToSchema)]
struct FilingDetail {
    /// The filing.
    filing: FilingBody,
    /// The form.
    form: Paper,
    /// The steps it has taken.
    steps: Vec<StepBody>,
    /// What you may do with it now.
    acts: Vec<Act>,
    /// Stamped scans.
    scans: Vec<Scan>,
}

/// Some filings.
#[derive(Serialize, ToSchema)]
struct FilingPage {
    /// Newest first.
    items: Vec<FilingBody>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

/// Which filings are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FilingQuery {
    /// In this state.
    state: Option<State>,
    /// Of this department.
    department_id: Option<i64>,
    /// Of this role.
    role: Option<Role>,
    /// Only what your bureau has to answer.
    to_answer: Option<bool>,
    /// Only where somebody still has to do something.
    open: Option<bool>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Filings that you may see, newest first.
#[utoipa::path(tag = "filings", params(FilingQuery), security(("bearer" = [])),
    responses((status = 200, body = FilingPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/filings")]
async fn list_filings(caller: Caller, query: web::Query<FilingQuery>) -> Answer {
    let page = caller.read(move |ask| {
        let query = query.into_inner();
        let most = limit(query.limit)?;
        let filter = Filter {
            departments: query.department_id.map(|id| vec![id]),
            to_answer: query.to_answer == Some(true),
            state: query.state,
            open: query.open == Some(true),
            role: query.role,
            before: query.cursor,
        };
        let mut found = filing::list(ask.conn, &ask.viewer, &filter, most + 1)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        Ok(FilingPage {
            next: found.last().filter(|_| more).map(|l| l.filing.id),
            items: found.iter().map(|l| FilingBody::from(&l.filing)).collect(),
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

fn detail(ask: &mut Ask<'_>, id: i64) -> Result<FilingDetail> {
    let regions = ask.app.catalogue.regions();
    let (row, form) = paper::read(ask.conn, &ask.viewer, regions, id)?;
    let steps = filing::history(ask.conn, &ask.viewer, id)?;
    Ok(FilingDetail {
        filing: FilingBody::from(&row),
        form,
        steps: steps
            .into_iter()
            .map(|t| StepBody {
                at: t.at,
                act: t.act,
                from_state: t.from_state,
                to_state: t.to_state,
                actor: t.actor,
                note: t.note,
            })
            .collect(),
        acts: filing::acts(&ask.viewer, &row),
        scans: paper::scans(ask.conn, &ask.viewer, id)?,
    })
}

fn answer(body: &FilingDetail) -> HttpResponse {
    let version = i32::try_from(body.filing.version).unwrap_or(i32::MAX);
    tagged(body, version)
}

/// One filing with its form.
#[utoipa::path(tag = "filings", security(("bearer" = [])),
    responses((status = 200, body = FilingDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/filings/{id}")]
async fn get_filing(caller: Caller, id: web::Path<i64>) -> Answer {
    Ok(answer(&caller.read(move |ask| detail(ask, *id)).await?))
}

/// What is said with a step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    /// Why; needed to return, withdraw and cancel.
    #[serde(default)]
    note: String,
}

/// Takes one step: `submit`, `withdraw`, `acknowledge`, `return`, `keep` or `cancel`.
#[utoipa::path(tag = "filings", security(("bearer" = [])), request_body = Note,
    responses((status = 200, body = FilingDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/filings/{id}/{act}")]
async fn act_on_filing(
    caller: Caller,
    path: web::Path<(i64, String)>,
    version: Version,
    body: web::Json<Note>,
) -> Answer {
    let done = caller.change(move |ask| {
        let (id, word) = path.into_inner();
        let act = Act::from_word(&word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))?;
        // Whether it is there at all comes before which version was meant.
        filing::get(ask.conn, &ask.viewer, id)?;
        let seen = Seen {
            id,
            revision: i64::from(version.need()?),
        };
        let regions = ask.app.catalogue.regions();
        filing::act(ask.conn, &ask.viewer, regions, seen, act, &body.note)?;
        detail(ask, id)
    });
    Ok(answer(&done.await?))
}

/// Departments whose people you keep that lack a CDO or a specialist.
#[utoipa::path(tag = "filings", security(("bearer" = [])),
    responses((status = 200, body = Vec<Vacancy>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("level"))))]
#[get("/vacancies")]
async fn list_vacancies(caller: Caller) -> Answer {
    let found = caller.read(|ask| {
        ask.viewer.may_anywhere(Right::ManagePeople)?;
        board::vacancies(ask.conn, &ask.viewer)
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_filings)
        .service(list_vacancies)
        .service(get_filing)
        .service(act_on_filing);
}
