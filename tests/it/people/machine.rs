//! Any order of acts by anybody: the filing only ever goes along the arrows, and every step is written down.

use one_ledger::auth::role::Role;
use one_ledger::error::Error;
use one_ledger::org::filing;
use one_ledger::org::steps::{self, Act, Side, State};
use proptest::prelude::*;

use crate::app::Ledger;
use crate::organisation::{holder, tiers};
use crate::people::{appoint, somebody, step, wish};

fn acts() -> impl Strategy<Value = Vec<(Act, bool)>> {
    let act = prop::sample::select(Act::ALL.to_vec());
    prop::collection::vec((act, any::<bool>()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_filing_only_goes_along_the_arrows(tries in acts()) {
        let ledger = Ledger::sqlite();
        tiers(&ledger);
        let keeper = holder(&ledger, 1, Role::Specialist, "C2");
        let bureau = holder(&ledger, 2, Role::Bureau, "C1");
        let who = somebody(&ledger, &keeper, "C2", "张三");
        let id = appoint(&ledger, &keeper, &wish(&ledger, &who, "C2", Role::Cdo, "2025-01-01")).filing;
        let mut state = State::Draft;
        let mut taken = 0;
        for (act, by_bureau) in tries {
            let viewer = if by_bureau { &bureau } else { &keeper };
            let arrow = steps::step(state, act);
            let done = step(&ledger, viewer, id, act, "因为");
            // The bureau keeps its level's people too; the department never answers.
            let allowed = arrow.is_some_and(|s| (s.by == Side::Filer || by_bureau) && act != Act::Keep);
            let own = arrow.is_some_and(|s| s.by == Side::Bureau) && {
                let row = filing::get(&mut ledger.conn(), &ledger.viewer, id).unwrap();
                row.submitter_id == viewer.account()
            };
            match done {
                Ok(row) => {
                    prop_assert!(allowed && !own, "{state:?} {act:?}");
                    state = arrow.unwrap().to;
                    prop_assert_eq!(row.state(), state);
                    taken += 1;
                }
                // A bureau does not see what was never submitted to it beyond its level; here it always sees.
                Err(Error::Conflict(_) | Error::Refused(_)) => {
                    prop_assert!(!allowed || own, "{state:?} {act:?} refused");
                }
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
        let steps = filing::history(&mut ledger.conn(), &ledger.viewer, id).unwrap();
        prop_assert_eq!(steps.len(), taken);
        for pair in steps.windows(2) {
            prop_assert_eq!(&pair[0].to_state, &pair[1].from_state);
        }
    }
}
