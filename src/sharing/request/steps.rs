//! The way of a share request (共享申请), as a table: one line per arrow of the drawing, and nothing else judges.
//!
//! ```text
//! draft ─hand_in▶ internal ─approve▶ submitted ─ask_papers▶ papers_asked ─supplement▶ supplemented
//!   ▲                │                   │ draft_answer          │ (to agree)             │
//!   └───send_back────┘                   ▼◀──────────────────────┴────────────────────────┘
//!                   submitted ◀redo── answering ─agree▶ supplying ─supply▶ in_use ─finish▶ ended
//!    (papers missing) papers_asked ◀────┘    └─refuse▶ refused
//! in_use ─wish▶ consulting ─accept▶ consulted ─file▶ filed ─end▶ ended, or ─apply_change▶ in_use
//!                  └─object▶ disagreed ─allow▶ consulted, ─keep▶ in_use
//! withdraw: from draft to answering. drop_wish: from consulting, consulted, disagreed back to in_use.
//! ```

mod named;
mod said;

pub use named::{Act, Side, State};

/// One arrow.
#[derive(Debug)]
pub struct Step {
    /// From any of these.
    pub from: &'static [State],
    /// By this act.
    pub act: Act,
    /// To this; none: it stays where it is.
    pub to: Option<State>,
    /// By this side.
    pub by: Side,
}

const fn step(from: &'static [State], act: Act, to: State, by: Side) -> Step {
    Step {
        from,
        act,
        to: Some(to),
        by,
    }
}

const fn stay(from: &'static [State], act: Act, by: Side) -> Step {
    Step {
        from,
        act,
        to: None,
        by,
    }
}

use State as S;

/// The provider owes an answer.
pub const ANSWER_OWED: &[State] = &[S::Submitted, S::PapersAsked, S::Supplemented, S::Answering];

/// All arrows.
pub static STEPS: [Step; 27] = [
    step(&[S::Draft], Act::HandIn, S::Internal, Side::Consumer),
    step(&[S::Internal], Act::SendBack, S::Draft, Side::ConsumerHead),
    step(
        &[S::Internal],
        Act::Approve,
        S::Submitted,
        Side::ConsumerHead,
    ),
    step(
        &[
            S::Draft,
            S::Internal,
            S::Submitted,
            S::PapersAsked,
            S::Supplemented,
            S::Answering,
            S::Supplying,
        ],
        Act::Withdraw,
        S::Withdrawn,
        Side::Consumer,
    ),
    step(
        &[S::Submitted, S::Supplemented],
        Act::AskPapers,
        S::PapersAsked,
        Side::Provider,
    ),
    step(
        &[S::PapersAsked],
        Act::Supplement,
        S::Supplemented,
        Side::Consumer,
    ),
    step(
        &[S::Submitted, S::PapersAsked, S::Supplemented],
        Act::DraftAnswer,
        S::Answering,
        Side::Provider,
    ),
    step(&[S::Answering], Act::Redo, S::Submitted, Side::ProviderHead),
    // Drafted while papers were missing: the consumer may still hand them in, and there is no refusing before.
    step(
        &[S::Answering],
        Act::Redo,
        S::PapersAsked,
        Side::ProviderHead,
    ),
    step(
        &[S::Answering],
        Act::Agree,
        S::Supplying,
        Side::ProviderHead,
    ),
    step(&[S::Answering], Act::Refuse, S::Refused, Side::ProviderHead),
    stay(ANSWER_OWED, Act::AskExtension, Side::Provider),
    stay(ANSWER_OWED, Act::Consent, Side::Bureau),
    stay(ANSWER_OWED, Act::Decline, Side::Bureau),
    step(&[S::Supplying], Act::Supply, S::InUse, Side::Provider),
    step(
        &[
            S::InUse,
            S::Consulting,
            S::Disagreed,
            S::Consulted,
            S::Filed,
        ],
        Act::Finish,
        S::Ended,
        Side::Consumer,
    ),
    step(
        &[S::InUse, S::Disagreed],
        Act::Wish,
        S::Consulting,
        Side::Provider,
    ),
    step(&[S::Consulting], Act::Accept, S::Consulted, Side::Consumer),
    step(&[S::Consulting], Act::Object, S::Disagreed, Side::Consumer),
    step(
        &[S::Consulting, S::Disagreed, S::Consulted],
        Act::DropWish,
        S::InUse,
        Side::Provider,
    ),
    step(&[S::Disagreed], Act::Allow, S::Consulted, Side::Bureau),
    step(&[S::Disagreed], Act::Keep, S::InUse, Side::Bureau),
    step(&[S::Consulted], Act::File, S::Filed, Side::ProviderHead),
    step(&[S::Filed], Act::ReturnFiling, S::Consulted, Side::Bureau),
    step(&[S::Filed], Act::End, S::Ended, Side::Provider),
    step(&[S::Filed], Act::ApplyChange, S::InUse, Side::Provider),
    stay(
        &[
            S::Submitted,
            S::PapersAsked,
            S::Supplemented,
            S::Answering,
            S::Refused,
            S::Supplying,
            S::InUse,
            S::Consulting,
            S::Disagreed,
            S::Consulted,
        ],
        Act::Escalate,
        Side::Either,
    ),
];

