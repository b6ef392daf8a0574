//! Whose import it is, whose rows may go in, and what a file may learn of other departments: nothing.

use one_ledger::auth::Role;
use one_ledger::error::Error;
use one_ledger::intake::upload::list::{self, Filter};
use one_ledger::intake::upload::{State, annotate, see, steps};
use one_ledger::jobs::imports;
use one_ledger::sheet::annotate::Outcome;

use super::SYSTEMS;
use super::desk::{Desk, PEOPLE, person, rows};
use crate::app::{Ledger, on_both_settled};

/// Puts the sample organisation into one region, so that its bureau has a level.
fn in_one_region(ledger: &Ledger) {
    ledger.tamper(
        "UPDATE departments SET bureau = (id = 15); UPDATE departments SET region = '370100'",
    );
}

#[test]
fn a_row_of_another_department_is_a_problem_of_that_row_which_names_the_rule() {
    on_both_settled(|ledger| {
        let desk = Desk::of(ledger, person(ledger, 1), 1);
        let file = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                " | 甲系统 | 市教育局 | 1 |",
                " | 乙系统 | 市公安局 | 1 |",
            ],
        );
        let import = desk.upload(&file);
        let seen = desk.wait(import);
        assert_eq!(
            (seen.rows().new, seen.rows().refused),
            (1, 1),
            "{}",
            seen.message
        );
        let problem = &rows(ledger, &seen, Outcome::Refused)[0].problems[0];
        assert_eq!(
            (problem.code.as_str(), problem.column.as_str()),
            ("out_of_reach", "C")
        );
        assert!(
            problem.suggestion.contains("填报和修改条目限于"),
            "{problem:?}"
        );
        assert!(
            problem.suggestion.contains(Role::Liaison.label()),
            "{problem:?}"
        );
        desk.apply(import, true);
        let done = desk.wait(import);
        assert_eq!(done.state(), State::Applied, "{}", done.message);
        let snapshot = ledger.snapshot();
        assert_eq!(snapshot.entries.len(), 1);
        snapshot.named("甲系统");
    });
}

#[test]
fn a_code_of_another_department_is_taken_and_tells_nothing_else() {
    on_both_settled(|ledger| {
        // A dataset in 建设 is not published, one in 运维 is.
        let datasets = "数据资源代码 | 数据资源名称 | 提供单位 | 数据资源摘要";
        let _ = datasets;
        ledger.import_whole(&ledger.draw(
            "0.xlsx",
            &[SYSTEMS, "XT-GA | 户籍绝密系统 | 市公安局 | 1 |"],
        ));
        ledger.tamper("UPDATE entries SET published = FALSE");
        let desk = Desk::of(ledger, person(ledger, 1), 1);
        let mine = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                "XT-GA | 学籍系统 | 市教育局 | 1 |",
                "xt-ga | 又一个 | 市教育局 | 1 |",
                "XT-GA | | | 5 |",
                " | 户籍绝密系统 | 市教育局 | 2 |",
            ],
        );
        let import = desk.upload(&mine);
        let seen = desk.wait(import);
        let wrong = rows(ledger, &seen, Outcome::Refused);
        let codes: Vec<_> = wrong.iter().map(|r| r.problems[0].code.as_str()).collect();
        assert_eq!(codes, ["code_taken"; 3], "{wrong:#?}");
        for row in &wrong {
            let said = format!("{:?}", row.problems);
            assert!(said.contains("已被其他单位使用"), "{said}");
            assert!(!said.contains("公安") && !said.contains("绝密"), "{said}");
        }
        // The same name in one's own department is one's own entry.
        assert_eq!(seen.rows().new, 1);
        desk.apply(import, true);
        assert_eq!(desk.wait(import).state(), State::Applied);
        assert_eq!(ledger.snapshot().entries.len(), 2);
    });
}

#[test]
fn one_may_refer_to_what_others_published_and_not_to_what_they_hide() {
    on_both_settled(|ledger| {
        ledger.import_whole(&ledger.draw(
            "0.xlsx",
            &[
                SYSTEMS,
                "XT-1 | 公开系统 | 市公安局 | 1 |",
                "XT-2 | 隐藏系统 | 市公安局 | 1 |",
            ],
        ));
        ledger.tamper("UPDATE entries SET published = FALSE WHERE code = 'XT-2'");
        let desk = Desk::of(ledger, person(ledger, 1), 1);
        let projects = "项目名称 | 申报单位 | 关联系统 | 申报资金";
        let file = ledger.draw(
            "1.xlsx",
            &[
                projects,
                "甲项目 | 市教育局 | 公开系统 | 1",
                "乙项目 | 市教育局 | XT-1 | 1",
                "丙项目 | 市教育局 | 隐藏系统 | 1",
                "丁项目 | 市教育局 | XT-2 | 1",
                "戊项目 | 市教育局 | 没有的系统 | 1",
            ],
        );
        let import = desk.upload(&file);
        let seen = desk.wait(import);
        assert_eq!(
            (seen.rows().new, seen.rows().refused),
            (2, 3),
            "{}",
            seen.message
        );
        let wrong = rows(ledger, &seen, Outcome::Refused);
        let blank = |text: &str| {
            text.replace("隐藏系统", "…")
                .replace("XT-2", "…")
                .replace("没有的系统", "…")
        };
        let said: Vec<String> = wrong
            .iter()
            .map(|r| {
                blank(&format!(
                    "{} {}",
                    r.problems[0].message, r.problems[0].suggestion
                ))
            })
            .collect();
        assert_eq!(said[0], said[2], "hidden is as absent");
        assert_eq!(said[1], said[2], "hidden is as absent");
    });
}

