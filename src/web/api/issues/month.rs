//! Who has issues in hand, and the month of issues (工作调度).

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{IssueBoard, IssueBoardLine, IssueSummary};
use super::{Answer, grounded};
use crate::almanac;
use crate::auth::Right;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::issue::summary::Month;
use crate::issue::{Ground, list};
use crate::report::dispatch;
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Outgoing};

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

impl IssueMonthQuery {
    fn asked(&self) -> (Option<&str>, Option<&str>) {
        (self.month.as_deref(), self.department.as_deref())
    }
}

/// The month asked for, of the department asked for; the page asks in the same words.
pub(in crate::web) fn month(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    (month, department): (Option<&str>, Option<&str>),
) -> Result<dispatch::Dispatch> {
    ask.viewer.may_anywhere(Right::SeeOwn)?;
    let today = clock::today();
    let month = match month {
        None => Month::of(today),
        Some(word) => Month::parse(word, today).ok_or_else(|| {
            let message = "月份应写作 2026-11，且不能晚于本月";
            Error::Invalid(vec![Problem::new("month", "bad_month", message, "")])
        })?,
    };
    let department = match department {
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
            let found = month(ask, ground, query.asked())?;
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
        let found = month(ask, ground, query.asked())?;
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
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_issue_board)
        .service(get_issue_summary)
        .service(export_issue_summary);
}
