//! Links: what breaks when a hub with thousands of them is switched off, and the map of two hundred systems.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use one_ledger::auth::Viewer;
use one_ledger::db::connection::Database;
use one_ledger::impact;
use one_ledger::ledger::as_of::Definitions;
use one_ledger::ledger::read;
use one_ledger::org::directory::Directory;
use one_ledger::register::catalogue::Catalogue;
use one_ledger::sharing::map::{self, View, Wish, draw};

use crate::load::Line;
use crate::served::{Served, get, request, with_input};
use crate::workbooks::Inventory;

/// Systems; the first is the hub.
const SYSTEMS: u32 = 200;
/// How often each is asked.
const TIMES: usize = 40;
const LOGIN: &str = "bench";
const PASSWORD: &str = "Load-9fKq-27xW-mmPd";

/// Writes the systems of a ledger, the first one a hub.
///
/// # Errors
/// When the file cannot be written.
pub fn write_systems(inventory: Inventory, out: &Path) -> Result<(), String> {
    let departments = inventory.departments();
    let mut text = "系统编码,系统名称,主管单位,系统状态\n".to_owned();
    for (n, owner) in (0..SYSTEMS).zip(departments.iter().cycle()) {
        writeln!(text, "X{n},业务系统第{n}号,{},在用", owner.name).map_err(|e| e.to_string())?;
    }
    std::fs::write(out, text).map_err(|e| e.to_string())
}

/// Writes so many links from the hub to the other systems.
///
/// # Errors
/// When the file cannot be written.
pub fn write_links(inventory: Inventory, links: u32, out: &Path) -> Result<(), String> {
    let departments = inventory.departments();
    let owner = |n: u32| {
        let at = usize::try_from(n).unwrap_or_default() % departments.len();
        departments
            .get(at)
            .map(|d| d.name.clone())
            .unwrap_or_default()
    };
    let mut text =
        "对接编码,对接名称,提供方单位,提供方系统,使用方单位,使用方系统,对接方式,更新频率,对接状态\n"
            .to_owned();
    for n in 0..links {
        let to = 1 + n % (SYSTEMS - 1);
        writeln!(
            text,
            "K{n},第{n}项数据,{},X0,{},X{to},服务接口,每日,运行中",
            owner(0),
            owner(to)
        )
        .map_err(|e| e.to_string())?;
    }
    std::fs::write(out, text).map_err(|e| e.to_string())
}

/// Runs something often and prints how long it took.
fn timed(what: &str, mut work: impl FnMut() -> Result<String, String>) -> Result<(), String> {
    let mut took = Vec::with_capacity(TIMES);
    let mut said = String::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        said = work()?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    let at = |share: usize| {
        let found = took.get(took.len() * share / 100).or(took.last());
        found.copied().unwrap_or_default()
    };
    println!(
        "{what:<40} p50 {:>7.1} ms  p99 {:>7.1} ms  {said}",
        at(50),
        at(99)
    );
    Ok(())
}

/// Measures in process and over HTTP, and prints.
///
/// # Errors
/// Whatever the ledger says.
pub fn measure(ledger: &Path, folder: &Path) -> Result<(), String> {
    in_process(ledger)?;
    over_http(ledger, folder)
}

fn in_process(ledger: &Path) -> Result<(), String> {
    let told = |e: one_ledger::error::Error| e.to_string();
    let catalogue = Catalogue::load(None).map_err(|e| e.to_string())?;
    let database = Database::at(&ledger.to_string_lossy()).map_err(told)?;
    let mut conn = database.open().map_err(told)?;
    let directory = Directory::load(&mut conn).map_err(told)?;
    let register = catalogue
        .register("sharing_link")
        .ok_or("no register of links")?;
    let definitions = Definitions {
        catalogue: &catalogue,
        directory: &directory,
        register,
    };
    let viewer = Viewer::operator("bench");
    let hubs = read::by_code(&mut conn, &viewer, "X0").map_err(told)?;
    let hub = hubs.first().ok_or("no hub")?;
    timed("impact of the hub, in process", || {
        let found = impact::of(&mut conn, &viewer, &catalogue, hub).map_err(told)?;
        Ok(format!("{} entries", found.nodes.len()))
    })?;
    let wish = Wish {
        view: View::System,
        ..Wish::default()
    };
    timed("map by system, read and laid out", || {
        let map = map::of(&mut conn, &viewer, definitions, &wish).map_err(told)?;
        let drawing = draw::draw(&map, |_| String::new()).ok_or("nothing is drawn")?;
        Ok(format!(
            "{} points, {} links",
            drawing.shapes.len(),
            map.links
        ))
    })
}

fn over_http(ledger: &Path, folder: &Path) -> Result<(), String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let common = ["--database", &text(ledger), "--data", &text(folder)].map(str::to_owned);
    let mut args = vec![
        "users", "add", "--login", LOGIN, "--name", "压测", "--role", "liaison",
    ];
    args.extend([
        "--department",
        "D00001",
        "--password-stdin",
        "--keep-password",
    ]);
    args.extend(common.iter().map(String::as_str));
    with_input(&args, PASSWORD)?;
    let mut served = Served::start(|address| {
        let own = [
            "serve",
            "--listen",
            address,
            "--rate",
            "0",
            "--kept-answers",
            "0",
        ];
        own.map(str::to_owned)
            .into_iter()
            .chain(common.clone())
            .collect()
    })?;
    let body = serde_json::json!({ "login": LOGIN, "password": PASSWORD }).to_string();
    let sign_in = request("POST", "/api/v1/sessions", "", &[], &body);
    let (_, answer) = served.wait(&sign_in, Instant::now())?;
    let token = answer.json()?;
    let token = token.get("access_token").and_then(|t| t.as_str());
    let token = token.ok_or("not signed in")?.to_owned();
    for (what, path) in [
        (
            "impact of the hub, over HTTP",
            "/api/v1/entries/information_system/X0/impact",
        ),
        ("map by system, over HTTP", "/api/v1/map?view=system"),
        (
            "map around the hub, over HTTP",
            "/api/v1/map?around=information_system%3AX0",
        ),
        ("page of the map", "/map?view=system"),
    ] {
        let ask = get(path, &token);
        let mut line = Line::open(served.address)?;
        timed(what, || {
            let answer = line.ask(&ask)?;
            if answer.status == 200 {
                return Ok(format!("{} bytes", answer.body.len()));
            }
            Err(format!(
                "{path}: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            ))
        })?;
    }
    Ok(())
}
