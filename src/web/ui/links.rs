//! 共享对接的确认: the desk of links by whose move it is, and the part of a link's page about its ends.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::ends::{self, Act, Side, Standing, State};
use crate::ledger::entry::EntryRow;
use crate::register::value::Document;
use crate::sharing::link::{self, Counts, Link, View, Wish};
use crate::sharing::{LINKS, field};
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::desk::{self, Desk, coded};
use crate::web::page::{Next, Shell, address};
use crate::web::posted::Posted;

mod proposed;

type Answer = std::result::Result<HttpResponse, Failure>;

const HERE: &str = "/links";

/// Links of a page.
const ROWS: usize = 50;

/// Statements that the page of a link shows.
const LINES: i64 = 10;

/// A view in the tabs.
struct Tab {
    word: &'static str,
    label: &'static str,
    count: usize,
}

/// A link in the list.
struct Row {
    code: String,
    href: String,
    name: String,
    provider: String,
    consumer: String,
    mode: String,
    frequency: String,
    standing: &'static str,
    badge: &'static str,
    differs: String,
    /// What the form sends when it is ticked; empty when it cannot be confirmed here.
    tick: String,
}

#[derive(Template)]
#[template(path = "links/list.html")]
struct List {
    shell: Shell,
    view: &'static str,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    next: String,
    writes: bool,
    proposals: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    view: String,
    cursor: Option<i64>,
}

fn badge(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting(_) => "ol-badge--warn",
        Standing::Confirmed => "ol-badge--good",
        Standing::Disputed => "ol-badge--bad",
    }
}

fn name(definitions: Definitions<'_>, department: Option<i64>) -> String {
    let found = department.and_then(|id| definitions.directory.get(id));
    found.map(|d| d.name.clone()).unwrap_or_default()
}

fn shown(definitions: Definitions<'_>, document: &Document, key: &str) -> String {
    let field = definitions.register.field(key);
    let value = document.get(key);
    field.zip(value).map_or_else(String::new, |(f, v)| {
        f.show(definitions.catalogue, definitions.directory, v)
    })
}

fn labels(definitions: Definitions<'_>, keys: &[String]) -> String {
    let label = |key: &String| definitions.register.field(key).map(|f| f.label.clone());
    let labels: Vec<String> = keys.iter().filter_map(label).collect();
    labels.join("、")
}

fn row(definitions: Definitions<'_>, link: &Link) -> Row {
    let document = link.row.document();
    let standing = link.standing();
    let waits = standing.waits_for().is_some() && standing.waits_for() == link.mine;
    Row {
        href: format!("/registers/{LINKS}/{}#ends", coded(&link.row.code)),
        name: link.row.name.clone(),
        provider: name(definitions, link.department(Side::Provider)),
        consumer: name(definitions, link.department(Side::Consumer)),
        mode: shown(definitions, &document, field::MODE),
        frequency: shown(definitions, &document, field::FREQUENCY),
        standing: standing.label(),
        badge: badge(standing),
        differs: labels(definitions, &link.pair.differences()),
        tick: if waits && link.acts().contains(&Act::Confirm) {
            format!("{} {}", link.version(), link.row.code)
        } else {
            String::new()
        },
        code: link.row.code.clone(),
    }
}

fn tabs(counts: &Counts) -> Vec<Tab> {
    let tab = |(view, count): &(View, usize)| Tab {
        word: view.word(),
        label: view.label(),
        count: *count,
    };
    counts.iter().map(tab).collect()
}

/// `GET /links`
async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            ask.viewer.may_anywhere(Right::SeeOwn)?;
            let desk = Desk::of(ask, LINKS)?;
            let definitions = desk.definitions()?;
            let asked = View::from_word(&query.view);
            let view = asked.unwrap_or(if ask.viewer.can_anywhere(Right::ApproveSharing) {
                View::Mine
            } else {
                View::All
            });
            let page = link::page(ask.conn, &ask.viewer, view, query.cursor, ROWS)?;
            let next = page.next.map(|n| {
                let cursor = n.to_string();
                address(HERE, &[("view", view.word()), ("cursor", &cursor)])
            });
            Ok(List {
                view: view.word(),
                tabs: tabs(&page.counts),
                rows: page.links.iter().map(|l| row(definitions, l)).collect(),
                next: next.unwrap_or_default(),
                writes: ask.viewer.can_anywhere(Right::Write),
                proposals: proposed::count(ask.conn, &ask.viewer, definitions)?,
                shell: ask.shell("对接确认", HERE),
            })
        })
        .await
}

