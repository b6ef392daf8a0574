//! 对接难点问题: the desk of CDOs, one issue, the board and the month.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::almanac;
use crate::auth::{Right, Role, Viewer};
use crate::calendar::WorkCalendar;
use crate::clock;
use crate::error::Result;
use crate::issue::list::{self, Counts, Filter, View};
use crate::issue::steps::{RUNGS, State, rung_label};
use crate::issue::{Ground, Issue, KINDS};
use crate::org::directory::Directory;
use crate::report::dispatch::kind_label;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::page::{Shell, address};

use beside::Beside;

mod acts;
mod beside;
mod make;
mod month;
mod show;

type Answer = std::result::Result<HttpResponse, Failure>;

const HERE: &str = "/issues";

/// Issues on one page.
const PAGE: usize = 50;

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

fn name(directory: &Directory, id: i64) -> String {
    directory
        .get(id)
        .map(|d| d.name.clone())
        .unwrap_or_default()
}

/// The kinds by code and label.
fn kinds(ground: Ground<'_>) -> Vec<(String, String)> {
    let list = ground.catalogue.list(KINDS);
    list.map(|l| l.items.iter())
        .into_iter()
        .flatten()
        .map(|i| (i.code.clone(), i.label.clone()))
        .collect()
}

fn badge(state: State) -> &'static str {
    match state {
        State::Closed => "ol-badge--good",
        State::Withdrawn => "",
        State::Open | State::Proposed => "ol-badge--warn",
        State::Working => "ol-badge--brand",
    }
}

/// An issue in a list.
struct Row {
    id: i64,
    number: String,
    title: String,
    kind: String,
    raised_by: String,
    owed_by: String,
    state: &'static str,
    badge: &'static str,
    rung: &'static str,
    high: bool,
    mover: String,
    due: String,
    provisional: bool,
    late: bool,
    days: String,
    age: u32,
    found: bool,
}

