//! Who may do what, and what is refused in which words.

use one_ledger::auth::Viewer;
use one_ledger::error::Error;
use one_ledger::issue::list::View;
use one_ledger::issue::steps::{Act, Turn};
use one_ledger::issue::{self, Raise, Wish, ladder};
use one_ledger::ledger::attachment::Arrived;

use super::{Scene, codes};
use crate::app::on_both;
use crate::organisation::id;

#[test]
fn the_ladder_follows_from_the_organisation() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let rungs = |one: &str, other: &str| {
            let (one, other) = (id(ledger, one), id(ledger, other));
            let regions = ledger.app.catalogue.regions();
            s.with(|g| ladder::rungs(g.directory, regions, one, other))
                .map(|r| (r.number, r.handler))
        };
        let of = |code: &str| Some(id(ledger, code));
        assert_eq!(rungs("C2", "C4"), [(0, None), (1, of("C1")), (3, of("C1"))]);
        // A unit without a region lies where the department it reports through does.
        assert_eq!(rungs("C3", "C4"), [(0, None), (1, of("C1")), (3, of("C1"))]);
        // Of different levels: the common superior one. The city is above its county.
        assert_eq!(rungs("C2", "D2"), [(0, None), (2, of("C1")), (3, of("C1"))]);
        // Nobody settles what his own house is party to.
        assert_eq!(rungs("C1", "C2"), [(0, None), (2, of("P1")), (3, of("P1"))]);
        assert_eq!(rungs("P1", "C2"), [(0, None), (2, None), (3, None)]);
    });
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let wrong = Raise {
            kind: "nonsense".to_owned(),
            raised_by: "C2".to_owned(),
            owed_by: "不存在的局".to_owned(),
            entries: vec![("information_system".to_owned(), "没有".to_owned())],
            ..Raise::default()
        };
        let told = codes(&s.raise(&s.house.cdo, &wrong).unwrap_err());
        let wanted = [
            "unknown_value",
            "required",
            "required",
            "unknown_department",
            "unknown_entry",
        ];
        assert_eq!(told, wanted);
        let code = s.system("C4", "路况系统");
        let with = |change: &dyn Fn(&mut Raise)| {
            let mut wish = Scene::wish(&code);
            change(&mut wish);
            s.raise(&s.house.cdo, &wish).unwrap_err()
        };
        let same = with(&|w| w.owed_by = "C2".to_owned());
        assert_eq!(codes(&same), ["same_department"]);
        assert_eq!(
            codes(&with(&|w| w.title = "响\u{7}铃".to_owned())),
            ["control_character"]
        );
        assert_eq!(codes(&with(&|w| w.title = "长".repeat(101))), ["too_long"]);
        let foreign = with(&|w| {
            w.raised_by = "C4".to_owned();
            w.owed_by = "C2".to_owned();
        });
        assert!(matches!(foreign, Error::Refused(_)), "{foreign:?}");
        assert!(s.found(&ledger.viewer, View::All).is_empty());
    });
}

#[test]
fn outsiders_know_nothing_and_those_without_the_move_do_nothing() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let n = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let get = |who: &Viewer| issue::get(&mut ledger.conn(), who, n);
        for who in [&s.county, &s.county_bureau, &s.house.expert] {
            assert!(matches!(get(who), Err(Error::NotFound(_))), "{who:?}");
            let done = s.act(who, n, Act::Answer, "我来");
            assert!(matches!(done, Err(Error::NotFound(_))), "{done:?}");
            assert!(s.found(who, View::All).is_empty());
        }
        // By reach to read: the bureau of the level and the one above; neither has it in hand yet.
        for who in [&s.house.bureau, &s.province] {
            assert!(get(who).is_ok());
            for act in [Act::Decide, Act::HandOut, Act::Answer, Act::Escalate] {
                let done = s.act(who, n, act, "我来");
                assert!(matches!(done, Err(Error::Refused(_))), "{act:?} {done:?}");
            }
        }
        // Of the owing side: the liaison comments only, and the raiser has not the move.
        let done = s.act(&s.liaison, n, Act::Answer, "在办");
        assert!(matches!(done, Err(Error::Refused(_))), "{done:?}");
        assert!(issue::comment(&mut ledger.conn(), &s.liaison, n, "联系人已换").is_ok());
        let blank = issue::comment(&mut ledger.conn(), &s.liaison, n, "  ").unwrap_err();
        assert_eq!(codes(&blank), ["required"]);
        for act in [Act::Answer, Act::Propose, Act::Reschedule] {
            let done = s.act(&s.house.cdo, n, act, "我来");
            assert!(matches!(done, Err(Error::Refused(_))), "{act:?} {done:?}");
        }
        let early = s.act(&s.house.cdo, n, Act::Confirm, "");
        assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
        let healed = s.act(&s.house.cdo, n, Act::Heal, "好了");
        assert!(matches!(healed, Err(Error::Refused(_))), "{healed:?}");
        let silent = s.act(&s.other, n, Act::Answer, " ").unwrap_err();
        assert_eq!(codes(&silent), ["required"]);
        let old = Wish::plain(n, 99, Act::Answer, "在办");
        assert!(matches!(s.send(&s.other, &old), Err(Error::Stale(_))));
        s.act(&s.house.cdo, n, Act::Withdraw, "已解决").unwrap();
        let late = issue::comment(&mut ledger.conn(), &s.liaison, n, "还有").unwrap_err();
        assert!(matches!(late, Error::Conflict(_)));
    });
}

