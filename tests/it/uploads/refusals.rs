//! What is refused at the door, and what a refusal leaves behind: nothing.

use one_ledger::error::{Error, Result};
use one_ledger::intake::correct::Correction;
use one_ledger::intake::upload::options::Options;
use one_ledger::intake::upload::receive::{self, Incoming};
use one_ledger::intake::upload::{State, annotate};
use one_ledger::jobs::imports;
use one_ledger::sheet::annotate::Outcome;

use super::SYSTEMS;
use super::desk::{Desk, cell, rows};
use crate::app::{Ledger, on_both_settled};

fn fields(refused: Result<impl std::fmt::Debug>) -> Vec<String> {
    match refused {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_wrong_with_a_request_is_named_at_once() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let file = ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 1 |"]);
        let options = Options {
            register: Some("no_such".to_owned()),
            department: Some("火星分局".to_owned()),
            reason: "长".repeat(501),
            valid_on: Some("昨天".to_owned()),
            sheet: Some("a\u{0}b".to_owned()),
            ..Options::default()
        };
        let refused = fields(desk.send(&file, options, ""));
        assert_eq!(
            refused,
            ["sheet", "register", "reason", "valid_on", "department"]
        );
        std::fs::write(ledger.file("empty.xlsx"), b"").unwrap();
        let refused = fields(desk.send(&ledger.file("empty.xlsx"), desk.options(), "a\u{7}b"));
        assert_eq!(refused, ["file", "Idempotency-Key"]);
        let left = std::fs::read_dir(receive::folder(&desk.app)).unwrap();
        assert_eq!(left.count(), 0, "what was refused leaves no file");
    });
}

#[test]
fn a_file_beyond_the_limit_is_refused_while_it_arrives() {
    let mut ledger = Ledger::settled();
    ledger.app.parser.limits.file_bytes = 10_000;
    let desk = Desk::open(&ledger);
    let mut incoming = Incoming::begin(&desk.app).unwrap();
    assert!(incoming.write(&[0; 9_000]).is_ok());
    let refused = incoming.write(&[0; 1_001]);
    assert!(matches!(refused, Err(Error::TooLarge(_))), "{refused:?}");
    drop(incoming);
    let left = std::fs::read_dir(receive::folder(&desk.app)).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn a_hostile_file_is_rejected_with_words_and_may_be_discarded() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        for (name, bytes) in [
            ("not.xlsx", b"\x00\x01\x02 no workbook".to_vec()),
            ("zip.xlsx", b"PK\x03\x04 broken".to_vec()),
        ] {
            std::fs::write(ledger.file(name), bytes).unwrap();
            let import = desk.upload(&ledger.file(name));
            let seen = desk.wait(import);
            assert_eq!(seen.state(), State::Rejected, "{name}");
            assert!(!seen.message.is_empty());
            let copy =
                annotate::write(&desk.app, &mut ledger.conn(), &seen, &ledger.file("a.xlsx"));
            assert!(copy.is_err());
            desk.discard(import).unwrap();
        }
        let import = desk.upload(&ledger.draw("none.xlsx", &["随便 | 什么", "1 | 2"]));
        let seen = desk.wait(import);
        assert_eq!(seen.state(), State::Rejected);
        assert!(
            seen.message.contains("没有找到可以导入的表"),
            "{}",
            seen.message
        );
    });
}

#[test]
fn texts_of_a_preview_are_only_texts() {
    on_both_settled(|ledger| {
        let desk = Desk::open(ledger);
        let name = "<script>alert(1)</script>'; DROP TABLE imports; --";
        let row = format!(" | {name} | 市教育局 | 面议 |");
        let import = desk.upload(&ledger.draw("1.xlsx", &[SYSTEMS, &row]));
        let seen = desk.wait(import);
        assert_eq!(rows(ledger, &seen, Outcome::Refused)[0].name, name);
        let wrong = |correction: &Correction| {
            imports::correct(&mut ledger.conn(), &desk.viewer, import, correction, None)
        };
        assert_eq!(
            fields(wrong(&cell(0, 0, 20_000, "", "a\u{0}b"))),
            ["text", "column", "row"]
        );
        assert_eq!(
            fields(wrong(&cell(0, 2, 3, "", &"长".repeat(40_000)))),
            ["text"]
        );
        // A stale tab is told so.
        let stale = imports::correct(
            &mut ledger.conn(),
            &desk.viewer,
            import,
            &cell(0, 2, 3, "面议", "1"),
            Some(seen.version - 1),
        );
        assert!(matches!(stale, Err(Error::Stale(_))), "{stale:?}");
        assert_eq!(desk.look(import).version, seen.version);
        desk.correct(import, &cell(0, 2, 3, "面议", "1"));
        desk.wait(import);
        desk.apply(import, false);
        assert_eq!(desk.wait(import).state(), State::Applied);
        ledger.snapshot().named(name);
    });
}

#[test]
fn what_broken_uploads_left_is_swept_at_start() {
    let ledger = Ledger::settled();
    let desk = Desk::open(&ledger);
    let kept = desk.upload(&ledger.draw("1.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 1 |"]));
    let kept = desk.wait(kept).path(&desk.app).unwrap();
    let folder = receive::folder(&desk.app);
    for name in ["x.part", "7-stranger"] {
        std::fs::write(folder.join(name), b"left over").unwrap();
    }
    assert_eq!(receive::sweep(&desk.app, &mut ledger.conn()).unwrap(), 2);
    assert!(kept.is_file());
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
}
