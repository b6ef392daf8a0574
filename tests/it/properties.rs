//! What holds for every workbook: there and back again, twice is once, a preview is the result, undo undoes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use one_ledger::db::schema::{entries, revisions};
use one_ledger::error::Error;
use one_ledger::intake::report::{Counts, Report};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::app::random::{self, Care, Sheets, Table, sheets};
use crate::app::{Backend, Ledger, ORGANISATION, Snapshot, backends, sample};

/// Runs a property on both databases, fewer times on the server: what differs there is not the reading.
fn holds<S: Strategy>(cases: u32, strategy: S, property: impl Fn(&Ledger, S::Value)) {
    for backend in backends() {
        let config = ProptestConfig {
            cases: match backend {
                Backend::Sqlite => cases * soak(),
                Backend::Postgres => cases.div_ceil(4),
            },
            max_shrink_iters: 200,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let done = TestRunner::new(config).run(&strategy, |value| {
            property(&settled(Ledger::new(backend)), value);
            Ok(())
        });
        if let Err(failure) = done {
            panic!("on {backend:?}: {failure}");
        }
    }
}

/// How many times more cases to try, for a long run by hand.
pub fn soak() -> u32 {
    let times = std::env::var("ONE_LEDGER_SOAK").ok();
    times.and_then(|t| t.parse().ok()).unwrap_or(1)
}

fn settled(ledger: Ledger) -> Ledger {
    ledger.load_organisation(&sample(ORGANISATION));
    ledger
}

/// Draws a workbook into the ledger's folder; none when there is nothing to draw.
fn drawn(ledger: &Ledger, name: &str, sheets: &Sheets) -> Option<PathBuf> {
    if sheets.is_empty() {
        return None;
    }
    let path = ledger.file(name);
    random::save(sheets, &path);
    Some(path)
}

/// Nothing new, nothing changed.
fn says_nothing_new(report: &Report) {
    let Counts { new, changed, .. } = report.rows();
    assert_eq!(
        (new, changed),
        (0, 0),
        "{:#?}\n{:#?}",
        report.problems,
        report.changes
    );
    assert_eq!(report.change_set, None);
}

/// Every row is there as it stands.
fn says_no_change(report: &Report) {
    says_nothing_new(report);
    assert_eq!(report.problems, []);
    assert!(report.applied);
    assert_eq!(report.missing, 0);
}

#[test]
fn an_export_imports_as_no_change_and_fills_a_fresh_ledger_alike() {
    let two = (sheets(Care::Careful), sheets(Care::Careless));
    holds(16, two, |ledger, (first, second)| {
        for sheets in [&first, &second] {
            if let Some(file) = drawn(ledger, "in.xlsx", sheets) {
                ledger.partial(&file);
            }
        }
        let held = ledger.snapshot();
        if held.entries.is_empty() {
            return;
        }
        let all = ledger.export("all.xlsx", &["--all"]);
        says_no_change(&ledger.import(&all));
        for register in ledger.app.catalogue.registers() {
            if !held.entries.keys().any(|(r, _)| *r == register.key) {
                continue;
            }
            for format in ["csv", "xlsx"] {
                let name = format!("{}.{format}", register.key);
                let one = ledger.export(&name, &["--register", &register.key]);
                says_no_change(&ledger.import(&one));
            }
        }
        assert_eq!(ledger.snapshot(), held);
        let fresh = settled(ledger.another());
        fresh.import_whole(&all);
        assert_eq!(fresh.snapshot(), held);
    });
}

#[test]
fn the_same_workbook_again_changes_nothing() {
    holds(32, sheets(Care::Careless), |ledger, sheets| {
        let Some(file) = drawn(ledger, "in.xlsx", &sheets) else {
            return;
        };
        let once = ledger.partial(&file);
        let (held, head) = (ledger.snapshot(), ledger.head());
        let twice = ledger.partial(&file);
        says_nothing_new(&twice);
        // What was told apart only because one of two rows was wrong can be asked about the second time.
        assert!(twice.rows().refused >= once.rows().refused);
        assert_eq!((ledger.snapshot(), ledger.head()), (held, head));
    });
}

#[test]
fn a_preview_is_the_result() {
    let two = (sheets(Care::Careful), sheets(Care::Careless));
    holds(24, two, |ledger, (first, second)| {
        if let Some(file) = drawn(ledger, "first.xlsx", &first) {
            ledger.partial(&file);
        }
        let Some(file) = drawn(ledger, "second.xlsx", &second) else {
            return;
        };
        let (held, head) = (ledger.snapshot(), ledger.head());
        let preview = ledger.check(&file);
        assert_eq!((ledger.snapshot(), ledger.head()), (held, head));
        assert!(!preview.applied && preview.import.is_none() && preview.change_set.is_none());
        let result = ledger.partial(&file);
        let told = |mut report: Report| {
            (report.import, report.change_set, report.applied) = (None, None, false);
            report.elapsed_ms = 0;
            format!("{report:#?}")
        };
        let (preview, result) = (told(preview), told(result));
        for (told, done) in preview.lines().zip(result.lines()) {
            assert_eq!(told, done);
        }
        assert_eq!(preview, result);
    });
}

#[test]
fn with_a_refused_row_nothing_goes_in_and_partial_takes_exactly_the_others() {
    holds(24, sheets(Care::Careless), |ledger, sheets| {
        let Some(file) = drawn(ledger, "in.xlsx", &sheets) else {
            return;
        };
        let (held, head) = (ledger.snapshot(), ledger.head());
        let whole = ledger.import(&file);
        let refused = whole.rows().refused > 0;
        assert_eq!(whole.applied, !refused);
        if !refused {
            return;
        }
        assert_eq!((ledger.snapshot(), ledger.head()), (held, head));
        assert_eq!(listed(ledger), 0);
        let partial = ledger.partial(&file);
        assert_eq!(listed(ledger), 1);
        assert_eq!(partial.rows(), whole.rows());
        let took = ledger.snapshot();
        assert_eq!(took.entries.len() as u64, partial.rows().new);
        let good = without_problems(&sheets, &partial);
        if !good.is_empty() {
            let path = ledger.file("good.xlsx");
            random::save(&good, &path);
            let again = ledger.import(&path);
            says_nothing_new(&again);
            assert_eq!(again.problems, []);
        }
    });
}

fn listed(ledger: &Ledger) -> usize {
    let said = ledger.cli(["--json", "imports"]);
    said.json().as_array().unwrap().len()
}

/// The sheets without the rows that a report refuses.
fn without_problems(sheets: &Sheets, report: &Report) -> Sheets {
    let bad: BTreeSet<(&str, u32)> = report
        .problems
        .iter()
        .map(|p| (p.sheet.as_str(), p.row))
        .collect();
    let good = |(name, table): &(String, Table)| {
        let rows = (1_u32..)
            .zip(table)
            .filter(|(n, _)| !bad.contains(&(name, *n)));
        let table: Table = rows.map(|(_, row)| row.clone()).collect();
        (table.len() > 1).then(|| (name.clone(), table))
    };
    sheets.iter().filter_map(good).collect()
}

/// Everything, as the JSON that people get.
fn exported(ledger: &Ledger) -> String {
    std::fs::read_to_string(ledger.export("all.json", &["--all"])).unwrap()
}

#[test]
fn undo_brings_back_what_was_and_no_undo_is_undone() {
    let two = (sheets(Care::Careful), sheets(Care::Careless));
    holds(16, two, |ledger, (first, second)| {
        if let Some(file) = drawn(ledger, "first.xlsx", &first) {
            ledger.partial(&file);
        }
        let (before, shown) = (ledger.snapshot(), exported(ledger));
        let Some(file) = drawn(ledger, "second.xlsx", &second) else {
            return;
        };
        let report = ledger.partial(&file);
        let import = report.import.unwrap();
        let after = ledger.snapshot();
        let (seq, undone) = ledger.undo(import).unwrap();
        assert_eq!(undone.kept, []);
        let rows = report.rows();
        assert_eq!(undone.removed as u64, rows.new);
        assert_eq!(undone.restored as u64, rows.changed);
        assert_eq!(ledger.snapshot(), before);
        assert_eq!(exported(ledger).lines().count(), shown.lines().count());
        assert!(matches!(ledger.undo(import), Err(Error::Conflict(_))));
        if let Some(seq) = report.change_set {
            assert_eq!(ledger.snapshot_at(seq), after);
            assert_eq!(ledger.snapshot_at(seq - 1), before);
        }
        if let Some(seq) = seq {
            assert_eq!(ledger.snapshot_at(seq), before);
        }
        // What was taken back goes in again as it went in before. (With refused rows it may be asked instead:
        // an entry that is known takes the first of two rows that speak of it, right or wrong.)
        let again = ledger.partial(&file).rows();
        if rows.refused == 0 {
            assert_eq!(again, rows);
            assert_eq!(ledger.snapshot().entries.len(), after.entries.len());
        }
    });
}

/// Register and code of the entries that a change set touched.
fn touched(ledger: &Ledger, seq: Option<i64>) -> BTreeSet<(String, String)> {
    let rows: Vec<(String, String)> = revisions::table
        .inner_join(entries::table.on(entries::id.eq(revisions::entry_id)))
        .filter(revisions::seq.eq(seq.unwrap_or(0)))
        .select((entries::register, entries::code))
        .load(&mut ledger.conn())
        .unwrap();
    rows.into_iter().collect()
}

#[test]
fn undo_keeps_and_lists_what_was_edited_since_and_the_past_stays_readable() {
    let careful = || sheets(Care::Careful);
    let three = (careful(), careful(), careful());
    holds(16, three, |ledger, (first, second, third)| {
        let mut past: Vec<(i64, Snapshot)> = Vec::new();
        let mut reports = Vec::new();
        for (name, sheets) in [("1.xlsx", &first), ("2.xlsx", &second), ("3.xlsx", &third)] {
            let Some(file) = drawn(ledger, name, sheets) else {
                return;
            };
            let report = ledger.partial(&file);
            past.extend(report.change_set.map(|seq| (seq, ledger.snapshot())));
            reports.push(report);
        }
        let (before, latest) = match past.as_slice() {
            [(_, before), _, (_, latest)] => (before.clone(), latest.clone()),
            _ => return,
        };
        let (seq, undone) = ledger.undo(reports[1].import.unwrap()).unwrap();
        let now = ledger.snapshot();
        past.extend(seq.map(|seq| (seq, now.clone())));
        let kept: BTreeSet<(String, String)> = undone
            .kept
            .iter()
            .map(|k| (k.register.clone(), k.code.clone()))
            .collect();
        let second = touched(ledger, reports[1].change_set);
        let edited = touched(ledger, reports[2].change_set);
        for key in before.entries.keys().chain(latest.entries.keys()) {
            let stays = kept.contains(key) || !second.contains(key);
            let wanted = if stays { &latest } else { &before };
            assert_eq!(
                now.entries.get(key),
                wanted.entries.get(key),
                "{key:?} {stays}"
            );
        }
        assert!(second.intersection(&edited).all(|key| kept.contains(key)));
        for (seq, snapshot) in &past {
            assert_eq!(ledger.snapshot_at(*seq), *snapshot, "as of {seq}");
        }
    });
}

#[test]
fn nothing_random_is_taken_for_another_register() {
    let names = |report: &Report| -> Vec<(String, Option<String>)> {
        let sheets = report.sheets.iter();
        sheets
            .map(|s| (s.sheet.clone(), s.register.clone()))
            .collect()
    };
    holds(8, sheets(Care::Careless), |ledger, sheets| {
        let Some(file) = drawn(ledger, "in.xlsx", &sheets) else {
            return;
        };
        for (sheet, register) in names(&ledger.check(&file)) {
            let wanted = ledger
                .app
                .catalogue
                .registers()
                .iter()
                .find(|r| r.label == sheet);
            assert_eq!(register, wanted.map(|r| r.key.clone()), "{sheet}");
        }
    });
    assert!(Path::new(crate::app::PROGRAM).exists());
}
