//! Any order of acts by anybody: nobody leaves the drawing, and both ends see the same.

use one_ledger::auth::Viewer;
use one_ledger::error::Error;
use one_ledger::sharing::request::act::Wish;
use one_ledger::sharing::request::clock::{Clock, Kind, Reckoner};
use one_ledger::sharing::request::correction::{self, Act as Word};
use one_ledger::sharing::request::steps::{self, ANSWER_OWED, Act, State, whose_move};
use one_ledger::sharing::request::{acts, consultations, sees};
use proptest::prelude::*;

use super::Scene;
use crate::app::Ledger;

#[derive(Clone, Debug)]
enum Try {
    Act(Act, bool),
    Raise,
    Thread(usize, Word),
}

fn tries() -> impl Strategy<Value = Vec<(usize, Try)>> {
    let act = prop::sample::select(Act::ALL.to_vec());
    let word = prop::sample::select(vec![Word::Answer, Word::Confirm, Word::Reopen]);
    let one = prop_oneof![
        12 => (act, any::<bool>()).prop_map(|(a, b)| Try::Act(a, b)),
        1 => Just(Try::Raise),
        1 => (0..3_usize, word).prop_map(|(n, w)| Try::Thread(n, w)),
    ];
    prop::collection::vec((0..9_usize, one), 30..120)
}

struct Run<'s, 'l> {
    s: &'s Scene<'l>,
    id: i64,
}

impl Run<'_, '_> {
    fn who(&self, n: usize) -> &Viewer {
        let (s, h) = (self.s, &self.s.house);
        [
            &s.asker,
            &s.asker_head,
            &s.asker_cdo,
            &h.liaison,
            &h.specialist,
            &h.cdo,
            &h.bureau,
            &h.expert,
            &s.outside,
        ][n]
    }

    fn clocks(&self, who: &Viewer) -> Vec<Clock> {
        self.s.with(|g| {
            let conn = &mut self.s.ledger.conn();
            let reckoner = Reckoner::new(conn, g, one_ledger::clock::today()).unwrap();
            let all = reckoner.seen(conn, who, true).unwrap();
            all.into_iter().map(|(c, _)| c).collect()
        })
    }

    fn take(&self, who: &Viewer, what: &Try) -> Result<(), Error> {
        let (s, id) = (self.s, self.id);
        match what {
            Try::Act(act, flag) => {
                let before = s.stands(id);
                let wish = Wish {
                    verdict: if *flag { "agree" } else { "refuse" }.to_owned(),
                    basis: "《民法典》".to_owned(),
                    kind: if *flag { "stop" } else { "change" }.to_owned(),
                    ..s.doing(id, *act)
                };
                let offered = s.with(|g| acts(&mut s.ledger.conn(), who, g, id));
                let done = s.carry_out(who, &wish);
                match &done {
                    Ok(after) => {
                        let arrow = steps::ways(before.state(), *act)
                            .any(|s| after.state() == s.to.unwrap_or(before.state()));
                        assert!(arrow, "{act:?} is done only by an arrow");
                        assert!(offered.unwrap().contains(act), "{act:?} was not offered");
                    }
                    Err(Error::Refused(_)) => assert!(!offered.unwrap().contains(act)),
                    Err(_) => assert_eq!(s.stands(id), before, "nothing happened"),
                }
                done.map(drop)
            }
            Try::Raise => {
                s.with(|g| correction::raise(&mut s.ledger.conn(), who, g, id, "有误").map(drop))
            }
            Try::Thread(n, word) => {
                let conn = &mut s.ledger.conn();
                let all = correction::all(conn, &s.ledger.viewer, id).unwrap();
                let Some((c, _)) = all.get(*n) else {
                    return Ok(());
                };
                let which = (id, c.id, c.version);
                s.with(|g| correction::act(conn, who, g, which, (*word, "说明")).map(drop))
            }
        }
    }

    fn holds(&self) {
        let s = self.s;
        let row = s.stands(self.id);
        let state = row.state();
        assert_eq!(row.open, state.is_open());
        let sent = row.submitted_at.is_some();
        assert!(
            sent || state.is_in_hand() || state == State::Withdrawn,
            "{row:?}"
        );
        let h = &s.house;
        assert!(sees(&s.asker, &row) && !sees(&s.outside, &row) && !sees(&h.expert, &row));
        assert_eq!(sees(&h.liaison, &row), sent);
        // Both ends see the same request, and the same clocks.
        let (mine, theirs) = (self.clocks(&s.asker), self.clocks(&h.liaison));
        assert_eq!(mine, theirs);
        if sent {
            assert_eq!(
                s.get(&s.asker, row.id).unwrap(),
                s.get(&h.cdo, row.id).unwrap()
            );
        }
        let runs = |kind| mine.iter().filter(|c| c.kind == kind).count();
        assert_eq!(
            runs(Kind::Answer),
            usize::from(ANSWER_OWED.contains(&state)),
            "{state:?}"
        );
        assert_eq!(
            runs(Kind::Supply),
            usize::from(state == State::Supplying),
            "{state:?}"
        );
        assert!(mine.is_empty() || whose_move(state).is_some() || runs(Kind::Correction) > 0);
        let calendar = one_ledger::calendar::WorkCalendar::shipped();
        for clock in &mine {
            assert!(
                clock.due_on.is_some_and(|d| calendar.is_working(d)),
                "{clock:?}"
            );
        }
        let agreed = state == State::Supplying || state.is_served();
        assert_eq!(row.link_code.is_some(), agreed || state == State::Ended);
        if let Some(code) = &row.link_code {
            let is_over = h.status("sharing_link", code) == "ended";
            assert_eq!(is_over, state == State::Ended);
        }
        let said = consultations(&mut s.ledger.conn(), row.id).unwrap();
        let open = said.iter().filter(|c| c.outcome.is_empty()).count();
        let consults = matches!(
            state,
            State::Consulting | State::Disagreed | State::Consulted | State::Filed
        );
        assert_eq!(open, usize::from(consults), "{state:?}");
        assert!(
            said.iter()
                .filter(|c| c.outcome == "ended")
                .all(|c| c.filed_at.is_some() || !row.disposal.is_empty())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::with_cases(8 * crate::properties::soak()) })]

    #[test]
    fn no_order_of_acts_leaves_the_drawing(tries in tries(), deep in any::<bool>()) {
        let ledger = Ledger::sqlite();
        let s = Scene::new(&ledger);
        let id = if deep { s.in_use() } else {
            let dataset = s.dataset("学籍信息", "有条件共享");
            s.draft(&s.asker, &Scene::wish(&dataset)).unwrap().id
        };
        let run = Run { s: &s, id };
        for (who, what) in tries {
            let who = run.who(who).clone();
            match run.take(&who, &what) {
                Ok(()) | Err(
                    Error::Refused(_) | Error::Conflict(_) | Error::NotFound(_) | Error::Invalid(_) | Error::Stale(_),
                ) => {}
                Err(other) => prop_assert!(false, "{what:?}: {other:?}"),
            }
            run.holds();
        }
    }
}
