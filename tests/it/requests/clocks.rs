//! The days: the law's own examples, extensions, pauses, years not yet published, reminders.

use diesel::prelude::*;
use one_ledger::almanac;
use one_ledger::auth::viewer::Extents;
use one_ledger::auth::{Role, Viewer};
use one_ledger::calendar::{DayKind, Mark, WorkCalendar};
use one_ledger::db::schema::notices;
use one_ledger::error::Error;
use one_ledger::report::home;
use one_ledger::sharing::request::act::Wish;
use one_ledger::sharing::request::clock::{Kind, Reckoner, Standing};
use one_ledger::sharing::request::correction;
use one_ledger::sharing::request::list::{self, Filter, Tab};
use one_ledger::sharing::request::steps::Act;
use one_ledger::sharing::request::{Ground, Rules, remind};
use proptest::prelude::*;

use super::{Scene, conflict, fields};
use crate::app::{Ledger, on_both};
use crate::organisation::day;

fn keeper() -> Viewer {
    let held = [(Role::SystemAdmin, None, Extents::default())];
    Viewer::signed_in(1, "管理员", None, &held)
}

/// As if a clock had begun on another day.
fn begin(ledger: &Ledger, kind: &str, on: &str) {
    ledger.tamper(&format!(
        "UPDATE share_clocks SET start_on = '{on}' WHERE kind = '{kind}'"
    ));
}

#[test]
fn the_laws_examples_come_out() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let id = s.in_use();
        ledger.tamper("UPDATE share_clocks SET done_on = NULL, due_on = NULL");
        for (kind, word, from, due) in [
            (Kind::Answer, "answer", "2026-02-10", "2026-03-02"),
            (Kind::Answer, "answer", "2025-09-29", "2025-10-20"),
            (Kind::Answer, "answer", "2026-09-25", "2026-10-15"),
            (Kind::Supply, "supply", "2026-04-30", "2026-06-01"),
        ] {
            begin(ledger, word, from);
            let clock = s.clock(id, kind);
            assert_eq!(clock.due_on, Some(day(due)), "from {from}");
            assert!(!clock.provisional);
        }
    });
}

#[test]
fn a_due_date_in_a_year_not_published_is_provisional_until_it_is() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let id = s.sent("有条件共享");
        begin(ledger, "answer", "2026-12-25");
        let before = s.clock(id, Kind::Answer);
        assert!(before.provisional);
        assert_eq!(before.due_on, Some(day("2027-01-11")));
        let conn = &mut ledger.conn();
        let seen = almanac::calendar(conn).unwrap().1;
        almanac::set_year(conn, &keeper(), seen, 2027, (true, "国办通知")).unwrap();
        for on in ["2027-01-01", "2027-01-04"] {
            let seen = almanac::calendar(conn).unwrap().1;
            let off = Mark {
                kind: DayKind::Off,
                name: "元旦".to_owned(),
                source: "通知".to_owned(),
            };
            almanac::set_day(conn, &keeper(), seen, day(on), Some(off)).unwrap();
        }
        let after = s.clock(id, Kind::Answer);
        assert!(!after.provisional);
        assert_eq!(after.due_on, Some(day("2027-01-12")));
        // Both ends are shown the same.
        let view = |who| {
            s.with(|g| {
                let conn = &mut ledger.conn();
                let reckoner = one_ledger::sharing::request::clock::Reckoner::new(
                    conn,
                    g,
                    one_ledger::clock::today(),
                );
                let all = reckoner.unwrap().seen(conn, who, true).unwrap();
                all.into_iter().map(|(c, _)| c).collect::<Vec<_>>()
            })
        };
        assert_eq!(view(&s.asker), view(&s.house.liaison));
        assert_eq!(view(&s.asker).len(), 1);
        assert!(view(&s.outside).is_empty());
    });
}

