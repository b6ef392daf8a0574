//! Any order of acts by anybody: never closed without proof or by who owes, one rung at a time, and age only grows.

use one_ledger::auth::Viewer;
use one_ledger::error::Error;
use one_ledger::issue::steps::{Act, State, Turn};
use one_ledger::issue::{self, Issue, Wish};
use proptest::prelude::*;

use super::Scene;
use crate::app::Ledger;

#[derive(Clone, Debug)]
enum Try {
    Act(Act, bool),
    Correct(u8),
    Comment,
}

fn tries() -> impl Strategy<Value = Vec<(usize, Try)>> {
    let act = prop::sample::select(Act::ALL.to_vec());
    let one = prop_oneof![
        12 => (act, prop::bool::weighted(0.9)).prop_map(|(a, fresh)| Try::Act(a, fresh)),
        2 => (0..3_u8).prop_map(Try::Correct),
        1 => Just(Try::Comment),
    ];
    prop::collection::vec((0..9_usize, one), 20..90)
}

fn people<'s>(s: &'s Scene<'_>) -> [&'s Viewer; 9] {
    [
        &s.house.cdo,
        &s.house.specialist,
        &s.house.liaison,
        &s.other,
        &s.clerk,
        &s.liaison,
        &s.house.bureau,
        &s.county,
        &s.province,
    ]
}

fn attempt(s: &Scene<'_>, who: &Viewer, row: &Issue, code: &str, what: &Try) -> Result<(), Error> {
    match what {
        Try::Act(act, fresh) => {
            let day = match act {
                Act::Reschedule => one_ledger::clock::today() + chrono::Days::new(20),
                _ => one_ledger::clock::today(),
            };
            let wish = Wish {
                to: Some(Turn::Raised),
                day: Some(day),
                number: "函1号".to_owned(),
                ..Wish::plain(
                    row.id,
                    if *fresh { row.version } else { row.version - 1 },
                    *act,
                    "说明",
                )
            };
            s.send(who, &wish).map(drop)
        }
        Try::Correct(n) => {
            s.correct(code, &format!("功能{n}"));
            Ok(())
        }
        Try::Comment => issue::comment(&mut s.ledger.conn(), who, row.id, "补充").map(drop),
    }
}

/// What must hold between one moment and the next.
fn holds(s: &Scene<'_>, who: &Viewer, before: &Issue, after: &Issue, what: &Try) {
    let told = format!("{what:?} by {}: {before:?} → {after:?}", who.name());
    assert_eq!(before.opened_at, after.opened_at, "{told}");
    assert!(after.reopened >= before.reopened, "{told}");
    let climbed = [(0, 1), (1, 3)].contains(&(before.rung, after.rung));
    assert!(before.rung == after.rung || climbed, "{told}");
    assert_eq!(after.open, after.state().is_open(), "{told}");
    assert_eq!(after.open, after.closed_at.is_none(), "{told}");
    assert_eq!(after.open, after.outcome.is_empty(), "{told}");
    assert_eq!(after.rung > 0, after.handler_id.is_some(), "{told}");
    assert!(after.turn() != Turn::Handler || after.rung > 0, "{told}");
    let closed_now = before.open && after.state() == State::Closed;
    if closed_now {
        assert!(!after.proofs().is_empty(), "{told}");
        assert_eq!(before.state(), State::Proposed, "{told}");
        let raised = [&s.house.cdo, &s.house.specialist];
        let by = raised.iter().any(|v| v.account() == who.account());
        assert!(by, "only who raised it confirms: {told}");
    }
    if after.state() == State::Proposed {
        assert!(
            !after.proofs().is_empty() && !after.proposer.is_empty(),
            "{told}"
        );
    }
    if after.version != before.version {
        assert_eq!(after.version, before.version + 1, "{told}");
        let outside = [&s.county, &s.province, &s.house.liaison, &s.liaison];
        let by = outside.iter().any(|v| v.account() == who.account());
        assert!(!by, "{told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::with_cases(8 * crate::properties::soak()) })]

    #[test]
    fn no_order_of_acts_closes_what_is_not_proven(tries in tries()) {
        let ledger = Ledger::sqlite();
        let s = Scene::new(&ledger);
        let code = s.system("C4", "路况系统");
        let n = s.raise(&s.house.cdo, &Scene::wish(&code)).unwrap().id;
        let mut age = 0;
        let calendar = one_ledger::calendar::WorkCalendar::shipped();
        for (who, what) in tries {
            let who = people(&s)[who];
            let before = s.get(n);
            match attempt(&s, who, &before, &code, &what) {
                Ok(()) | Err(
                    Error::Refused(_) | Error::Conflict(_) | Error::NotFound(_) | Error::Invalid(_) | Error::Stale(_),
                ) => {}
                Err(other) => prop_assert!(false, "{what:?}: {other:?}"),
            }
            let after = s.get(n);
            holds(&s, who, &before, &after, &what);
            let now = after.age(&calendar, one_ledger::clock::today());
            prop_assert!(now >= age, "age only grows");
            age = now;
            // Both ends see the same.
            let seen = |v: &Viewer| issue::get(&mut ledger.conn(), v, n).unwrap();
            prop_assert_eq!(seen(&s.house.liaison), seen(&s.liaison));
        }
        let steps = issue::history(&mut ledger.conn(), &ledger.viewer, n).unwrap();
        let acts = steps.iter().filter(|t| Act::from_word(&t.act).is_some()).count();
        prop_assert_eq!(i64::try_from(acts).unwrap() + 1, s.get(n).version);
    }
}
