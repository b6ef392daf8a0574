//! Two entries that are one: found, looked at side by side, merged, taken back.

use std::collections::BTreeSet;

use one_ledger::auth::Role;
use one_ledger::error::Error;
use one_ledger::ledger::facts;
use one_ledger::ledger::merge::{self, Wish};
use one_ledger::review::duplicate::near::{self, Asked};

use super::{SYSTEMS, Table};
use crate::app::people::{self, department, viewer};
use crate::app::{Ledger, on_both};
use crate::lists::Desk;

/// The same system twice in one department, with a dataset each that have an item in common.
fn twice(ledger: &Ledger) {
    people::settle(ledger);
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|主要功能|系统状态|用户数",
            "S1|学籍管理系统|济南市教育局|学生学籍注册、转学、休学办理|在用|",
            "S2|学籍管理信息平台|济南市教育局|学籍注册、转学和休学的办理|在用|900",
            "S3|户籍管理系统|济南市公安局|户口登记|在用|",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "数据.xlsx",
        &[
            "信息资源代码|信息资源名称|信息资源提供方|目录状态|所属系统",
            "D1|学生信息|济南市教育局|已发布|S1",
            "D2|学生基本信息|济南市教育局|已发布|S2",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "项.xlsx",
        &[
            "信息项名称|所属数据资源",
            "学籍号|D1",
            "学籍号|D2",
            "所在学校|D2",
        ],
    ));
}

fn wish(keep: &str, drop: &str, take: &[&str]) -> Wish {
    Wish {
        keep: (keep.to_owned(), 1),
        drop: (drop.to_owned(), 1),
        take: take
            .iter()
            .map(|t| (*t).to_owned())
            .collect::<BTreeSet<String>>(),
        reason: "同一系统重复填报".to_owned(),
    }
}

#[test]
fn a_merge_keeps_both_histories_and_can_be_taken_back_as_a_whole() {
    on_both(|ledger| {
        twice(ledger);
        let table = Table::new(ledger);
        let desk = Desk::new(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let asked = Asked {
            register: SYSTEMS,
            department: department(ledger, "济南市教育局"),
            after: 0,
        };
        let found = near::inside(&mut ledger.conn(), &who, table.means(), asked).unwrap();
        let pair: Vec<(&str, &str)> = found
            .pairs
            .iter()
            .map(|p| (p.row.code.as_str(), p.hit.code.as_str()))
            .collect();
        assert_eq!(pair, [("S1", "S2")]);
        let definitions = desk.definitions(SYSTEMS);
        let conn = &mut ledger.conn();
        let (keep, drop) = merge::both(conn, &who, definitions.register, "S1", "S2").unwrap();
        let beside = merge::side_by_side(&who, definitions, &keep, &drop);
        let users = beside.iter().find(|b| b.key == "user_count").unwrap();
        assert!(
            users.fills && users.differs && users.drop == "900",
            "{users:?}"
        );

        let before = ledger.snapshot();
        let done =
            merge::merge(conn, &who, definitions, &wish("S1", "S2", &["user_count"])).unwrap();
        let after = ledger.snapshot();
        assert!(
            !after
                .entries
                .contains_key(&(SYSTEMS.to_owned(), "S2".to_owned()))
        );
        let moved = ("dataset D2", "system_id", "information_system S1");
        let moved = (moved.0.to_owned(), moved.1.to_owned(), moved.2.to_owned());
        assert!(after.relations.contains(&moved), "{:?}", after.relations);
        for code in ["S1", "S2"] {
            let row = facts::row(conn, &who, definitions.register, code).unwrap();
            let versions = facts::history(conn, &who, definitions, &row).unwrap();
            assert_eq!(versions.len(), 2, "{code}");
        }
        let told = merge::of_entry(conn, &who, drop.id).unwrap();
        assert_eq!(told[0].1.code, "S1");

        merge::take_back(conn, &who, definitions, done.id).unwrap();
        assert_eq!(ledger.snapshot(), before);
        let again = merge::take_back(conn, &who, definitions, done.id);
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        assert_eq!(ledger.verify().broken, None);
    });
}

#[test]
fn what_lies_within_goes_along_and_twins_in_it_become_one() {
    on_both(|ledger| {
        twice(ledger);
        let desk = Desk::new(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let definitions = desk.definitions("dataset");
        let conn = &mut ledger.conn();
        let before = ledger.snapshot();
        let done = merge::merge(conn, &who, definitions, &wish("D1", "D2", &[])).unwrap();
        let after = ledger.snapshot();
        let names: Vec<String> = after
            .entries
            .iter()
            .filter(|((register, _), _)| register == "data_item")
            .map(|(_, (_, document))| format!("{:?} {:?}", document["name"], document["dataset"]))
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().all(|n| n.contains("D1")), "{names:?}");
        merge::take_back(conn, &who, definitions, done.id).unwrap();
        assert_eq!(ledger.snapshot(), before);
    });
}

#[test]
fn a_merge_is_refused_to_others_without_a_reason_and_from_an_old_version() {
    let ledger = Ledger::sqlite();
    twice(&ledger);
    let desk = Desk::new(&ledger);
    let definitions = desk.definitions(SYSTEMS);
    let who = viewer(&ledger, Role::Specialist, "济南市教育局");
    let police = viewer(&ledger, Role::Specialist, "济南市公安局");
    let conn = &mut ledger.conn();
    let head = ledger.head();
    let refused = merge::merge(conn, &police, definitions, &wish("S1", "S2", &[]));
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let foreign = merge::merge(conn, &who, definitions, &wish("S1", "S3", &[]));
    assert!(matches!(foreign, Err(Error::Refused(_))), "{foreign:?}");
    let itself = merge::merge(conn, &who, definitions, &wish("S1", "S1", &[]));
    assert!(matches!(itself, Err(Error::Conflict(_))), "{itself:?}");
    let silent = Wish {
        reason: String::new(),
        ..wish("S1", "S2", &["code"])
    };
    match merge::merge(conn, &who, definitions, &silent) {
        Err(Error::Invalid(problems)) => assert_eq!(problems.len(), 2, "{problems:?}"),
        other => panic!("{other:?}"),
    }
    let old = Wish {
        keep: ("S1".to_owned(), 9),
        ..wish("S1", "S2", &[])
    };
    let old = merge::merge(conn, &who, definitions, &old);
    assert!(matches!(old, Err(Error::Stale(_))), "{old:?}");
    assert_eq!(ledger.head(), head);
}
