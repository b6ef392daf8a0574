//! The month: what came and went, and what stood at its end.

use one_ledger::clock;
use one_ledger::error::Error;
use one_ledger::issue::steps::Act;
use one_ledger::issue::summary::{Figures, Month};
use one_ledger::report::dispatch;

use super::Scene;
use crate::app::{Ledger, on_both};
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
