//! Keeping the calendar and the limits: who may, what is refused, and that nobody's change is lost.

use chrono::NaiveDate;
use one_ledger::almanac::{self, Wish};
use one_ledger::audit;
use one_ledger::auth::viewer::Extents;
use one_ledger::auth::{Role, Viewer};
use one_ledger::calendar::{DayKind, Mark, Unit};
use one_ledger::error::Error;

use crate::app::{Ledger, on_both};

pub fn keeper() -> Viewer {
    Viewer::signed_in(
        1,
        "管理员",
        None,
        &[(Role::SystemAdmin, None, Extents::default())],
    )
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn off(name: &str) -> Option<Mark> {
    Some(Mark {
        kind: DayKind::Off,
        name: name.to_owned(),
        source: "通知".to_owned(),
    })
}

fn lines(ledger: &Ledger) -> Vec<String> {
    let filter = audit::Filter::default();
    let lines = audit::page(&mut ledger.conn(), &Viewer::operator("审计"), &filter, 50).unwrap();
    lines
        .into_iter()
        .map(|l| format!("{} {} {}", l.action, l.object, l.detail))
        .collect()
}

#[test]
fn a_day_is_changed_once_and_the_second_who_tries_is_told() {
    on_both(|ledger| {
        let mut conn = ledger.conn();
        let (_, seen) = almanac::calendar(&mut conn).unwrap();
        almanac::set_day(&mut conn, &keeper(), seen, day("2026-07-01"), off("停电")).unwrap();
        let lost = almanac::set_day(&mut conn, &keeper(), seen, day("2026-07-02"), off("停电"));
        assert!(matches!(lost, Err(Error::Stale(_))), "{lost:?}");
        let (calendar, now) = almanac::calendar(&mut conn).unwrap();
        assert_eq!(now, seen + 1);
        assert!(!calendar.is_working(day("2026-07-01")));
        assert!(calendar.is_working(day("2026-07-02")));
        // A shipped holiday can be made an ordinary day, and back.
        almanac::set_day(&mut conn, &keeper(), now, day("2026-01-02"), None).unwrap();
        let (calendar, now) = almanac::calendar(&mut conn).unwrap();
        assert!(calendar.is_working(day("2026-01-02")));
        let weekday = Mark {
            kind: DayKind::Work,
            name: String::new(),
            source: String::new(),
        };
        let wrong = almanac::set_day(&mut conn, &keeper(), now, day("2026-07-03"), Some(weekday));
        assert!(matches!(wrong, Err(Error::Invalid(p)) if p[0].code == "weekday"));
        let told = lines(ledger).join("\n");
        assert!(told.contains("set_calendar_day 2026-07-01"), "{told}");
        assert!(
            told.contains("平常日") && told.contains("放假 停电"),
            "{told}"
        );
    });
}

#[test]
fn only_the_system_administrator_keeps_calendar_and_limits() {
    let ledger = Ledger::sqlite();
    let mut conn = ledger.conn();
    let extents = || Extents {
        own: vec![1],
        level: vec![1],
        subtree: vec![1],
    };
    for role in Role::ALL.into_iter().filter(|r| *r != Role::SystemAdmin) {
        let viewer = Viewer::signed_in(2, "某人", Some(1), &[(role, Some(1), extents())]);
        let (_, seen) = almanac::calendar(&mut conn).unwrap();
        let results = [
            almanac::set_day(&mut conn, &viewer, seen, day("2026-07-01"), None),
            almanac::set_year(&mut conn, &viewer, seen, 2027, (true, "")),
            almanac::load(&mut conn, &viewer, seen, 2027, ("", "")).map(drop),
            almanac::set_limit(&mut conn, &viewer, ("PJ-06", 0), &Wish::default(), |_| true)
                .map(drop),
        ];
        for result in results {
            assert!(
                matches!(result, Err(Error::Refused(_))),
                "{role:?} {result:?}"
            );
        }
    }
}

#[test]
fn a_year_is_taken_in_as_a_whole_or_not_at_all() {
    on_both(|ledger| {
        let mut conn = ledger.conn();
        let (_, seen) = almanac::calendar(&mut conn).unwrap();
        let bad = almanac::load(
            &mut conn,
            &keeper(),
            seen,
            2027,
            ("2027-01-01,放假\n2027-01-04,上班\n", ""),
        );
        assert!(matches!(bad, Err(Error::Invalid(_))), "{bad:?}");
        assert!(!almanac::calendar(&mut conn).unwrap().0.is_published(2027));
        let text = "2027-01-01,放假,元旦\n2027-01-02,放假,元旦\n2027-05-01,放假,劳动节\n";
        let taken = almanac::load(
            &mut conn,
            &keeper(),
            seen,
            2027,
            (text, "国办发明电〔2026〕9号"),
        )
        .unwrap();
        assert_eq!((taken.off, taken.work), (3, 0));
        assert_eq!(taken.warnings.len(), 2, "{taken:?}");
        let (calendar, now) = almanac::calendar(&mut conn).unwrap();
        assert!(calendar.is_published(2027));
        // Taken in once more, the days it no longer names are ordinary again.
        let text = "2027-01-01,放假,元旦\n";
        almanac::load(&mut conn, &keeper(), now, 2027, (text, "更正")).unwrap();
        let (calendar, now) = almanac::calendar(&mut conn).unwrap();
        assert!(calendar.mark(day("2027-05-01")).is_none());
        almanac::set_year(&mut conn, &keeper(), now, 2027, (false, "")).unwrap();
        assert!(!almanac::calendar(&mut conn).unwrap().0.is_published(2027));
    });
}

#[test]
fn a_limit_is_taken_over_for_the_whole_installation() {
    on_both(|ledger| {
        let mut conn = ledger.conn();
        let shipped = almanac::one(&mut conn, "PJ-06").unwrap();
        assert_eq!(
            (shipped.version, shipped.limit.region.as_str()),
            (0, "371572")
        );
        let wish = Wish {
            enabled: true,
            amount: Some(7),
            unit: Some(Unit::WorkingDay),
            source: "市管理办法第十二条".to_owned(),
            ..Wish::default()
        };
        let set = |conn: &mut _, seen, wish: &Wish| {
            almanac::set_limit(conn, &keeper(), ("PJ-06", seen), wish, |code| {
                code == "370400"
            })
        };
        let kept = set(&mut conn, 0, &wish).unwrap();
        assert_eq!((kept.version, kept.limit.amount), (1, Some(7)));
        assert_eq!(kept.limit.region, "");
        assert!(matches!(set(&mut conn, 0, &wish), Err(Error::Stale(_))));
        let wrong = Wish {
            amount: None,
            region: "999999".to_owned(),
            source: " ".to_owned(),
            from: Some(day("2026-02-01")),
            to: Some(day("2026-01-01")),
            ..wish.clone()
        };
        let Err(Error::Invalid(problems)) = set(&mut conn, 1, &wrong) else {
            panic!("taken");
        };
        let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["amount", "region", "to", "source"]);
        let absent = almanac::set_limit(&mut conn, &keeper(), ("XX-01", 0), &wish, |_| true);
        assert!(matches!(absent, Err(Error::NotFound(_))));
        assert_eq!(almanac::read(&mut conn).unwrap().version.limits, 2);
    });
}
