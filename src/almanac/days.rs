//! Years and days of the work calendar, read and changed.

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use serde_json::json;

use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::calendar::{self, DayKind, Mark, WorkCalendar};
use crate::db::connection::Conn;
use crate::db::schema::{almanac_head, calendar_days, calendar_years};
use crate::error::{Error, Problem, Result};

/// The years that can be kept.
pub const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// What taking a year's days in came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Days off.
    pub off: usize,
    /// Make-up days.
    pub work: usize,
    /// What looks unusual.
    pub warnings: Vec<String>,
}

/// The calendar that counts, with its version.
///
/// # Errors
/// When the database fails.
pub fn calendar(conn: &mut Conn) -> Result<(WorkCalendar, i32)> {
    let version = super::version(conn)?.calendar;
    let mut out = WorkCalendar::shipped();
    let years: Vec<(i32, bool)> = calendar_years::table
        .select((calendar_years::year, calendar_years::published))
        .load(conn)?;
    for (year, published) in years {
        out.publish(year, published);
    }
    let days: Vec<(NaiveDate, String, String, String)> = calendar_days::table
        .select((
            calendar_days::day,
            calendar_days::kind,
            calendar_days::name,
            calendar_days::source,
        ))
        .load(conn)?;
    for (day, kind, name, source) in days {
        let mark = DayKind::from_word(&kind).map(|kind| Mark { kind, name, source });
        out.set(day, mark);
    }
    Ok((out, version))
}

/// Takes the calendar's lock and counts a change; only for whoever saw the latest version.
fn turn(conn: &mut Conn, seen: i32) -> Result<()> {
    let turned = diesel::update(almanac_head::table.find(1))
        .filter(almanac_head::calendar.eq(seen))
        .set(almanac_head::calendar.eq(almanac_head::calendar + 1))
        .execute(conn)?;
    if turned == 1 {
        Ok(())
    } else {
        Err(Error::Stale("工作日历".to_owned()))
    }
}

fn in_words(mark: Option<&Mark>) -> String {
    mark.map_or_else(
        || "平常日".to_owned(),
        |m| format!("{} {}", m.kind.label(), m.name).trim().to_owned(),
    )
}

fn check_year(year: i32) -> Result<()> {
    if YEARS.contains(&year) {
        return Ok(());
    }
    Err(Error::NotFound("这个年度".to_owned()))
}

fn check_texts(texts: &[(&str, &str, usize)]) -> Vec<Problem> {
    let long = texts
        .iter()
        .filter(|(_, text, most)| text.chars().count() > *most);
    long.map(|(field, _, most)| {
        Problem::new(
            field,
            "too_long",
            &format!("最多 {most} 个字"),
            "请写得短一些",
        )
    })
    .collect()
}