#[test]
fn an_import_is_seen_by_its_department_and_its_bureau_and_nobody_else() {
    on_both_settled(|ledger| {
        in_one_region(ledger);
        let desk = Desk::of(ledger, person(ledger, 1), 1);
        let import = desk.upload(&ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 1 |"]));
        desk.wait(import);
        let mut conn = ledger.conn();
        for (account, department, role) in PEOPLE {
            let viewer = person(ledger, account);
            let sees = see(&mut conn, &viewer, import);
            let listed = list::page(&mut conn, &viewer, &Filter::default(), None, 50)
                .unwrap()
                .0;
            let expected = matches!(
                (department, role),
                (1, Role::Liaison | Role::Specialist) | (_, Role::Bureau)
            );
            assert_eq!(sees.is_ok(), expected, "{role:?} of {department}");
            assert_eq!(
                listed.len(),
                usize::from(expected),
                "{role:?} of {department}"
            );
            if expected {
                continue;
            }
            // The answer is that of an import which does not exist.
            let Err(Error::NotFound(hidden)) = sees else {
                panic!("{role:?} of {department} got another answer");
            };
            let Err(Error::NotFound(absent)) = see(&mut conn, &viewer, 999) else {
                panic!();
            };
            assert_eq!(hidden.replace(&import.to_string(), "999"), absent);
            for refused in [
                imports::apply(&mut conn, &viewer, import, false, None),
                imports::undo(&mut conn, &viewer, import, ""),
                imports::recheck(&mut conn, &viewer, import),
                steps::discard(&desk.app, &mut conn, &viewer, import, None),
            ] {
                assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
            }
        }
        // Whoever may write nothing may send nothing.
        let auditor = Desk::of(ledger, person(ledger, 5), 1);
        let file = ledger.draw("2.xlsx", &[SYSTEMS, " | 乙系统 | 市教育局 | 1 |"]);
        let refused = auditor.send(&file, auditor.options(), "");
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        let left =
            std::fs::read_dir(one_ledger::intake::upload::receive::folder(&desk.app)).unwrap();
        assert_eq!(left.count(), 1, "what was refused leaves no file");
    });
}

#[test]
fn a_colleague_who_may_not_see_all_of_it_sees_none_of_it() {
    on_both_settled(|ledger| {
        in_one_region(ledger);
        let bureau = Desk::of(ledger, person(ledger, 3), 1);
        let file = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                " | 甲系统 | 市教育局 | 1 |",
                " | 乙系统 | 市公安局 | 1 |",
            ],
        );
        let import = bureau.upload(&file);
        let seen = bureau.wait(import);
        assert_eq!(seen.rows().new, 2, "{}", seen.message);
        let police = person(ledger, 2);
        assert!(see(&mut ledger.conn(), &police, import).is_err());
        bureau.apply(import, false);
        assert_eq!(bureau.wait(import).state(), State::Applied);
        assert!(see(&mut ledger.conn(), &police, import).is_err());
        let out = ledger.file("copy.xlsx");
        let done = bureau.look(import);
        assert!(annotate::write(&bureau.app, &mut ledger.conn(), &done, &out).is_ok());
    });
}

#[test]
fn undo_lists_what_went_to_another_department() {
    on_both_settled(|ledger| {
        let desk = Desk::of(ledger, person(ledger, 1), 1);
        let file = ledger.draw(
            "1.xlsx",
            &[
                SYSTEMS,
                "XT-1 | 甲系统 | 市教育局 | 1 |",
                "XT-2 | 乙系统 | 市教育局 | 1 |",
            ],
        );
        let import = desk.upload(&file);
        desk.wait(import);
        desk.apply(import, false);
        assert_eq!(desk.wait(import).state(), State::Applied);
        ledger.import_whole(&ledger.draw("2.xlsx", &[SYSTEMS, "XT-2 | 乙系统 | 市公安局 | 1 |"]));
        desk.undo(import);
        let undone = desk.wait_for(import, State::Undone).undone().unwrap();
        assert_eq!((undone.removed, undone.kept.len()), (1, 1));
        assert_eq!(undone.kept[0].code, "XT-2");
        assert_eq!(undone.kept[0].name, "", "its present owner's business");
        ledger.snapshot().named("乙系统");
    });
}
