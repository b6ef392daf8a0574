//! 汇聚: the rates by department or region, and the datasets behind each number.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::{Reach, Right};
use crate::clock;
use crate::error::Result;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::sharing::collection::{self, Counts, Cursor, Filter, Listed, Rate, Slice, State};
use crate::web::answer::Failure;
use crate::web::api::collection::{departments, file};
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::fields;
use crate::web::page::{Shell, address};

type Answer = std::result::Result<HttpResponse, Failure>;

/// Lines on one page.
const PAGE: usize = 50;

/// A number that leads to what it counts.
struct Number {
    count: usize,
    href: String,
}

/// A rate as it is shown.
struct Shown {
    rate: Rate,
    permille: Option<usize>,
    part: Number,
    whole: Number,
}

impl Shown {
    fn percent(&self) -> String {
        self.permille
            .map_or_else(|| "—".to_owned(), |p| format!("{}.{}%", p / 10, p % 10))
    }
}

struct Row {
    name: String,
    mine: bool,
    total: Number,
    rates: Vec<Shown>,
    overdue: Number,
    uncollected: Number,
    unstated: Number,
    unknown: Number,
}

#[derive(Template)]
#[template(path = "collection/board.html")]
struct Board {
    shell: Shell,
    by_region: bool,
    regions: usize,
    total: Row,
    rows: Vec<Row>,
    hidden: usize,
    behind: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct BoardQuery {
    by: String,
}

/// Whose datasets a row is about.
#[derive(Clone, Copy)]
enum Whose<'w> {
    Everybody,
    Department(&'w str),
    Region(&'w str),
}

fn number(counts: &Counts, slice: Slice, whose: Whose<'_>) -> Number {
    let mut pairs = vec![("is", slice.word())];
    match whose {
        Whose::Everybody => {}
        Whose::Department(code) => pairs.push(("department", code)),
        // An empty parameter says nothing; “-” is the region that is not known.
        Whose::Region("") => pairs.push(("region", "-")),
        Whose::Region(code) => pairs.push(("region", code)),
    }
    Number {
        count: counts.of(slice),
        href: address("/collection/datasets", &pairs),
    }
}

fn row(name: &str, mine: bool, counts: &Counts, whose: Whose<'_>) -> Row {
    let number = |slice| number(counts, slice, whose);
    Row {
        name: name.to_owned(),
        mine,
        total: number(Slice::All),
        rates: Rate::ALL
            .into_iter()
            .map(|rate| Shown {
                rate,
                permille: rate.permille(counts),
                part: number(rate.parts().0),
                whole: number(rate.parts().1),
            })
            .collect(),
        overdue: number(Slice::Overdue),
        uncollected: number(Slice::Uncollected),
        unstated: number(Slice::Unstated),
        unknown: number(Slice::Unknown),
    }
}

/// The departments, the viewer's own before the others.
fn of_departments(ask: &Ask<'_>, directory: &Directory, found: &BTreeMap<i64, Counts>) -> Vec<Row> {
    let home = ask.viewer.home();
    let mut out: Vec<Row> = directory
        .all()
        .iter()
        .filter_map(|d| {
            let counts = found.get(&d.id)?;
            let whose = Whose::Department(&d.code);
            Some(row(&d.name, home == Some(d.id), counts, whose))
        })
        .collect();
    out.sort_by_key(|r| !r.mine);
    out
}

fn of_regions(
    catalogue: &Catalogue,
    directory: &Directory,
    found: &BTreeMap<i64, Counts>,
) -> Vec<Row> {
    let mut regions: BTreeMap<&str, Counts> = BTreeMap::new();
    for (department, counts) in found {
        let region = collection::region_of(directory, *department);
        regions.entry(region).or_default().add(counts);
    }
    let shown = regions.iter().map(|(code, counts)| {
        let name = catalogue.regions().full_name(code);
        let name = name.unwrap_or_else(|| "未注明区划".to_owned());
        row(&name, false, counts, Whose::Region(code))
    });
    shown.collect()
}

async fn board(caller: Caller, query: web::Query<BoardQuery>) -> Answer {
    let page = caller.page(move |ask| {
        let directory = ask.directory()?;
        // Before anything is counted: what is brought up to date meanwhile must not look settled.
        let behind = collection::is_behind(ask.conn)?;
        let found = collection::by_department(ask.conn, &ask.viewer, None, clock::today())?;
        let by_region = query.by == "region";
        let regions = of_regions(&ask.app.catalogue, &directory, &found);
        Ok(Board {
            regions: regions.len(),
            rows: if by_region {
                regions
            } else {
                of_departments(ask, &directory, &found)
            },
            by_region,
            total: row(
                "合计",
                false,
                &collection::total(found.values()),
                Whose::Everybody,
            ),
            hidden: collection::hidden(ask.conn, &ask.viewer)?,
            behind,
            shell: ask.shell("汇聚", "/collection"),
        })
    });
    page.await
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    is: String,
    department: String,
    region: String,
    mine: String,
    cursor: String,
    format: String,
}

impl ListQuery {
    fn at(&self, is: &str, cursor: &str) -> String {
        let pairs = [
            ("is", is),
            ("department", self.department.as_str()),
            ("region", &self.region),
            ("mine", &self.mine),
            ("cursor", cursor),
        ];
        address("/collection/datasets", &pairs)
    }

    /// The same list as a file.
    fn file(&self, format: &str) -> String {
        let pairs = [
            ("is", self.is.as_str()),
            ("department", &self.department),
            ("region", &self.region),
            ("mine", &self.mine),
            ("format", format),
        ];
        address("/collection/datasets/export", &pairs)
    }

    /// Refuses what neither database shall be asked for.
    fn check(&self) -> Result<()> {
        fields::plain(&[
            ("department", Some(&self.department)),
            ("region", Some(&self.region)),
            ("cursor", Some(&self.cursor)),
        ])
    }

    fn filter(&self, ask: &Ask<'_>, directory: &Directory) -> Filter {
        let some = |text: &'_ str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let region = some(&self.region).map(|r| if r == "-" { String::new() } else { r });
        let mut found = departments(
            directory,
            some(&self.department).as_deref(),
            region.as_deref(),
        );
        if !self.mine.is_empty()
            && let Reach::Departments(ids) = ask.viewer.reach(Right::Write)
        {
            let within = |id: &i64| found.as_ref().is_none_or(|f| f.contains(id));
            found = Some(ids.iter().copied().filter(within).collect());
        }
        Filter {
            slice: Slice::from_word(&self.is).unwrap_or_default(),
            departments: found,
        }
    }

    fn whose(&self, ask: &Ask<'_>, directory: &Directory) -> String {
        if let Some(d) = directory.by_code(&self.department) {
            return d.name.clone();
        }
        match self.region.as_str() {
            "" if self.mine.is_empty() => String::new(),
            "" => "我负责的".to_owned(),
            "-" => "未注明区划".to_owned(),
            code => {
                let name = ask.app.catalogue.regions().full_name(code);
                name.unwrap_or_default()
            }
        }
    }
}

struct Line {
    listed: Listed,
    department: String,
    mode: String,
    cycle: String,
    badge: &'static str,
}

#[derive(Template)]
#[template(path = "collection/datasets.html")]
struct Datasets {
    shell: Shell,
    lines: Vec<Line>,
    query: ListQuery,
    slice: Slice,
    whose: String,
    count: usize,
    departments: Vec<(String, String)>,
    next: String,
    behind: bool,
    /// The same list as a workbook and as CSV.
    files: (String, String),
}

fn badge(state: State) -> &'static str {
    match state {
        State::UpToDate => "ol-badge--good",
        State::Overdue => "ol-badge--bad",
        State::Uncollected | State::Unknown => "ol-badge--warn",
        State::Untimed | State::Unstated => "",
    }
}

fn line(catalogue: &Catalogue, directory: &Directory, listed: Listed) -> Line {
    let word = |list: &str, code: &str| {
        let item = catalogue.list(list).and_then(|l| l.item(code));
        item.map_or_else(|| code.to_owned(), |i| i.label.clone())
    };
    let department = directory.get(listed.department_id);
    Line {
        department: department.map_or_else(String::new, |d| d.name.clone()),
        mode: word("collect_mode", &listed.mode),
        cycle: word("update_cycle", &listed.cycle),
        badge: badge(listed.state),
        listed,
    }
}

/// How many there are of what is listed.
fn counted(ask: &mut Ask<'_>, filter: &Filter) -> Result<usize> {
    let wished = filter.departments.as_deref();
    let found = collection::by_department(ask.conn, &ask.viewer, wished, clock::today())?;
    Ok(collection::total(found.values()).of(filter.slice))
}

async fn datasets(caller: Caller, query: web::Query<ListQuery>) -> Answer {
    let page = caller.page(move |ask| {
        let query = query.into_inner();
        query.check()?;
        let directory = ask.directory()?;
        // Before anything is counted: what is brought up to date meanwhile must not look settled.
        let behind = collection::is_behind(ask.conn)?;
        let filter = query.filter(ask, &directory);
        let after = Cursor::parse(&query.cursor);
        let part = (after.as_ref(), PAGE + 1);
        let mut found = collection::page(ask.conn, &ask.viewer, &filter, part, clock::today())?;
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let next = found.last().filter(|_| more);
        let next = next.map(|l| query.at(&query.is, &l.cursor(&filter).to_string()));
        let seen = ask.viewer.reach(Right::SeeOwn);
        let departments = directory.all().iter().filter(|d| seen.covers(d.id));
        let catalogue = &ask.app.catalogue;
        Ok(Datasets {
            departments: departments
                .map(|d| (d.code.clone(), d.name.clone()))
                .collect(),
            lines: found
                .into_iter()
                .map(|l| line(catalogue, &directory, l))
                .collect(),
            slice: filter.slice,
            whose: query.whose(ask, &directory),
            next: next.unwrap_or_default(),
            count: counted(ask, &filter)?,
            behind,
            files: (query.file("xlsx"), query.file("csv")),
            shell: ask.shell("汇聚明细", "/collection"),
            query,
        })
    });
    page.await
}

/// `GET /collection/datasets/export`
async fn export(caller: Caller, query: web::Query<ListQuery>) -> Answer {
    // It is written down who took it, so this takes its turn among the writers.
    let out = caller.change(move |ask| {
        query.check()?;
        let directory = ask.directory()?;
        let filter = query.filter(ask, &directory);
        file(ask, &filter, &query.format)
    });
    Ok(desk::send(&out.await?)?)
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/collection", web::get().to(board))
        .route("/collection/datasets", web::get().to(datasets))
        .route("/collection/datasets/export", web::get().to(export));
}