/// `POST /links/confirm`: each ticked one for itself.
async fn confirm_all(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            let desk = Desk::of(ask, LINKS)?;
            let definitions = desk.definitions()?;
            let ticked: Vec<&str> = fields.all("link").take(ROWS).collect();
            let (mut done, mut failed) = (0, Vec::new());
            for tick in &ticked {
                let (version, code) = tick.split_once(' ').unwrap_or(("", tick));
                let wish = Wish {
                    code,
                    version: version.parse().unwrap_or(-1),
                    act: Act::Confirm,
                    note: "",
                };
                match link::act(ask.conn, &ask.viewer, definitions, &wish) {
                    Ok(_) => done += 1,
                    Err(
                        told @ (Error::Stale(_)
                        | Error::Conflict(_)
                        | Error::NotFound(_)
                        | Error::Refused(_)),
                    ) => failed.push(told.to_string()),
                    Err(other) => return Err(other),
                }
            }
            let said = match (ticked.len(), failed.first()) {
                (0, _) => "请先勾选要确认的对接".to_owned(),
                (_, None) => format!("已确认 {done} 条"),
                (_, Some(why)) => format!("已确认 {done} 条，{} 条未确认: {why}", failed.len()),
            };
            Ok(Next::saying(HERE, &said))
        })
        .await
}

/// `POST /links/{code}/{act}`
async fn act(Posted { caller, fields }: Posted, path: web::Path<(String, String)>) -> Answer {
    caller
        .act(move |ask| {
            let desk = Desk::of(ask, LINKS)?;
            let code = desk::code(&path.0)?;
            let act = Act::from_word(&path.1)
                .filter(|a| matches!(a, Act::Confirm | Act::Dispute | Act::Withdraw))
                .ok_or_else(|| Error::NotFound("这种办理".to_owned()))?;
            let version = fields.get("version").and_then(|v| v.parse().ok());
            let wish = Wish {
                code: &code,
                version: version.ok_or(Error::VersionMissing)?,
                act,
                note: fields.get("note").unwrap_or_default(),
            };
            let to = format!("/registers/{LINKS}/{}#ends", coded(&code));
            match link::act(ask.conn, &ask.viewer, desk.definitions()?, &wish) {
                Ok(link) => {
                    let said = format!("已{}，现为{}", act.label(), link.standing().label());
                    Ok(Next::saying(&to, &said))
                }
                Err(Error::Invalid(problems)) => {
                    let first = problems.first().map(|p| p.message.clone());
                    Ok(Next::saying(&to, &first.unwrap_or_default()))
                }
                Err(other) => Err(other),
            }
        })
        .await
}

/// What one end says, on the page of a link.
pub(in crate::web::ui) struct EndView {
    pub label: &'static str,
    pub department: String,
    pub state: &'static str,
    pub badge: &'static str,
    pub note: String,
    pub who: String,
}

/// One agreed field, side by side.
pub(in crate::web::ui) struct Beside {
    pub label: String,
    pub stands: String,
    pub provider: String,
    pub consumer: String,
    pub differs: bool,
}

/// An act that the viewer can take.
pub(in crate::web::ui) struct Doing {
    pub word: &'static str,
    pub label: &'static str,
    pub needs_note: bool,
    pub main: bool,
}

/// The part of a link's page about its ends.
pub(in crate::web::ui) struct EndsView {
    pub href: String,
    pub version: i32,
    pub standing: &'static str,
    pub badge: &'static str,
    pub whose: String,
    pub ends: Vec<EndView>,
    pub fields: Vec<Beside>,
    pub acts: Vec<Doing>,
    pub lines: Vec<(String, String)>,
}

