//! 对接图: links as a graph and as a table, around one point or all of them, and the table as a file.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::error::{Error, Problem, Result};
use crate::ledger::entry::stage_word;
use crate::org::directory::Directory;
use crate::register::field::Stage;
use crate::sharing::LINKS;
use crate::sharing::map::draw::{self, Group, Line, Shape};
use crate::sharing::map::{Edge, Map, Node, Standing, View};
use crate::web::answer::Failure;
use crate::web::api::map::{Asked, MapQuery, drawn, file};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, coded};
use crate::web::page::{Shell, address};

type Answer = std::result::Result<HttpResponse, Failure>;

const PATH: &str = "/map";
/// Lines of the tables; the file has them all.
const SHOWN: usize = 300;
/// Steps that are offered.
const STEPS: [(&str, &str); 6] = [
    ("0", "0 层"),
    ("1", "1 层"),
    ("2", "2 层"),
    ("3", "3 层"),
    ("5", "5 层"),
    ("all", "全部"),
];

/// Something to choose: value, label, whether it is chosen.
type Offer = (String, String, bool);

struct Point {
    shape: Shape,
    name: String,
    href: String,
    own: bool,
    retired: bool,
}

struct Way {
    line: Line,
    from: usize,
    to: usize,
    title: String,
}

struct Picture {
    width: usize,
    height: usize,
    size: &'static str,
    ways: Vec<Way>,
    points: Vec<Point>,
    groups: Vec<Group>,
}

