//! 工作日历: a year of twelve months, and its editor for whoever keeps it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;

use crate::almanac;
use crate::auth::Right;
use crate::calendar::{DayKind, Mark, WorkCalendar};
use crate::clock;
use crate::error::{Doing, Error, Problem, Result};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::upload;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Bytes of a year's table at most.
const LARGEST: u64 = 256 * 1024;

struct Day {
    number: u32,
    date: String,
    class: &'static str,
    mark: String,
    title: String,
}

struct Month {
    number: u32,
    working: usize,
    /// Weeks from Monday on; empty places belong to other months.
    weeks: Vec<Vec<Option<Day>>>,
}

/// What stands in the forms.
#[derive(Default)]
struct Given {
    day: String,
    kind: String,
    name: String,
    source: String,
    lines: String,
    year_source: String,
}

#[derive(Template)]
#[template(path = "calendar/year.html")]
struct Page {
    shell: Shell,
    year: i32,
    published: bool,
    version: i32,
    working: usize,
    months: Vec<Month>,
    marks: Vec<(String, Mark)>,
    keeps: bool,
    given: Given,
    problems: Vec<Problem>,
}

fn day(calendar: &WorkCalendar, date: NaiveDate, today: NaiveDate) -> Day {
    let working = calendar.is_working(date);
    let (class, mark) = match calendar.mark(date).map(|m| m.kind) {
        Some(DayKind::Off) => ("ol-day ol-day--off", "休"),
        Some(DayKind::Work) => ("ol-day ol-day--work", "班"),
        None if !working => ("ol-day ol-day--rest", ""),
        None if date == today => ("ol-day ol-day--today", ""),
        None => ("ol-day", ""),
    };
    let words = match calendar.mark(date) {
        Some(m) => format!("{} {}", m.name, m.kind.label()),
        None if working => "工作日".to_owned(),
        None => "休息日".to_owned(),
    };
    Day {
        number: date.day(),
        date: date.to_string(),
        class,
        mark: mark.to_owned(),
        title: format!("{date} {words}"),
    }
}

fn month(calendar: &WorkCalendar, first: NaiveDate, today: NaiveDate) -> Month {
    let days = first.iter_days().take_while(|d| d.month() == first.month());
    let blank = usize::try_from(first.weekday().num_days_from_monday()).unwrap_or(0);
    let mut weeks: Vec<Vec<Option<Day>>> = Vec::new();
    let mut week: Vec<Option<Day>> = (0..blank).map(|_| None).collect();
    let mut working = 0;
    for date in days {
        working += usize::from(calendar.is_working(date));
        week.push(Some(day(calendar, date, today)));
        if week.len() == 7 {
            weeks.push(std::mem::take(&mut week));
        }
    }
    if !week.is_empty() {
        week.resize_with(7, || None);
        weeks.push(week);
    }
    Month {
        number: first.month(),
        working,
        weeks,
    }
}

