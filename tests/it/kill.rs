//! Killed at any moment, an import leaves all of it or nothing of it.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use one_ledger::db::schema::entries;

use crate::app::draw::Book;
use crate::app::{Ledger, on_both_settled};

const ROWS: usize = 3_000;
/// Moments spread over an import's usual time.
const MOMENTS: u32 = 12;

fn count(ledger: &Ledger) -> i64 {
    let count = entries::table.count();
    count.get_result(&mut ledger.conn()).unwrap()
}

fn workbook(ledger: &Ledger) -> std::path::PathBuf {
    let mut table = vec![vec![
        "系统名称".to_owned(),
        "主管单位".to_owned(),
        "主要功能".to_owned(),
    ]];
    for n in 1..=ROWS {
        table.push(vec![
            format!("业务系统{n}"),
            "示例市教育局".to_owned(),
            format!("办理第{n}类业务"),
        ]);
    }
    let path = ledger.file("large.xlsx");
    Book::new().table("信息系统", &table).save(&path);
    path
}

/// Starts the import in a process group of its own, lets it run, and kills the whole group.
fn killed_after(ledger: &Ledger, file: &std::path::Path, moment: Duration) {
    let mut command = ledger.command();
    command.arg("import").arg(file).process_group(0);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    // The moment itself is what is tested: nothing can be waited for instead.
    while begun.elapsed() < moment && child.try_wait().unwrap().is_none() {
        std::thread::park_timeout(moment.saturating_sub(begun.elapsed()));
    }
    let group = format!("-{}", child.id());
    let _ = Command::new("kill")
        .args(["-KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
    child.wait().unwrap();
}

#[test]
fn a_killed_import_leaves_all_or_nothing_and_goes_in_the_next_time() {
    on_both_settled(|ledger| {
        let measure = ledger.another();
        measure.load_organisation(&crate::app::sample(crate::app::ORGANISATION));
        let file = workbook(&measure);
        let begun = Instant::now();
        assert!(measure.import_whole(&file).applied);
        let usual = begun.elapsed();
        let (mut nothing, mut all) = (0, 0);
        let mut now = None;
        for moment in 0..MOMENTS {
            let fresh = now.take().unwrap_or_else(|| {
                let fresh = ledger.another();
                fresh.load_organisation(&crate::app::sample(crate::app::ORGANISATION));
                fresh
            });
            killed_after(&fresh, &file, usual * (moment * 2 + 1) / (MOMENTS * 2));
            assert_eq!(fresh.verify().broken, None);
            match usize::try_from(count(&fresh)).unwrap() {
                // Killed again and again, the same ledger stays usable.
                0 => {
                    nothing += 1;
                    now = Some(fresh);
                }
                ROWS => all += 1,
                part => panic!("{part} of {ROWS} rows after {moment} of {MOMENTS}"),
            }
        }
        assert!(nothing > 0, "{nothing} {all}");
        let last = now.unwrap_or_else(|| {
            let fresh = ledger.another();
            fresh.load_organisation(&crate::app::sample(crate::app::ORGANISATION));
            fresh
        });
        let report = last.import_whole(&file);
        assert_eq!(usize::try_from(report.rows().new).unwrap(), ROWS);
        assert_eq!(usize::try_from(count(&last)).unwrap(), ROWS);
        assert_eq!(last.import_whole(&file).rows().new, 0);
    });
}

#[test]
fn many_at_once_wait_for_each_other() {
    on_both_settled(|ledger| {
        let files: Vec<_> = (0..8)
            .map(|n| {
                let row = format!("并发系统{n} | 示例市教育局");
                ledger.draw(&format!("{n}.xlsx"), &["系统名称 | 主管单位", &row])
            })
            .collect();
        std::thread::scope(|scope| {
            let running: Vec<_> = files
                .iter()
                .map(|file| scope.spawn(move || ledger.import_whole(file)))
                .collect();
            for import in running {
                assert_eq!(import.join().unwrap().rows().new, 1);
            }
        });
        assert_eq!(ledger.snapshot().entries.len(), 8);
        assert_eq!(ledger.verify().change_sets, 8);
    });
}