#[test]
fn more_time_needs_the_bureaus_consent_and_is_told_to_the_asker() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.sent("无条件共享");
        let ask = |days| Wish {
            days: Some(days),
            note: "接口改造".to_owned(),
            ..Wish::new(id, s.stands(id).version, Act::AskExtension)
        };
        assert_eq!(fields(s.carry_out(&h.liaison, &ask(11))), ["days"]);
        assert!(matches!(
            s.carry_out(&s.asker, &ask(5)),
            Err(Error::Refused(_))
        ));
        let before = s.clock(id, Kind::Answer).due_on;
        s.carry_out(&h.liaison, &ask(10)).unwrap();
        assert_eq!(
            s.clock(id, Kind::Answer).due_on,
            before,
            "asking gives nothing"
        );
        let filter = Filter {
            tab: Tab::Coordinate,
            ..Filter::default()
        };
        let waits = s.with(|g| list::list(&mut ledger.conn(), &h.bureau, g, &filter, 9).unwrap());
        assert_eq!(waits.len(), 1);
        for who in [&h.cdo, &s.asker_cdo] {
            assert!(matches!(
                s.act(who, id, Act::Consent),
                Err(Error::Refused(_))
            ));
        }
        s.act(&h.bureau, id, Act::Decline).unwrap();
        assert_eq!(s.clock(id, Kind::Answer).due_on, before);
        s.carry_out(&h.liaison, &ask(10)).unwrap();
        s.act(&h.bureau, id, Act::Consent).unwrap();
        let clock = s.clock(id, Kind::Answer);
        assert_eq!(clock.extension, 10);
        assert!(clock.due_on > before);
        assert!(conflict(s.carry_out(&h.liaison, &ask(1))).contains("第二十一条"));
        let told: i64 = notices::table
            .filter(notices::account_id.eq(41))
            .filter(notices::text.like("%已同意提供部门延期%"))
            .count()
            .get_result(&mut ledger.conn())
            .unwrap();
        assert_eq!(told, 1);
        // Once it is late there is nothing to prolong.
        let id = s.sent("有条件共享");
        begin(ledger, "answer", "2026-01-05");
        assert_eq!(s.clock(id, Kind::Answer).standing, Standing::Overdue);
        let late = Wish {
            days: Some(1),
            note: "晚了".to_owned(),
            ..Wish::new(id, s.stands(id).version, Act::AskExtension)
        };
        conflict(s.carry_out(&h.liaison, &late));
        // What is late is the bureau's to see.
        let lines = s.with(|g| {
            one_ledger::sharing::request::board::lines(&mut ledger.conn(), &h.bureau, g).unwrap()
        });
        assert_eq!((lines.len(), lines[0].received), (1, 2));
        assert!(lines[0].overdue >= 1);
        let refused =
            s.with(|g| one_ledger::sharing::request::board::lines(&mut ledger.conn(), &h.cdo, g));
        assert!(matches!(refused, Err(Error::Refused(_))));
        s.act(&h.liaison, id, Act::DraftAnswer).unwrap();
        s.act(&h.cdo, id, Act::Agree).unwrap();
        assert_eq!(s.clock(id, Kind::Answer).standing, Standing::DoneLate);
    });
}

#[test]
fn missing_papers_stop_the_clock_only_where_that_is_set() {
    on_both(|ledger| {
        for pauses in [false, true] {
            let fresh = ledger.another();
            let mut s = Scene::new(&fresh);
            s.rules = Rules {
                pause_for_papers: pauses,
            };
            let id = s.sent("有条件共享");
            s.act(&s.house.liaison, id, Act::AskPapers).unwrap();
            let today = one_ledger::clock::today();
            let later = today + chrono::Days::new(40);
            let now = s.clocks_on(id, today).remove(0);
            let then = s.clocks_on(id, later).remove(0);
            if pauses {
                assert_eq!(now.standing, Standing::Paused);
                assert_eq!(then.standing, Standing::Paused);
                assert!(then.due_on > now.due_on);
            } else {
                assert_eq!(then.due_on, now.due_on);
                assert_eq!(then.standing, Standing::Overdue);
            }
            s.act(&s.asker, id, Act::Supplement).unwrap();
            assert_ne!(s.clock(id, Kind::Answer).standing, Standing::Paused);
        }
    });
}

#[test]
fn a_pause_gives_no_day_away_and_takes_no_lateness_away() {
    on_both(|ledger| {
        let mut s = Scene::new(ledger);
        s.rules = Rules {
            pause_for_papers: true,
        };
        let id = s.sent("有条件共享");
        s.act(&s.house.liaison, id, Act::AskPapers).unwrap();
        let papers = |from: &str, asked: &str| {
            ledger.tamper(&format!(
                "UPDATE share_clocks SET start_on = '{from}', paused_on = '{asked}'"
            ));
        };
        let on = |s: &Scene<'_>, today: &str| {
            let clock = s.clocks_on(id, day(today)).remove(0);
            (clock.standing, clock.due_on.unwrap().to_string())
        };
        let paused = |due: &str| (Standing::Paused, due.to_owned());
        // Asked on the last day, a Friday: that day is there again when the papers come, on a working day.
        papers("2026-02-28", "2026-03-13");
        assert_eq!(on(&s, "2026-03-13"), paused("2026-03-13"));
        assert_eq!(on(&s, "2026-03-15"), paused("2026-03-16"));
        assert_eq!(on(&s, "2026-03-16"), paused("2026-03-16"));
        assert_eq!(on(&s, "2026-03-18"), paused("2026-03-18"));
        // Asked and handed in over a weekend, nothing was lost.
        papers("2026-03-02", "2026-03-14");
        assert_eq!(on(&s, "2026-03-15"), paused("2026-03-16"));
        assert_eq!(on(&s, "2026-03-18"), paused("2026-03-18"));
        // Asked when it was late already, it stays late, and there is nothing to prolong.
        papers("2026-03-02", "2026-03-18");
        let late = (Standing::Overdue, "2026-03-18".to_owned());
        assert_eq!(on(&s, "2026-03-20"), late);
        let more = s.doing(id, Act::AskExtension);
        assert!(conflict(s.carry_out(&s.house.liaison, &more)).contains("期限已过"));
        // Where the setting is off, it never stood still.
        s.rules = Rules::default();
        let ran = (Standing::Overdue, "2026-03-16".to_owned());
        assert_eq!(on(&s, "2026-03-20"), ran);
    });
}

