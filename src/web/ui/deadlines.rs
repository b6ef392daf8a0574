//! 时限: what falls due, of entries and of share requests, by state, kind, register, rule and department.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::auth::Right;
use crate::clock;
use crate::deadline::{self, Cursor, Listed, State};
use crate::error::Result;
use crate::org::directory::Directory;
use crate::report::falling::{self, CLOCKS, Filter, Kind};
use crate::sharing::request::Ground;
use crate::web::answer::Failure;
use crate::web::api::requests::grounded;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::coded;
use crate::web::fields;
use crate::web::page::{Shell, address};
use crate::web::ui::lists::download;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Lines on one page.
const PAGE: usize = 50;
/// More of a state than this are shown as “so many and more”.
const COUNTED: usize = 500;
/// Lines of a file.
const EXPORTED: usize = 100_000;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    state: String,
    kind: String,
    register: String,
    rule: String,
    department: String,
    cursor: String,
}

impl Query {
    fn with(&self, state: &str, cursor: &str) -> String {
        self.at("/deadlines", state, cursor)
    }

    fn at(&self, path: &str, state: &str, cursor: &str) -> String {
        let pairs = [
            ("state", state),
            ("kind", &self.kind),
            ("register", self.register.as_str()),
            ("rule", &self.rule),
            ("department", &self.department),
            ("cursor", cursor),
        ];
        address(path, &pairs)
    }

    fn filter(&self, directory: &Directory) -> Filter {
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        // A department that nobody has means none, not all.
        let department = some(&self.department).map(|code| {
            let found = directory.by_code(&code);
            vec![found.map_or(-1, |d| d.id)]
        });
        Filter {
            kind: Kind::from_word(&self.kind),
            of: deadline::Filter {
                state: State::from_word(&self.state),
                register: some(&self.register),
                rule: some(&self.rule),
                departments: department,
                entry: None,
            },
        }
    }
}

struct Row {
    listed: Listed,
    href: String,
    department: String,
    left: String,
    badge: &'static str,
}

struct Tab {
    label: &'static str,
    href: String,
    current: bool,
    count: String,
}

#[derive(Template)]
#[template(path = "deadlines/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    query: Query,
    tabs: Vec<Tab>,
    kinds: Vec<(&'static str, &'static str)>,
    registers: Vec<(String, String)>,
    rules: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    export: String,
    next: String,
    behind: bool,
    full: bool,
}

fn badge(state: State) -> &'static str {
    match state {
        State::Overdue => "ol-badge--bad",
        State::Soon => "ol-badge--warn",
        State::Upcoming => "",
        State::Done => "ol-badge--good",
        State::DoneLate => "ol-badge--brand",
    }
}

fn left(listed: &Listed) -> String {
    match (listed.days_left, listed.done_on) {
        (Some(0), _) => "今天到期".to_owned(),
        (Some(n), _) if n < 0 => format!("逾期 {} 天", -n),
        (Some(n), _) => format!("还有 {n} 天"),
        (None, Some(on)) => format!("{on} 办结"),
        (None, None) => "已办结".to_owned(),
    }
}

fn row(directory: &Directory, listed: Listed) -> Row {
    let department = directory.get(listed.department_id);
    Row {
        href: match listed.request {
            Some(id) => format!("/requests/{id}"),
            None => format!("/registers/{}/{}", listed.register, coded(&listed.code)),
        },
        department: department.map_or_else(String::new, |d| d.name.clone()),
        left: left(&listed),
        badge: badge(listed.state),
        listed,
    }
}

/// The states whose number stands beside their name.
const NUMBERED: [State; 2] = [State::Overdue, State::Soon];

fn tabs(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    query: &Query,
    filter: &Filter,
    today: NaiveDate,
) -> Result<Vec<Tab>> {
    let mut out = vec![Tab {
        label: "全部未办结",
        href: query.with("", ""),
        current: filter.of.state.is_none(),
        count: String::new(),
    }];
    let who = (&ask.viewer, ground);
    let found = falling::counts(ask.conn, who, filter, (&NUMBERED, COUNTED), today)?;
    for state in State::ALL {
        let at = NUMBERED.iter().position(|s| *s == state);
        let count = match at.and_then(|n| found.get(n).copied()).unwrap_or(0) {
            0 => String::new(),
            n if n > COUNTED => format!("{COUNTED}+"),
            n => n.to_string(),
        };
        out.push(Tab {
            label: state.label(),
            href: query.with(state.word(), ""),
            current: filter.of.state == Some(state),
            count,
        });
    }
    Ok(out)
}

