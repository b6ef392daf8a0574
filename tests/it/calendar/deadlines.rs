//! What falls due: derived from entries, kept up to date, seen by those who may.

use chrono::NaiveDate;
use diesel::prelude::*;
use one_ledger::almanac::{self, Wish};
use one_ledger::auth::viewer::Extents;
use one_ledger::auth::{Role, Viewer};
use one_ledger::calendar::Unit;
use one_ledger::db::schema::deadlines;
use one_ledger::deadline::{self, Cursor, Filter, Listed, Refreshed, State};

use super::keeping::keeper;
use crate::app::{Ledger, on_both_settled};

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Projects and systems of the education bureau whose clocks run.
pub fn fill(ledger: &Ledger) {
    let projects = ledger.draw(
        "projects.xlsx",
        &[
            "项目编号|项目名称|申报单位|项目阶段|建设年度|合同签订日期|合同备案日期|实际完成日期|竣工验收日期|自评价日期|质保期止|运维合同到期日",
            "XM-1|学籍平台|示例市教育局|在建|2026|2026-09-18|||||||",
            "XM-2|考试平台|示例市教育局|运维|2024|2024-03-01|2024-03-04|2024-10-01|2025-01-10||2026-06-30|2026-12-31",
            "XM-3|缴费平台|示例市教育局|运维|2023|||2023-10-01|2024-01-10|2025-06-01||",
            "XM-4|医保平台|示例市医疗保障局|运维|2023|||2023-10-01|2023-11-10|||",
        ],
    );
    ledger.import_whole(&projects);
    let systems = ledger.draw(
        "systems.xlsx",
        &[
            "系统编码|系统名称|主管单位|系统状态|等保定级|等保测评时间|是否关键数字基础设施|密评时间",
            "XT-1|学籍系统|示例市教育局|在用|第三级|2025-11-20||",
            "XT-2|考试系统|示例市教育局|在用|第三级|2026-05|是|2025-12-01",
            "XT-3|缴费系统|示例市教育局|已下线|第三级|2020-05-05||",
        ],
    );
    ledger.import_whole(&systems);
}

pub fn refresh(ledger: &Ledger) -> Refreshed {
    let regions = ledger.app.catalogue.regions();
    deadline::refresh(&mut ledger.conn(), regions).unwrap()
}

pub fn list(ledger: &Ledger, viewer: &Viewer, filter: &Filter, today: &str) -> Vec<Listed> {
    let who = (viewer, &ledger.app.catalogue);
    deadline::page(&mut ledger.conn(), who, filter, (None, 100), day(today)).unwrap()
}

