//! Overdue issues are told of by working day, up the ladder, each person once.

use chrono::NaiveDate;
use diesel::prelude::*;
use one_ledger::auth::Role;
use one_ledger::db::schema::notices;
use one_ledger::issue::{Rules, remind};

use super::Scene;
use crate::app::on_both;
use crate::organisation::day;

#[test]
fn what_is_late_goes_from_the_specialist_to_the_cdo_to_the_bureau() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        for (n, login, role, code) in [
            (42, "cdo", Role::Cdo, "C4"),
            (43, "specialist", Role::Specialist, "C4"),
            (21, "bureau", Role::Bureau, "C1"),
        ] {
            s.house.account(n, login, role, code);
        }
        let code = s.system("C4", "路况系统");
        let made = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap();
        // A Friday; the Monday after is the first working day late.
        s.due(made.id, day("2026-12-04"));
        let rules = Rules::default();
        let regions = ledger.app.catalogue.regions();
        for on in 4..=18 {
            let today = NaiveDate::from_ymd_opt(2026, 12, on).unwrap();
            let when = (today, today.and_hms_opt(1, 0, 0).unwrap());
            let conn = &mut ledger.conn();
            assert_eq!(remind::is_due(conn, today).unwrap(), on > 4, "{on}");
            remind::remind(conn, (&rules, regions), when, true).unwrap();
            assert!(!remind::is_due(conn, today).unwrap());
        }
        let told: Vec<(chrono::NaiveDateTime, i64)> = notices::table
            .filter(notices::dedupe.like("%:late:%"))
            .order(notices::at)
            .select((notices::at, notices::account_id))
            .load(&mut ledger.conn())
            .unwrap();
        let told: Vec<(String, i64)> = told
            .into_iter()
            .map(|(at, who)| (at.date().to_string(), who))
            .collect();
        let wanted = [("2026-12-07", 43), ("2026-12-09", 42), ("2026-12-14", 21)];
        assert_eq!(told, wanted.map(|(on, who)| (on.to_owned(), who)));
    });
}
