//! Links as proof: confirmed by both ends, since the issue was opened, and between its two sides.

use diesel::prelude::*;
use one_ledger::db::schema::entries;
use one_ledger::issue::proof::Proof;
use one_ledger::issue::steps::{Act, State};
use one_ledger::issue::{self, Raise};
use one_ledger::ledger::ends::{self, Said, Side};

use super::{Scene, codes};
use crate::app::{Ledger, on_both};

const LINK: &str = "sharing_link";

/// Links from C4, each to another department.
fn links(ledger: &Ledger, lines: &[&str]) {
    let head = "对接编码 | 数据提供单位 | 数据使用单位 | 信息项 | 对接方式 | 更新频率 | 对接状态";
    let all: Vec<&str> = std::iter::once(head).chain(lines.iter().copied()).collect();
    ledger.import_whole(&ledger.draw("对接.xlsx", &all));
}

/// Id and version of a link.
fn link(ledger: &Ledger, code: &str) -> (i64, i32) {
    entries::table
        .filter(entries::register.eq(LINK).and(entries::code.eq(code)))
        .select((entries::id, entries::revision))
        .first(&mut ledger.conn())
        .unwrap()
}

fn says(ledger: &Ledger, code: &str, side: Side) {
    let (at, who) = (link(ledger, code), &ledger.viewer);
    let conn = &mut ledger.conn();
    conn.transaction(|c| ends::confirm_end(c, who, at, side, Said::new()))
        .unwrap();
}

fn both_say(ledger: &Ledger, code: &str) {
    for side in Side::ALL {
        says(ledger, code, side);
    }
}

fn disputes(ledger: &Ledger, code: &str) {
    let (at, who) = (link(ledger, code), &ledger.viewer);
    let side = (Side::Consumer, ends::Act::Dispute);
    let conn = &mut ledger.conn();
    conn.transaction(|c| ends::dispute_end(c, who, at, side, "没有收到"))
        .unwrap();
}

/// C2 raises an issue about a link; C4 owes.
fn about(s: &Scene<'_>, code: &str) -> i64 {
    let wish = Raise {
        entries: vec![(LINK.to_owned(), code.to_owned())],
        ..Scene::wish("")
    };
    s.raise(&s.house.cdo, &wish).unwrap().id
}

const OWN: &str = "L1 | 济南市交通运输局 | 济南市教育局 | 路况 | 服务接口 | 每日 | 运行中";

#[test]
fn a_link_that_both_ends_confirm_closes_an_issue() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        links(ledger, &[OWN]);
        let n = about(&s, "L1");
        let none = || codes(&s.act(&s.other, n, Act::Propose, "").unwrap_err());
        assert_eq!(none(), ["no_proof"]);
        says(ledger, "L1", Side::Provider);
        assert_eq!(none(), ["no_proof"], "one end alone");
        says(ledger, "L1", Side::Consumer);
        let row = s.act(&s.other, n, Act::Propose, "").unwrap();
        let (entry, _) = link(ledger, "L1");
        assert_eq!(row.proofs(), [Proof::Link { entry }]);
        // What was proposed on is disputed before it is confirmed.
        disputes(ledger, "L1");
        let gone = s.act(&s.house.cdo, n, Act::Confirm, "").unwrap_err();
        assert_eq!(codes(&gone), ["no_proof"]);
        says(ledger, "L1", Side::Consumer);
        let closed = s.act(&s.house.cdo, n, Act::Confirm, "").unwrap();
        assert_eq!(
            (closed.state(), closed.outcome.as_str()),
            (State::Closed, "confirm")
        );
        s.act(&s.house.cdo, n, Act::Reopen, "接口又断了").unwrap();
        assert_eq!(none(), ["no_proof"], "the old confirmation is spent");
        disputes(ledger, "L1");
        says(ledger, "L1", Side::Consumer);
        s.act(&s.other, n, Act::Propose, "").unwrap();
    });
}

#[test]
fn links_confirmed_all_along_or_with_others_prove_nothing() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        links(
            ledger,
            &[
                OWN,
                "L2 | 济南市交通运输局 | 济南市历下区教育局 | 公交 | 服务接口 | 每日 | 运行中",
                "L3 | 济南市交通运输局 | 济南市教育信息中心 | 停车 | 服务接口 | 每日 | 运行中",
            ],
        );
        both_say(ledger, "L1");
        let n = about(&s, "L1");
        let none = || codes(&s.act(&s.other, n, Act::Propose, "").unwrap_err());
        assert_eq!(none(), ["no_proof"], "confirmed before");
        // The owing side names a link of its own with somebody else.
        let add = |code: &str| {
            let wanted = [(LINK.to_owned(), code.to_owned())];
            s.with(|g| issue::add_entries(&mut ledger.conn(), &s.liaison, g, n, &wanted))
                .unwrap();
            both_say(ledger, code);
        };
        add("L2");
        assert_eq!(none(), ["no_proof"], "between others");
        // A unit is its department's house.
        add("L3");
        let row = s.act(&s.other, n, Act::Propose, "").unwrap();
        let (entry, _) = link(ledger, "L3");
        assert_eq!(row.proofs(), [Proof::Link { entry }]);
    });
}
