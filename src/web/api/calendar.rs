//! The work calendar, and due dates by it.

use actix_web::{HttpResponse, get, post, put, web};
use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::almanac;
use crate::auth::Right;
use crate::calendar::{DayKind, MOST_DAYS, Mark, WorkCalendar};
use crate::error::{Error, Problem, Result};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::version::{Version, tagged};

type Answer = std::result::Result<HttpResponse, Failure>;

/// A day that differs from its weekday.
#[derive(Serialize, ToSchema)]
struct CalendarDay {
    /// The day.
    date: NaiveDate,
    /// `off` or `work`.
    kind: &'static str,
    /// The holiday it belongs to.
    name: String,
    /// Where that is announced.
    source: String,
}

/// One year.
#[derive(Serialize, ToSchema)]
struct CalendarYear {
    /// The year.
    year: i32,
    /// Whether its days are published; due dates that reach a year that is not are provisional.
    published: bool,
    /// Working days in it.
    working_days: usize,
    /// Days that differ from their weekday.
    days: Vec<CalendarDay>,
    /// Version of the whole calendar, for `If-Match`.
    version: i32,
}

fn year_of(calendar: &WorkCalendar, version: i32, year: i32) -> Result<CalendarYear> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).filter(|d| (2000..=2100).contains(&d.year()));
    let first = first.ok_or_else(|| Error::NotFound("这个年度".to_owned()))?;
    let all = || first.iter_days().take_while(move |d| d.year() == year);
    let day = |date| {
        calendar.mark(date).map(|mark| CalendarDay {
            date,
            kind: mark.kind.word(),
            name: mark.name.clone(),
            source: mark.source.clone(),
        })
    };
    Ok(CalendarYear {
        year,
        published: calendar.is_published(year),
        working_days: all().filter(|d| calendar.is_working(*d)).count(),
        days: all().filter_map(day).collect(),
        version,
    })
}

fn shown(ask: &mut Ask<'_>, year: i32) -> Result<CalendarYear> {
    let (calendar, version) = almanac::calendar(ask.conn)?;
    year_of(&calendar, version, year)
}

/// The days of a year that differ from their weekday.
#[utoipa::path(tag = "calendar", params(("year" = i32, Path, description = "The year")), security(("bearer" = [])),
    responses((status = 200, body = CalendarYear), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/calendar/{year}")]
async fn get_year(caller: Caller, year: web::Path<i32>) -> Answer {
    let found = caller.read(move |ask| shown(ask, *year)).await?;
    Ok(tagged(&found, found.version))
}

/// What is counted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Count {
    /// The day it begins on; it is not counted.
    start: NaiveDate,
    /// Working days, 0 to 5000.
    days: u32,
}

/// A due date.
#[derive(Serialize, ToSchema)]
struct DueDate {
    /// The last day in time.
    due: NaiveDate,
    /// It reaches a year whose days are not published, so it may move.
    provisional: bool,
}

