//! Counting days: the vectors, and what holds for every start and length.

use chrono::{Datelike, NaiveDate};
use one_ledger::calendar::{
    self, DayKind, Mark, TimeLimit, Unit, WorkCalendar, add_months, shipped_days, shipped_limits,
};
use one_ledger::deadline::rules;
use one_ledger::register::field::FieldType;
use proptest::prelude::*;

use crate::app::catalogue;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_vectors_hold() {
    let calendar = WorkCalendar::shipped();
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../data/workday_cases.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    let mut all: Vec<(String, u32, String)> = cases
        .iter()
        .map(|c| {
            let n = u32::try_from(c["working_days"].as_u64().unwrap()).unwrap();
            let text = |key: &str| c[key].as_str().unwrap().to_owned();
            (text("start"), n, text("due"))
        })
        .collect();
    let more = [
        ("2026-02-10", 10, "2026-03-02"),
        ("2025-09-29", 10, "2025-10-20"),
        ("2026-09-25", 10, "2026-10-15"),
        ("2026-04-30", 20, "2026-06-01"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-09-18", 10, "2026-10-09"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2025-12-31", 2, "2026-01-05"),
        ("2026-01-02", 1, "2026-01-04"),
        ("2026-02-14", 10, "2026-03-06"),
    ];
    all.extend(more.map(|(s, n, d)| (s.to_owned(), n, d.to_owned())));
    for (start, n, due) in all {
        let found = calendar.add_working_days(day(&start), n);
        assert_eq!(found.date, day(&due), "{start} + {n}");
        assert!(!found.provisional, "{start} + {n}");
        assert_eq!(calendar.working_days_between(day(&start), found.date), n);
    }
}

#[test]
fn a_year_that_is_not_published_makes_a_due_date_provisional() {
    let mut calendar = WorkCalendar::shipped();
    // The first of January is a holiday in any year; which other days are off is not known yet.
    let due = calendar.add_working_days(day("2026-12-25"), 10);
    assert_eq!((due.date, due.provisional), (day("2027-01-11"), true));
    let inside = calendar.add_working_days(day("2026-12-25"), 4);
    assert_eq!(
        (inside.date, inside.provisional),
        (day("2026-12-31"), false)
    );
    let off = Mark {
        kind: DayKind::Off,
        name: "元旦".to_owned(),
        source: String::new(),
    };
    for text in ["2027-01-01", "2027-01-04"] {
        calendar.set(day(text), Some(off.clone()));
    }
    calendar.publish(2027, true);
    let due = calendar.add_working_days(day("2026-12-25"), 10);
    assert_eq!((due.date, due.provisional), (day("2027-01-12"), false));
}

#[test]
fn months_end_with_the_month_and_a_last_day_off_moves_on() {
    assert_eq!(add_months(day("2026-01-31"), 1), day("2026-02-28"));
    assert_eq!(add_months(day("2024-01-31"), 1), day("2024-02-29"));
    assert_eq!(add_months(day("2024-02-29"), 12), day("2025-02-28"));
    let limits = shipped_limits();
    let of = |id: &str| limits.iter().find(|l| l.rule_id == id).unwrap();
    let calendar = WorkCalendar::shipped();
    // Three months from 2025-07-03 end on 3 October, in the holidays.
    let acceptance = of("PJ-05").due(&calendar, day("2025-07-03")).unwrap();
    assert_eq!(acceptance.date, day("2025-10-09"));
    let window = of("PJ-02");
    assert_eq!(
        window.opens(&calendar, day("2024-12-31")),
        Some(day("2025-12-31"))
    );
    assert_eq!(
        window.due(&calendar, day("2024-12-31")).unwrap().date,
        day("2026-12-31")
    );
    let reply = of("DS-04");
    let extended = reply.extended(&calendar, day("2025-09-26")).unwrap();
    assert_eq!(extended.date, day("2025-10-30"));
    assert_eq!(of("DS-05").due(&calendar, day("2026-01-05")), None);
}

#[test]
fn the_shipped_files_are_whole_and_say_where_they_are_from() {
    let days = shipped_days();
    let file = include_str!("../../../import_templates/calendar/holidays.csv");
    assert_eq!(days.len(), file.lines().count() - 1);
    for line in &days {
        assert!(
            line.mark.source.starts_with("https://www.gov.cn/"),
            "{line:?}"
        );
        if line.mark.kind == DayKind::Work {
            assert!(calendar::may_be_made_up(line.day), "{line:?}");
        }
    }
    let limits = shipped_limits();
    let mut rows = csv::Reader::from_path(
        crate::app::root().join("import_templates/calendar/time_limits.csv"),
    )
    .unwrap();
    assert_eq!(limits.len(), rows.records().count());
    for limit in &limits {
        assert!(!limit.source.is_empty(), "{limit:?}");
        let counts = limit.amount.is_some() || limit.fixed_on.is_some();
        assert_eq!(counts, limit.unit.is_some(), "{limit:?}");
        assert_eq!(
            limit.unit == Some(Unit::FixedDay),
            limit.fixed_on.is_some(),
            "{limit:?}"
        );
        let unsure = matches!(
            limit.verified,
            calendar::Verified::No | calendar::Verified::Draft
        );
        assert!(!(unsure && limit.enabled), "{limit:?} is on by default");
    }
}

