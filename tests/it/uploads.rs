//! Uploads: preview, correct, map, apply, undo, as people do it through the service, with its workers running.

mod desk;
mod held;
mod refusals;
mod scope;
mod web;

use one_ledger::error::Error;
use one_ledger::intake::correct::{self, Which};
use one_ledger::intake::mapping::MapFile;
use one_ledger::intake::preview;
use one_ledger::intake::run::Mode;
use one_ledger::intake::upload::options::Options;
use one_ledger::intake::upload::steps::Remap;
use one_ledger::intake::upload::{State, annotate};
use one_ledger::jobs::imports;
use one_ledger::sheet::annotate::Outcome;

use crate::app::{Ledger, on_both_settled};
use desk::{Desk, cell, rows};

const SYSTEMS: &str = "系统编码 | 系统名称 | 主管单位 | 建设资金 | 主要功能";

#[test]
fn upload_preview_correct_apply_and_undo() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        ledger.import_whole(
            &ledger.draw("0.xlsx", &[SYSTEMS, "XT-A | 甲系统 | 市教育局 | 10 | 学籍"]),
        );
        let before = ledger.snapshot();
        let file = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                "XT-A | 甲系统 | 市教育局 | 12 | 学籍",
                " | 乙系统 | 市教育局 | 面议 | 考试",
                " | 丙系统 | 市教育局 | 3 | 招生",
                "合计 | | | 15 |",
            ],
        );
        let import = desk.upload(&file);
        let seen = desk.wait(import);
        assert_eq!(seen.state(), State::Previewed, "{}", seen.message);
        let counted = seen.rows();
        assert_eq!(
            (
                counted.new,
                counted.changed,
                counted.refused,
                counted.skipped
            ),
            (1, 1, 1, 1)
        );
        assert_eq!(ledger.snapshot(), before, "a preview changes nothing");
        // What changes, as people read it.
        let changed = rows(ledger, &seen, Outcome::Changed);
        assert_eq!(changed.len(), 1);
        assert_eq!((changed[0].line, changed[0].code.as_str()), (2, "XT-A"));
        let amount = changed[0]
            .cells
            .iter()
            .find(|c| c.label.contains("资金") || c.column == "D");
        let amount = amount.unwrap();
        assert_eq!((amount.old.as_str(), amount.new.as_str()), ("10", "12"));
        // What is wrong, with the cell as it stands.
        let wrong = rows(ledger, &seen, Outcome::Refused);
        assert_eq!(wrong[0].line, 3);
        assert_eq!(wrong[0].problems[0].column, "D");
        assert!(
            wrong[0]
                .texts
                .iter()
                .any(|t| t.place == 3 && t.text == "面议")
        );
        // It cannot go in as a whole.
        let refused = imports::apply(&mut ledger.conn(), &desk.viewer, import, false, None);
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        // Corrected in place.
        desk.correct(import, &cell(0, 3, 3, "面议", "7.5"));
        let seen = desk.wait(import);
        assert_eq!(
            seen.rows().refused,
            0,
            "{:?}",
            rows(ledger, &seen, Outcome::Refused)
        );
        assert_eq!(seen.rows().new, 2);
        assert_eq!(correct::list(&mut ledger.conn(), import).unwrap().len(), 1);
        desk.apply(import, false);
        let done = desk.wait(import);
        assert_eq!(done.state(), State::Applied, "{}", done.message);
        assert!(done.change_set.is_some());
        assert_eq!(ledger.snapshot().entries.len(), 3);
        // The file comes back with what was said of each row.
        let out = ledger.file("annotated.xlsx");
        let copy = annotate::write(&desk.app, &mut ledger.conn(), &done, &out).unwrap();
        let said = std::fs::metadata(copy).unwrap();
        assert!(said.len() > 1_000);
        // Applied once is applied.
        let again = imports::apply(&mut ledger.conn(), &desk.viewer, import, false, None);
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        desk.undo(import);
        let undone = desk.wait_for(import, State::Undone);
        assert_eq!(undone.undone().unwrap().removed, 2);
        assert_eq!(ledger.snapshot(), before);
        let twice = imports::undo(&mut ledger.conn(), &desk.viewer, import, "");
        assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
    });
}

