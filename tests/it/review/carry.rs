//! From the contract to operation: gates with attachments and related entries, systems that move along.

use one_ledger::review::stage;

use super::{House, PROJECTS, SYSTEMS, conflict, keys, problems, refused};
use crate::app::on_both;

const CONTRACT: [(&str, &str); 5] = [
    ("procurement_method", "公开招标"),
    ("contractor", "示例软件有限公司"),
    ("contract_amount", "310"),
    ("contract_date", "2027-03-20"),
    ("contract_filed", "2027-03-25"),
];

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_project_goes_through_its_gates_and_carries_its_systems_along() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let who = &house.liaison;
        let new = house.make(
            who,
            SYSTEMS,
            &[("system_name", "学籍系统"), ("status", "拟建")],
        );
        let used = house.make(
            who,
            SYSTEMS,
            &[("system_name", "旧学籍系统"), ("status", "在用")],
        );
        let both = format!("{new}；{used}");
        let (code, _) = house.approved(&[("builds_systems", &both)]);
        let stage = |arrow: &str| house.stage(who, PROJECTS, &code, arrow);
        assert!(conflict(stage("file_contract")).contains("立项通过"));
        assert!(conflict(stage("approve")).contains("送审"));
        let told = problems(stage("procure"));
        assert_eq!(keys(&told), ["approval"]);
        house.attach(who, PROJECTS, &code, "approval");
        refused(
            house
                .stage(&house.expert, PROJECTS, &code, "procure")
                .map_err(|e| match e {
                    one_ledger::error::Error::NotFound(_) => {
                        one_ledger::error::Error::Refused(String::new())
                    }
                    other => other,
                }),
        );
        stage("procure").unwrap();
        let told = problems(stage("file_contract"));
        let wanted: Vec<&str> = CONTRACT
            .iter()
            .map(|(k, _)| *k)
            .chain(["contract"])
            .collect();
        assert_eq!(keys(&told), wanted, "the complete list, once");
        house.change(who, PROJECTS, &code, &CONTRACT).unwrap();
        house.attach(who, PROJECTS, &code, "contract");
        let moved = stage("file_contract").unwrap();
        assert_eq!(
            moved.carried,
            [(SYSTEMS.to_owned(), new.clone(), "building".to_owned())]
        );
        assert_eq!(moved.stayed.len(), 1);
        assert!(moved.stayed[0].why.contains("在用"), "{moved:?}");
        assert_eq!(house.status(SYSTEMS, &new), "building");
        assert_eq!(house.status(SYSTEMS, &used), "running");
        house
            .change(
                who,
                PROJECTS,
                &code,
                &[("start_date", "2027-04"), ("finish_date", "2027-12")],
            )
            .unwrap();
        stage("finish").unwrap();
        house
            .change(
                who,
                PROJECTS,
                &code,
                &[
                    ("prelim_date", "2028-01"),
                    ("prelim_conclusion", "不通过"),
                    ("mlps", "二级"),
                ],
            )
            .unwrap();
        let told = problems(stage("begin_trial"));
        assert_eq!(
            keys(&told),
            ["prelim_conclusion", "mlps_no", "mlps_certificate"]
        );
        house
            .change(
                who,
                PROJECTS,
                &code,
                &[("prelim_conclusion", "通过"), ("mlps_no", "370100-1")],
            )
            .unwrap();
        house.attach(who, PROJECTS, &code, "mlps_certificate");
        // The system has a gate of its own, which does not open yet: the project goes on, and says so.
        let moved = stage("begin_trial").unwrap();
        assert!(moved.carried.is_empty());
        assert!(moved.stayed[0].why.contains("主要功能"), "{moved:?}");
        let row = house.row(PROJECTS, &code);
        let steps = stage::history(&mut ledger.conn(), who, &row).unwrap();
        let last = steps.last().unwrap();
        assert_eq!((last.gate.as_str(), last.gate_version), ("prelim", Some(1)));
        for pair in steps.windows(2) {
            assert_eq!(pair[0].to_step, pair[1].from_step);
        }
    });
}

#[test]
fn the_bureau_publishes_what_it_passed_and_the_department_does_not() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let who = &house.liaison;
        let code = house.make(
            who,
            "dataset",
            &[("name", "学籍库"), ("catalog_status", "待发布")],
        );
        let told = refused(house.stage(who, "dataset", &code, "publish"));
        assert!(
            told.contains("评审项目") || told.contains("数据管理部门"),
            "{told}"
        );
        assert_eq!(
            keys(&problems(house.stage(
                &house.bureau,
                "dataset",
                &code,
                "publish"
            ))),
            ["publish_date"]
        );
        house
            .change(who, "dataset", &code, &[("publish_date", "2027-01-01")])
            .unwrap();
        house
            .stage(&house.bureau, "dataset", &code, "publish")
            .unwrap();
        assert_eq!(house.status("dataset", &code), "published");
        let row = house.row("dataset", &code);
        assert!(row.published);
        assert!(stage::is_stock(&mut ledger.conn(), house.ground(), &row).unwrap());
    });
}