/// Limits that are on in a department of Shandong, as they are shipped.
#[test]
fn what_counts_in_shandong_by_default() {
    let shandong = ["370400".to_owned(), "370000".to_owned()];
    let on = day("2026-06-01");
    let here = shipped_limits();
    let here: Vec<&str> = here
        .iter()
        .filter(|l| l.amount.is_some() && l.holds(on, &shandong))
        .map(|l| l.rule_id.as_str())
        .collect();
    insta::assert_snapshot!(here.join(" "), @"DS-01 DS-02 DS-03 DS-04 DS-06 DS-07 DS-08 PJ-02 SE-01 SE-02 SE-05 SE-07 SE-08 SE-09");
    let limits = shipped_limits();
    let of = |id: &str| limits.iter().find(|l| l.rule_id == id).unwrap();
    let holds = |l: &TimeLimit, region: &str| l.holds(on, &[region.to_owned()]);
    assert!(holds(of("SC-01"), "510000") && !holds(of("SC-01"), "370000"));
    assert!(holds(of("PJ-06"), "371572") && !holds(of("PJ-06"), "371500"));
    // The sharing regulation came into force on 2025-08-01.
    assert!(!of("DS-04").holds(day("2025-07-31"), &shandong));
}

#[test]
fn every_rule_names_fields_and_limits_that_there_are() {
    let limits = shipped_limits();
    assert!(rules().len() >= 12);
    for rule in rules() {
        let register = catalogue().register(&rule.register).unwrap();
        for key in rule.fields() {
            assert!(
                register.field(key).is_some(),
                "{} has no {key}",
                rule.register
            );
        }
        if let Some(start) = &rule.start {
            assert_eq!(
                register.field(start).unwrap().kind,
                FieldType::Date,
                "{start}"
            );
        }
        for id in &rule.limits {
            let limit = limits.iter().find(|l| l.rule_id == *id);
            assert!(limit.is_some_and(|l| l.unit.is_some()), "{id} is no limit");
        }
        assert!(
            rule.start.is_some() || !rule.limits.is_empty(),
            "{}",
            rule.key
        );
        for when in &rule.when {
            let field = register.field(&when.field).unwrap();
            if let Some(list) = &field.list {
                let list = catalogue().list(list).unwrap();
                assert!(
                    when.values.iter().all(|v| list.item(v).is_some()),
                    "{when:?}"
                );
            }
        }
    }
}

#[test]
fn a_pasted_year_is_read_or_every_line_of_it_is_named() {
    let good = "日期,类型,名称\n2027-01-01,放假,元旦\n2027/1/2,休,元旦\n2026-12-27,班,元旦\n2027年2月6日,放假,春节\n";
    let lines = calendar::parse(good, 2027, "国办发明电").unwrap();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|l| l.mark.source == "国办发明电"));
    let tabs = "2027-01-01\t放假\t元旦\thttps://example.gov.cn/1\n";
    let lines = calendar::parse(tabs, 2027, "别处").unwrap();
    assert_eq!(lines[0].mark.source, "https://example.gov.cn/1");
    let bad = "2027-01-01,放假\n2027-01-01,放假\n2027-01-04,上班\n2027-13-01,放假\n2027-01-05,也许\n2028-01-01,放假\n";
    let said: Vec<String> = calendar::parse(bad, 2027, "")
        .unwrap_err()
        .into_iter()
        .map(|p| format!("{} {}", p.code, p.message))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    twice 第 2 行: 2027-01-01 与第 1 行重复
    weekday 第 3 行: 2027-01-04 不是周六、周日，本来就上班
    date 第 4 行: “2027-13-01”不是日期
    kind 第 5 行: “也许”不知是放假还是上班
    other_year 2028-01-01 不在 2027 年
    ");
    assert_eq!(
        calendar::parse("\n\n", 2027, "").unwrap_err()[0].code,
        "empty"
    );
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..1460).prop_map(|n| {
        let first = NaiveDate::from_ymd_opt(2023, 6, 1).unwrap();
        first.checked_add_days(chrono::Days::new(n)).unwrap()
    })
}

/// The rule once more, as plainly as it can be written: list the days, take the one that comes n-th.
fn plainly(calendar: &WorkCalendar, start: NaiveDate, n: usize) -> NaiveDate {
    let days = start.iter_days().skip(1).filter(|d| {
        let off = calendar.mark(*d).map(|m| m.kind);
        let fixed = matches!((d.month(), d.day()), (1, 1) | (5, 1 | 2) | (10, 1..=3));
        let weekday = d.weekday().num_days_from_monday() < 5;
        let known = (2024..=2026).contains(&d.year());
        match off {
            Some(DayKind::Work) => true,
            Some(DayKind::Off) => false,
            None => weekday && (known || !fixed),
        }
    });
    days.take(n).last().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_due_date_is_a_working_day_and_the_one_that_comes_nth(start in any_day(), n in 1_u32..60) {
        let calendar = WorkCalendar::shipped();
        let due = calendar.add_working_days(start, n);
        prop_assert!(calendar.is_working(due.date));
        prop_assert_eq!(due.date, plainly(&calendar, start, n as usize));
        prop_assert_eq!(calendar.working_days_between(start, due.date), n);
        let touched = start.iter_days().skip(1).take_while(|d| *d <= due.date);
        let unknown = touched.into_iter().any(|d| !(2024..=2026).contains(&d.year()));
        prop_assert_eq!(due.provisional, unknown);
    }

    #[test]
    fn longer_and_later_never_end_earlier(start in any_day(), n in 0_u32..60, more in 0_u32..20, later in 0_u64..30) {
        let calendar = WorkCalendar::shipped();
        let due = calendar.add_working_days(start, n).date;
        prop_assert!(calendar.add_working_days(start, n + more).date >= due);
        let after = start.checked_add_days(chrono::Days::new(later)).unwrap();
        prop_assert!(calendar.add_working_days(after, n).date >= due);
        prop_assert!(calendar.working_from(start).date >= start);
    }
}