/// A line of the table of ties.
struct Tie {
    from: (String, String, String),
    to: (String, String, String),
    edge: Edge,
    /// How many stand how: badge and words.
    standings: Vec<(&'static str, String)>,
    /// The links one by one: address and name.
    links: Vec<(String, String)>,
    /// All of them.
    more: String,
}

/// A line of the table of points.
struct Stop {
    node: Node,
    href: String,
    department: String,
    around: String,
}

#[derive(Template)]
#[template(path = "sharing/map.html")]
struct Show {
    shell: Shell,
    problems: Vec<Problem>,
    query: MapQuery,
    views: Vec<Offer>,
    modes: Vec<Offer>,
    stages: Vec<Offer>,
    standings: Vec<Offer>,
    regions: Vec<Offer>,
    departments: Vec<Offer>,
    up: Vec<Offer>,
    down: Vec<Offer>,
    map: Map,
    picture: Option<Picture>,
    ties: Vec<Tie>,
    stops: Vec<Stop>,
    /// Addresses: the whole map, the file twice, what breaks when the point is switched off.
    whole: String,
    files: (String, String),
    impact: String,
}

/// The address of the map with some words of the query put in place of others.
fn with(query: &MapQuery, changed: &[(&str, &str)], path: &str) -> String {
    let mut pairs = vec![
        ("view", query.view.as_str()),
        ("around", &query.around),
        ("up", &query.up),
        ("down", &query.down),
        ("department", &query.department),
        ("region", &query.region),
        ("mode", &query.mode),
        ("stage", &query.stage),
        ("standing", &query.standing),
        ("only", &query.only),
    ];
    for (key, value) in changed {
        pairs.retain(|(k, _)| k != key);
        pairs.push((key, value));
    }
    address(path, &pairs)
}

/// How a node is asked for as the middle of a map.
fn asked_for(directory: &Directory, node: &Node) -> String {
    match &node.place {
        Some(place) => format!("{}:{}", place.register, place.code),
        None => {
            let found = directory.get(node.department_id);
            format!(
                "department:{}",
                found.map(|d| d.code.as_str()).unwrap_or_default()
            )
        }
    }
}

/// Where pressing a node leads: to its entry, or to the map around a department.
fn href(directory: &Directory, query: &MapQuery, node: &Node) -> String {
    match &node.place {
        Some(place) => format!("/registers/{}/{}", place.register, coded(&place.code)),
        None => with(query, &[("around", &asked_for(directory, node))], PATH),
    }
}

fn named(directory: &Directory, department: i64) -> String {
    let found = directory.get(department);
    found.map(|d| d.name.clone()).unwrap_or_default()
}

fn standings(edge: &Edge) -> Vec<(&'static str, String)> {
    let all = Standing::ALL
        .iter()
        .zip(edge.standings)
        .filter(|(_, n)| *n > 0);
    all.map(|(s, n)| {
        let badge = match s {
            Standing::Confirmed => "ol-badge--good",
            Standing::Pending => "ol-badge--warn",
            Standing::Disputed => "ol-badge--bad",
        };
        (badge, format!("{} {n}", s.label()))
    })
    .collect()
}

fn told(edge: &Edge) -> String {
    if edge.count() == 0 {
        return "登记簿中登记的对接".to_owned();
    }
    let standings: Vec<String> = standings(edge).into_iter().map(|(_, s)| s).collect();
    format!(
        "{} 条，{}；{}",
        edge.count(),
        standings.join("、"),
        edge.modes_told()
    )
}

fn picture(directory: &Directory, query: &MapQuery, map: &Map) -> Option<Picture> {
    let drawing = draw::draw(map, |id| named(directory, id))?;
    let points = drawing.shapes.into_iter().filter_map(|shape| {
        let node = map.nodes.get(shape.node)?;
        Some(Point {
            href: href(directory, query, node),
            name: node.name.clone(),
            own: node.own,
            retired: node.is_retired(),
            shape,
        })
    });
    let ways = drawing.lines.into_iter().filter_map(|line| {
        let edge = map.edges.get(line.edge)?;
        let (from, to) = (map.nodes.get(edge.from)?, map.nodes.get(edge.to)?);
        Some(Way {
            title: format!("{} → {}: {}", from.name, to.name, told(edge)),
            from: edge.from,
            to: edge.to,
            line,
        })
    });
    Some(Picture {
        width: drawing.width,
        height: drawing.height,
        size: drawing.size,
        ways: ways.collect(),
        points: points.collect(),
        groups: drawing.groups,
    })
}

/// The list of links between the departments of two nodes.
fn list(directory: &Directory, from: &Node, to: &Node) -> String {
    let pairs = [
        ("provider_org", named(directory, from.department_id)),
        ("consumer_org", named(directory, to.department_id)),
    ];
    let pairs = pairs.each_ref().map(|(k, v)| (*k, v.as_str()));
    address(&format!("/registers/{LINKS}"), &pairs)
}

fn ties(directory: &Directory, query: &MapQuery, map: &Map) -> Vec<Tie> {
    let end = |node: &Node| {
        let department = if node.place.is_some() {
            named(directory, node.department_id)
        } else {
            String::new()
        };
        (href(directory, query, node), node.name.clone(), department)
    };
    let lines = map.edges.iter().take(SHOWN).filter_map(|edge| {
        let (from, to) = (map.nodes.get(edge.from)?, map.nodes.get(edge.to)?);
        let links = edge
            .named
            .iter()
            .map(|(code, name)| (format!("/registers/{LINKS}/{}", coded(code)), name.clone()));
        Some(Tie {
            from: end(from),
            to: end(to),
            links: links.collect(),
            more: if edge.count() > edge.named.len() {
                list(directory, from, to)
            } else {
                String::new()
            },
            standings: standings(edge),
            edge: edge.clone(),
        })
    });
    lines.collect()
}

fn stops(directory: &Directory, query: &MapQuery, map: &Map) -> Vec<Stop> {
    let nodes = map.nodes.iter().map(|node| Stop {
        href: href(directory, query, node),
        department: named(directory, node.department_id),
        around: with(
            query,
            &[("around", &asked_for(directory, node)), ("view", "")],
            PATH,
        ),
        node: node.clone(),
    });
    nodes.collect()
}

fn offers<'a>(all: impl Iterator<Item = (&'a str, &'a str)>, chosen: &str) -> Vec<Offer> {
    all.map(|(value, label)| (value.to_owned(), label.to_owned(), value == chosen))
        .collect()
}