#[test]
fn the_day_is_moved_by_who_has_the_move_with_a_reason_to_a_working_day() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let made = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap();
        let calendar = one_ledger::calendar::WorkCalendar::shipped();
        assert!(calendar.is_working(made.due_on));
        assert_eq!(
            calendar.working_days_between(made.start_on, made.due_on),
            10
        );
        let to = |day: chrono::NaiveDate| Wish {
            day: Some(day),
            ..Wish::plain(made.id, s.get(made.id).version, Act::Reschedule, "厂商排期")
        };
        let today = one_ledger::clock::today();
        let past = s
            .send(&s.other, &to(today - chrono::Days::new(1)))
            .unwrap_err();
        assert_eq!(codes(&past), ["bad_date"]);
        let none = s
            .act(&s.other, made.id, Act::Reschedule, "厂商排期")
            .unwrap_err();
        assert_eq!(codes(&none), ["required"]);
        let day = today + chrono::Days::new(40);
        let moved = s.send(&s.other, &to(day)).unwrap();
        assert!(moved.due_on >= day && moved.days.is_none());
        assert!(calendar.is_working(moved.due_on));
        assert_eq!(moved.turn(), Turn::Owed);
        // A new setting moves what has its days, not what was agreed.
        let other = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap();
        let rules = issue::Rules {
            days: 5,
            ..issue::Rules::default()
        };
        let conn = &mut ledger.conn();
        assert!(issue::is_behind(conn, &rules).unwrap());
        issue::refresh(conn, &rules).unwrap();
        assert!(!issue::is_behind(conn, &rules).unwrap());
        assert_eq!(s.get(made.id).due_on, moved.due_on);
        assert_eq!(s.get(other.id).due_on, other.due_on, "its days were given");
        let third = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap();
        assert_eq!(third.days, Some(5));
    });
}

#[test]
fn entries_that_the_viewer_does_not_see_are_counted() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let open = s.system("C4", "路况系统");
        // A dataset that is not published yet is its owner's alone.
        let pairs = [
            ("name", "路况明细"),
            ("provider_org", "C4"),
            ("catalog_status", "待注册"),
        ];
        let hidden = s.house.make(&ledger.viewer, "dataset", &pairs);
        let n = s.raise(&s.house.cdo, &Scene::wish(&open)).unwrap().id;
        let add = |who: &Viewer, register: &str, code: &str| {
            let wanted = [(register.to_owned(), code.to_owned())];
            s.with(|g| issue::add_entries(&mut ledger.conn(), who, g, n, &wanted))
        };
        let unseen = add(&s.house.cdo, "dataset", &hidden).unwrap_err();
        assert_eq!(codes(&unseen), ["unknown_entry"]);
        add(&s.liaison, "dataset", &hidden).unwrap();
        let row = s.get(n);
        let of = |who: &Viewer| {
            let found = issue::concerned(&mut ledger.conn(), who, &row).unwrap();
            (found.rows.len(), found.hidden)
        };
        assert_eq!(of(&s.liaison), (2, 0));
        assert_eq!(of(&s.house.cdo), (1, 1));
        let pairs = [("abstract", "补充说明")];
        s.house
            .change(&ledger.viewer, "dataset", &hidden, &pairs)
            .unwrap();
        let proofs =
            s.with(|g| issue::proof::found(&mut ledger.conn(), g.directory, &row).unwrap());
        let shown =
            s.with(|g| issue::shown::proofs(&mut ledger.conn(), &s.house.cdo, g, &proofs).unwrap());
        assert!(
            shown[0].code.is_empty() && !shown[0].text.contains("路况明细"),
            "{shown:?}"
        );
    });
}

