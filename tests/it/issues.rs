//! Issues: whose move it is, the ladder, what counts as proof, and that nobody closes his own.

use chrono::NaiveDate;
use diesel::prelude::*;
use one_ledger::auth::{Role, Viewer};
use one_ledger::db::schema::{issues, notices};
use one_ledger::error::Error;
use one_ledger::issue::list::{self, Filter, View};
use one_ledger::issue::steps::{Act, State, Turn};
use one_ledger::issue::{self, Ground, Issue, NewIssue, Raise, Wish};
use one_ledger::org::directory::Directory;

use crate::app::{Ledger, on_both};
use crate::organisation::{holder, id};
use crate::review::{House, SYSTEMS};

mod machine;
mod month;
mod proof;
mod reminders;
mod rules;
pub mod walk;
mod web;

/// The education bureau (C2) and the transport bureau (C4) of one city, its bureau (C1), the ones below and above.
pub struct Scene<'l> {
    pub ledger: &'l Ledger,
    pub house: House<'l>,
    /// CDO and specialist of C4.
    pub other: Viewer,
    pub clerk: Viewer,
    /// 联络员 of C4.
    pub liaison: Viewer,
    /// Of the county: CDO of its education bureau, its bureau.
    pub county: Viewer,
    pub county_bureau: Viewer,
    pub province: Viewer,
}

impl<'l> Scene<'l> {
    pub fn new(ledger: &'l Ledger) -> Self {
        let house = House::new(ledger);
        Self {
            other: holder(ledger, 42, Role::Cdo, "C4"),
            clerk: holder(ledger, 43, Role::Specialist, "C4"),
            liaison: holder(ledger, 44, Role::Liaison, "C4"),
            county: holder(ledger, 52, Role::Cdo, "D2"),
            county_bureau: holder(ledger, 51, Role::Bureau, "D1"),
            province: holder(ledger, 61, Role::Bureau, "P1"),
            house,
            ledger,
        }
    }

