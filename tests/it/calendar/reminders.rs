//! The ladder over days, with a clock that is given.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use one_ledger::almanac;
use one_ledger::auth::Role;
use one_ledger::db::schema::{accounts, notices};
use one_ledger::deadline::{self, Reminded, Rules};

use super::deadlines::{adopt, day, refresh};
use super::keeping::keeper;
use crate::app::{Ledger, on_both_settled};
use crate::routes::actors;

fn remind(ledger: &Ledger, on: &str) -> Reminded {
    let today = day(on);
    let at = today.and_hms_opt(1, 0, 0).unwrap();
    let rules = Rules::default();
    let conn = &mut ledger.conn();
    deadline::remind(conn, &ledger.app.catalogue, (&rules, None), (today, at)).unwrap()
}

/// Who has been told of a single deadline, in order.
fn told(ledger: &Ledger) -> Vec<String> {
    let conn = &mut ledger.conn();
    let logins: BTreeMap<i64, String> = accounts::table
        .select((accounts::id, accounts::login))
        .load::<(i64, String)>(conn)
        .unwrap()
        .into_iter()
        .collect();
    let mut out: Vec<String> = notices::table
        .filter(notices::kind.eq("deadline"))
        .select((notices::account_id, notices::at, notices::text))
        .load::<(i64, chrono::NaiveDateTime, String)>(conn)
        .unwrap()
        .into_iter()
        .map(|(account, at, text)| format!("{} {}: {text}", at.date(), logins[&account]))
        .collect();
    out.sort();
    out
}

fn people(ledger: &Ledger) {
    for (login, role, department) in [
        ("liaison", "liaison", "SL001"),
        ("specialist", "specialist", "SL001"),
        ("cdo", "cdo", "SL001"),
        ("bureau", "bureau", "SL015"),
        ("elsewhere", "liaison", "SL013"),
    ] {
        actors::make(ledger, login, role, department);
    }
}

fn contract(ledger: &Ledger, owner: &str, filed: &str) {
    let file = ledger.draw(
        "contract.xlsx",
        &[
            "项目编号|项目名称|申报单位|项目阶段|建设年度|合同签订日期|合同备案日期",
            &format!("XM-1|学籍平台|{owner}|在建|2026|2026-11-02|{filed}"),
        ],
    );
    ledger.import_whole(&file);
    refresh(ledger);
}

#[test]
fn the_ladder_is_climbed_step_by_step_and_nobody_is_told_twice() {
    on_both_settled(|ledger| {
        people(ledger);
        adopt(ledger, "PJ-06");
        contract(ledger, "示例市教育局", "");
        // Due on 2026-11-09; reminded from a week before.
        let mut day = day("2026-11-01");
        let last: NaiveDate = "2026-12-20".parse().unwrap();
        while day <= last {
            let text = day.to_string();
            remind(ledger, &text);
            assert_eq!(remind(ledger, &text), Reminded::default());
            day = day.succ_opt().unwrap();
        }
        let told = told(ledger);
        insta::allow_duplicates! { insta::assert_snapshot!(told.join("\n"), @r"
        2026-11-02 liaison: “学籍平台”采购合同备案: 还有 7 天到期（2026-11-09）
        2026-11-09 specialist: “学籍平台”采购合同备案: 今天到期（2026-11-09）
        2026-11-16 cdo: “学籍平台”采购合同备案: 已逾期 7 天（2026-11-09）
        2026-11-23 bureau: “学籍平台”采购合同备案: 已逾期 14 天（2026-11-09）
        "); }
    });
}

#[test]
fn what_is_dealt_with_is_not_reminded_of_any_more() {
    on_both_settled(|ledger| {
        people(ledger);
        adopt(ledger, "PJ-06");
        contract(ledger, "示例市教育局", "");
        assert_eq!(remind(ledger, "2026-11-10").steps, 1);
        contract(ledger, "示例市教育局", "2026-11-11");
        for on in ["2026-11-18", "2026-11-30", "2026-12-31"] {
            assert_eq!(remind(ledger, on).steps, 0, "{on}");
        }
        assert_eq!(told(ledger).len(), 1);
    });
}

#[test]
fn a_step_without_anybody_is_passed_over() {
    let ledger = Ledger::settled();
    actors::make(&ledger, "cdo", "cdo", "SL001");
    adopt(&ledger, "PJ-06");
    contract(&ledger, "示例市教育局", "");
    assert_eq!(remind(&ledger, "2026-11-05").steps, 0);
    assert_eq!(remind(&ledger, "2026-11-10").steps, 1);
    assert!(told(&ledger)[0].contains("cdo"));
}

#[test]
fn a_unit_without_people_is_its_department_s_business() {
    let ledger = Ledger::settled();
    people(&ledger);
    adopt(&ledger, "PJ-06");
    contract(&ledger, "示例市电化教育馆", "");
    assert_eq!(remind(&ledger, "2026-11-05").steps, 1);
    assert!(
        told(&ledger)[0].contains(" liaison: "),
        "{:?}",
        told(&ledger)
    );
}

#[test]
fn everybody_with_something_open_gets_one_digest_on_a_working_day() {
    let ledger = Ledger::settled();
    people(&ledger);
    adopt(&ledger, "PJ-06");
    contract(&ledger, "示例市教育局", "");
    assert_eq!(remind(&ledger, "2026-11-07").digests, 0, "a Saturday");
    assert_eq!(remind(&ledger, "2026-11-09").digests, 1);
    let texts: Vec<String> = notices::table
        .filter(notices::kind.eq("digest"))
        .select(notices::text)
        .load(&mut ledger.conn())
        .unwrap();
    insta::assert_snapshot!(texts.join("\n"), @"2026-11-09 时限提醒: 已逾期 0 项，临近到期 1 项，其中今天新增 0 项");
}

#[test]
fn too_much_at_once_is_left_to_the_digest() {
    let ledger = Ledger::settled();
    people(&ledger);
    adopt(&ledger, "PJ-06");
    let lines: Vec<String> = (1..=40)
        .map(|n| format!("XM-{n}|平台{n}|示例市教育局|在建|2026|2026-10-12|"))
        .collect();
    let mut all = vec!["项目编号|项目名称|申报单位|项目阶段|建设年度|合同签订日期|合同备案日期"];
    all.extend(lines.iter().map(String::as_str));
    ledger.import_whole(&ledger.draw("many.xlsx", &all));
    refresh(&ledger);
    let done = remind(&ledger, "2026-11-09");
    assert_eq!((done.steps, done.notices, done.digests), (40, 20, 1));
}

#[test]
fn a_rule_for_reminders_can_be_read_from_the_configuration() {
    let text = "steps = [{ role = \"specialist\" }, { role = \"cdo\", after = 3, overdue = true }]\nmost = 5";
    let rules: Rules = toml::from_str(text).unwrap();
    assert_eq!((rules.steps.len(), rules.most, rules.remind), (2, 5, true));
    assert_eq!((rules.steps[1].role, rules.steps[1].after), (Role::Cdo, 3));
    assert!(toml::from_str::<Rules>("stepz = []").is_err());
    // What counts stays what the calendar says, whoever keeps it.
    let ledger = Ledger::sqlite();
    let (_, seen) = almanac::calendar(&mut ledger.conn()).unwrap();
    almanac::set_year(&mut ledger.conn(), &keeper(), seen, 2030, (true, "")).unwrap();
}
