//! What was approved stays, whatever a form or a workbook says; another value is a change request.

use one_ledger::ledger::edit::{self, Source};
use one_ledger::ledger::entry;
use one_ledger::register::value::Value;
use one_ledger::review::approval;
use one_ledger::review::steps::Act;
use one_ledger::review::submission;

use super::{House, PROJECTS, problems};
use crate::app::{Ledger, on_both};
use crate::lists::Desk;

fn budget(house: &House<'_>, code: &str) -> String {
    let document = house.document(PROJECTS, code);
    entry::text(&document, "budget").unwrap().to_owned()
}

#[test]
fn an_approved_value_changes_by_a_change_request_only() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, _) = house.approved(&[]);
        // By form: what is not protected goes in, the rest waits.
        let done = house
            .change(
                &house.liaison,
                PROJECTS,
                &code,
                &[("budget", "400"), ("sub_unit", "信息处")],
            )
            .unwrap();
        let first = &done.entries[0];
        assert_eq!(
            (first.changed, first.held.as_slice()),
            (true, &["budget".to_owned()][..])
        );
        assert_eq!(budget(&house, &code), "362");
        let id = first.request.unwrap();
        // By workbook: it joins the same request; the stage is named and stays.
        let revision = house.row(PROJECTS, &code).revision;
        let file = ledger.draw(
            "变更.xlsx",
            &[
                "项目编号 | 项目名称 | 申报单位 | 申报资金 | 项目阶段 | 批复文号",
                &format!("{code} | 学籍管理平台 | 济南市教育局 | 410 | 运维 | 假〔2027〕9号"),
            ],
        );
        let preview = ledger.check(&file);
        let codes: Vec<&str> = preview.warnings.iter().map(|w| w.code.as_str()).collect();
        for wanted in ["managed_stage", "managed_decision", "change_request"] {
            assert!(codes.contains(&wanted), "{wanted}: {:#?}", preview.warnings);
        }
        assert_eq!((preview.requests, preview.rows().same), (1, 1));
        let report = ledger.import_whole(&file);
        assert_eq!((report.requests, report.change_set), (1, None));
        let row = house.row(PROJECTS, &code);
        assert_eq!(
            (row.revision, budget(&house, &code).as_str()),
            (revision, "362")
        );
        assert_eq!(house.status(PROJECTS, &code), "approved");
        let request = house.stands(id);
        assert_eq!(
            request.proposals()["budget"].new,
            Some(Value::Text("410".to_owned()))
        );
        decide(&house, ledger, &code, id);
    });
}

/// The request goes its way; agreed, its values are written in one change set.
fn decide(house: &House<'_>, ledger: &Ledger, code: &str, id: i64) {
    let mut wish = house.wish(id, Act::Submit);
    wish.reason_class = "whim".to_owned();
    assert_eq!(
        problems(house.carry_out(&house.liaison, &wish))[0].field,
        "reason_class"
    );
    house.act(&house.liaison, id, Act::Submit).unwrap();
    let told = problems(house.change(&house.liaison, PROJECTS, code, &[("budget", "500")]));
    assert_eq!(told[0].code, "under_review");
    for (who, act) in [
        (&house.specialist, Act::Check),
        (&house.cdo, Act::Approve),
        (&house.bureau, Act::Accept),
        (&house.bureau, Act::Pass),
    ] {
        house.act(who, id, act).unwrap();
    }
    assert_eq!(budget(house, code), "410");
    assert_eq!(house.status(PROJECTS, code), "approved");
    let row = house.row(PROJECTS, code);
    let given = approval::of_entry(&mut ledger.conn(), &house.cdo, &row).unwrap();
    assert_eq!(given.len(), 2);
    assert_eq!(
        (given[1].kind.as_str(), given[1].revision),
        ("change", row.revision)
    );
    // Refused, nothing changes.
    let done = house
        .change(&house.liaison, PROJECTS, code, &[("budget", "900")])
        .unwrap();
    let id = done.entries[0].request.unwrap();
    for (who, act) in [
        (&house.liaison, Act::Submit),
        (&house.specialist, Act::Check),
        (&house.cdo, Act::Approve),
        (&house.bureau, Act::Accept),
        (&house.bureau, Act::Reject),
    ] {
        house.act(who, id, act).unwrap();
    }
    assert_eq!(budget(house, code), "410");
}

#[test]
fn restoring_an_old_version_leaves_stage_and_decision_as_they_stand() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, _) = house.approved(&[]);
        let row = house.row(PROJECTS, &code);
        let desk = Desk::new(ledger);
        let done = edit::restore(
            &mut ledger.conn(),
            &house.liaison,
            desk.definitions(PROJECTS),
            (&code, row.revision),
            1,
            "",
        )
        .unwrap();
        assert!(
            !done.entries[0].changed,
            "{done:?} from {:?}",
            Source::Restore
        );
        assert_eq!(house.status(PROJECTS, &code), "approved");
    });
}

#[test]
fn a_workbook_brings_stock_but_nothing_into_a_queue_and_no_approval() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let lines = [
            "项目编号 | 项目名称 | 申报单位 | 项目阶段 | 审核结论 | 批复文号",
            "P-1 | 老项目 | 济南市教育局 | 运维 | 通过 | 老〔2015〕1号",
            "P-2 | 半路项目 | 济南市教育局 | 联审评审 | 通过 | ",
        ];
        ledger.import_whole(&ledger.draw("存量.xlsx", &lines));
        let conn = &mut ledger.conn();
        let all = submission::list(conn, &ledger.viewer, &submission::Filter::default(), 10);
        assert!(all.unwrap().is_empty());
        for code in ["P-1", "P-2"] {
            let row = house.row(PROJECTS, code);
            assert!(
                approval::of_entry(conn, &ledger.viewer, &row)
                    .unwrap()
                    .is_empty()
            );
            assert!(one_ledger::review::stage::is_stock(conn, house.ground(), &row).unwrap());
        }
        // The department keeps up its own statement about what was decided elsewhere, not about what is to be.
        house
            .change(
                &house.liaison,
                PROJECTS,
                "P-1",
                &[("approval_no", "老〔2015〕2号")],
            )
            .unwrap();
        let told = problems(house.change(&house.liaison, PROJECTS, "P-2", &[("decision", "核减")]));
        assert_eq!(told[0].code, "managed_decision");
        let told =
            problems(house.change(&house.liaison, PROJECTS, "P-2", &[("status", "立项通过")]));
        assert_eq!(told[0].code, "managed_stage");
        // What stood elsewhere in review begins here from the start.
        house.open(&house.liaison, "P-2").unwrap();
        assert_eq!(house.status(PROJECTS, "P-2"), "draft");
    });
}

#[test]
fn an_import_that_made_what_is_under_review_is_not_taken_back_from_under_it() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let lines = [
            "项目编号 | 项目名称 | 申报单位 | 项目阶段",
            "P-1 | 平台 | 济南市教育局 | 需求填报",
        ];
        let import = ledger
            .import_whole(&ledger.draw("新.xlsx", &lines))
            .import
            .unwrap();
        house.open(&house.liaison, "P-1").unwrap();
        let (_, undone) = ledger.undo(import).unwrap();
        assert_eq!((undone.removed, undone.kept.len()), (0, 1));
        assert!(undone.kept[0].reason.contains("审核"), "{undone:?}");
    });
}
