//! 共享申请: the lists, the clocks, the board of providers.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::Right;
use crate::clock as time;
use crate::error::{Problem, Result};
use crate::sharing::request::board::{self, Line};
use crate::sharing::request::catalogue::{self, Update};
use crate::sharing::request::clock::{Clock, Reckoner, Standing};
use crate::sharing::request::list::{self, Filter, Tab};
use crate::sharing::request::open::{self, ATTRIBUTES};
use crate::sharing::request::steps::{State, whose_move};
use crate::sharing::request::{Ground, LAW, Request};
use crate::web::answer::Failure;
use crate::web::api::requests::grounded;
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Shell, address};

mod acts;
mod extension;
mod form;
mod show;

type Answer = std::result::Result<HttpResponse, Failure>;

const HERE: &str = "/requests";
/// The page of clocks.
const CLOCKS: &str = "/requests/clocks";
/// Lines on one page.
const PAGE: usize = 50;

/// The colour of a clock.
fn clock_badge(standing: Standing) -> &'static str {
    match standing {
        Standing::Overdue => "ol-badge--bad",
        Standing::Soon | Standing::DoneLate => "ol-badge--warn",
        Standing::Running => "ol-badge--brand",
        Standing::Done => "ol-badge--good",
        Standing::Paused | Standing::Void => "",
    }
}

/// The colour of a state.
fn state_badge(state: State) -> &'static str {
    match state {
        State::InUse => "ol-badge--good",
        State::PapersAsked | State::Consulting | State::Consulted | State::Filed => {
            "ol-badge--warn"
        }
        State::Disagreed | State::Refused => "ol-badge--bad",
        State::Ended | State::Withdrawn | State::Draft => "",
        _ => "ol-badge--brand",
    }
}

/// A clock on a page.
struct Dial {
    clock: Clock,
    badge: &'static str,
    who: String,
}

impl Dial {
    fn of(ground: Ground<'_>, clock: Clock) -> Self {
        Self {
            badge: clock_badge(clock.standing),
            who: ground.name(clock.department_id),
            clock,
        }
    }
}

struct Row {
    id: i64,
    number: String,
    dataset: String,
    attr: String,
    consumer: String,
    provider: String,
    state: &'static str,
    badge: &'static str,
    turn: &'static str,
    dial: Option<Dial>,
}

fn row(ground: Ground<'_>, r: &Request, clock: Option<Clock>) -> Row {
    Row {
        id: r.id,
        number: r.number(),
        dataset: r.dataset_name.clone(),
        attr: ground.label(ATTRIBUTES, &r.share_attr),
        consumer: ground.name(r.consumer_id),
        provider: ground.name(r.provider_id),
        state: r.state().label(),
        badge: state_badge(r.state()),
        turn: whose_move(r.state()).map_or("", |side| side.label()),
        dial: clock.map(|c| Dial::of(ground, c)),
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    tab: String,
    state: String,
    provider: String,
    cursor: String,
}

struct Tabbed {
    label: &'static str,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "requests/list.html")]
struct List {
    shell: Shell,
    tabs: Vec<Tabbed>,
    tab: &'static str,
    query: Query,
    states: Vec<(&'static str, &'static str)>,
    providers: Vec<(String, String)>,
    rows: Vec<Row>,
    next: String,
    asks: bool,
    coordinates: bool,
}

/// The tab that a viewer begins with.
fn first_tab(ask: &Ask<'_>, ground: Ground<'_>) -> Tab {
    if !open::consumers(&ask.viewer, ground).is_empty() {
        Tab::Mine
    } else if ask.viewer.can_anywhere(Right::CoordinateSharing) {
        Tab::Coordinate
    } else {
        Tab::All
    }
}

fn listed(ask: &mut Ask<'_>, ground: Ground<'_>, query: Query) -> Result<List> {
    let tab = Tab::from_word(&query.tab).unwrap_or_else(|| first_tab(ask, ground));
    let coordinates = ask.viewer.can_anywhere(Right::CoordinateSharing);
    let filter = Filter {
        tab,
        state: State::from_word(&query.state),
        provider: Some(&query.provider)
            .filter(|code| !code.is_empty())
            .map(|code| ground.directory.by_code(code).map_or(-1, |d| d.id)),
        before: query.cursor.parse().ok(),
        ..Filter::default()
    };
    let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut found = list::list(ask.conn, &ask.viewer, ground, &filter, most)?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let reckoner = Reckoner::new(ask.conn, ground, time::today())?;
    let at = |tab: &str, cursor: &str| {
        let pairs = [
            ("tab", tab),
            ("state", query.state.as_str()),
            ("provider", query.provider.as_str()),
            ("cursor", cursor),
        ];
        address(HERE, &pairs)
    };
    let next = found.last().filter(|_| more);
    let next = next
        .map(|r| at(tab.word(), &r.id.to_string()))
        .unwrap_or_default();
    let ids: Vec<i64> = found.iter().map(|r| r.id).collect();
    let mut clocks = reckoner.of_requests(ask.conn, &ids)?;
    let rows = found
        .iter()
        .map(|r| row(ground, r, clocks.remove(&r.id)))
        .collect();
    let tabs = Tab::ALL
        .into_iter()
        .filter(|t| *t != Tab::Coordinate || coordinates);
    let all = ground.directory.all().iter().filter(|d| !d.is_over());
    Ok(List {
        shell: ask.shell("共享申请", HERE),
        tabs: tabs
            .map(|t| Tabbed {
                label: t.label(),
                href: address(HERE, &[("tab", t.word())]),
                current: t == tab,
            })
            .collect(),
        tab: tab.word(),
        states: State::ALL.iter().map(|s| (s.word(), s.label())).collect(),
        providers: all.map(|d| (d.code.clone(), d.name.clone())).collect(),
        rows,
        next,
        asks: !open::consumers(&ask.viewer, ground).is_empty(),
        coordinates,
        query,
    })
}

/// `GET /requests`
async fn index(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            let query = query.into_inner();
            grounded(ask, |ask, ground| listed(ask, ground, query))
        })
        .await
}