    pub fn with<T>(&self, work: impl FnOnce(Ground<'_>) -> T) -> T {
        let directory = Directory::load(&mut self.ledger.conn()).unwrap();
        work(Ground {
            catalogue: &self.ledger.app.catalogue,
            directory: &directory,
        })
    }

    pub fn system(&self, owner: &str, name: &str) -> String {
        let pairs = [
            ("system_name", name),
            ("owner_org", owner),
            ("status", "在用"),
        ];
        self.house.make(&self.ledger.viewer, SYSTEMS, &pairs)
    }

    /// C2 cannot get at a system of C4's.
    pub fn wish(code: &str) -> Raise {
        Raise {
            kind: "no_interface".to_owned(),
            title: "路况数据没有接口".to_owned(),
            text: "校车调度需要路况数据，多次沟通没有结果".to_owned(),
            raised_by: "C2".to_owned(),
            owed_by: "C4".to_owned(),
            entries: vec![(SYSTEMS.to_owned(), code.to_owned())],
        }
    }

    pub fn raise(&self, who: &Viewer, wish: &Raise) -> Result<Issue, Error> {
        self.with(|g| issue::raise(&mut self.ledger.conn(), who, g, wish))
    }

    pub fn get(&self, id: i64) -> Issue {
        issue::get(&mut self.ledger.conn(), &self.ledger.viewer, id).unwrap()
    }

    pub fn send(&self, who: &Viewer, wish: &Wish) -> Result<Issue, Error> {
        self.with(|g| issue::act(&mut self.ledger.conn(), who, g, wish))
    }

    /// From the version that it has now.
    pub fn act(&self, who: &Viewer, id: i64, act: Act, note: &str) -> Result<Issue, Error> {
        let version = self.get(id).version;
        self.send(who, &Wish::plain(id, version, act, note))
    }

    pub fn decide(&self, who: &Viewer, id: i64) -> Result<Issue, Error> {
        let wish = Wish {
            number: "济数协〔2026〕1号".to_owned(),
            day: Some(one_ledger::clock::today()),
            ..Wish::plain(id, self.get(id).version, Act::Decide, "限期开放接口")
        };
        self.send(who, &wish)
    }

    /// Another value in an entry.
    pub fn correct(&self, code: &str, text: &str) {
        let pairs = [("main_function", text)];
        self.house
            .change(&self.ledger.viewer, SYSTEMS, code, &pairs)
            .unwrap();
    }

    pub fn found(&self, who: &Viewer, view: View) -> Vec<i64> {
        let filter = Filter {
            view,
            ..Filter::default()
        };
        let page = list::page(&mut self.ledger.conn(), who, &filter, None, 100).unwrap();
        page.rows.iter().map(|i| i.id).collect()
    }

    /// Inside a transaction, as other rooms do.
    pub fn open(&self, cause: &str) -> i64 {
        let (raised_by, owed_by) = (id(self.ledger, "C2"), id(self.ledger, "C4"));
        let new = NewIssue {
            kind: "mismatch",
            title: "两端登记的共享方式不一致",
            text: "提供方登记为接口，使用方登记为文件",
            raised_by,
            owed_by,
            entries: &[],
            cause: Some(cause),
        };
        let conn = &mut self.ledger.conn();
        conn.transaction(|c| issue::open(c, &self.ledger.viewer, &new))
            .unwrap()
    }

    pub fn heal(&self, cause: &str) -> bool {
        let conn = &mut self.ledger.conn();
        conn.transaction(|c| issue::heal(c, &self.ledger.viewer, cause, "两端已经一致"))
            .unwrap()
    }

    pub fn due(&self, id: i64, day: NaiveDate) {
        diesel::update(issues::table.find(id))
            .set((issues::due_on.eq(day), issues::days.eq(None::<i32>)))
            .execute(&mut self.ledger.conn())
            .unwrap();
    }
}

/// The codes of what is wrong.
pub fn codes(error: &Error) -> Vec<String> {
    match error {
        Error::Invalid(problems) => problems.iter().map(|p| p.code.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_issue_goes_up_one_rung_and_is_closed_with_a_decision_that_the_other_side_confirms() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        let made = s.raise(&s.house.liaison, &Scene::wish(&code)).unwrap();
        assert!(made.number().starts_with("难点-") && made.number().ends_with("-0001"));
        assert_eq!((made.state(), made.turn()), (State::Open, Turn::Owed));
        let n = made.id;
        assert_eq!(s.found(&s.other, View::Mine), [n]);
        assert!(s.found(&s.house.cdo, View::Mine).is_empty());
        assert_eq!(s.found(&s.house.cdo, View::Owed), [n]);
        let said = s.act(&s.other, n, Act::Answer, "接口正在申请").unwrap();
        assert_eq!((said.state(), said.turn()), (State::Working, Turn::Raised));
        assert_eq!(s.found(&s.house.cdo, View::Mine), [n]);
        let up = s.act(&s.house.cdo, n, Act::Escalate, "已等三周").unwrap();
        assert_eq!((up.rung, up.handler_id), (1, Some(id(ledger, "C1"))));
        assert_eq!(s.found(&s.house.bureau, View::Mine), [n]);
        let without = s
            .act(&s.house.bureau, n, Act::Decide, "限期开放")
            .unwrap_err();
        assert_eq!(codes(&without), ["required"]);
        let decided = s.decide(&s.house.bureau, n).unwrap();
        assert_eq!(decided.turn(), Turn::Owed);
        let proposed = s.act(&s.other, n, Act::Propose, "").unwrap();
        assert_eq!(proposed.state(), State::Proposed);
        let own = s.act(&s.other, n, Act::Confirm, "").unwrap_err();
        assert!(matches!(own, Error::Refused(_)), "{own:?}");
        let closed = s.act(&s.house.cdo, n, Act::Confirm, "").unwrap();
        assert!(!closed.open && closed.outcome == "confirm" && closed.closed_at.is_some());
        assert_eq!(closed.proofs().len(), 1);
        let steps = issue::history(&mut ledger.conn(), &s.house.liaison, n).unwrap();
        let words: Vec<&str> = steps.iter().map(|t| t.act.as_str()).collect();
        let wanted = ["open", "answer", "escalate", "decide", "propose", "confirm"];
        assert_eq!(words, wanted);
    });
}

#[test]
fn nothing_is_proposed_without_proof_and_a_correction_of_the_entry_is_one() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let code = s.system("C4", "路况系统");
        s.correct(&code, "早先的更正不算");
        let n = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let none = s.act(&s.other, n, Act::Propose, "").unwrap_err();
        assert_eq!(codes(&none), ["no_proof"]);
        s.correct(&code, "提供路况接口");
        s.correct(&code, "早先的更正不算");
        let none = s.act(&s.other, n, Act::Propose, "").unwrap_err();
        assert_eq!(codes(&none), ["no_proof"], "it is as it was");
        s.correct(&code, "提供路况接口");
        let row = s.act(&s.other, n, Act::Propose, "").unwrap();
        let shown = s.with(|g| {
            let conn = &mut ledger.conn();
            issue::shown::proofs(conn, &s.house.cdo, g, &row.proofs()).unwrap()
        });
        assert_eq!(shown.len(), 1);
        assert!(shown[0].text.contains("主要功能"), "{shown:?}");
        // What was proposed on is taken back before it is confirmed.
        s.correct(&code, "早先的更正不算");
        let gone = s.act(&s.house.cdo, n, Act::Confirm, "").unwrap_err();
        assert_eq!(codes(&gone), ["no_proof"]);
        let back = s.act(&s.house.cdo, n, Act::Reject, "又改回去了").unwrap();
        assert_eq!((back.state(), back.turn()), (State::Working, Turn::Owed));
        s.correct(&code, "提供路况接口");
        s.act(&s.other, n, Act::Propose, "").unwrap();
        let closed = s.act(&s.house.specialist, n, Act::Confirm, "").unwrap();
        let again = s.act(&s.house.cdo, n, Act::Reopen, "接口又断了").unwrap();
        assert_eq!(again.opened_at, closed.opened_at, "its age goes on");
        assert_eq!((again.reopened, again.outcome.as_str()), (1, ""));
        let none = s.act(&s.other, n, Act::Propose, "").unwrap_err();
        assert_eq!(codes(&none), ["no_proof"], "the old correction is spent");
    });
}