#[test]
fn one_correction_mends_every_cell_that_says_the_same_and_can_be_taken_back() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let file = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                " | 甲系统 | 市教育厅 | 1 |",
                " | 乙系统 | 市教育厅 | 2 |",
                " | 丙系统 | 市公安局 | 3 |",
            ],
        );
        let import = desk.upload(&file);
        assert_eq!(desk.wait(import).rows().refused, 2);
        let same = one_ledger::intake::correct::Correction {
            which: Which::Same {
                said: "市教育厅".to_owned(),
            },
            ..cell(0, 0, 2, "市教育厅", "市水利厅")
        };
        desk.correct(import, &same);
        assert_eq!(desk.wait(import).rows().refused, 2);
        // What it says by now is corrected once more.
        let more = one_ledger::intake::correct::Correction {
            which: Which::Same {
                said: "市水利厅".to_owned(),
            },
            ..cell(0, 0, 2, "市水利厅", "市水利局")
        };
        desk.correct(import, &more);
        let seen = desk.wait(import);
        assert_eq!((seen.rows().refused, seen.rows().new), (0, 3));
        // One cell of them differs.
        desk.correct(import, &cell(0, 3, 2, "市水利局", "市民政局"));
        let seen = desk.wait(import);
        let owners: Vec<_> = rows(ledger, &seen, Outcome::New)
            .iter()
            .map(|r| r.department)
            .collect();
        assert_eq!(owners, [Some(10), Some(3), Some(2)]);
        let kept = correct::list(&mut ledger.conn(), import).unwrap();
        for one in kept {
            imports::take_back(&mut ledger.conn(), &desk.viewer, import, one.id, None).unwrap();
            desk.runner.wake();
        }
        assert_eq!(desk.wait(import).rows().refused, 2);
    });
}

#[test]
fn a_mapping_is_changed_and_remembered_for_the_next_time() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let lines = ["系统名称 | 主管单位 | 花了多少钱", "甲系统 | 市教育局 | 12"];
        let import = desk.upload(&ledger.draw("1.xlsx", &lines));
        let seen = desk.wait(import);
        let sheet = &seen.preview().report.sheets[0];
        assert_eq!(sheet.columns[2].field, None);
        let field = ledger.app.catalogue.register("information_system").unwrap();
        let amount = field.keys.amount.clone().unwrap();
        let map = MapFile {
            sheet: Some(sheet.sheet.clone()),
            columns: [("C".to_owned(), Some(amount.clone()))].into(),
            ..MapFile::default()
        };
        let wrong = MapFile {
            columns: [("C".to_owned(), Some("no_such".to_owned()))].into(),
            register: Some("nothing".to_owned()),
            ..map.clone()
        };
        let remap = |sheets: Vec<MapFile>| {
            let remap = Remap {
                sheets,
                ..Remap::default()
            };
            imports::remap(
                &desk.app,
                &mut ledger.conn(),
                &desk.viewer,
                import,
                remap,
                None,
            )
        };
        let Err(Error::Invalid(problems)) = remap(vec![wrong]) else {
            panic!("a mapping to nothing was taken");
        };
        assert_eq!(problems.len(), 2, "{problems:?}");
        remap(vec![map]).unwrap();
        let seen = desk.wait(import);
        assert_eq!(
            seen.preview().report.sheets[0].columns[2].field,
            Some(amount.clone())
        );
        desk.apply(import, false);
        assert_eq!(desk.wait(import).state(), State::Applied);
        let next = desk.upload(&ledger.draw("2.xlsx", &[lines[0], "乙系统 | 市教育局 | 13"]));
        let seen = desk.wait(next);
        assert_eq!(
            seen.preview().report.sheets[0].columns[2].field,
            Some(amount)
        );
        // A sheet may be left out altogether.
        let out = MapFile {
            sheet: Some(seen.preview().report.sheets[0].sheet.clone()),
            left_out: true,
            ..MapFile::default()
        };
        let remap = Remap {
            sheets: vec![out],
            ..Remap::default()
        };
        imports::remap(
            &desk.app,
            &mut ledger.conn(),
            &desk.viewer,
            next,
            remap,
            None,
        )
        .unwrap();
        let seen = desk.wait(next);
        assert_eq!(seen.state(), State::Rejected, "{}", seen.message);
    });
}