/// The arrows for an act from here: one, or none; of sending an answer back, which of two is for the papers to say.
pub fn ways(from: State, act: Act) -> impl Iterator<Item = &'static Step> {
    STEPS
        .iter()
        .filter(move |s| s.act == act && s.from.contains(&from))
}

/// Whose move it is: the same for whoever looks. None where nothing is owed.
#[must_use]
pub fn whose_move(state: State) -> Option<Side> {
    match state {
        S::Draft | S::PapersAsked | S::Consulting => Some(Side::Consumer),
        S::Internal => Some(Side::ConsumerHead),
        S::Submitted | S::Supplemented | S::Supplying | S::Filed => Some(Side::Provider),
        S::Answering | S::Consulted => Some(Side::ProviderHead),
        S::Disagreed => Some(Side::Bureau),
        S::InUse | S::Ended | S::Refused | S::Withdrawn => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_reached_and_every_open_one_has_a_way_out() {
        for state in State::ALL {
            let reached = STEPS.iter().any(|s| s.to == Some(*state));
            assert!(*state == S::Draft || reached, "{state:?} is never reached");
            let leaves = STEPS
                .iter()
                .any(|s| s.from.contains(state) && s.to.is_some());
            assert_eq!(leaves, state.is_open(), "{state:?}");
            assert_eq!(State::from_word(state.word()), Some(*state));
        }
        for act in Act::ALL {
            assert!(STEPS.iter().any(|s| s.act == *act), "{act:?} does nothing");
            assert_eq!(Act::from_word(act.word()), Some(*act));
        }
    }

    #[test]
    fn whose_move_it_is_has_something_to_do() {
        for state in State::ALL {
            let Some(side) = whose_move(*state) else {
                continue;
            };
            let able = STEPS
                .iter()
                .any(|s| s.by == side && s.from.contains(state) && s.to.is_some());
            assert!(able, "{side:?} is said to move from {state:?}, and cannot");
        }
    }

    #[test]
    fn nothing_served_ends_by_the_provider_without_consultation_and_filing() {
        for step in STEPS
            .iter()
            .filter(|s| s.to == Some(S::Ended) && s.by != Side::Consumer)
        {
            assert_eq!(step.from, [S::Filed]);
        }
        let into: Vec<&Step> = STEPS.iter().filter(|s| s.to == Some(S::Filed)).collect();
        assert!(into.iter().all(|s| s.from == [S::Consulted]));
        let settled = STEPS.iter().filter(|s| s.to == Some(S::Consulted));
        for step in settled.filter(|s| s.act != Act::ReturnFiling) {
            assert!(matches!(step.by, Side::Consumer | Side::Bureau), "{step:?}");
        }
    }

    #[test]
    fn only_an_answer_that_is_sent_back_has_two_ways() {
        for state in State::ALL {
            for act in Act::ALL {
                let most = if *act == Act::Redo { 2 } else { 1 };
                assert!(ways(*state, *act).count() <= most, "{act:?} from {state:?}");
            }
        }
    }

    #[test]
    fn the_provider_answers_and_nobody_for_it() {
        for step in STEPS
            .iter()
            .filter(|s| matches!(s.act, Act::Agree | Act::Refuse))
        {
            assert_eq!(
                (step.from, step.by),
                (&[S::Answering][..], Side::ProviderHead)
            );
        }
        let sent: Vec<&Step> = STEPS
            .iter()
            .filter(|s| {
                s.to.is_some_and(|to| !to.is_in_hand()) && s.from.iter().any(|f| f.is_in_hand())
            })
            .filter(|s| s.act != Act::Withdraw)
            .collect();
        assert_eq!(sent.len(), 1);
        assert_eq!(
            (sent[0].act, sent[0].by),
            (Act::Approve, Side::ConsumerHead)
        );
    }
}