#[test]
fn the_first_page_counts_by_the_setting() {
    on_both(|ledger| {
        let mut s = Scene::new(ledger);
        let id = s.sent("有条件共享");
        s.act(&s.house.liaison, id, Act::AskPapers).unwrap();
        ledger.tamper("UPDATE share_clocks SET start_on = '2026-01-05', paused_on = '2026-01-05'");
        let late = |s: &Scene<'_>| {
            let who = &s.house.liaison;
            let found = s.with(|g| home::overview(&mut ledger.conn(), who, g).unwrap());
            let mut todos = found.todos.iter();
            todos.any(|t| t.href == "/requests/clocks?standing=overdue")
        };
        assert!(late(&s));
        s.rules = Rules {
            pause_for_papers: true,
        };
        assert!(!late(&s));
    });
}

#[test]
fn a_clock_that_ends_with_its_request_keeps_its_due_date() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let id = s.sent("有条件共享");
        let before = s.clock(id, Kind::Answer).due_on;
        s.act(&s.asker, id, Act::Withdraw).unwrap();
        let after = s.clock(id, Kind::Answer);
        assert_eq!((after.standing, after.due_on), (Standing::Void, before));
        assert_eq!(after.left_words(), "已终止计时");
    });
}

#[test]
fn a_list_shows_for_each_request_what_is_due_first() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let (used, asked) = (s.in_use(), s.sent("无条件共享"));
        let shown = || {
            s.with(|g| {
                let conn = &mut ledger.conn();
                let reckoner = Reckoner::new(conn, g, one_ledger::clock::today()).unwrap();
                let found = reckoner.of_requests(conn, &[used, asked, -1]).unwrap();
                assert_eq!(found.len(), 2);
                (found[&used].kind, found[&asked].kind)
            })
        };
        assert_eq!(shown(), (Kind::Supply, Kind::Answer));
        let raise = |g: Ground<'_>| {
            correction::raise(&mut ledger.conn(), &s.asker, g, used, "有误").unwrap()
        };
        s.with(raise);
        assert_eq!(
            shown(),
            (Kind::Correction, Kind::Answer),
            "what runs is first"
        );
    });
}

#[test]
fn whoever_is_late_is_reminded_and_the_bureau_told() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        s.sent("有条件共享");
        begin(ledger, "answer", "2026-03-02");
        let due = day("2026-03-16");
        let told = |on: &str| {
            let conn = &mut ledger.conn();
            let before: i64 = notices::table.count().get_result(conn).unwrap();
            assert!(remind::is_due(conn, day(on)).unwrap());
            let sent = s.with(|g| remind::remind(conn, g, day(on), true).unwrap());
            assert!(!remind::is_due(conn, day(on)).unwrap());
            assert_eq!(
                s.with(|g| remind::remind(conn, g, day(on), true).unwrap()),
                0
            );
            let after: i64 = notices::table.count().get_result(conn).unwrap();
            assert_eq!(after - before, sent as i64);
            sent
        };
        assert_eq!(told("2026-03-09"), 0, "five working days are left");
        assert_eq!(
            told("2026-03-13"),
            2,
            "liaison and specialist, a day before {due}"
        );
        assert_eq!(told("2026-03-14"), 0, "a Saturday");
        assert_eq!(told("2026-03-17"), 4, "both ends' specialists and CDOs");
        assert_eq!(told("2026-03-19"), 5, "and the bureau");
        assert_eq!(told("2026-03-20"), 0, "each step once");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn due_dates_are_working_days_and_later_starts_are_never_due_earlier(
        first in 0_u64..500, gap in 0_u64..20, n in 1_u32..40, more in 0_u32..11,
    ) {
        let calendar = WorkCalendar::shipped();
        let start = day("2025-08-01") + chrono::Days::new(first);
        let later = start + chrono::Days::new(gap);
        let due = calendar.add_working_days(start, n);
        prop_assert!(calendar.is_working(due.date));
        prop_assert!(calendar.add_working_days(later, n).date >= due.date);
        // An extension counts on from the due date: in one piece or in two it is the same day.
        let whole = calendar.add_working_days(start, n + more);
        let twice = if more == 0 { due } else { calendar.add_working_days(due.date, more) };
        prop_assert_eq!(whole.date, twice.date);
    }
}
