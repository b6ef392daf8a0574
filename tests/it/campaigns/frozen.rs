//! Closing: what is frozen comes out the same from the as-of ledger, whatever happens afterwards.

use one_ledger::auth::Role;
use one_ledger::campaign::answer::Answer;
use one_ledger::campaign::board::Standing;
use one_ledger::campaign::certificate;
use one_ledger::campaign::list::View;
use one_ledger::error::Error;
use one_ledger::handover;
use one_ledger::org::change::Seen;
use one_ledger::org::event::When;

use super::Scene;
use crate::app::on_both;
use crate::organisation::{department, holder, id};
use crate::review::{SYSTEMS, conflict, keys, problems};

#[test]
fn what_was_frozen_comes_out_the_same_after_every_later_change() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let first = scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        scene.system(&house.liaison, "C3", "课件系统", "课件");
        ledger.import_whole(&ledger.draw(
            "数据.xlsx",
            &[
                "信息资源代码|信息资源名称|信息资源提供方|目录状态",
                "D1|学生信息|济南市教育局|已发布",
                "D2|路网信息|济南市交通运输局|已发布",
            ],
        ));
        ledger.import_whole(&ledger.draw(
            "项.xlsx",
            &["信息项名称|所属数据资源", "学籍号|D1", "路段号|D2"],
        ));
        let mut plan = Scene::plan();
        for register in ["dataset", "data_item"] {
            plan.registers.push(register.to_owned());
            plan.fields
                .insert(register.to_owned(), vec!["name".to_owned()]);
        }
        let made = scene.open_as(&house.bureau, &plan).unwrap();
        assert!(matches!(
            scene.verify(&house.bureau, made.id),
            Err(Error::Conflict(_))
        ));
        scene.settle_all(made.id);
        let closed = scene.close(&house.bureau, made.id, "").unwrap();
        assert_eq!((closed.entries, closed.forced.as_deref()), (Some(6), None));
        let before = scene.verify(&house.bureau, made.id).unwrap();
        assert!(before.equal(), "{before:?}");
        let counts: Vec<i64> = before.departments.iter().map(|d| d.entries).collect();
        assert_eq!(counts, [0, 4, 2]);
        // An edit, a removal, a new entry, a dataset that goes over with its items, and a merger of departments.
        house
            .change(&house.liaison, SYSTEMS, &first, &[("short_name", "学籍")])
            .unwrap();
        scene.system(&house.liaison, "C2", "后来的系统", "后来");
        let owner = [("provider_org", "C4")];
        house
            .change(&house.bureau, "dataset", "D1", &owner)
            .unwrap();
        let admin = holder(ledger, 900, Role::SystemAdmin, "P1");
        let found = department(ledger, "C4");
        let seen = Seen {
            id: found.id,
            revision: found.revision,
        };
        let when = When::on(one_ledger::clock::today(), "机构改革");
        let catalogue = &ledger.app.catalogue;
        let conn = &mut ledger.conn();
        handover::merge(conn, &admin, catalogue, seen, id(ledger, "C2"), &when).unwrap();
        let after = scene.verify(&house.bureau, made.id).unwrap();
        assert!(after.equal(), "{after:?}");
        assert_eq!(before.now, after.now);
        // The board and the lists stay as they were.
        let line = scene.line(made.id, "C2");
        assert_eq!(
            (line.total, line.open(), line.standing),
            (4, 0, Standing::Submitted)
        );
        let items = scene.items(&ledger.viewer, made.id, View::All);
        assert_eq!(items.len(), 6, "{items:#?}");
        assert!(items.iter().all(|i| i.counts && i.row.name != "后来的系统"));
        // A department sees its own line.
        let own = scene.verify(&house.liaison, made.id).unwrap();
        assert_eq!(own.departments.len(), 1);
        // History that was altered does not come out the same.
        ledger.tamper(&format!(
            "UPDATE entries SET attributes = REPLACE(attributes, '课件', '改过') WHERE register = '{SYSTEMS}'"
        ));
        let broken = scene.verify(&house.bureau, made.id).unwrap();
        assert!(!broken.equal());
        let wrong: Vec<&str> = broken
            .departments
            .iter()
            .filter(|d| !d.equal())
            .map(|d| d.code.as_str())
            .collect();
        assert_eq!(wrong, ["C2"]);
    });
}