impl Row {
    fn of(ground: Ground<'_>, calendar: &WorkCalendar, row: &Issue) -> Self {
        let today = clock::today();
        let due = row.due(calendar);
        let late = row.open && due.date < today;
        let days = if !row.open {
            String::new()
        } else if late {
            let days = calendar.working_days_between(due.date, today);
            format!("逾期 {days} 天")
        } else {
            match calendar.working_days_between(today, due.date) {
                0 => "今天到期".to_owned(),
                left => format!("剩 {left} 天"),
            }
        };
        Self {
            id: row.id,
            number: row.number(),
            title: row.title.clone(),
            kind: kind_label(ground, &row.kind),
            raised_by: name(ground.directory, row.raised_by),
            owed_by: name(ground.directory, row.owed_by),
            state: row.state().label(),
            badge: badge(row.state()),
            rung: rung_label(row.rung),
            high: row.rung > 0,
            mover: row
                .mover()
                .map(|id| name(ground.directory, id))
                .unwrap_or_default(),
            due: due.date.to_string(),
            provisional: due.provisional,
            late,
            days,
            age: row.age(calendar, today),
            found: row.is_found(),
        }
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    view: String,
    kind: String,
    state: String,
    rung: String,
    q: String,
    cursor: String,
}

/// A tab with how many are behind it.
struct Tab {
    word: &'static str,
    label: &'static str,
    count: usize,
    bad: bool,
    current: bool,
}

#[derive(Template)]
#[template(path = "issues/list.html")]
struct List {
    shell: Shell,
    query: Query,
    view: View,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    kinds: Vec<(String, String)>,
    states: Vec<(&'static str, &'static str)>,
    rungs: Vec<(String, &'static str)>,
    raises: bool,
    next: String,
    beside: Option<Beside>,
}

/// The part of the desk that somebody sees first: what is his to move.
fn first(viewer: &Viewer) -> View {
    if viewer.can_anywhere(Right::HandleIssue) && viewer.account().is_some() {
        View::Mine
    } else if viewer.is(Role::Bureau) {
        View::Rung
    } else {
        View::Open
    }
}

fn tabs(viewer: &Viewer, counts: Counts, view: View) -> Vec<Tab> {
    let handles = viewer.can_anywhere(Right::HandleIssue);
    let coordinates = viewer.can_anywhere(Right::CoordinateSharing);
    let shown = View::ALL.into_iter().filter(|v| match v {
        View::Mine => handles || coordinates,
        View::Owed => handles || viewer.is(Role::Liaison),
        View::Rung => coordinates,
        _ => true,
    });
    shown
        .map(|v| {
            let (count, bad) = match v {
                View::Mine => (counts.mine, counts.late > 0),
                View::Owed => (counts.owed, false),
                View::Rung => (counts.rung, false),
                _ => (0, false),
            };
            Tab {
                word: v.word(),
                label: v.label(),
                count,
                bad,
                current: v == view,
            }
        })
        .collect()
}

/// `GET /issues`
async fn desk(caller: Caller, query: web::Query<Query>) -> Answer {
    let page = caller.page(move |ask| {
        let query = query.into_inner();
        fields::plain(&[("q", Some(&query.q)), ("kind", Some(&query.kind))])?;
        grounded(ask, |ask, ground| {
            let view = View::from_word(&query.view).unwrap_or_else(|| first(&ask.viewer));
            let filter = Filter {
                view,
                kind: Some(query.kind.clone()).filter(|k| !k.is_empty()),
                state: State::from_word(&query.state),
                rung: query.rung.parse().ok(),
                search: query.q.clone(),
                ..Filter::default()
            };
            let cursor = Some(query.cursor.as_str()).filter(|c| !c.is_empty());
            let found = list::page(ask.conn, &ask.viewer, &filter, cursor, PAGE)?;
            let (calendar, _) = almanac::calendar(ask.conn)?;
            let counts = list::counts(ask.conn, &ask.viewer)?;
            let next = found.next.map(|cursor| {
                let pairs = [
                    ("view", view.word()),
                    ("kind", query.kind.as_str()),
                    ("state", &query.state),
                    ("rung", &query.rung),
                    ("q", &query.q),
                    ("cursor", &cursor),
                ];
                address(HERE, &pairs)
            });
            let of = |row| Row::of(ground, &calendar, row);
            let beside = if view == first(&ask.viewer) && cursor.is_none() {
                beside::of(ask)?
            } else {
                None
            };
            Ok(List {
                beside,
                shell: ask.shell("难点问题", HERE),
                view,
                tabs: tabs(&ask.viewer, counts, view),
                rows: found.rows.iter().map(of).collect(),
                kinds: kinds(ground),
                states: State::ALL.iter().map(|s| (s.word(), s.label())).collect(),
                rungs: RUNGS.iter().map(|(n, l)| (n.to_string(), *l)).collect(),
                raises: ask.viewer.can_anywhere(Right::Write),
                next: next.unwrap_or_default(),
                query,
            })
        })
    });
    page.await
}

/// A department on the board.
struct Line {
    department: String,
    open: usize,
    overdue: usize,
    oldest: u32,
}

#[derive(Template)]
#[template(path = "issues/board.html")]
struct Board {
    shell: Shell,
    lines: Vec<Line>,
    open: usize,
    overdue: usize,
    late: Vec<Row>,
    more: bool,
}

/// `GET /issues/board`
async fn board(caller: Caller) -> Answer {
    let page = caller.page(|ask| {
        ask.viewer.may_anywhere(Right::SeeOwn)?;
        grounded(ask, |ask, ground| {
            let (calendar, _) = almanac::calendar(ask.conn)?;
            let lines = list::board(ask.conn, &ask.viewer, &calendar)?;
            let filter = Filter {
                view: View::Overdue,
                ..Filter::default()
            };
            let found = list::page(ask.conn, &ask.viewer, &filter, None, PAGE)?;
            let of = |row| Row::of(ground, &calendar, row);
            Ok(Board {
                shell: ask.shell("难点问题督办", HERE),
                open: lines.iter().map(|l| l.open).sum(),
                overdue: lines.iter().map(|l| l.overdue).sum(),
                lines: lines
                    .into_iter()
                    .map(|l| Line {
                        department: name(ground.directory, l.department),
                        open: l.open,
                        overdue: l.overdue,
                        oldest: l.oldest,
                    })
                    .collect(),
                late: found.rows.iter().map(of).collect(),
                more: found.next.is_some(),
            })
        })
    });
    page.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/issues", web::get().to(desk))
        .route("/issues/board", web::get().to(board))
        .configure(make::configure)
        .configure(month::configure)
        .configure(show::configure)
        .configure(acts::configure);
}
