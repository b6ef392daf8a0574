//! 审计: the log of acts with its filters, the list of change sets, and the check of both chains.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::audit::{self, Checked, Filter, Line, words};
use crate::auth::Right;
use crate::clock;
use crate::error::{Problem, Result};
use crate::ledger::changes::{self, ChangeSetLine};
use crate::ledger::verify::{self, Findings};
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::page::{Shell, address};
use crate::web::posted::Posted;

/// Lines on one page.
const PAGE: usize = 50;

/// What the log is narrowed to.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
struct Query {
    actor: String,
    action: String,
    result: String,
    from: String,
    until: String,
    cursor: String,
}

/// One line as it is shown.
struct Row {
    line: Line,
    action: String,
    department: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "audit/log.html")]
struct Log {
    shell: Shell,
    query: Query,
    rows: Vec<Row>,
    after: String,
    problems: Vec<Problem>,
}

#[derive(Template)]
#[template(path = "audit/changes.html")]
struct Changes {
    shell: Shell,
    rows: Vec<ChangeSetLine>,
    after: String,
}

#[derive(Template)]
#[template(path = "audit/checked.html")]
struct Check {
    shell: Shell,
    log: Checked,
    ledger: Findings,
    at: String,
}

/// The filter that a query means; a day that is none is a problem, not silence.
pub(in crate::web) fn filter(
    actor: &str,
    action: &str,
    result: &str,
    (from, until): (&str, &str),
    cursor: &str,
) -> (Filter, Vec<Problem>) {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let mut problems = Vec::new();
    let mut day = |field: &str, text: &str| {
        let day = some(text)?;
        let read = chrono::NaiveDate::parse_from_str(&day, "%Y-%m-%d").ok();
        if read.is_none() {
            problems.push(Problem::new(
                field,
                "date",
                &format!("“{day}”不是日期"),
                "请写成 2026-11-23 的样子",
            ));
        }
        read
    };
    // The first instant of a day comes right after the last of the day before.
    let first = day("from", from)
        .and_then(|d| d.pred_opt())
        .map(clock::end_of_day);
    let last = day("until", until).map(clock::end_of_day);
    let before = some(cursor).map(|c| c.parse().unwrap_or(0));
    if !matches!(result, "" | "done" | "refused") {
        problems.push(Problem::new(
            "result",
            "unknown_result",
            "结果只能是 done 或 refused",
            "",
        ));
    }
    let filter = Filter {
        action: some(action),
        actor: some(actor),
        result: some(result),
        from: first,
        until: last,
        before,
    };
    (filter, problems)
}

impl Query {
    fn next(&self, cursor: &str) -> String {
        let pairs = [
            ("actor", self.actor.as_str()),
            ("action", &self.action),
            ("result", &self.result),
            ("from", &self.from),
            ("until", &self.until),
            ("cursor", cursor),
        ];
        address("/audit", &pairs)
    }
}

async fn log(
    caller: Caller,
    query: web::Query<Query>,
) -> std::result::Result<HttpResponse, Failure> {
    let page = caller.page(move |ask| {
        let query = query.into_inner();
        crate::web::fields::plain(&[
            ("actor", Some(&query.actor)),
            ("action", Some(&query.action)),
        ])?;
        let days = (query.from.as_str(), query.until.as_str());
        let (wanted, problems) = filter(
            &query.actor,
            &query.action,
            &query.result,
            days,
            &query.cursor,
        );
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut lines = audit::page(ask.conn, &ask.viewer, &wanted, limit)?;
        let more = lines.len() > PAGE;
        lines.truncate(PAGE);
        let after = lines
            .last()
            .filter(|_| more)
            .map_or_else(String::new, |l| query.next(&l.seq.to_string()));
        let directory = ask.state.directory.get(ask.conn)?;
        let row = |line: Line| Row {
            action: words::label(&line.action).to_owned(),
            department: line
                .department_id
                .and_then(|d| directory.get(d))
                .map_or_else(String::new, |d| d.name.clone()),
            detail: words::detail(&line.detail),
            line,
        };
        Ok(Log {
            shell: ask.shell("审计日志", "/audit"),
            rows: lines.into_iter().map(row).collect(),
            query,
            after,
            problems,
        })
    });
    page.await
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Cursor {
    cursor: String,
}

async fn list_changes(
    caller: Caller,
    query: web::Query<Cursor>,
) -> std::result::Result<HttpResponse, Failure> {
    let page = caller.page(move |ask| {
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut rows = changes::page(ask.conn, &ask.viewer, query.cursor.parse().ok(), limit)?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let last = rows.last().filter(|_| more).map(|r| r.seq.to_string());
        Ok(Changes {
            shell: ask.shell("变更", "/audit"),
            rows,
            after: last.map_or_else(String::new, |seq| {
                address("/audit/changes", &[("cursor", &seq)])
            }),
        })
    });
    page.await
}

async fn check(Posted { caller, .. }: Posted) -> std::result::Result<HttpResponse, Failure> {
    // Reads only, whatever its method: a button, because it may take long.
    let page = caller.page(|ask| -> Result<Check> {
        ask.viewer.may_anywhere(Right::SeeAudit)?;
        Ok(Check {
            log: audit::verify(ask.conn, &ask.viewer)?,
            ledger: verify::verify(ask.conn)?,
            shell: ask.shell("链条校验", "/audit"),
            at: clock::local(clock::now()),
        })
    });
    page.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/audit", web::get().to(log))
        .route("/audit/changes", web::get().to(list_changes))
        .route("/audit/verify", web::post().to(check));
}
