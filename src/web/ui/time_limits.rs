//! 办理时限: the table with source and region, and the form for whoever keeps it.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use crate::almanac::{self, Kept, Wish};
use crate::auth::Right;
use crate::calendar::Unit;
use crate::deadline;
use crate::error::{Error, Problem, Result};
use crate::register::region::Regions;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

type Answer = std::result::Result<HttpResponse, Failure>;

struct Row {
    kept: Kept,
    region: String,
    length: String,
    /// Rules of the list of deadlines that count by it.
    used: String,
}

#[derive(Template)]
#[template(path = "calendar/limits.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    keeps: bool,
}

/// What stands in the form.
#[derive(Clone, Default)]
struct Given {
    enabled: bool,
    amount: String,
    unit: String,
    region: String,
    from: String,
    to: String,
    source: String,
}

#[derive(Template)]
#[template(path = "calendar/limit.html")]
struct Form {
    shell: Shell,
    kept: Kept,
    given: Given,
    units: [Unit; 5],
    problems: Vec<Problem>,
}

fn place(regions: &Regions, code: &str) -> String {
    if code.is_empty() {
        return "全国".to_owned();
    }
    regions.full_name(code).unwrap_or_else(|| code.to_owned())
}

async fn list(caller: Caller) -> Answer {
    let page = caller.page(|ask| {
        let regions = ask.app.catalogue.regions();
        let row = |kept: Kept| {
            let id = &kept.limit.rule_id;
            let used = deadline::rules().iter().filter(|r| r.limits.contains(id));
            let used: Vec<&str> = used.map(|r| r.label.as_str()).collect();
            Row {
                region: place(regions, &kept.limit.region),
                length: kept.limit.length(),
                used: used.join("、"),
                kept,
            }
        };
        let kept = almanac::limits(ask.conn)?;
        Ok(List {
            shell: ask.shell("办理时限", "/time-limits"),
            rows: kept.into_iter().map(row).collect(),
            keeps: ask.viewer.can_anywhere(Right::ManageCalendar),
        })
    });
    page.await
}

fn standing(kept: &Kept) -> Given {
    let l = &kept.limit;
    let day = |day: Option<NaiveDate>| day.map(|d| d.to_string()).unwrap_or_default();
    Given {
        enabled: l.enabled,
        amount: l.amount.map(|n| n.to_string()).unwrap_or_default(),
        unit: l.unit.map(Unit::label).unwrap_or_default().to_owned(),
        region: l.region.clone(),
        from: day(l.from),
        to: day(l.to),
        source: l.source.clone(),
    }
}

fn form(
    ask: &mut Ask<'_>,
    rule: &str,
    given: Option<Given>,
    problems: Vec<Problem>,
) -> Result<Form> {
    ask.viewer.may_anywhere(Right::ManageCalendar)?;
    let kept = almanac::one(ask.conn, rule)?;
    Ok(Form {
        shell: ask.shell(&format!("办理时限 {rule}"), "/time-limits"),
        given: given.unwrap_or_else(|| standing(&kept)),
        units: Unit::ALL,
        kept,
        problems,
    })
}

async fn edit(caller: Caller, rule: web::Path<String>) -> Answer {
    caller
        .page(move |ask| form(ask, &rule, None, Vec::new()))
        .await
}

fn given(fields: &Fields) -> Given {
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    Given {
        enabled: fields.get("enabled") == Some("1"),
        amount: text("amount"),
        unit: text("unit"),
        region: text("region"),
        from: text("from"),
        to: text("to"),
        source: text("source"),
    }
}

/// What the form asks for; whatever cannot be read is a problem of its field.
fn wish(given: &Given) -> Result<Wish> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, text: &str, how: &str| {
        problems.push(Problem::new(
            field,
            "format",
            &format!("“{text}”读不出来"),
            how,
        ));
    };
    let mut day = |field: &str, text: &str| {
        let read = text.parse::<NaiveDate>().ok();
        if read.is_none() && !text.is_empty() {
            wrong(field, text, "写成 2026-01-01 的样子");
        }
        read
    };
    let (from, to) = (day("from", &given.from), day("to", &given.to));
    let amount = given.amount.parse::<u32>().ok();
    if amount.is_none() && !given.amount.is_empty() {
        wrong("amount", &given.amount, "请填整数");
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    Ok(Wish {
        enabled: given.enabled,
        amount,
        unit: Unit::from_label(&given.unit),
        region: given.region.clone(),
        from,
        to,
        source: given.source.clone(),
    })
}

async fn set(Posted { caller, fields }: Posted, rule: web::Path<String>) -> Answer {
    let done = caller.act(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        let given = given(&fields);
        let seen = fields
            .get("version")
            .and_then(|v| v.parse().ok())
            .unwrap_or(-1);
        let regions = ask.app.catalogue.regions();
        let done = wish(&given).and_then(|wish| {
            let which = (rule.as_str(), seen);
            almanac::set_limit(ask.conn, &ask.viewer, which, &wish, |code| {
                regions.get(code).is_some()
            })
        });
        let problems = match done {
            Ok(kept) => {
                ask.state.jobs.wake();
                let to = format!("/time-limits#{}", kept.limit.rule_id);
                return Ok(Next::saying(&to, "已保存，有关到期日会自动重算"));
            }
            Err(Error::Invalid(problems)) => problems,
            Err(said @ Error::Stale(_)) => {
                vec![Problem::new("", said.code(), &said.to_string(), "")]
            }
            Err(other) => return Err(other),
        };
        Next::again(&form(ask, &rule, Some(given), problems)?)
    });
    done.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/time-limits", web::get().to(list))
        .route("/time-limits/{rule}", web::get().to(edit))
        .route("/time-limits/{rule}", web::post().to(set));
}
