//! The clock of the catalogue itself (art. 17): more time is asked for once and in time, and given by the bureau alone.

use diesel::prelude::*;
use one_ledger::audit;
use one_ledger::auth::{Role, Viewer};
use one_ledger::clock as time;
use one_ledger::db::schema::{audit_log, entries, notices, submissions};
use one_ledger::error::Error;
use one_ledger::report::home;
use one_ledger::sharing::request::catalogue::{self, Update, extension};
use one_ledger::sharing::request::clock::{Reckoner, Standing};
use one_ledger::sharing::request::heir;

use super::{Scene, conflict, fields};
use crate::app::{Ledger, on_both};
use crate::organisation::{holder, id};

/// Begins an update of a dataset that is published, as a change of what was approved does; the number of its submission.
pub fn begin(ledger: &Ledger, code: &str) -> i64 {
    let conn = &mut ledger.conn();
    let (entry, department): (i64, i64) = entries::table
        .filter(entries::register.eq("dataset"))
        .filter(entries::code.eq(code))
        .select((entries::id, entries::department_id))
        .first(conn)
        .unwrap();
    let last: Option<i64> = submissions::table
        .select(diesel::dsl::max(submissions::id))
        .first(conn)
        .unwrap();
    let (number, now) = (last.unwrap_or(0) + 1, time::now());
    diesel::insert_into(submissions::table)
        .values((
            submissions::id.eq(number),
            submissions::entry_id.eq(entry),
            submissions::kind.eq("change"),
            submissions::state.eq("drafting"),
            submissions::open.eq(true),
            submissions::version.eq(1_i64),
            submissions::round.eq(1_i64),
            submissions::department_id.eq(department),
            submissions::season.eq(""),
            submissions::reason.eq("职责调整"),
            submissions::reason_class.eq(""),
            submissions::proposed.eq("{}"),
            submissions::form_digest.eq(""),
            submissions::opened_at.eq(now),
            submissions::opened_by.eq("测试"),
            submissions::state_since.eq(now),
            submissions::outcome.eq(""),
            submissions::opinion.eq(""),
        ))
        .execute(conn)
        .unwrap();
    number
}

fn begun(s: &Scene<'_>, name: &str) -> i64 {
    begin(s.ledger, &s.dataset(name, "有条件共享"))
}

fn seen(s: &Scene<'_>, who: &Viewer) -> Vec<Update> {
    s.with(|g| {
        let conn = &mut s.ledger.conn();
        let reckoner = Reckoner::new(conn, g, time::today()).unwrap();
        catalogue::updates(conn, who, &reckoner).unwrap()
    })
}

#[track_caller]
fn stands(s: &Scene<'_>, who: &Viewer, id: i64) -> Update {
    let all = seen(s, who);
    all.into_iter().find(|u| u.submission == id).unwrap()
}

fn ask(s: &Scene<'_>, who: &Viewer, id: i64, reason: &str) -> Result<Update, Error> {
    s.with(|g| extension::ask(&mut s.ledger.conn(), who, g, id, reason))
}

fn decide(
    s: &Scene<'_>,
    who: &Viewer,
    id: i64,
    consents: bool,
    note: &str,
) -> Result<Update, Error> {
    s.with(|g| extension::decide(&mut s.ledger.conn(), who, g, id, (consents, note)))
}

/// How many extensions the first page says wait for somebody.
fn waiting(s: &Scene<'_>, who: &Viewer) -> usize {
    let found = s.with(|g| home::overview(&mut s.ledger.conn(), who, g).unwrap());
    let mut todos = found.todos.iter();
    todos
        .find(|t| t.text == "件目录更新延期待主管部门办理")
        .map_or(0, |t| t.count)
}

fn told(ledger: &Ledger, account: i64, what: &str) -> i64 {
    notices::table
        .filter(notices::account_id.eq(account))
        .filter(notices::text.like(format!("%{what}%")))
        .count()
        .get_result(&mut ledger.conn())
        .unwrap()
}

