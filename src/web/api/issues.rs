//! Issues (对接难点问题): raised, moved, escalated, closed with proof; their files, and the month.

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::almanac;
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::issue::list::{self, Filter, View};
use crate::issue::steps::{Act, RUNGS, State};
use crate::issue::{self, Ground, KINDS, Raise, Wish};
use crate::ledger::facts;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

mod body;
pub(in crate::web) mod files;
pub(in crate::web) mod month;

use body::{IssueBody, IssueDetail, IssuePage, side};

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

fn unknown(field: &str, message: &str, known: &[&str]) -> Error {
    let hint = format!("可选: {}", known.join("、"));
    Error::Invalid(vec![Problem::new(field, "unknown_value", message, &hint)])
}

/// Which issues are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct IssueQuery {
    /// `mine`, `owed`, `rung`, `open`, `overdue`, `ended` or `all`; those open when left out.
    view: Option<String>,
    /// A code of the list `issue_kind`.
    kind: Option<String>,
    /// In this state.
    state: Option<String>,
    /// At this rung of the ladder of disputes, 0 to 3.
    rung: Option<i32>,
    /// Code of a department that raised it or owes.
    department: Option<String>,
    /// Register of the entry it is about; with `code`.
    register: Option<String>,
    /// Code of the entry it is about; with `register`.
    code: Option<String>,
    /// With this in its title, or this number.
    q: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<String>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

fn filter(ask: &mut Ask<'_>, ground: Ground<'_>, query: &IssueQuery) -> Result<Filter> {
    fields::plain(&[
        ("kind", query.kind.as_deref()),
        ("department", query.department.as_deref()),
        ("q", query.q.as_deref()),
        ("code", query.code.as_deref()),
    ])?;
    let view = match &query.view {
        None => View::Open,
        Some(word) => View::from_word(word)
            .ok_or_else(|| unknown("view", "没有这种视图", &View::ALL.map(View::word)))?,
    };
    let state = match &query.state {
        None => None,
        Some(word) => Some(State::from_word(word).ok_or_else(|| {
            let words: Vec<&str> = State::ALL.iter().map(|s| s.word()).collect();
            unknown("state", "没有这种状态", &words)
        })?),
    };
    if let Some(kind) = &query.kind
        && let Some(list) = ground.catalogue.list(KINDS)
        && list.item(kind).is_none()
    {
        let codes: Vec<&str> = list.items.iter().map(|i| i.code.as_str()).collect();
        return Err(unknown("kind", "没有这种问题类型", &codes));
    }
    if let Some(rung) = query.rung
        && RUNGS.iter().all(|(number, _)| *number != rung)
    {
        return Err(unknown("rung", "没有这一层级", &["0", "1", "2", "3"]));
    }
    let departments = query.department.as_ref().map(|code| {
        let found = ground.directory.by_code(code);
        found.map(|d| vec![d.id]).unwrap_or_default()
    });
    let entry = match (&query.register, &query.code) {
        (Some(register), Some(code)) => {
            let known = ground.catalogue.register(register);
            let known = known.ok_or_else(|| Error::NotFound("这个登记簿".to_owned()))?;
            Some(facts::row(ask.conn, &ask.viewer, known, code)?.id)
        }
        (None, None) => None,
        // One without the other would be no filter at all.
        (register, _) => {
            let lacking = if register.is_none() {
                "register"
            } else {
                "code"
            };
            let message = "register 和 code 应一起给出";
            let problem = Problem::new(lacking, "required", message, "");
            return Err(Error::Invalid(vec![problem]));
        }
    };
    Ok(Filter {
        view,
        kind: query.kind.clone(),
        state,
        rung: query.rung,
        departments,
        entry,
        search: query.q.clone().unwrap_or_default(),
    })
}

/// Issues that you may see.
#[utoipa::path(tag = "issues", params(IssueQuery), security(("bearer" = [])),
    responses((status = 200, body = IssuePage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/issues")]
async fn list_issues(caller: Caller, query: web::Query<IssueQuery>) -> Answer {
    let page = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let most = usize::try_from(limit(query.limit)?).unwrap_or(1);
            let filter = filter(ask, ground, &query)?;
            let cursor = query.cursor.as_deref();
            let found = list::page(ask.conn, &ask.viewer, &filter, cursor, most)?;
            let (calendar, _) = almanac::calendar(ask.conn)?;
            let body = |row| IssueBody::of(ground, &calendar, row);
            Ok(IssuePage {
                items: found.rows.iter().map(body).collect(),
                next: found.next,
            })
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// An entry, by register and code.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueEntryRef {
    /// Register key.
    register: String,
    /// Code.
    code: String,
}

fn pairs(refs: Vec<IssueEntryRef>) -> Result<Vec<(String, String)>> {
    for one in &refs {
        fields::plain(&[
            ("entries", Some(&one.register)),
            ("entries", Some(&one.code)),
        ])?;
    }
    Ok(refs.into_iter().map(|r| (r.register, r.code)).collect())
}

/// An issue to raise.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueRaised {
    /// A code of the list `issue_kind`.
    kind: String,
    /// What it is, in a line.
    title: String,
    /// What it is.
    text: String,
    /// Code or full name of your department.
    raised_by: String,
    /// Code or full name of the department that owes.
    owed_by: String,
    /// The entries it is about, at most 50.
    #[serde(default)]
    entries: Vec<IssueEntryRef>,
}

/// Raises an issue for your department.
#[utoipa::path(tag = "issues", security(("bearer" = [])), request_body = IssueRaised,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = IssueDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/issues")]
async fn raise_issue(caller: Caller, once: Once, body: web::Json<IssueRaised>) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            let wish = Raise {
                kind: body.kind,
                title: body.title,
                text: body.text,
                raised_by: body.raised_by,
                owed_by: body.owed_by,
                entries: pairs(body.entries)?,
            };
            let row = issue::raise(ask.conn, &ask.viewer, ground, &wish)?;
            let detail = IssueDetail::of(ask.conn, &ask.viewer, ground, row.id)?;
            Answered::created(&detail, Some(tag(short(row.version))))
        })
    };
    caller.post(once, &sent, work).await
}