#[test]
fn what_the_program_opens_it_opens_once_and_heals_once() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let first = s.open("link:1:mode");
        assert_eq!(s.open("link:1:mode"), first);
        let other = s.open("link:2:mode");
        assert_ne!(first, other);
        let kept = s
            .act(&s.house.cdo, first, Act::Withdraw, "不管了")
            .unwrap_err();
        assert!(matches!(kept, Error::Conflict(_)));
        assert!(s.heal("link:1:mode"));
        assert!(!s.heal("link:1:mode"), "it is healed already");
        let row = s.get(first);
        assert_eq!((row.state(), row.outcome.as_str()), (State::Closed, "heal"));
        let anew = s.open("link:1:mode");
        assert_ne!(anew, first, "what comes again is another one");
        let twin = s
            .act(&s.house.cdo, first, Act::Reopen, "再看看")
            .unwrap_err();
        assert!(matches!(twin, Error::Conflict(_)), "{twin:?}");
        assert!(s.get(other).open);
    });
}

#[test]
fn both_sides_are_told_whose_move_it_is_and_nobody_of_his_own_act() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        for (n, login, role, code) in [
            (13, "cdo", Role::Cdo, "C2"),
            (42, "other", Role::Cdo, "C4"),
            (43, "clerk", Role::Specialist, "C4"),
            (21, "bureau", Role::Bureau, "C1"),
        ] {
            s.house.account(n, login, role, code);
        }
        let told = || -> Vec<(i64, String)> {
            notices::table
                .filter(notices::kind.eq("issue"))
                .order((notices::id, notices::account_id))
                .select((notices::account_id, notices::text))
                .load(&mut ledger.conn())
                .unwrap()
        };
        let code = s.system("C4", "路况系统");
        let n = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let ids = |told: &[(i64, String)]| told.iter().map(|t| t.0).collect::<Vec<_>>();
        assert_eq!(ids(&told()), [43, 42]);
        assert!(told()[0].1.ends_with("待您办理"), "{:?}", told());
        s.act(&s.other, n, Act::Answer, "在办").unwrap();
        assert_eq!(ids(&told()), [43, 42, 13]);
        s.act(&s.house.cdo, n, Act::Escalate, "太慢").unwrap();
        assert_eq!(ids(&told()), [43, 42, 13, 43, 42, 21]);
        s.decide(&s.house.bureau, n).unwrap();
        s.act(&s.clerk, n, Act::Propose, "").unwrap();
        s.act(&s.house.cdo, n, Act::Confirm, "").unwrap();
        let all = told();
        assert_eq!(ids(&all)[6..], [43, 42, 13, 43, 42]);
        assert!(all.last().unwrap().1.ends_with("已办结"));
    });
}