#[test]
fn what_moved_since_the_preview_is_shown_anew_and_what_did_not_is_applied() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        ledger.import_whole(&ledger.draw("0.xlsx", &[SYSTEMS, "XT-A | 甲系统 | 市教育局 | 10 |"]));
        let mine = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                "XT-A | 甲系统 | 市教育局 | 12 |",
                " | 新系统 | 市教育局 | 1 |",
            ],
        );
        let import = desk.upload(&mine);
        let first = desk.wait(import);
        // Others' new entries take the next numbers; the preview stays what it was.
        ledger.import_whole(&ledger.draw("2.xlsx", &[SYSTEMS, " | 丙系统 | 市民政局 | 10 |"]));
        desk.apply(import, false);
        assert_eq!(desk.wait(import).state(), State::Applied);
        ledger.undo(import).unwrap();
        // The same entry is changed by somebody else.
        let mut options = desk.options();
        options.reason = "第二次".to_owned();
        let import = desk.upload_with(&mine, options);
        desk.wait(import);
        ledger.import_whole(
            &ledger.draw("3.xlsx", &[SYSTEMS, "XT-A | 甲系统 | 市教育局 | 11 | 学籍"]),
        );
        let before = ledger.snapshot();
        desk.apply(import, false);
        let seen = desk.wait(import);
        assert_eq!(seen.state(), State::Previewed);
        assert!(
            seen.message.contains("账本在您预览后有变化"),
            "{}",
            seen.message
        );
        assert!(seen.version > first.version);
        assert_eq!(ledger.snapshot(), before);
        let changed = rows(ledger, &seen, Outcome::Changed);
        assert_eq!(changed[0].cells[0].old, "11");
        desk.apply(import, false);
        assert_eq!(desk.wait(import).state(), State::Applied);
    });
}

#[test]
fn two_who_apply_at_once_apply_once() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let import = desk.upload(&ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 10 |"]));
        let seen = desk.wait(import);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let press = || {
                imports::apply(
                    &mut ledger.conn(),
                    &desk.viewer,
                    import,
                    false,
                    Some(seen.version),
                )
            };
            let pressed: Vec<_> = (0..6).map(|_| scope.spawn(press)).collect();
            pressed.into_iter().map(|p| p.join().unwrap()).collect()
        });
        desk.runner.wake();
        assert_eq!(
            outcomes.iter().filter(|o| o.is_ok()).count(),
            1,
            "{outcomes:?}"
        );
        assert_eq!(desk.wait(import).state(), State::Applied);
        assert_eq!(ledger.verify().change_sets, 1);
    });
}

#[test]
fn the_same_file_pressed_twice_runs_once() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let file = ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 10 |"]);
        let ids: Vec<i64> = std::thread::scope(|scope| {
            let pressed: Vec<_> = (0..4).map(|_| scope.spawn(|| desk.upload(&file))).collect();
            pressed.into_iter().map(|p| p.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        desk.wait(ids[0]);
        desk.apply(ids[0], false);
        desk.wait(ids[0]);
        // Once it is done, the same file is another import, which changes nothing.
        let next = desk.upload(&file);
        assert_ne!(next, ids[0]);
        assert_eq!(desk.wait(next).rows().same, 1);
        // A key is the same import whatever became of it, and never another file's.
        let keyed = |file| desk.send(file, desk.options(), "key-1");
        let one = keyed(&file).unwrap();
        assert!(one.fresh);
        desk.wait(one.import);
        imports::apply(&mut ledger.conn(), &desk.viewer, one.import, false, None).unwrap();
        desk.runner.wake();
        desk.wait(one.import);
        assert_eq!(keyed(&file).unwrap().import, one.import);
        let other = ledger.draw("2.xlsx", &[SYSTEMS, " | 乙系统 | 市教育局 | 10 |"]);
        assert!(matches!(keyed(&other), Err(Error::Invalid(_))));
    });
}

