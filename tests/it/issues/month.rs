//! The month: what came and went, and what stood at its end.

use diesel::prelude::*;
use one_ledger::clock;
use one_ledger::db::schema::{issue_steps, issues};
use one_ledger::error::Error;
use one_ledger::issue::steps::{Act, State};
use one_ledger::issue::summary::{self, Figures, Month, Summary};
use one_ledger::issue::{self, Wish};
use one_ledger::report::dispatch;

use super::Scene;
use crate::app::{Backend, Ledger, on_both};
use crate::organisation::{day, id};

fn month(s: &Scene<'_>, who: &one_ledger::auth::Viewer, of: Option<&str>) -> dispatch::Dispatch {
    let department = of.map(|code| id(s.ledger, code));
    let month = Month::of(clock::today());
    let conn = &mut s.ledger.conn();
    s.with(|g| dispatch::dispatch(conn, who, g, department, month))
        .unwrap()
}

#[test]
fn a_month_counts_what_happened_in_it() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let first = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let second = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        s.open("link:9");
        s.heal("link:9");
        s.act(&s.house.cdo, first, Act::Escalate, "太慢").unwrap();
        s.decide(&s.house.bureau, first).unwrap();
        s.act(&s.other, first, Act::Propose, "").unwrap();
        s.act(&s.house.cdo, first, Act::Confirm, "").unwrap();
        s.due(second, day("2026-01-05"));
        let found = month(&s, &s.house.cdo, None);
        let wanted = Figures {
            opened: 3,
            closed: 1,
            healed: 1,
            escalated: 1,
            standing: 1,
            overdue: 1,
            ..Figures::default()
        };
        assert_eq!(found.summary.figures, wanted);
        assert_eq!(found.summary.lines.len(), 3);
        assert_eq!(
            found.summary.lines[0].issue.id, second,
            "the open ones first"
        );
        assert_eq!(found.whose, "济南市教育局");
        let all = month(&s, &s.house.bureau, None);
        assert_eq!(all.summary.figures, wanted);
        assert!(all.whose.contains("济南市"), "{}", all.whose);
        assert_eq!(
            month(&s, &s.house.bureau, Some("C3")).summary.lines.len(),
            0
        );
        assert_eq!(month(&s, &s.county, None).summary.lines.len(), 0);
        written(ledger, &s, &found);
        let far = s.with(|g| {
            let c4 = Some(id(ledger, "C4"));
            let month = Month::of(clock::today());
            dispatch::dispatch(&mut ledger.conn(), &s.county, g, c4, month)
        });
        assert!(matches!(far, Err(Error::NotFound(_))));
    });
}

fn written(ledger: &Ledger, s: &Scene<'_>, found: &dispatch::Dispatch) {
    let out = ledger.file("month.xlsx");
    s.with(|g| dispatch::export(&mut ledger.conn(), &s.house.cdo, g, found, &out))
        .unwrap();
    use calamine::Reader as _;
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&out).unwrap();
    assert_eq!(book.sheet_names(), ["工作调度", "难点问题"]);
    let rows = book.worksheet_range("难点问题").unwrap();
    assert_eq!(rows.height(), 1 + found.summary.lines.len());
}

/// Moves what has happened so far with an issue into the past.
fn long_ago(ledger: &Ledger, issue: i64, days: u64) {
    let at = clock::now() - chrono::Days::new(days);
    ledger.tamper(match ledger.backend {
        Backend::Sqlite => "DROP TRIGGER IF EXISTS issue_steps_keep_update",
        Backend::Postgres => "ALTER TABLE issue_steps DISABLE TRIGGER USER",
    });
    let conn = &mut ledger.conn();
    diesel::update(issue_steps::table.filter(issue_steps::issue_id.eq(issue)))
        .set(issue_steps::at.eq(at))
        .execute(conn)
        .unwrap();
    diesel::update(issues::table.find(issue))
        .set(issues::opened_at.eq(at))
        .execute(conn)
        .unwrap();
}

/// The month of a day so long ago.
fn past(s: &Scene<'_>, days: u64) -> Summary {
    let month = Month::of(clock::today() - chrono::Days::new(days));
    summary::month(&mut s.ledger.conn(), &s.house.cdo, None, month).unwrap()
}

#[test]
fn a_month_that_is_over_is_told_as_it_stood() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let made = || s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        // Closed a hundred days ago, and opened again today.
        let again = made();
        s.act(&s.house.cdo, again, Act::Escalate, "太慢").unwrap();
        s.decide(&s.house.bureau, again).unwrap();
        s.act(&s.other, again, Act::Propose, "").unwrap();
        s.act(&s.house.cdo, again, Act::Confirm, "").unwrap();
        long_ago(ledger, again, 100);
        s.act(&s.house.cdo, again, Act::Reopen, "接口又断了")
            .unwrap();
        let then = past(&s, 100);
        assert_eq!((then.figures.closed, then.figures.standing), (1, 0));
        assert_eq!(then.lines[0].state, State::Closed);
        assert_eq!(past(&s, 40).lines.len(), 0, "it was closed all the month");
        // Overdue for ninety days, and given another day only today.
        let late = made();
        let day = clock::today() - chrono::Days::new(90);
        s.due(late, day);
        long_ago(ledger, late, 100);
        let moved = s.with(|g| {
            let wish = Wish {
                day: Some(clock::today() + chrono::Days::new(20)),
                ..Wish::plain(late, 1, Act::Reschedule, "厂商排期")
            };
            issue::act(&mut ledger.conn(), &s.other, g, &wish)
        });
        assert!(moved.unwrap().due_on > clock::today());
        let then = past(&s, 40);
        assert_eq!((then.figures.standing, then.figures.overdue), (1, 1));
        assert_eq!((then.lines[0].due_on, then.lines[0].late), (day, true));
        assert_eq!(past(&s, 0).figures.overdue, 0);
    });
}

#[test]
fn months_are_read_as_they_are_written() {
    let today = day("2026-11-29");
    let read = |text: &str| Month::parse(text, today).map(|m| (m.first(), m.last()));
    assert_eq!(
        read("2026-02"),
        Some((day("2026-02-01"), day("2026-02-28")))
    );
    assert_eq!(
        read("2026-11"),
        Some((day("2026-11-01"), day("2026-11-30")))
    );
    for wrong in [
        "2026-12", "2026-13", "26-11", "2026-1", "", "1999-12", "2026/11",
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}