fn check(query: &Query) -> Result<()> {
    fields::plain(&[
        ("register", Some(&query.register)),
        ("rule", Some(&query.rule)),
        ("department", Some(&query.department)),
    ])
}

fn listed(ask: &mut Ask<'_>, ground: Ground<'_>, query: Query) -> Result<List> {
    let (catalogue, directory) = (ground.catalogue, ground.directory);
    let today = clock::today();
    let filter = query.filter(directory);
    let after = Cursor::parse(&query.cursor);
    let who = (&ask.viewer, ground);
    let mut found = falling::page(ask.conn, who, &filter, (after.as_ref(), PAGE + 1), today)?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more);
    let next = next.map(|l| query.with(&query.state, &l.cursor().to_string()));
    let bound = |key: &str| deadline::rules().iter().any(|r| r.register == key);
    let rules = deadline::rules()
        .iter()
        .map(|r| (r.key.clone(), r.label.clone()));
    let clocks = CLOCKS.map(|(key, label)| (key.to_owned(), label.to_owned()));
    let seen = ask.viewer.reach(Right::SeeOwn);
    let departments = directory.all().iter().filter(|d| seen.covers(d.id));
    Ok(List {
        kinds: Kind::ALL.map(|k| (k.word(), k.label())).to_vec(),
        registers: catalogue
            .registers()
            .iter()
            .filter(|r| bound(&r.key))
            .map(|r| (r.key.clone(), r.label.clone()))
            .collect(),
        rules: rules.chain(clocks).collect(),
        departments: departments
            .map(|d| (d.code.clone(), d.name.clone()))
            .collect(),
        export: query.at("/deadlines/export.csv", &query.state, ""),
        next: next.unwrap_or_default(),
        behind: deadline::is_behind(ask.conn)?,
        full: ask.viewer.can_anywhere(Right::SeeOwn),
        tabs: tabs(ask, ground, &query, &filter, today)?,
        shell: ask.shell("时限", "/deadlines"),
        rows: found.into_iter().map(|l| row(directory, l)).collect(),
        query,
    })
}

async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    let page = caller.page(move |ask| {
        let query = query.into_inner();
        check(&query)?;
        grounded(ask, |ask, ground| listed(ask, ground, query))
    });
    page.await
}

/// A cell that a spreadsheet program must not take for a formula.
fn tame(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn sheet(rows: &[Row]) -> Result<Vec<u8>> {
    use crate::error::Doing as _;
    let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let head = [
        "状态",
        "事项",
        "编号",
        "名称",
        "单位",
        "起算日",
        "到期日",
        "暂定",
        "剩余",
        "时限编号",
        "类别",
    ];
    out.write_record(head).doing("写出时限清单")?;
    for row in rows {
        let l = &row.listed;
        let start = l.start_on.map(|d| d.to_string()).unwrap_or_default();
        out.write_record([
            l.state.label(),
            &l.label,
            &tame(&l.code),
            &tame(&l.name),
            &tame(&row.department),
            &start,
            &l.due_on.to_string(),
            if l.provisional { "是" } else { "" },
            &row.left,
            &l.limit_id,
            Kind::of(l).label(),
        ])
        .doing("写出时限清单")?;
    }
    out.into_inner().doing("写出时限清单")
}

async fn export(caller: Caller, query: web::Query<Query>) -> Answer {
    let bytes = caller.read(move |ask| {
        check(&query)?;
        grounded(ask, |ask, ground| {
            let filter = query.filter(ground.directory);
            let who = (&ask.viewer, ground);
            let today = clock::today();
            let found = falling::page(ask.conn, who, &filter, (None, EXPORTED), today)?;
            let rows: Vec<Row> = found
                .into_iter()
                .map(|l| row(ground.directory, l))
                .collect();
            sheet(&rows)
        })
    });
    Ok(download(
        "时限.csv",
        "text/csv; charset=utf-8",
        bytes.await?,
    ))
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/deadlines", web::get().to(list))
        .route("/deadlines/export.csv", web::get().to(export));
}