#[test]
fn files_are_kept_by_content_and_only_by_who_has_to_do_with_it() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let n = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let pdf = ledger.file("函.pdf");
        std::fs::write(&pdf, b"%PDF-1.4\n%%EOF").unwrap();
        let text = ledger.file("a.txt");
        std::fs::write(&text, b"hello").unwrap();
        let add = |who: &Viewer, file: &std::path::Path| {
            let arrived = Arrived {
                file,
                name: "../协调函.exe",
                kind: "",
                limit: 1 << 20,
            };
            issue::files::add(&mut ledger.conn(), who, &ledger.app.data, n, &arrived)
        };
        assert_eq!(
            codes(&add(&s.liaison, &text).unwrap_err()),
            ["unknown_type"]
        );
        assert!(matches!(add(&s.county, &pdf), Err(Error::NotFound(_))));
        assert!(
            add(&s.house.bureau, &pdf).is_ok(),
            "the bureau writes for its level"
        );
        let kept = add(&s.liaison, &pdf).unwrap();
        assert_eq!(kept.file_name, "协调函.exe.pdf");
        let conn = &mut ledger.conn();
        assert_eq!(issue::files::list(conn, &s.house.cdo, n).unwrap().len(), 2);
        assert!(issue::files::fetch(conn, &s.house.cdo, n, kept.id).is_ok());
        let foreign = issue::files::remove(conn, &s.house.cdo, n, kept.id).unwrap_err();
        assert!(matches!(foreign, Error::Refused(_)));
        issue::files::remove(conn, &s.liaison, n, kept.id).unwrap();
        let gone = issue::files::fetch(conn, &s.house.cdo, n, kept.id).unwrap_err();
        assert!(matches!(gone, Error::NotFound(_)));
    });
}

#[test]
fn a_bureau_raises_for_its_own_house_alone() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let by = |raised_by: &str| Raise {
            raised_by: raised_by.to_owned(),
            ..Scene::wish(&code)
        };
        // It writes for its whole level, and still speaks for nobody else.
        let foreign = s.raise(&s.house.bureau, &by("C2"));
        assert!(matches!(foreign, Err(Error::Refused(_))), "{foreign:?}");
        assert_eq!(s.raise(&s.house.bureau, &by("C1")).unwrap().version, 1);
        for who in [&s.house.liaison, &s.house.cdo, &ledger.viewer] {
            assert!(s.raise(who, &by("C2")).is_ok(), "{who:?}");
        }
    });
}

#[test]
fn a_merger_waits_for_who_acts_on_issues() {
    use diesel::prelude::*;
    use one_ledger::db::schema::audit_head;
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap();
        let (from, into) = (id(ledger, "C4"), id(ledger, "C3"));
        let carry = || {
            let conn = &mut ledger.conn();
            conn.transaction(|c| issue::heir::carry(c, &ledger.viewer, from, into))
        };
        std::thread::scope(|scope| {
            let merger = ledger.conn().transaction::<_, Error, _>(|c| {
                // As an act does: numbers of steps are given out under this lock.
                diesel::update(audit_head::table.find(1))
                    .set(audit_head::seq.eq(audit_head::seq))
                    .execute(c)?;
                let merger = scope.spawn(carry);
                std::thread::sleep(std::time::Duration::from_millis(400));
                assert!(!merger.is_finished());
                Ok(merger)
            });
            assert_eq!(merger.unwrap().join().unwrap().unwrap(), 1);
        });
    });
}

#[test]
fn issues_of_a_merged_department_are_its_heirs() {
    on_both(|ledger| {
        use one_ledger::handover;
        use one_ledger::org::change::Seen;
        use one_ledger::org::event::When;
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let n = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let admin =
            crate::organisation::holder(ledger, 900, one_ledger::auth::Role::SystemAdmin, "P1");
        let when = When::today("机构改革");
        let seen = || {
            let found = crate::organisation::department(ledger, "C4");
            Seen {
                id: found.id,
                revision: found.revision,
            }
        };
        let (conn, heir) = (&mut ledger.conn(), id(ledger, "C3"));
        let catalogue = &ledger.app.catalogue;
        handover::merge(conn, &admin, catalogue, seen(), heir, &when).unwrap();
        let row = s.get(n);
        assert_eq!((row.owed_by, row.version), (heir, 2));
        let steps = issue::history(conn, &ledger.viewer, n).unwrap();
        assert_eq!(steps.last().unwrap().act, "merge");
    });
}