/// The regions that departments are in.
fn regions(ask: &Ask<'_>, directory: &Directory, chosen: &str) -> Vec<Offer> {
    let mut codes: Vec<&str> = directory
        .all()
        .iter()
        .filter_map(|d| d.region.as_deref())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let known = ask.app.catalogue.regions();
    let found = codes.into_iter().filter_map(|c| known.get(c));
    offers(found.map(|r| (r.code.as_str(), r.name.as_str())), chosen)
}

fn shown(ask: &mut Ask<'_>, mut query: MapQuery) -> Result<Show> {
    let (asked, map, problems) = match drawn(ask, &query) {
        Ok((asked, map)) => (Some(asked), map, Vec::new()),
        Err(Error::Invalid(problems)) => (None, Map::default(), problems),
        Err(other) => return Err(other),
    };
    let directory = ask.directory()?;
    let view = asked.as_ref().map_or(View::Department, |a| a.wish.view);
    let own = map.nodes.iter().find(|n| n.own);
    let title = match own {
        Some(node) if !query.around.is_empty() => format!("对接图 {}", node.name),
        _ => "对接图".to_owned(),
    };
    let impact = own
        .and_then(|n| n.place.as_ref())
        .map(|p| format!("/registers/{}/{}/impact", p.register, coded(&p.code)));
    let [up, down] = asked.map_or_else(Default::default, |a: Asked| a.steps);
    query.view = view.word().to_owned();
    let modes = ask.app.catalogue.list("share_mode");
    let modes = modes.into_iter().flat_map(|l| &l.items);
    let stages = [
        Stage::Application,
        Stage::Build,
        Stage::Acceptance,
        Stage::Operation,
    ];
    let departments = directory.all().iter().filter(|d| !d.is_over());
    let views = View::ALL.map(|v| {
        (
            with(&query, &[("view", v.word())], PATH),
            v.label().to_owned(),
            v == view,
        )
    });
    Ok(Show {
        shell: ask.shell(&title, PATH),
        views: views.to_vec(),
        modes: offers(
            modes.map(|i| (i.code.as_str(), i.label.as_str())),
            &query.mode,
        ),
        stages: offers(
            stages.into_iter().map(|s| (stage_word(s), s.label())),
            &query.stage,
        ),
        standings: offers(
            Standing::ALL.into_iter().map(|s| (s.word(), s.label())),
            &query.standing,
        ),
        regions: regions(ask, &directory, &query.region),
        departments: offers(
            departments.map(|d| (d.code.as_str(), d.name.as_str())),
            &query.department,
        ),
        up: offers(STEPS.into_iter(), &up),
        down: offers(STEPS.into_iter(), &down),
        picture: picture(&directory, &query, &map),
        ties: ties(&directory, &query, &map),
        stops: stops(&directory, &query, &map),
        whole: with(&query, &[("around", ""), ("up", ""), ("down", "")], PATH),
        files: (
            with(&query, &[("format", "xlsx")], "/map/export"),
            with(&query, &[("format", "csv")], "/map/export"),
        ),
        impact: impact.unwrap_or_default(),
        problems,
        map,
        query,
    })
}

/// `GET /map`
async fn show(caller: Caller, query: web::Query<MapQuery>) -> Answer {
    let done = caller.page_as(move |ask| {
        let page = shown(ask, query.into_inner())?;
        let status = if page.problems.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        Ok((status, page))
    });
    done.await
}

/// `GET /map/export`
async fn export(caller: Caller, query: web::Query<MapQuery>) -> Answer {
    let out = caller.change(move |ask| file(ask, &query)).await?;
    Ok(desk::send(&out)?)
}

/// The routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route(PATH, web::get().to(show))
        .route("/map/export", web::get().to(export));
}
