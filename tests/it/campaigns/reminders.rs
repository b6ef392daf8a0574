//! Reminders by working day, with a clock that is given.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use one_ledger::campaign::remind;
use one_ledger::db::schema::{accounts, campaigns, notices};

use super::Scene;
use crate::app::{Ledger, on_both};
use one_ledger::auth::Role;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Who is told on which day.
fn told(ledger: &Ledger) -> BTreeMap<String, Vec<String>> {
    let conn = &mut ledger.conn();
    let logins: BTreeMap<i64, String> = accounts::table
        .select((accounts::id, accounts::login))
        .load::<(i64, String)>(conn)
        .unwrap()
        .into_iter()
        .collect();
    let rows: Vec<(chrono::NaiveDateTime, i64, String)> = notices::table
        .filter(notices::kind.eq("campaign"))
        .filter(notices::dedupe.not_like("%:open"))
        .order((notices::at, notices::account_id))
        .select((notices::at, notices::account_id, notices::text))
        .load(conn)
        .unwrap();
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (at, account, text) in rows {
        let line = format!("{} {text}", logins[&account]);
        out.entry(at.date().to_string()).or_default().push(line);
    }
    out
}

#[test]
fn departments_are_reminded_by_working_day_and_the_late_ones_with_their_cdo() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        for (n, login, role, code) in [
            (11, "liaison", Role::Liaison, "C2"),
            (13, "cdo", Role::Cdo, "C2"),
            (42, "other", Role::Cdo, "C4"),
        ] {
            scene.house.account(n, login, role, code);
        }
        scene.system(&scene.house.liaison, "C2", "学籍系统", "学籍管理");
        let mut plan = Scene::plan();
        plan.remind_days = Some(2);
        let made = scene.open_as(&scene.house.bureau, &plan).unwrap();
        let invited: i64 = notices::table
            .filter(notices::dedupe.like("%:open"))
            .count()
            .get_result(&mut ledger.conn())
            .unwrap();
        assert_eq!(invited, 3);
        scene.submit(&scene.other, made.id, "C4", true).unwrap();
        // A Wednesday before a week of which every day is worked; the day itself is a Saturday, so it is the Monday.
        let saturday = day("2026-12-12");
        diesel::update(campaigns::table)
            .set(campaigns::due_on.eq(saturday))
            .execute(&mut ledger.conn())
            .unwrap();
        for on in 7..=17 {
            let today = NaiveDate::from_ymd_opt(2026, 12, on).unwrap();
            let when = (today, today.and_hms_opt(1, 0, 0).unwrap());
            assert!(remind::is_due(&mut ledger.conn(), today).unwrap());
            remind::remind(&mut ledger.conn(), when, true).unwrap();
            assert!(!remind::is_due(&mut ledger.conn(), today).unwrap());
            assert_eq!(remind::remind(&mut ledger.conn(), when, true).unwrap(), 0);
        }
        let open = "还有 1 条没有答复";
        let late = |days: i64| {
            ["liaison", "cdo"].map(|who| format!("{who} “年度核对”已逾期 {days} 天，{open}"))
        };
        let wanted = [
            (
                "2026-12-10",
                vec![format!("liaison “年度核对”还有 2 个工作日截止，{open}")],
            ),
            (
                "2026-12-14",
                vec![format!("liaison “年度核对”今天截止，{open}")],
            ),
            ("2026-12-15", late(1).to_vec()),
            ("2026-12-16", late(2).to_vec()),
            ("2026-12-17", late(3).to_vec()),
        ];
        assert_eq!(
            told(ledger),
            wanted.map(|(day, lines)| (day.to_owned(), lines)).into()
        );
        // Once it is handed in there is nothing to remind of.
        scene.settle_all(made.id);
        let today = day("2026-12-18");
        let when = (today, today.and_hms_opt(1, 0, 0).unwrap());
        assert_eq!(remind::remind(&mut ledger.conn(), when, true).unwrap(), 0);
    });
}
