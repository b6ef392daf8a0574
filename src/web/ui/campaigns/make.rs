//! Opening a campaign.

use std::collections::BTreeMap;

use actix_web::web;
use askama::Template;
use chrono::{Datelike as _, NaiveDate};

use super::{Answer, HERE, grounded};
use crate::auth::Right;
use crate::campaign::open::{self, Plan, REMIND_DAYS};
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::review::Ground;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// A register with its fields, and what is ticked.
struct Choice {
    key: String,
    label: String,
    ticked: bool,
    /// Key, label, and whether it is ticked.
    fields: Vec<(String, String, bool)>,
}

#[derive(Template)]
#[template(path = "campaigns/new.html")]
struct New {
    shell: Shell,
    problems: Vec<Problem>,
    title: String,
    year: String,
    basis: String,
    bureau: String,
    due_on: String,
    gates_on: String,
    remind_days: String,
    bureaus: Vec<(String, String)>,
    registers: Vec<Choice>,
    /// Code, name, and whether it is ticked.
    departments: Vec<(String, String, bool)>,
}

/// The form, filled in as sent; with defaults when nothing was sent.
fn form(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    sent: Option<&Fields>,
    problems: Vec<Problem>,
) -> Result<New> {
    ask.viewer.may_anywhere(Right::RunCampaign)?;
    let bureaus = open::bureaus(&ask.viewer, ground.directory);
    let year = clock::today().year();
    let text = |name: &str, default: String| match sent {
        Some(fields) => fields.get(name).unwrap_or_default().to_owned(),
        None => default,
    };
    let ticked = |name: &str, key: &str| sent.is_some_and(|f| f.all(name).any(|v| v == key));
    let mut departments = Vec::new();
    for bureau in &bureaus {
        for id in open::level(ask.conn, ground.catalogue, ground.directory, *bureau)? {
            if let Some(found) = ground.directory.get(id) {
                let tick = ticked("department", &found.code);
                departments.push((found.code.clone(), found.name.clone(), tick));
            }
        }
    }
    departments.sort();
    departments.dedup();
    let registers = ground.catalogue.registers().iter().map(|r| Choice {
        // What belongs to an entry is confirmed with it, unless it is wished for.
        ticked: sent.map_or(r.keys.owner.is_some(), |_| ticked("register", &r.key)),
        fields: r
            .fields
            .iter()
            .map(|f| {
                let tick = ticked(&format!("field-{}", r.key), &f.key);
                (f.key.clone(), f.label.clone(), tick)
            })
            .collect(),
        key: r.key.clone(),
        label: r.label.clone(),
    });
    Ok(New {
        problems,
        title: text("title", format!("{year} 年度核对")),
        year: text("year", year.to_string()),
        basis: text("basis", String::new()),
        bureau: text("bureau", String::new()),
        due_on: text("due_on", String::new()),
        gates_on: text("gates_on", String::new()),
        remind_days: text("remind_days", REMIND_DAYS.to_string()),
        bureaus: bureaus
            .iter()
            .filter_map(|id| ground.directory.get(*id))
            .map(|d| (d.code.clone(), d.name.clone()))
            .collect(),
        registers: registers.collect(),
        departments,
        shell: ask.shell("开展年度核对", HERE),
    })
}

/// `GET /campaigns/new`
async fn new(caller: Caller) -> Answer {
    caller
        .page(|ask| grounded(ask, |ask, ground| form(ask, ground, None, Vec::new())))
        .await
}

/// A day of a form; what is none is a problem.
pub(super) fn day(
    fields: &Fields,
    name: &str,
    label: &str,
) -> std::result::Result<Option<NaiveDate>, Problem> {
    match fields.get(name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            let what = format!("{label}不是日期");
            Problem::new(name, "date", &what, "如 2027-03-31")
        }),
    }
}

/// A whole number of a form.
fn number(fields: &Fields, name: &str, label: &str) -> std::result::Result<Option<i32>, Problem> {
    match fields.get(name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            let what = format!("{label}不是整数");
            Problem::new(name, "number", &what, "")
        }),
    }
}

fn plan(ground: Ground<'_>, fields: &Fields) -> std::result::Result<Plan, Vec<Problem>> {
    let year = number(fields, "year", "年度");
    let remind_days = number(fields, "remind_days", "提前提醒");
    let due_on = day(fields, "due_on", "截止日");
    let gates_on = day(fields, "gates_on", "阶段要求版本日");
    match (year, remind_days, due_on, gates_on) {
        (Ok(year), Ok(remind_days), Ok(due_on), Ok(gates_on)) => {
            let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
            let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
            let registers = all("register");
            // Fields of a register that is not ticked are nobody's wish.
            let chosen: BTreeMap<String, Vec<String>> = ground
                .catalogue
                .registers()
                .iter()
                .filter(|r| registers.contains(&r.key))
                .map(|r| (r.key.clone(), all(&format!("field-{}", r.key))))
                .filter(|(_, keys)| !keys.is_empty())
                .collect();
            Ok(Plan {
                title: text("title"),
                year: year.unwrap_or(0),
                basis: text("basis"),
                bureau: text("bureau"),
                registers,
                fields: chosen,
                gates_on,
                departments: all("department"),
                due_on,
                remind_days,
            })
        }
        (year, remind, due, gates) => {
            let wrong = [year.err(), remind.err(), due.err(), gates.err()];
            Err(wrong.into_iter().flatten().collect())
        }
    }
}

/// `POST /campaigns`
async fn make(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                ask.viewer.may_anywhere(Right::RunCampaign)?;
                let made = match plan(ground, &fields) {
                    Ok(plan) => open::open(ask.conn, &ask.viewer, ground, &plan),
                    Err(problems) => Err(Error::Invalid(problems)),
                };
                let wrong = match made {
                    Ok(made) => {
                        let said = "已开展，各单位已收到通知";
                        return Ok(Next::saying(&format!("{HERE}/{}", made.id), said));
                    }
                    Err(Error::Invalid(problems)) => problems,
                    Err(error @ Error::Conflict(_)) => {
                        vec![Problem::new("title", error.code(), &error.to_string(), "")]
                    }
                    Err(other) => return Err(other),
                };
                Next::again(&form(ask, ground, Some(&fields), wrong)?)
            })
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/campaigns", web::post().to(make))
        .route("/campaigns/new", web::get().to(new));
}