#[test]
fn what_a_dead_process_left_is_taken_up() {
    on_both_settled(|ledger| {
        let import = {
            let desk = Desk::open(ledger);
            let file = ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 10 |"]);
            let import = desk.upload(&file);
            desk.wait(import);
            desk.close();
            import
        };
        // A process claimed the check, wrote some rows and died.
        let desk = Desk::idle(ledger);
        imports::recheck(&mut ledger.conn(), &desk.viewer, import).unwrap();
        ledger.tamper(
            "UPDATE jobs SET state = 'running', attempts = 1, claimed_by = 'a dead process', \
             heartbeat = '2020-01-01 00:00:00' WHERE state = 'queued'",
        );
        desk.close();
        let desk = Desk::open(ledger);
        assert_eq!(desk.wait(import).state(), State::Previewed);
        // The same in the middle of applying.
        desk.close();
        let desk = Desk::idle(ledger);
        imports::apply(&mut ledger.conn(), &desk.viewer, import, false, None).unwrap();
        ledger.tamper(
            "UPDATE jobs SET state = 'running', attempts = 1, claimed_by = 'a dead process', \
             heartbeat = '2020-01-01 00:00:00' WHERE state = 'queued'",
        );
        desk.close();
        let desk = Desk::open(ledger);
        assert_eq!(desk.wait(import).state(), State::Applied);
        assert_eq!(ledger.snapshot().entries.len(), 1);
        assert_eq!(ledger.verify().broken, None);
        // One that takes every process with it is given up.
        let next = desk.upload(&ledger.draw("2.xlsx", &[SYSTEMS, " | 乙系统 | 市教育局 | 10 |"]));
        desk.wait(next);
        desk.close();
        let desk = Desk::idle(ledger);
        imports::recheck(&mut ledger.conn(), &desk.viewer, next).unwrap();
        ledger.tamper("UPDATE jobs SET attempts = 9 WHERE state = 'queued'");
        desk.close();
        let desk = Desk::open(ledger);
        let failed = desk.wait(next);
        assert_eq!(failed.state(), State::Failed);
        imports::recheck(&mut ledger.conn(), &desk.viewer, next).unwrap();
        desk.runner.wake();
        assert_eq!(desk.wait(next).state(), State::Previewed);
    });
}

#[test]
fn many_at_once_all_go_in() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let files: Vec<_> = (0..12)
            .map(|n| {
                let row = format!(" | 并发系统{n} | 市教育局 | {n} |");
                ledger.draw(&format!("{n}.xlsx"), &[SYSTEMS, &row])
            })
            .collect();
        let mut options = desk.options();
        options.apply = true;
        let ids: Vec<i64> = std::thread::scope(|scope| {
            let sent: Vec<_> = files
                .iter()
                .map(|file| scope.spawn(|| desk.upload_with(file, options.clone())))
                .collect();
            sent.into_iter().map(|s| s.join().unwrap()).collect()
        });
        for id in ids {
            assert_eq!(desk.wait_for(id, State::Applied).rows().new, 1);
        }
        assert_eq!(ledger.snapshot().entries.len(), 12);
    });
}

#[test]
fn applied_at_once_only_when_nothing_is_wrong() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let mut options = desk.options();
        options.apply = true;
        let file = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                " | 甲系统 | 市教育局 | 面议 |",
                " | 乙系统 | 市教育局 | 1 |",
            ],
        );
        let import = desk.upload_with(&file, options);
        let seen = desk.wait(import);
        assert_eq!(seen.state(), State::Previewed);
        assert_eq!(ledger.snapshot().entries.len(), 0);
        desk.apply(import, true);
        let done = desk.wait(import);
        assert_eq!(
            (done.state(), done.rows().new, done.rows().refused),
            (State::Applied, 1, 1)
        );
        assert_eq!(ledger.snapshot().entries.len(), 1);
    });
}

#[test]
fn discarding_removes_the_file_and_the_rows() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let import = desk.upload(&ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 1 |"]));
        let seen = desk.wait(import);
        let path = seen.path(&desk.app).unwrap();
        assert!(path.is_file());
        desk.discard(import).unwrap();
        assert!(!path.exists());
        let seen = desk.look(import);
        assert_eq!(seen.state(), State::Discarded);
        assert!(rows(ledger, &seen, Outcome::New).is_empty());
        assert!(matches!(desk.discard(import), Err(Error::Conflict(_))));
        let late = imports::apply(&mut ledger.conn(), &desk.viewer, import, false, None);
        assert!(matches!(late, Err(Error::Conflict(_))));
    });
}