fn told(found: &[Listed]) -> String {
    let line = |l: &Listed| {
        let doubt = if l.provisional { " 暂定" } else { "" };
        let opens = l.opens_on.map(|d| format!(" 自{d}")).unwrap_or_default();
        format!(
            "{} {} {} {}{doubt}{opens}",
            l.code,
            l.label,
            l.due_on,
            l.state.word()
        )
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn adopt(ledger: &Ledger, rule: &str) {
    let mut conn = ledger.conn();
    let kept = almanac::one(&mut conn, rule).unwrap();
    let wish = Wish {
        enabled: true,
        amount: kept.limit.amount,
        unit: kept.limit.unit,
        source: kept.limit.source.clone(),
        ..Wish::default()
    };
    almanac::set_limit(&mut conn, &keeper(), (rule, kept.version), &wish, |_| true).unwrap();
}

#[test]
fn clocks_run_from_the_fields_and_stop_when_it_is_done() {
    on_both_settled(|ledger| {
        fill(ledger);
        let mut conn = ledger.conn();
        assert!(deadline::is_behind(&mut conn).unwrap());
        let first = refresh(ledger);
        assert_eq!(first.entries, 7, "{first:?}");
        assert!(!deadline::is_behind(&mut conn).unwrap());
        assert_eq!(refresh(ledger), Refreshed::default());
        let open = list(ledger, &ledger.viewer, &Filter::default(), "2026-11-23");
        insta::allow_duplicates! { insta::assert_snapshot!(told(&open), @r"
        XM-4 绩效自评价 2025-11-10 overdue 自2024-11-10
        XT-1 等保三级以上测评 2026-11-20 overdue
        XT-2 商用密码应用安全性评估 2026-12-01 soon
        XM-2 运维合同到期 2026-12-31 soon
        XM-2 绩效自评价 2027-01-11 soon 暂定 自2026-01-10
        XT-2 等保三级以上测评 2027-05-31 upcoming 暂定
        "); }
        let late = Filter {
            state: Some(State::Done),
            ..Filter::default()
        };
        let done = list(ledger, &ledger.viewer, &late, "2026-11-23");
        insta::allow_duplicates! { insta::assert_snapshot!(told(&done), @"XM-3 绩效自评价 2026-01-12 done 自2025-01-10"); }
    });
}

#[test]
fn a_rule_of_another_place_counts_once_it_is_adopted_and_a_change_restarts_the_clock() {
    on_both_settled(|ledger| {
        fill(ledger);
        refresh(ledger);
        let filing = Filter {
            rule: Some("contract_filing".to_owned()),
            ..Filter::default()
        };
        assert_eq!(list(ledger, &ledger.viewer, &filing, "2026-11-23"), []);
        adopt(ledger, "PJ-06");
        assert!(deadline::is_behind(&mut ledger.conn()).unwrap());
        refresh(ledger);
        let found = list(ledger, &ledger.viewer, &filing, "2026-09-20");
        // Sunday the 20th is worked.
        assert_eq!(told(&found), "XM-1 采购合同备案 2026-09-24 soon");
        assert_eq!(found[0].days_left, Some(4));
        // Filed too late: done, and said to be late.
        let again = ledger.draw(
            "again.xlsx",
            &[
                "项目编号|项目名称|申报单位|合同备案日期",
                "XM-1|学籍平台|示例市教育局|2026-10-20",
            ],
        );
        ledger.import_whole(&again);
        let done = refresh(ledger);
        assert_eq!((done.entries, done.changed), (1, 1), "{done:?}");
        let late = Filter {
            state: Some(State::DoneLate),
            ..filing
        };
        let found = list(ledger, &ledger.viewer, &late, "2026-11-23");
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].done_on, found[0].days_left),
            (Some(day("2026-10-20")), None)
        );
    });
}

#[test]
fn publishing_a_year_settles_what_was_provisional_and_leaves_what_is_done() {
    on_both_settled(|ledger| {
        adopt(ledger, "PJ-06");
        let projects = ledger.draw(
            "p.xlsx",
            &[
                "项目编号|项目名称|申报单位|项目阶段|建设年度|合同签订日期|合同备案日期",
                "XM-1|甲|示例市教育局|在建|2026|2026-12-29|",
                "XM-2|乙|示例市教育局|在建|2026|2026-12-29|2027-01-06",
            ],
        );
        ledger.import_whole(&projects);
        refresh(ledger);
        let filing = Filter {
            rule: Some("contract_filing".to_owned()),
            ..Filter::default()
        };
        let open = list(ledger, &ledger.viewer, &filing, "2026-12-30");
        assert_eq!(told(&open), "XM-1 采购合同备案 2027-01-06 soon 暂定");
        let (_, seen) = almanac::calendar(&mut ledger.conn()).unwrap();
        let text = "2027-01-01,放假,元旦\n2027-01-04,放假,元旦\n2027-01-05,放假,元旦\n";
        almanac::load(&mut ledger.conn(), &keeper(), seen, 2027, (text, "通知")).unwrap();
        assert!(deadline::is_behind(&mut ledger.conn()).unwrap());
        let done = refresh(ledger);
        assert_eq!(done.changed, 1, "{done:?}");
        let open = list(ledger, &ledger.viewer, &filing, "2027-01-02");
        assert_eq!(told(&open), "XM-1 采购合同备案 2027-01-08 soon");
        let (due, late): (NaiveDate, bool) = deadlines::table
            .filter(deadlines::done.eq(true))
            .select((deadlines::due_on, deadlines::late))
            .first(&mut ledger.conn())
            .unwrap();
        assert_eq!((due, late), (day("2027-01-06"), false));
        let filter = one_ledger::audit::Filter {
            action: Some("recompute_deadlines".to_owned()),
            ..one_ledger::audit::Filter::default()
        };
        let viewer = Viewer::operator("审计");
        let lines = one_ledger::audit::page(&mut ledger.conn(), &viewer, &filter, 9).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].detail.contains("2027-01-06 → 2027-01-08"),
            "{}",
            lines[0].detail
        );
    });
}

fn viewer(role: Role, own: &[i64], subtree: &[i64]) -> Viewer {
    let extents = Extents {
        own: own.to_vec(),
        level: own.to_vec(),
        subtree: subtree.to_vec(),
    };
    Viewer::signed_in(
        9,
        "某人",
        own.first().copied(),
        &[(role, own.first().copied(), extents)],
    )
}

