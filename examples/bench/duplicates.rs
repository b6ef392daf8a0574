//! The check for duplicates on a ledger of invented systems: building the index, one check, a batch of proposals.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use one_ledger::auth::Viewer;
use one_ledger::db::connection::Database;
use one_ledger::org::directory::Directory;
use one_ledger::register::catalogue::Catalogue;
use one_ledger::review::duplicate::check::{Means, What, check};
use one_ledger::review::duplicate::{Kept, Rules, batch};

use crate::workbooks::Inventory;

/// How many proposals are checked at once.
const PROPOSALS: u32 = 60;

/// Writes proposals like the systems of an inventory, each of another department and in other words.
///
/// # Errors
/// When the file cannot be written.
pub fn write_proposals(inventory: Inventory, out: &Path) -> Result<(), String> {
    const WORK: [&str; 12] = [
        "学籍注册和转学",
        "不动产登记受理",
        "医保费用结算",
        "养老服务派单",
        "工程项目并联审批",
        "危化品在线监测",
        "食品安全追溯",
        "河湖巡查上报",
        "电子证照签发",
        "社会救助审批",
        "殡葬服务预约",
        "电梯应急处置",
    ];
    let mut text = "项目名称,申报单位,项目阶段,建设内容,总预算（万元）,建设年度\n".to_owned();
    let departments = inventory.departments();
    let owners = departments.iter().cycle().step_by(7);
    for ((number, department), work) in (0..PROPOSALS).zip(owners).zip(WORK.iter().cycle()) {
        writeln!(
            text,
            "{work}平台建设项目{number},{},已申报,面向群众和企业提供{work}、查询统计和数据共享，对接一体化大数据平台,{},2026",
            department.name,
            100 + number
        )
        .map_err(|e| e.to_string())?;
    }
    std::fs::write(out, text).map_err(|e| e.to_string())
}

/// Memory of this process in MiB: now, and at most.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mib = |key: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(key));
        let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    };
    (mib("VmRSS"), mib("VmHWM"))
}

/// Measures and prints.
///
/// # Errors
/// Whatever the ledger says.
pub fn measure(ledger: &Path) -> Result<(), String> {
    let told = |e: one_ledger::error::Error| e.to_string();
    let catalogue = Catalogue::load(None).map_err(|e| e.to_string())?;
    let database = Database::at(&ledger.to_string_lossy()).map_err(told)?;
    let mut conn = database.open().map_err(told)?;
    let directory = Directory::load(&mut conn).map_err(told)?;
    let kept = Kept::new(Rules::default(), catalogue.regions());
    let means = Means {
        catalogue: &catalogue,
        directory: &directory,
        kept: &kept,
    };
    let viewer = Viewer::operator("bench");
    let (before, _) = memory();
    let begun = Instant::now();
    let entries = kept
        .with(&mut conn, &catalogue, &directory, |index| Ok(index.len()))
        .map_err(told)?;
    let (after, _) = memory();
    println!(
        "index of {entries} entries: {:.2} s, {} MiB",
        begun.elapsed().as_secs_f64(),
        after.saturating_sub(before)
    );
    let found = batch::candidates(&mut conn, &viewer, None).map_err(told)?;
    let mut took = Vec::with_capacity(found.len());
    let mut hits = 0;
    for row in &found {
        let what = What::Entry(row.register.clone(), row.code.clone());
        let begun = Instant::now();
        let report = check(&mut conn, &viewer, means, &what).map_err(told)?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        hits += report.hits.len();
    }
    took.sort_by(f64::total_cmp);
    let at = |share: usize| {
        let place = took.len() * share / 100;
        let found = took.get(place).or(took.last());
        found.copied().unwrap_or(0.0)
    };
    println!(
        "{} checks: p50 {:.1} ms, p99 {:.1} ms, {hits} hits told",
        took.len(),
        at(50),
        at(99)
    );
    let codes: Vec<String> = found.iter().map(|r| r.code.clone()).collect();
    let begun = Instant::now();
    let id = batch::make(&mut conn, &viewer, "bench", &codes).map_err(told)?;
    batch::carry_out(&mut conn, &viewer, means, id, |_, _| {}).map_err(told)?;
    println!(
        "batch of {} proposals, checked and kept: {:.2} s; peak memory {} MiB",
        codes.len(),
        begun.elapsed().as_secs_f64(),
        memory().1
    );
    Ok(())
}
