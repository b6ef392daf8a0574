//! Issues (对接难点问题): raised, moved, escalated, closed with proof; their files, and the month.

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::almanac;
use crate::auth::Right;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::issue::list::{self, Filter, View};
use crate::issue::steps::{Act, State};
use crate::issue::summary::Month;
use crate::issue::{self, Ground, Raise, Wish};
use crate::ledger::facts;
use crate::report::dispatch;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Outgoing};
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

mod body;
pub(in crate::web) mod files;

use body::{IssueBoard, IssueBoardLine, IssueBody, IssueDetail, IssuePage, IssueSummary, side};

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
        _ => None,
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

/// What waits for you, and who has what in hand.
#[utoipa::path(tag = "issues", security(("bearer" = [])),
    responses((status = 200, body = IssueBoard), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/issue-board")]
async fn get_issue_board(caller: Caller) -> Answer {
    let found = caller.read(|ask| {
        ask.viewer.may_anywhere(Right::SeeOwn)?;
        grounded(ask, |ask, ground| {
            let counts = list::counts(ask.conn, &ask.viewer)?;
            let (calendar, _) = almanac::calendar(ask.conn)?;
            let lines = list::board(ask.conn, &ask.viewer, &calendar)?;
            let code = |id: i64| ground.directory.get(id).map(|d| d.code.clone());
            let line = |l: list::Line| IssueBoardLine {
                department: code(l.department).unwrap_or_default(),
                open: l.open,
                overdue: l.overdue,
                oldest: l.oldest,
            };
            Ok(IssueBoard {
                mine: counts.mine,
                late: counts.late,
                owed: counts.owed,
                rung: counts.rung,
                departments: lines.into_iter().map(line).collect(),
            })
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Which month is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct IssueMonthQuery {
    /// Such as `2026-11`; the present month when left out.
    month: Option<String>,
    /// Code of one department; all that you see when left out.
    department: Option<String>,
}

fn month(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    query: &IssueMonthQuery,
) -> Result<dispatch::Dispatch> {
    ask.viewer.may_anywhere(Right::SeeOwn)?;
    let today = clock::today();
    let month = match &query.month {
        None => Month::of(today),
        Some(word) => Month::parse(word, today).ok_or_else(|| {
            let message = "月份应写作 2026-11，且不能晚于本月";
            Error::Invalid(vec![Problem::new("month", "bad_month", message, "")])
        })?,
    };
    let department = match &query.department {
        None => None,
        Some(code) => {
            let found = ground.directory.by_code(code).map(|d| d.id);
            Some(found.ok_or_else(|| Error::NotFound("该单位".to_owned()))?)
        }
    };
    dispatch::dispatch(ask.conn, &ask.viewer, ground, department, month)
}

/// The month of issues (工作调度) of your department or region.
#[utoipa::path(tag = "issues", params(IssueMonthQuery), security(("bearer" = [])),
    responses((status = 200, body = IssueSummary), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/issue-summary")]
async fn get_issue_summary(caller: Caller, query: web::Query<IssueMonthQuery>) -> Answer {
    let found = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let found = month(ask, ground, &query)?;
            let summary = found.summary;
            Ok(IssueSummary::of(
                ground,
                (found.whose, summary.month.word()),
                (summary.figures, summary.more),
                &summary.lines,
            ))
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// The month of issues as a workbook.
#[utoipa::path(tag = "issues", params(IssueMonthQuery), security(("bearer" = [])),
    responses((status = 200, description = "xlsx", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/issue-summary/export")]
async fn export_issue_summary(caller: Caller, query: web::Query<IssueMonthQuery>) -> Answer {
    let out = caller.change(move |ask| exported(ask, &query.into_inner()));
    Ok(desk::send(&out.await?)?)
}

fn exported(ask: &mut Ask<'_>, query: &IssueMonthQuery) -> Result<Outgoing> {
    grounded(ask, |ask, ground| {
        let found = month(ask, ground, query)?;
        workbook(ask, ground, &found)
    })
}

/// Writes a month as a workbook to be sent.
///
/// # Errors
/// When the file cannot be written.
pub fn workbook(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    found: &dispatch::Dispatch,
) -> Result<Outgoing> {
    let path = desk::passing(ask.app, "xlsx")?;
    dispatch::export(ask.conn, &ask.viewer, ground, found, &path)?;
    Ok(Outgoing {
        path,
        name: format!(
            "工作调度_{}_{}.xlsx",
            found.whose,
            found.summary.month.word()
        ),
        media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
        passing: true,
    })
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_issues)
        .service(raise_issue)
        .service(get_issue_board)
        .service(get_issue_summary)
        .service(export_issue_summary)
        .service(get_issue)
        .service(act_on_issue)
        .service(comment_on_issue)
        .service(add_issue_entries)
        .configure(files::configure);
}