/// The part of an entry's page about its ends; none for a register without them.
pub(in crate::web::ui) fn ends_of(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
) -> Result<Option<EndsView>> {
    if row.register != LINKS {
        return Ok(None);
    }
    let link = link::of_row(conn, viewer, row.clone())?;
    let standing = link.standing();
    let document = link.row.document();
    let differs = link.pair.differences();
    let said = |side: Side, key: &str| {
        let end = link.pair.of(side);
        end.map(|e| shown(definitions, &e.said, key))
            .unwrap_or_default()
    };
    let fields = definitions.register.agreed.iter().map(|key| Beside {
        label: definitions
            .register
            .field(key)
            .map_or(key.clone(), |f| f.label.clone()),
        stands: shown(definitions, &document, key),
        provider: said(Side::Provider, key),
        consumer: said(Side::Consumer, key),
        differs: differs.contains(key),
    });
    let fields = fields
        .filter(|f| !(f.stands.is_empty() && f.provider.is_empty() && f.consumer.is_empty()))
        .collect();
    let lines = ends::history(conn, row.id, LINES)?;
    let line = |l: ends::Line| {
        let side = Side::from_word(&l.side).map_or("", Side::label);
        let act = Act::from_word(&l.act).map_or("", Act::label);
        let note = if l.note.is_empty() {
            String::new()
        } else {
            format!(": {}", l.note)
        };
        let who = format!("{} {}", clock::local(l.at), l.actor);
        (format!("{side}{act}{note}"), who)
    };
    let doing = |act: Act| Doing {
        word: act.word(),
        label: act.label(),
        needs_note: act == Act::Dispute,
        main: act == Act::Confirm,
    };
    Ok(Some(EndsView {
        href: format!("{HERE}/{}", coded(&row.code)),
        version: link.version(),
        standing: standing.label(),
        badge: badge(standing),
        whose: whose(definitions, &link),
        ends: Side::ALL
            .into_iter()
            .map(|side| end(definitions, &link, side))
            .collect(),
        fields,
        acts: link.acts().into_iter().map(doing).collect(),
        lines: lines.into_iter().map(line).collect(),
    }))
}

fn end(definitions: Definitions<'_>, link: &Link, side: Side) -> EndView {
    let end = link.pair.of(side);
    let (state, badge) = match end.map(|e| e.state) {
        None => ("尚未登记或确认", "ol-badge--warn"),
        Some(State::Stated) => ("已登记", "ol-badge--good"),
        Some(State::Outdated) => ("对方变更后待确认", "ol-badge--warn"),
        Some(State::Disputed) => ("有异议", "ol-badge--bad"),
    };
    EndView {
        label: side.label(),
        department: name(definitions, link.department(side)),
        state,
        badge,
        note: end
            .filter(|e| e.state == State::Disputed)
            .map(|e| e.note.clone())
            .unwrap_or_default(),
        who: end.map_or_else(String::new, |e| {
            format!("{} {}", clock::local(e.at), e.actor)
        }),
    }
}

/// Whose move it is, in a sentence.
fn whose(definitions: Definitions<'_>, link: &Link) -> String {
    if link.is_ended() {
        return "该对接已终止，无需再确认。".to_owned();
    }
    match link.standing() {
        Standing::Waiting(side) => {
            let department = name(definitions, link.department(side));
            if link.mine == Some(side) {
                "请本单位核对后确认，或提出异议。".to_owned()
            } else {
                format!("等待{department}确认。")
            }
        }
        Standing::Confirmed => "双方说法一致。".to_owned(),
        Standing::Disputed if link.pair.differences().is_empty() => {
            "一方提出异议，已转为对接难点问题；协商一致后由提出方确认。".to_owned()
        }
        Standing::Disputed => format!(
            "双方对{}说法不同，已转为对接难点问题；一方改为一致即可。",
            labels(definitions, &link.pair.differences())
        ),
    }
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/links", web::get().to(list))
        .route("/links/confirm", web::post().to(confirm_all))
        .route(proposed::PATH, web::get().to(proposed::show))
        .route(proposed::PATH, web::post().to(proposed::accept))
        .route("/links/{code}/{act}", web::post().to(act));
}