/// Sets how one day differs from its weekday; `None` makes it an ordinary day.
///
/// # Errors
/// [`Error::Refused`], [`Error::Invalid`], [`Error::Stale`] when the calendar was changed since version `seen`.
pub fn set_day(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: i32,
    day: NaiveDate,
    mark: Option<Mark>,
) -> Result<()> {
    viewer.may_anywhere(Right::ManageCalendar)?;
    check_year(day.year())?;
    let mut problems = Vec::new();
    if let Some(mark) = &mark {
        problems = check_texts(&[("name", &mark.name, 40), ("source", &mark.source, 300)]);
        if mark.kind == DayKind::Work && !calendar::may_be_made_up(day) {
            problems.push(Problem::new(
                "kind",
                "weekday",
                &format!("{day} 不是周六、周日，本来就上班"),
                "调休上班只能是周六或周日",
            ));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    conn.transaction(|conn| {
        turn(conn, seen)?;
        let (known, _) = calendar(conn)?;
        store(conn, day, mark.as_ref())?;
        let told = json!({
            "before": in_words(known.mark(day)),
            "after": in_words(mark.as_ref()),
            "source": mark.as_ref().map(|m| m.source.clone()),
        });
        let event = Event::done("set_calendar_day", &day.to_string()).with(told);
        audit::record(conn, viewer, &event)
    })
}

fn store(conn: &mut Conn, day: NaiveDate, mark: Option<&Mark>) -> Result<()> {
    diesel::delete(calendar_days::table.find(day)).execute(conn)?;
    let row = (
        calendar_days::day.eq(day),
        calendar_days::kind.eq(mark.map_or("none", |m| m.kind.word())),
        calendar_days::name.eq(mark.map_or("", |m| m.name.as_str())),
        calendar_days::source.eq(mark.map_or("", |m| m.source.as_str())),
    );
    diesel::insert_into(calendar_days::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}

fn store_year(conn: &mut Conn, year: i32, published: bool, source: &str) -> Result<()> {
    diesel::delete(calendar_years::table.find(year)).execute(conn)?;
    let row = (
        calendar_years::year.eq(year),
        calendar_years::published.eq(published),
        calendar_years::source.eq(source),
    );
    diesel::insert_into(calendar_years::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}

/// Says whether a year's days are published.
///
/// # Errors
/// As [`set_day`].
pub fn set_year(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: i32,
    year: i32,
    (published, source): (bool, &str),
) -> Result<()> {
    viewer.may_anywhere(Right::ManageCalendar)?;
    check_year(year)?;
    let problems = check_texts(&[("source", source, 300)]);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    conn.transaction(|conn| {
        turn(conn, seen)?;
        store_year(conn, year, published, source)?;
        let told = json!({"published": published, "source": source});
        let event = Event::done("set_calendar_year", &format!("{year} 年")).with(told);
        audit::record(conn, viewer, &event)
    })
}

/// Takes a year's days in from a table, in place of those it had, and marks the year as published.
///
/// # Errors
/// As [`set_day`]; [`Error::Invalid`] names every line that is wrong.
pub fn load(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: i32,
    year: i32,
    (text, source): (&str, &str),
) -> Result<Taken> {
    viewer.may_anywhere(Right::ManageCalendar)?;
    check_year(year)?;
    let long = check_texts(&[("source", source, 300)]);
    if !long.is_empty() {
        return Err(Error::Invalid(long));
    }
    let lines = calendar::parse(text, year, source).map_err(Error::Invalid)?;
    let count = |kind| lines.iter().filter(|l| l.mark.kind == kind).count();
    let taken = Taken {
        off: count(DayKind::Off),
        work: count(DayKind::Work),
        warnings: warnings(year, &lines),
    };
    conn.transaction(|conn| {
        turn(conn, seen)?;
        let (known, _) = calendar(conn)?;
        let mut day = NaiveDate::from_ymd_opt(year, 1, 1);
        while let Some(at) = day.filter(|d| d.year() == year) {
            if known.mark(at).is_some() && lines.iter().all(|l| l.day != at) {
                store(conn, at, None)?;
            }
            day = at.succ_opt();
        }
        for line in &lines {
            store(conn, line.day, Some(&line.mark))?;
        }
        store_year(conn, year, true, source)?;
        let told = json!({"rows": lines.len(), "source": source});
        let event = Event::done("load_calendar", &format!("{year} 年")).with(told);
        audit::record(conn, viewer, &event)
    })?;
    Ok(taken)
}

/// The holidays every year has; one that is missing is worth a second look.
fn warnings(year: i32, lines: &[calendar::Line]) -> Vec<String> {
    let holidays = [("元旦", 1, 1), ("劳动节", 5, 1), ("国庆节", 10, 1)];
    let missing = holidays.into_iter().filter(|(_, month, day)| {
        let day = NaiveDate::from_ymd_opt(year, *month, *day);
        let found = lines
            .iter()
            .any(|l| Some(l.day) == day && l.mark.kind == DayKind::Off);
        !found
    });
    let mut out: Vec<String> = missing
        .map(|(name, month, day)| format!("{name}（{month} 月 {day} 日）没有列为放假"))
        .collect();
    let off = lines.iter().filter(|l| l.mark.kind == DayKind::Off).count();
    if off < 13 {
        out.push(format!("全年只列出 {off} 个放假日，法定节假日有 13 天"));
    }
    out
}