/// The last of so many working days.
#[utoipa::path(tag = "calendar", params(Count), security(("bearer" = [])),
    responses((status = 200, body = DueDate), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/due-date")]
async fn get_due_date(caller: Caller, query: web::Query<Count>) -> Answer {
    let due = caller.read(move |ask| {
        let mut problems = Vec::new();
        if query.days > MOST_DAYS {
            problems.push(Problem::new(
                "days",
                "out_of_range",
                "days 应为 0 至 5000",
                "",
            ));
        }
        if !(2000..=2100).contains(&query.start.year()) {
            problems.push(Problem::new(
                "start",
                "out_of_range",
                "start 应在 2000 至 2100 年",
                "",
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let due = almanac::calendar(ask.conn)?
            .0
            .add_working_days(query.start, query.days);
        Ok(DueDate {
            due: due.date,
            provisional: due.provisional,
        })
    });
    Ok(HttpResponse::Ok().json(due.await?))
}

/// How a day is to differ from its weekday.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DayBody {
    /// `off`, `work`, or `none` for an ordinary day.
    kind: String,
    /// The holiday it belongs to.
    #[serde(default)]
    name: String,
    /// Where that is announced.
    #[serde(default)]
    source: String,
}

/// Sets one day.
#[utoipa::path(tag = "calendar", request_body = DayBody, security(("bearer" = [])),
    params(("day" = NaiveDate, Path, description = "The day"), ("If-Match" = String, Header, description = "Version of the calendar")),
    responses((status = 200, body = CalendarYear), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_calendar")), ("x-scope" = json!("all"))))]
#[put("/calendar/days/{day}")]
async fn put_day(
    caller: Caller,
    day: web::Path<NaiveDate>,
    version: Version,
    body: web::Json<DayBody>,
) -> Answer {
    let found = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        fields::plain(&[("name", Some(&body.name)), ("source", Some(&body.source))])?;
        let kind = DayKind::from_word(&body.kind);
        if kind.is_none() && body.kind != "none" {
            let what = "kind 应为 off、work 或 none";
            return Err(Error::Invalid(vec![Problem::new(
                "kind", "unknown", what, "",
            )]));
        }
        let mark = kind.map(|kind| Mark {
            kind,
            name: body.name.clone(),
            source: body.source.clone(),
        });
        almanac::set_day(ask.conn, &ask.viewer, version.need()?, *day, mark)?;
        shown(ask, day.year())
    });
    let found = found.await?;
    Ok(tagged(&found, found.version))
}

/// Whether a year is published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct YearBody {
    /// Its days are published.
    published: bool,
    /// Where.
    #[serde(default)]
    source: String,
}

/// Says whether the days of a year are published.
#[utoipa::path(tag = "calendar", request_body = YearBody, security(("bearer" = [])),
    params(("year" = i32, Path, description = "The year"), ("If-Match" = String, Header, description = "Version of the calendar")),
    responses((status = 200, body = CalendarYear), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_calendar")), ("x-scope" = json!("all"))))]
#[put("/calendar/{year}")]
async fn put_year(
    caller: Caller,
    year: web::Path<i32>,
    version: Version,
    body: web::Json<YearBody>,
) -> Answer {
    let found = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        fields::plain(&[("source", Some(&body.source))])?;
        let state = (body.published, body.source.as_str());
        almanac::set_year(ask.conn, &ask.viewer, version.need()?, *year, state)?;
        shown(ask, *year)
    });
    let found = found.await?;
    Ok(tagged(&found, found.version))
}

/// A year's days as a table.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DaysBody {
    /// A line a day: date, 放假 or 调休上班, name, source; commas or tabs.
    lines: String,
    /// Where they are announced, for lines that do not say.
    #[serde(default)]
    source: String,
}

/// What taking a year in came to.
#[derive(Serialize, ToSchema)]
struct DaysTaken {
    /// Days off.
    off: usize,
    /// Make-up days.
    work: usize,
    /// What looks unusual, in Chinese.
    warnings: Vec<String>,
    /// The year as it is now.
    calendar: CalendarYear,
}

/// Takes a year's days in, in place of those it had; the year counts as published then.
#[utoipa::path(tag = "calendar", request_body = DaysBody, security(("bearer" = [])),
    params(("year" = i32, Path, description = "The year"), ("If-Match" = String, Header, description = "Version of the calendar")),
    responses((status = 200, body = DaysTaken), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_calendar")), ("x-scope" = json!("all"))))]
#[post("/calendar/{year}/days")]
async fn load_days(
    caller: Caller,
    year: web::Path<i32>,
    version: Version,
    body: web::Json<DaysBody>,
) -> Answer {
    let taken = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        fields::plain(&[("lines", Some(&body.lines)), ("source", Some(&body.source))])?;
        let given = (body.lines.as_str(), body.source.as_str());
        let taken = almanac::load(ask.conn, &ask.viewer, version.need()?, *year, given)?;
        Ok(DaysTaken {
            off: taken.off,
            work: taken.work,
            warnings: taken.warnings,
            calendar: shown(ask, *year)?,
        })
    });
    let taken = taken.await?;
    Ok(tagged(&taken, taken.calendar.version))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_due_date)
        .service(put_day)
        .service(get_year)
        .service(put_year)
        .service(load_days);
}