fn detail(ask: &mut Ask<'_>, id: i64) -> Result<IssueDetail> {
    grounded(ask, |ask, ground| {
        IssueDetail::of(ask.conn, &ask.viewer, ground, id)
    })
}

fn answer(body: &IssueDetail) -> HttpResponse {
    tagged(body, short(body.issue.version))
}

/// One issue with its way.
#[utoipa::path(tag = "issues", security(("bearer" = [])),
    responses((status = 200, body = IssueDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/issues/{id}")]
async fn get_issue(caller: Caller, id: web::Path<i64>) -> Answer {
    Ok(answer(&caller.read(move |ask| detail(ask, *id)).await?))
}

/// What is said with an act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueActBody {
    /// What there is to say; what was decided, for `decide`.
    #[serde(default)]
    note: String,
    /// To which side it is handed, for `hand_out`: `owed` or `raised`.
    to: Option<String>,
    /// The day it is due, for `reschedule`; the day of the paper, for `decide`.
    day: Option<NaiveDate>,
    /// Number of the paper, for `decide`.
    #[serde(default)]
    number: String,
}

/// Does one thing: `answer`, `progress`, `escalate`, `hand_out`, `decide`, `reschedule`, `propose`, `reject`, `confirm`,
/// `withdraw` or `reopen`.
#[utoipa::path(tag = "issues", security(("bearer" = [])), request_body = IssueActBody,
    responses((status = 200, body = IssueDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/issues/{id}/acts/{act}")]
async fn act_on_issue(
    caller: Caller,
    path: web::Path<(i64, String)>,
    version: Version,
    body: web::Json<IssueActBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        let (id, word) = path.into_inner();
        let act = Act::from_word(&word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))?;
        // Whether it is there at all comes before which version was meant.
        issue::get(ask.conn, &ask.viewer, id)?;
        let body = body.into_inner();
        let to = match &body.to {
            None => None,
            Some(word) => {
                let known = side(word);
                Some(known.ok_or_else(|| unknown("to", "没有这一方", &["owed", "raised"]))?)
            }
        };
        let wish = Wish {
            id,
            version: i64::from(version.need()?),
            act,
            note: body.note,
            to,
            day: body.day,
            number: body.number,
        };
        grounded(ask, |ask, ground| {
            issue::act(ask.conn, &ask.viewer, ground, &wish)?;
            IssueDetail::of(ask.conn, &ask.viewer, ground, id)
        })
    });
    Ok(answer(&done.await?))
}

/// What is said without having the move.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueComment {
    /// What there is to say.
    note: String,
}

/// Says something about an issue of your department.
#[utoipa::path(tag = "issues", security(("bearer" = [])), request_body = IssueComment,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = IssueDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/issues/{id}/comments")]
async fn comment_on_issue(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<IssueComment>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        issue::comment(ask.conn, &ask.viewer, *id, &body.note)?;
        Answered::done(&detail(ask, *id)?)
    };
    caller.post(once, &sent, work).await
}

/// Further entries that an issue is about.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueEntries {
    /// At most 50 in all.
    entries: Vec<IssueEntryRef>,
}

/// Names further entries that an issue is about; one that is named already stays.
#[utoipa::path(tag = "issues", security(("bearer" = [])), request_body = IssueEntries,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = IssueDetail), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/issues/{id}/entries")]
async fn add_issue_entries(
    caller: Caller,
    once: Once,
    id: web::Path<i64>,
    body: web::Json<IssueEntries>,
) -> Answer {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let wanted = pairs(body.entries)?;
        grounded(ask, |ask, ground| {
            issue::add_entries(ask.conn, &ask.viewer, ground, *id, &wanted)?;
            let detail = IssueDetail::of(ask.conn, &ask.viewer, ground, *id)?;
            Answered::done(&detail)
        })
    };
    caller.post(once, &sent, work).await
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_issues)
        .service(raise_issue)
        .service(get_issue)
        .service(act_on_issue)
        .service(comment_on_issue)
        .service(add_issue_entries)
        .configure(files::configure)
        .configure(month::configure);
}