struct Ticking {
    id: i64,
    number: String,
    dataset: String,
    consumer: String,
    dial: Dial,
}

struct Updating {
    update: Update,
    badge: &'static str,
    who: String,
}

#[derive(Template)]
#[template(path = "requests/clocks.html")]
struct Clocks {
    shell: Shell,
    problems: Vec<Problem>,
    rows: Vec<Ticking>,
    updates: Vec<Updating>,
    standing: String,
    cut: bool,
    pauses: bool,
    law: &'static str,
    coordinates: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    standing: String,
}

/// Clocks on one page.
const SHOWN: usize = 200;

fn ticking(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    standing: String,
    problems: Vec<Problem>,
) -> Result<Clocks> {
    let reckoner = Reckoner::new(ask.conn, ground, time::today())?;
    let done = standing == "done";
    let mut found = reckoner.seen(ask.conn, &ask.viewer, !done)?;
    match standing.as_str() {
        "overdue" => found.retain(|(c, _)| c.standing == Standing::Overdue),
        "soon" => found.retain(|(c, _)| c.standing == Standing::Soon),
        _ => {}
    }
    if done {
        found.reverse();
    }
    let cut = found.len() > SHOWN;
    found.truncate(SHOWN);
    let updates = if done {
        Vec::new()
    } else {
        catalogue::updates(ask.conn, &ask.viewer, &reckoner)?
    };
    Ok(Clocks {
        shell: ask.shell("法定时限", CLOCKS),
        problems,
        rows: found
            .into_iter()
            .map(|(clock, r)| Ticking {
                id: r.id,
                number: r.number(),
                consumer: ground.name(r.consumer_id),
                dataset: r.dataset_name,
                dial: Dial::of(ground, clock),
            })
            .collect(),
        updates: updates
            .into_iter()
            .map(|u| Updating {
                badge: clock_badge(u.standing),
                who: ground.name(u.bureau_id.unwrap_or(u.department_id)),
                update: u,
            })
            .collect(),
        standing,
        cut,
        pauses: ground.rules.pause_for_papers,
        law: LAW,
        coordinates: ask.viewer.can_anywhere(Right::CoordinateSharing),
    })
}

/// `GET /requests/clocks`
async fn clocks(caller: Caller, which: web::Query<Which>) -> Answer {
    caller
        .page(move |ask| {
            let standing = which.into_inner().standing;
            grounded(ask, |ask, ground| {
                ticking(ask, ground, standing, Vec::new())
            })
        })
        .await
}

#[derive(Template)]
#[template(path = "requests/board.html")]
struct Board {
    shell: Shell,
    lines: Vec<(String, Line)>,
    overdue: usize,
    late: usize,
    refused: usize,
    owed: usize,
}

/// `GET /requests/board`
async fn providers(caller: Caller) -> Answer {
    caller
        .page(|ask| {
            grounded(ask, |ask, ground| {
                let lines = board::lines(ask.conn, &ask.viewer, ground)?;
                let sum = |of: fn(&Line) -> usize| lines.iter().map(of).sum();
                let code = |id: i64| {
                    let found = ground.directory.get(id);
                    found.map(|d| d.code.clone()).unwrap_or_default()
                };
                Ok(Board {
                    shell: ask.shell("提供部门履责情况", HERE),
                    overdue: sum(|l| l.overdue),
                    late: sum(|l| l.late),
                    refused: sum(|l| l.refused),
                    owed: sum(|l| l.owed),
                    lines: lines
                        .into_iter()
                        .map(|l| (code(l.provider_id), l))
                        .collect(),
                })
            })
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/requests", web::get().to(index))
        .route(CLOCKS, web::get().to(clocks))
        .route("/requests/board", web::get().to(providers))
        .configure(form::configure)
        .configure(show::configure)
        .configure(acts::configure)
        .configure(extension::configure);
}