#[test]
fn consent_moves_the_due_date_by_five_working_days() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = begun(&s, "学籍信息");
        let before = stands(&s, &h.liaison, id);
        assert_eq!(before.rule_id, "DS-01");
        assert!(before.may_ask && !before.may_decide && before.extension.is_none());
        assert!(!stands(&s, &h.bureau, id).may_ask);

        let asked = ask(&s, &h.liaison, id, "涉及三个处室").unwrap();
        assert_eq!(
            (asked.due_on, asked.extended_on),
            (before.due_on, before.extended_on),
            "asking gives nothing"
        );
        assert!(!asked.may_ask && !asked.may_decide);
        assert!(stands(&s, &h.bureau, id).may_decide);
        assert_eq!((waiting(&s, &h.bureau), waiting(&s, &h.cdo)), (1, 0));
        assert_eq!(told(ledger, 21, "申请延长"), 1, "the bureau");

        let given = decide(&s, &h.bureau, id, true, "").unwrap();
        let five = s.with(|g| {
            let reckoner = Reckoner::new(&mut ledger.conn(), g, time::today()).unwrap();
            let calendar = &reckoner.almanac.calendar;
            calendar.add_working_days(before.due_on, 5).date
        });
        assert_eq!(given.due_on, five);
        assert_eq!(
            (Some(given.due_on), None),
            (before.extended_on, given.extended_on)
        );
        assert_eq!(stands(&s, &h.liaison, id).due_on, five);
        let row = given.extension.unwrap();
        assert_eq!(
            (row.state.as_str(), row.label()),
            ("consented", "已同意延期")
        );
        assert_eq!(waiting(&s, &h.bureau), 0);
        for who in [11, 12, 13] {
            assert_eq!(told(ledger, who, "主管部门已同意延期"), 1, "account {who}");
        }
        let logged: i64 = audit_log::table
            .filter(audit_log::action.eq("catalogue_extension"))
            .count()
            .get_result(&mut ledger.conn())
            .unwrap();
        assert_eq!(logged, 2);
        assert_eq!(audit::words::label("catalogue_extension"), "目录更新延期");
    });
}

#[test]
fn declined_it_stays_as_it_was_and_is_not_asked_again() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = begun(&s, "学籍信息");
        let before = stands(&s, &h.liaison, id).due_on;
        assert_eq!(fields(ask(&s, &h.liaison, id, " ")), ["reason"]);
        assert_eq!(
            fields(ask(&s, &h.liaison, id, &"长".repeat(2_001))),
            ["reason"]
        );
        conflict(decide(&s, &h.bureau, id, true, ""));
        ask(&s, &h.liaison, id, "人手不足").unwrap();
        assert!(conflict(ask(&s, &h.cdo, id, "再请")).contains("第十七条"));
        assert_eq!(fields(decide(&s, &h.bureau, id, false, "")), ["note"]);
        let after = decide(&s, &h.bureau, id, false, "不影响共享").unwrap();
        assert_eq!((after.due_on, after.extended_on), (before, None));
        assert_eq!(after.extension.unwrap().note, "不影响共享");
        assert_eq!(told(ledger, 11, "主管部门不同意延期"), 1);
        assert!(!stands(&s, &h.liaison, id).may_ask);
        conflict(ask(&s, &h.liaison, id, "再请"));
        assert!(conflict(decide(&s, &h.officer, id, true, "")).contains("不同意延期"));
    });
}

#[test]
fn once_it_is_late_or_handed_in_there_is_nothing_to_extend() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let (first, second) = (begun(&s, "学籍信息"), begun(&s, "教师信息"));
        ask(&s, &h.liaison, second, "人手不足").unwrap();
        ledger.tamper("UPDATE submissions SET opened_at = '2026-01-05 02:00:00'");
        let late = stands(&s, &h.liaison, first);
        assert_eq!((late.standing, late.may_ask), (Standing::Overdue, false));
        assert!(conflict(ask(&s, &h.liaison, first, "晚了")).contains("期限已过"));
        // What was asked in time may still be consented to.
        assert!(stands(&s, &h.bureau, second).may_decide);
        ledger.tamper("UPDATE submissions SET state = 'submitted', submitted_at = opened_at");
        for id in [first, second] {
            let away = stands(&s, &h.bureau, id);
            assert_eq!(away.rule_id, "DS-02");
            assert!(away.extension.is_none() && !away.may_ask && !away.may_decide);
            conflict(ask(&s, &h.liaison, id, "已报送"));
            conflict(decide(&s, &h.bureau, id, true, ""));
        }
        assert_eq!(waiting(&s, &h.bureau), 0);
        ledger.tamper("UPDATE submissions SET open = FALSE");
        let over = ask(&s, &h.liaison, first, "已办结");
        assert!(matches!(over, Err(Error::NotFound(_))), "{over:?}");
    });
}