fn page(ask: &mut Ask<'_>, year: i32, given: Given, problems: Vec<Problem>) -> Result<Page> {
    if !(2000..=2100).contains(&year) {
        return Err(Error::NotFound("这个年度".to_owned()));
    }
    let (calendar, version) = almanac::calendar(ask.conn)?;
    let today = clock::today();
    let first = |m| NaiveDate::from_ymd_opt(year, m, 1);
    let months: Vec<Month> = (1..=12)
        .filter_map(first)
        .map(|f| month(&calendar, f, today))
        .collect();
    let all = first(1)
        .into_iter()
        .flat_map(|f| f.iter_days().take_while(move |d| d.year() == year));
    let marks = all.filter_map(|d| Some((d.to_string(), calendar.mark(d)?.clone())));
    Ok(Page {
        shell: ask.shell(&format!("{year} 年工作日历"), "/calendar"),
        year,
        published: calendar.is_published(year),
        version,
        working: months.iter().map(|m| m.working).sum(),
        marks: marks.collect(),
        months,
        keeps: ask.viewer.can_anywhere(Right::ManageCalendar),
        given,
        problems,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    year: Option<i32>,
    day: String,
}

async fn show(caller: Caller, query: web::Query<Query>) -> Answer {
    let page = caller.page(move |ask| {
        let chosen: Option<NaiveDate> = query.day.parse().ok();
        let year = query.year.or(chosen.map(|d| d.year()));
        let year = year.unwrap_or_else(|| clock::today().year());
        let mut given = Given::default();
        if let Some(day) = chosen {
            let (calendar, _) = almanac::calendar(ask.conn)?;
            let mark = calendar.mark(day);
            given.kind = mark.map_or("none", |m| m.kind.word()).to_owned();
            given.name = mark.map(|m| m.name.clone()).unwrap_or_default();
            given.source = mark.map(|m| m.source.clone()).unwrap_or_default();
            given.day = day.to_string();
        }
        page(ask, year, given, Vec::new())
    });
    page.await
}

/// The form again with what is wrong, also when somebody else was quicker.
fn again(ask: &mut Ask<'_>, year: i32, given: Given, error: Error) -> Result<Next> {
    let problems = match error {
        Error::Invalid(problems) => problems,
        said @ Error::Stale(_) => vec![Problem::new("", said.code(), &said.to_string(), "")],
        other => return Err(other),
    };
    Next::again(&page(ask, year, given, problems)?)
}

async fn set_day(Posted { caller, fields }: Posted) -> Answer {
    let done = caller.act(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        let given = Given {
            day: text("day"),
            kind: text("kind"),
            name: text("name"),
            source: text("source"),
            ..Given::default()
        };
        let seen = text("version").parse().unwrap_or(-1);
        let year: i32 = text("year")
            .parse()
            .unwrap_or_else(|_| clock::today().year());
        let Ok(day) = given.day.parse::<NaiveDate>() else {
            let wrong = Problem::new("day", "date", "请选择日期", "写成 2027-01-01 的样子");
            return again(ask, year, given, Error::Invalid(vec![wrong]));
        };
        let mark = DayKind::from_word(&given.kind).map(|kind| Mark {
            kind,
            name: given.name.clone(),
            source: given.source.clone(),
        });
        match almanac::set_day(ask.conn, &ask.viewer, seen, day, mark) {
            Ok(()) => {
                ask.state.jobs.wake();
                let to = format!("/calendar?year={}", day.year());
                Ok(Next::saying(
                    &to,
                    &format!("{day} 已修改，有关到期日会自动重算"),
                ))
            }
            Err(error) => again(ask, year, given, error),
        }
    });
    done.await
}

async fn set_year(Posted { caller, fields }: Posted, year: web::Path<i32>) -> Answer {
    let done = caller.act(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        let seen = fields.get("version").and_then(|v| v.parse().ok());
        let published = fields.get("published") == Some("1");
        let source = fields.get("year_source").unwrap_or_default();
        let state = (published, source);
        match almanac::set_year(ask.conn, &ask.viewer, seen.unwrap_or(-1), *year, state) {
            Ok(()) => {
                let word = if published { "已公布" } else { "未公布" };
                let to = format!("/calendar?year={year}");
                Ok(Next::saying(
                    &to,
                    &format!("{year} 年已标为{word}，有关到期日会自动重算"),
                ))
            }
            Err(error) => {
                let given = Given {
                    year_source: source.to_owned(),
                    ..Given::default()
                };
                again(ask, *year, given, error)
            }
        }
    });
    done.await
}

async fn load(request: HttpRequest, payload: web::Payload, year: web::Path<i32>) -> Answer {
    let sent = upload::take_for(&request, payload, Right::ManageCalendar).await?;
    let token = sent.csrf().map(str::to_owned);
    let caller = Caller::of(&request)?.with_csrf(token.as_deref());
    let year = *year;
    let done = caller.act(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        let pasted = sent.get("lines").unwrap_or_default();
        let text = match &sent.file {
            Some((_, incoming)) if incoming.size() > LARGEST => {
                return Err(Error::TooLarge("一年的放假安排不会超过 256 KB".to_owned()));
            }
            Some((_, incoming)) if incoming.size() > 0 => {
                let bytes = std::fs::read(incoming.path()).doing("读取上传的文件")?;
                match String::from_utf8(bytes) {
                    Ok(text) => text,
                    // What Chinese spreadsheet programs write.
                    Err(raw) => encoding_rs::GB18030.decode(raw.as_bytes()).0.into_owned(),
                }
            }
            _ => pasted.clone(),
        };
        let source = sent.get("source").unwrap_or_default();
        let seen = sent
            .get("version")
            .and_then(|v| v.parse().ok())
            .unwrap_or(-1);
        let table = (text.as_str(), source.as_str());
        match almanac::load(ask.conn, &ask.viewer, seen, year, table) {
            Ok(taken) => {
                let mut said = format!(
                    "{year} 年已导入: 放假 {} 天，调休上班 {} 天",
                    taken.off, taken.work
                );
                for warning in taken.warnings {
                    said.push_str(&format!("；请核对: {warning}"));
                }
                Ok(Next::saying(&format!("/calendar?year={year}"), &said))
            }
            Err(error) => {
                let given = Given {
                    lines: text,
                    year_source: source,
                    ..Given::default()
                };
                again(ask, year, given, error)
            }
        }
    });
    done.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/calendar", web::get().to(show))
        .route("/calendar/day", web::post().to(set_day))
        .route("/calendar/{year}", web::post().to(set_year))
        .route("/calendar/{year}/days", web::post().to(load));
}