#[test]
fn everybody_sees_what_is_in_reach_and_security_detail_only_with_that_right() {
    on_both_settled(|ledger| {
        fill(ledger);
        refresh(ledger);
        let directory = one_ledger::org::directory::Directory::load(&mut ledger.conn()).unwrap();
        let id = |code: &str| directory.by_code(code).unwrap().id;
        let (education, insurance, bureau) = (id("SL001"), id("SL013"), id("SL015"));
        let all = Filter::default();
        let today = "2026-11-23";
        let own = list(
            ledger,
            &viewer(Role::Liaison, &[education], &[]),
            &all,
            today,
        );
        assert!(own.iter().all(|l| l.department_id == education));
        assert!(own.iter().any(|l| l.rule == "crypto_assessment"));
        let other = list(
            ledger,
            &viewer(Role::Liaison, &[insurance], &[]),
            &all,
            today,
        );
        assert_eq!(
            told(&other),
            "XM-4 绩效自评价 2025-11-10 overdue 自2024-11-10"
        );
        // The bureau above reads the entries, but not that one of them is 关基.
        let above = viewer(Role::Bureau, &[bureau], &[education, insurance, bureau]);
        let seen = list(ledger, &above, &all, today);
        assert_eq!(seen.len(), own.len() + other.len() - 1, "{}", told(&seen));
        assert!(seen.iter().all(|l| l.rule != "crypto_assessment"));
        for role in [Role::Oversight, Role::Reviewer, Role::SystemAdmin] {
            assert_eq!(
                list(ledger, &viewer(role, &[education], &[]), &all, today),
                []
            );
        }
        let wished = Filter {
            departments: Some(vec![education]),
            ..Filter::default()
        };
        assert_eq!(
            list(
                ledger,
                &viewer(Role::Liaison, &[insurance], &[]),
                &wished,
                today
            ),
            []
        );
    });
}

#[test]
fn pages_follow_on_and_leave_nothing_out() {
    on_both_settled(|ledger| {
        fill(ledger);
        refresh(ledger);
        let who = (&ledger.viewer, &ledger.app.catalogue);
        for state in [None, Some(State::Done)] {
            let filter = Filter {
                state,
                ..Filter::default()
            };
            let whole = list(ledger, &ledger.viewer, &filter, "2026-11-23");
            let mut parts = Vec::new();
            let mut after: Option<Cursor> = None;
            loop {
                let mut conn = ledger.conn();
                let page = deadline::page(
                    &mut conn,
                    who,
                    &filter,
                    (after.as_ref(), 1),
                    day("2026-11-23"),
                )
                .unwrap();
                let Some(last) = page.last() else { break };
                after = Cursor::parse(&last.cursor().to_string());
                assert!(after.is_some());
                parts.extend(page);
            }
            assert_eq!(parts, whole);
        }
    });
}

#[test]
fn a_limit_may_be_turned_off() {
    on_both_settled(|ledger| {
        fill(ledger);
        let mut conn = ledger.conn();
        let wish = Wish {
            enabled: false,
            amount: Some(12),
            unit: Some(Unit::Month),
            source: "办法".to_owned(),
            ..Wish::default()
        };
        almanac::set_limit(&mut conn, &keeper(), ("SE-05", 0), &wish, |_| true).unwrap();
        refresh(ledger);
        let open = list(ledger, &ledger.viewer, &Filter::default(), "2026-11-23");
        assert!(open.iter().all(|l| l.rule != "mlps_third"));
    });
}

#[test]
fn what_is_taken_back_falls_due_no_more() {
    on_both_settled(|ledger| {
        let file = ledger.draw(
            "one.xlsx",
            &[
                "项目编号|项目名称|申报单位|项目阶段|建设年度|运维合同到期日",
                "XM-9|平台|示例市教育局|运维|2024|2026-12-31",
            ],
        );
        let report = ledger.import_whole(&file);
        refresh(ledger);
        let all = Filter::default();
        assert_eq!(list(ledger, &ledger.viewer, &all, "2026-11-23").len(), 1);
        ledger.undo(report.import.unwrap()).unwrap();
        assert_eq!(refresh(ledger).gone, 1);
        assert_eq!(list(ledger, &ledger.viewer, &all, "2026-11-23"), []);
        // A contract that ended long ago is not held against anybody.
        let file = ledger.draw(
            "old.xlsx",
            &[
                "项目编号|项目名称|申报单位|项目阶段|建设年度|运维合同到期日",
                "XM-10|旧平台|示例市教育局|运维|2020|2022-12-31",
            ],
        );
        ledger.import_whole(&file);
        refresh(ledger);
        assert_eq!(list(ledger, &ledger.viewer, &all, "2026-11-23"), []);
    });
}

#[test]
fn a_department_that_moves_to_another_region_is_under_its_limits() {
    on_both_settled(|ledger| {
        use one_ledger::db::schema::departments;
        let mut conn = ledger.conn();
        fill(ledger);
        refresh(ledger);
        let filing = Filter {
            rule: Some("contract_filing".to_owned()),
            ..Filter::default()
        };
        assert_eq!(list(ledger, &ledger.viewer, &filing, "2026-11-23"), []);
        diesel::update(departments::table.filter(departments::code.eq("SL001")))
            .set(departments::region.eq("371572"))
            .execute(&mut conn)
            .unwrap();
        diesel::update(one_ledger::db::schema::ledger_head::table.find(1_i64))
            .set(
                one_ledger::db::schema::ledger_head::organisation
                    .eq(one_ledger::db::schema::ledger_head::organisation + 1),
            )
            .execute(&mut conn)
            .unwrap();
        assert!(deadline::is_behind(&mut conn).unwrap());
        refresh(ledger);
        assert_eq!(list(ledger, &ledger.viewer, &filing, "2026-11-23").len(), 1);
    });
}