#[test]
fn closing_waits_for_everybody_or_says_why_not() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let code = scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        let id = scene.open().id;
        scene.submit(&scene.other, id, "C4", true).unwrap();
        scene.elsewhere(&house.liaison, id, &code, "C4").unwrap();
        let told = problems(scene.close(&house.bureau, id, ""));
        assert_eq!(keys(&told), ["departments", "questions"]);
        assert!(told[0].message.contains("济南市大数据局"), "{told:?}");
        let closed = scene.close(&house.officer, id, "机构改革在即").unwrap();
        assert_eq!(closed.forced.as_deref(), Some("机构改革在即"));
        assert!(scene.verify(&house.bureau, id).unwrap().equal());
        // Nothing goes in any more.
        assert!(
            conflict(scene.answer(&house.liaison, id, &code, Answer::Unchanged))
                .contains("已经结束")
        );
        assert!(conflict(scene.confirm(&house.liaison, id, "C2")).contains("已经结束"));
        assert!(conflict(scene.submit(&house.cdo, id, "C2", false)).contains("已经结束"));
        assert!(conflict(scene.close(&house.bureau, id, "再来")).contains("已经结束"));
        assert!(conflict(scene.settle(&house.bureau, id, &code, true)).contains("已经结束"));
        // Who was complete has a certificate, who was not has none.
        let outcomes: Vec<Option<String>> = ["C1", "C2", "C4"]
            .into_iter()
            .map(|d| scene.part(id, d).outcome)
            .collect();
        let words: Vec<&str> = outcomes.iter().map(|o| o.as_deref().unwrap()).collect();
        assert_eq!(words, ["incomplete", "incomplete", "complete"]);
        assert!(scene.part(id, "C2").code.is_none() && scene.part(id, "C2").digest.is_some());
    });
}

#[test]
fn a_certificate_is_known_by_its_code_and_read_by_its_own() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        let made = scene.open().id;
        let paper = |who, code: &str| {
            scene.with(|g| {
                let which = (made, id(ledger, code));
                certificate::certificate(&mut ledger.conn(), who, g.directory, which)
            })
        };
        assert!(conflict(paper(&house.cdo, "C2")).contains("结束后才有"));
        scene.settle_all(made);
        let closed = scene.close(&house.bureau, made, "").unwrap();
        let mine = paper(&house.cdo, "C2").unwrap();
        let says = mine.certificate.clone().unwrap();
        assert_eq!(
            (says.total(), says.answers["unchanged"], says.none),
            (1, 1, false)
        );
        assert_eq!(Some(says.digest), scene.part(made, "C2").digest);
        assert_eq!(Some(says.whole), closed.digest);
        assert!(paper(&scene.other, "C4").unwrap().certificate.unwrap().none);
        assert!(matches!(paper(&scene.other, "C2"), Err(Error::NotFound(_))));
        let check = |who, code: &str| {
            scene.with(|g| certificate::check(&mut ledger.conn(), who, g.directory, code))
        };
        let (_, known) = check(&house.bureau, &mine.code.to_lowercase()).unwrap();
        assert_eq!(known, mine);
        // Anybody may ask whether a paper is genuine; what it says is not told.
        let (_, known) = check(&scene.county, &mine.code.replace('-', " ")).unwrap();
        assert!(known.whole && known.certificate.is_none());
        assert!(matches!(
            check(&house.bureau, "0000-0000"),
            Err(Error::NotFound(_))
        ));
        ledger.tamper("UPDATE campaign_departments SET content = REPLACE(content, '学', '教') || ' ' WHERE code IS NOT NULL");
        assert!(!check(&house.bureau, &mine.code).unwrap().1.whole);
    });
}