#[test]
fn the_department_alone_asks_and_its_bureau_alone_decides() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = begun(&s, "学籍信息");
        let county = holder(ledger, 81, Role::Bureau, "D1");
        let province = holder(ledger, 82, Role::Bureau, "P1");
        let absent = |done: Result<Update, Error>| matches!(done, Err(Error::NotFound(_)));
        let refused = |done: Result<Update, Error>| matches!(done, Err(Error::Refused(_)));
        for who in [&s.asker_cdo, &s.outside, &h.expert, &county] {
            assert!(absent(ask(&s, who, id, "代办")), "{}", who.name());
            assert!(absent(decide(&s, who, id, true, "")), "{}", who.name());
            assert!(seen(&s, who).is_empty());
        }
        for who in [&h.bureau, &province] {
            assert!(refused(ask(&s, who, id, "代办")), "{}", who.name());
        }
        ask(&s, &h.specialist, id, "人手不足").unwrap();
        for who in [&h.liaison, &h.cdo, &province] {
            assert!(refused(decide(&s, who, id, true, "")), "{}", who.name());
            assert!(!stands(&s, who, id).may_decide);
        }
        decide(&s, &h.officer, id, true, "").unwrap();
    });
}

#[test]
fn of_its_own_data_a_bureau_asks_the_one_above() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let pairs = [
            ("name", "大数据局目录"),
            ("provider_org", "C1"),
            ("catalog_status", "已发布"),
            ("share_attr", "有条件共享"),
            ("share_mode", "服务接口"),
            ("share_condition", "用于审批核验"),
            ("update_cycle", "每日"),
        ];
        let code = s.house.make(&ledger.viewer, "dataset", &pairs);
        let id = begin(ledger, &code);
        let clerk = holder(ledger, 83, Role::Liaison, "C1");
        let province = holder(ledger, 84, Role::Bureau, "P1");
        ask(&s, &clerk, id, "人手不足").unwrap();
        assert_eq!(
            (waiting(&s, &s.house.bureau), waiting(&s, &province)),
            (0, 1)
        );
        let own = decide(&s, &s.house.bureau, id, true, "");
        assert!(matches!(own, Err(Error::Refused(_))), "{own:?}");
        decide(&s, &province, id, true, "").unwrap();
    });
}

#[test]
fn a_bureau_that_is_merged_leaves_its_decisions_to_its_heir() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let number = begun(&s, "学籍信息");
        ask(&s, &s.house.liaison, number, "人手不足").unwrap();
        let (from, into) = (id(ledger, "C1"), id(ledger, "P1"));
        heir::carry(&mut ledger.conn(), &ledger.viewer, from, into).unwrap();
        let asked = stands(&s, &s.house.liaison, number).extension.unwrap();
        assert_eq!((asked.bureau_id, asked.state.as_str()), (into, "asked"));
        assert_eq!(waiting(&s, &s.house.bureau), 0);
    });
}

#[test]
fn of_two_who_decide_at_once_one_wins_and_the_other_is_told() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = begun(&s, "学籍信息");
        ask(&s, &h.liaison, id, "人手不足").unwrap();
        let barrier = std::sync::Barrier::new(2);
        let done = std::thread::scope(|scope| {
            let tries = [(&h.bureau, true), (&h.officer, false)].map(|(who, consents)| {
                let (s, barrier) = (&s, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    decide(s, who, id, consents, "意见")
                })
            });
            tries.map(|t| t.join().unwrap())
        });
        let won: Vec<bool> = done.iter().map(Result::is_ok).collect();
        assert_eq!(won.iter().filter(|w| **w).count(), 1, "{done:?}");
        let lost = done.iter().find_map(|d| d.as_ref().err()).unwrap();
        assert!(matches!(lost, Error::Conflict(_)), "{lost:?}");
        let wanted = if won[0] { "consented" } else { "declined" };
        let row = stands(&s, &h.liaison, id).extension.unwrap();
        assert_eq!(row.state, wanted);
        assert_eq!(told(ledger, 11, "目录更新: 主管部门"), 1);
    });
}