#[test]
fn rows_are_paged_and_found_by_group_field_and_text() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let mut lines = vec![SYSTEMS.to_owned()];
        for n in 0..120 {
            let amount = if n % 40 == 7 { "面议" } else { "1" };
            lines.push(format!(" | 第{n}号系统 | 市教育局 | {amount} | 100%_{n}"));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let import = desk.upload(&ledger.draw("1.xlsx", &lines));
        let seen = desk.wait(import);
        let mut after = None;
        let mut seen_lines = Vec::new();
        let mut conn = ledger.conn();
        loop {
            let at = (import, seen.round);
            let page =
                preview::page(&mut conn, at, &preview::Filter::default(), after, 50).unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.sheet, last.line));
            seen_lines.extend(page.iter().map(|r| r.line));
        }
        assert_eq!(seen_lines, (2..122).collect::<Vec<i64>>());
        let mut count = |filter: preview::Filter| {
            preview::page(&mut conn, (import, seen.round), &filter, None, 500)
                .unwrap()
                .len()
        };
        let amount = ledger
            .app
            .catalogue
            .register("information_system")
            .unwrap()
            .keys
            .amount
            .clone();
        assert_eq!(
            count(preview::Filter {
                field: amount,
                ..Default::default()
            }),
            3
        );
        assert_eq!(
            count(preview::Filter {
                outcome: Some(Outcome::Refused),
                ..Default::default()
            }),
            3
        );
        assert_eq!(
            count(preview::Filter {
                doubtful: true,
                ..Default::default()
            }),
            3
        );
        let text = |t: &str| preview::Filter {
            text: Some(t.to_owned()),
            ..Default::default()
        };
        assert_eq!(count(text("第11号系统")), 1);
        assert_eq!(
            count(text("100%_5")),
            11,
            "a pattern's own characters are only characters"
        );
        assert_eq!(count(text("100_%")), 0);
        assert_eq!(
            count(preview::Filter {
                sheet: Some(1),
                ..Default::default()
            }),
            0
        );
        let kinds = seen.preview().summary;
        assert_eq!(kinds[0].count, 3, "{kinds:?}");
    });
}

#[test]
fn imports_of_the_command_line_are_in_the_same_list_with_one_row_of_numbers() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let first =
            ledger.import_whole(&ledger.draw("1.xlsx", &[SYSTEMS, " | 甲 | 市教育局 | 1 |"]));
        let second = desk.upload(&ledger.draw("2.xlsx", &[SYSTEMS, " | 乙 | 市教育局 | 1 |"]));
        desk.wait(second);
        let third =
            ledger.import_whole(&ledger.draw("3.xlsx", &[SYSTEMS, " | 丙 | 市教育局 | 1 |"]));
        let ids = [first.import, Some(second), third.import];
        assert_eq!(ids, [Some(1), Some(2), Some(3)]);
        let said = ledger.cli(["imports"]);
        assert!(said.out.contains("待确认"), "{}", said.out);
        // Whoever previewed looks at a ledger that moved on without touching what was seen.
        desk.apply(second, false);
        assert_eq!(desk.wait(second).state(), State::Applied);
        assert!(ledger.undo(second).is_ok());
        let _ = Mode::Check;
    });
}

/// Nothing of a preview differs from what is then written.
#[test]
fn the_rows_of_a_preview_are_what_is_written() {
    use crate::app::random::{self, Care, sheets};
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;
    for backend in crate::app::backends() {
        let config = ProptestConfig {
            cases: match backend {
                crate::app::Backend::Sqlite => 12 * crate::properties::soak(),
                crate::app::Backend::Postgres => 4,
            },
            max_shrink_iters: 60,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let two = (sheets(Care::Careless), sheets(Care::Careless));
        let done = TestRunner::new(config).run(&two, |(first, second)| {
            let ledger = Ledger::new(backend);
            ledger.load_organisation(&crate::app::sample(crate::app::ORGANISATION));
            let desk = Desk::open(&ledger);
            if !first.is_empty() {
                let path = ledger.file("first.xlsx");
                random::save(&first, &path);
                ledger.partial(&path);
            }
            if second.is_empty() {
                return Ok(());
            }
            let path = ledger.file("second.xlsx");
            random::save(&second, &path);
            desk::holds_what_it_showed(&ledger, &desk, &path);
            Ok(())
        });
        if let Err(failure) = done {
            panic!("on {backend:?}: {failure}");
        }
    }
}

/// The options of a test may be anything that serde keeps.
#[test]
fn options_are_kept_as_they_were_given() {
    let options = Options {
        register: Some("project".to_owned()),
        apply: true,
        reason: "原因\n第二行".to_owned(),
        ..Options::default()
    };
    let json = serde_json::to_string(&options).unwrap();
    assert_eq!(serde_json::from_str::<Options>(&json).unwrap(), options);
}
