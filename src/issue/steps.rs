//! The way of an issue (对接难点问题), as a table: one line per arrow of the drawing, and nothing else judges.
//!
//! ```text
//! open ──move, answer▶ working ──propose▶ proposed ──confirm▶ closed
//!   └───propose─────────▲ ▲──────reject──────┘                  │
//!                       └────────────reopen─────────────────────┘
//! withdraw: from open, working, proposed; heal: the same, by the program when its cause is gone
//! escalate, hand_out, decide, reschedule: an open or working issue goes on working
//! ```

use serde::{Deserialize, Serialize};

use crate::words;

words! {
    /// Where an issue stands.
    State {
        /// Nobody has moved yet.
        Open = "open", "待办理";
        /// Being worked on.
        Working = "working", "办理中";
        /// Whoever owes says it is done, with proof.
        Proposed = "proposed", "待确认办结";
        /// Done, and agreed so.
        Closed = "closed", "已办结";
        /// Taken back by who raised it.
        Withdrawn = "withdrawn", "已撤回";
    }
}

words! {
    /// Whose move it is.
    Turn {
        /// Of the department that owes.
        Owed = "owed", "责任方";
        /// Of the department that raised it.
        Raised = "raised", "提出方";
        /// Of the bureau at its rung of the ladder.
        Handler = "handler", "协调方";
    }
}

words! {
    /// What may be done with an issue.
    Act {
        /// Say how far it is and pass it to the other side.
        Answer = "answer", "答复并转对方";
        /// Say how far it is and keep it.
        Progress = "progress", "记录进展";
        /// One rung up the ladder of disputes.
        Escalate = "escalate", "升级协调";
        /// The bureau hands it to a side.
        HandOut = "hand_out", "交办";
        /// The rung's decision is recorded.
        Decide = "decide", "记录决定";
        /// Another day it is due.
        Reschedule = "reschedule", "调整期限";
        /// Whoever owes says it is done.
        Propose = "propose", "提请办结";
        /// Who raised it does not agree that it is done.
        Reject = "reject", "不同意办结";
        /// Who raised it agrees that it is done.
        Confirm = "confirm", "确认办结";
        /// Who raised it takes it back.
        Withdraw = "withdraw", "撤回";
        /// Who raised it opens it again.
        Reopen = "reopen", "重新打开";
        /// The program closes what is gone.
        Heal = "heal", "自愈办结";
    }
}

impl State {
    /// Whether somebody still has to do something.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Withdrawn)
    }
}

impl Act {
    /// Whether it needs a word of why.
    #[must_use]
    pub fn needs_note(self) -> bool {
        !matches!(self, Self::Propose | Self::Confirm)
    }

    /// Whether it closes the issue.
    #[must_use]
    pub fn closes(self) -> bool {
        matches!(self, Self::Confirm | Self::Withdraw | Self::Heal)
    }
}

/// Whose act it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever has the move.
    Mover,
    /// One of the two departments, whoever has the move.
    Either,
    /// The department that owes.
    Owed,
    /// The department that raised it.
    Raised,
    /// The bureau at its rung.
    Handler,
    /// The program.
    Program,
}

/// Whose move it is after an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// As before.
    Same,
    /// The other department's; after the bureau, the one that owes.
    Other,
    /// Of this one.
    To(Turn),
    /// Of the department that is named.
    Named,
}

/// One arrow.
#[derive(Debug)]
pub struct Step {
    /// From any of these.
    pub from: &'static [State],
    /// By this act.
    pub act: Act,
    /// To this.
    pub to: State,
    /// By this side.
    pub by: By,
    /// Whose move it is then.
    pub then: Then,
}

const fn step(from: &'static [State], act: Act, to: State, by: By, then: Then) -> Step {
    Step {
        from,
        act,
        to,
        by,
        then,
    }
}

use State::{Closed, Open, Proposed, Withdrawn, Working};

const IN_HAND: &[State] = &[Open, Working];
const ANY_OPEN: &[State] = &[Open, Working, Proposed];

/// All arrows.
pub static STEPS: [Step; 12] = [
    step(IN_HAND, Act::Answer, Working, By::Mover, Then::Other),
    step(IN_HAND, Act::Progress, Working, By::Mover, Then::Same),
    step(IN_HAND, Act::Reschedule, Working, By::Mover, Then::Same),
    step(
        IN_HAND,
        Act::Escalate,
        Working,
        By::Either,
        Then::To(Turn::Handler),
    ),
    step(IN_HAND, Act::HandOut, Working, By::Handler, Then::Named),
    step(
        IN_HAND,
        Act::Decide,
        Working,
        By::Handler,
        Then::To(Turn::Owed),
    ),
    step(
        IN_HAND,
        Act::Propose,
        Proposed,
        By::Owed,
        Then::To(Turn::Raised),
    ),
    step(
        &[Proposed],
        Act::Reject,
        Working,
        By::Raised,
        Then::To(Turn::Owed),
    ),
    step(&[Proposed], Act::Confirm, Closed, By::Raised, Then::Same),
    step(ANY_OPEN, Act::Withdraw, Withdrawn, By::Raised, Then::Same),
    step(
        &[Closed],
        Act::Reopen,
        Working,
        By::Raised,
        Then::To(Turn::Owed),
    ),
    step(ANY_OPEN, Act::Heal, Closed, By::Program, Then::Same),
];

/// The arrow for an act, if there is one from here.
#[must_use]
pub fn find(from: State, act: Act) -> Option<&'static Step> {
    STEPS
        .iter()
        .find(|step| step.act == act && step.from.contains(&from))
}

/// The rungs of the ladder of disputes (政务数据共享条例 article 28), from the ground up.
pub const RUNGS: [(i32, &str); 4] = [
    (0, "双方协商"),
    (1, "同级数据管理部门协调"),
    (2, "共同上级数据管理部门协调"),
    (3, "本级人民政府决定"),
];

/// What people call a rung.
#[must_use]
pub fn rung_label(rung: i32) -> &'static str {
    let found = RUNGS.iter().find(|(number, _)| *number == rung);
    found.map_or("", |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_reached_and_every_open_one_has_a_way_out() {
        for state in State::ALL {
            let reached = STEPS.iter().any(|s| s.to == *state);
            assert!(*state == Open || reached, "{state:?} is never reached");
            let leaves = STEPS.iter().any(|s| s.from.contains(state));
            assert_eq!(leaves, *state != Withdrawn, "{state:?}");
            assert_eq!(State::from_word(state.word()), Some(*state));
        }
        for act in Act::ALL {
            assert_eq!(STEPS.iter().filter(|s| s.act == *act).count(), 1);
            assert_eq!(Act::from_word(act.word()), Some(*act));
        }
        for turn in Turn::ALL {
            assert_eq!(Turn::from_word(turn.word()), Some(*turn));
        }
    }

    #[test]
    fn nothing_is_done_but_by_who_raised_it_after_who_owes_said_so() {
        for step in STEPS
            .iter()
            .filter(|s| s.to == Closed && s.act != Act::Heal)
        {
            assert_eq!((step.by, step.from), (By::Raised, &[Proposed][..]));
        }
        for step in STEPS.iter().filter(|s| s.to == Proposed) {
            assert_eq!(step.by, By::Owed);
        }
    }
}
