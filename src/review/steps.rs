//! The way of a submission (送审), as a table: one line per arrow of the drawing, and nothing else judges.
//!
//! ```text
//! drafting ─submit▶ checking ─check▶ approving ─approve▶ submitted ─accept▶ form_check ─convene▶ joint_review
//!    ▲ └─send_back─────┘                │                                     │ return        │ return, pass,
//!    └─send_back────────────────────────┘                                     ▼               ▼ cut, reject, merge
//!                                                     returned ─submit▶ checking         (the same, without
//! withdraw: from drafting, checking, approving, submitted, returned                     joint review: decide)
//! ```

use serde::{Deserialize, Serialize};

use crate::register::lifecycle::Route;
use crate::words;

words! {
    /// Where a submission stands.
    State {
        /// Being filled.
        Drafting = "drafting", "填报中";
        /// With the department's specialist.
        Checking = "checking", "数据专员审核";
        /// With the department's CDO.
        Approving = "approving", "首席数据代表审定";
        /// Handed in to the bureau.
        Submitted = "submitted", "待受理";
        /// The bureau checks the form.
        FormCheck = "form_check", "形式审查";
        /// Opinions are gathered.
        JointReview = "joint_review", "联审评审";
        /// Sent back to the department.
        Returned = "returned", "退回补正";
        /// Taken back by the department.
        Withdrawn = "withdrawn", "已撤回";
        /// Approved.
        Passed = "passed", "通过";
        /// Approved with a cut.
        Cut = "cut", "核减通过";
        /// Refused.
        Rejected = "rejected", "不予通过";
        /// Merged into another.
        Merged = "merged", "并入";
    }
}

words! {
    /// What may be done with a submission.
    Act {
        /// Hand it to the specialist.
        Submit = "submit", "提交审核";
        /// The specialist agrees.
        Check = "check", "审核通过";
        /// Specialist or CDO send it back to whoever filled it.
        SendBack = "send_back", "退回填报";
        /// The CDO agrees: it goes to the bureau.
        Approve = "approve", "审定报送";
        /// The department takes it back.
        Withdraw = "withdraw", "撤回";
        /// The bureau takes it up.
        Accept = "accept", "受理";
        /// The bureau asks for opinions.
        Convene = "convene", "提交联审";
        /// The bureau sends it back to the department.
        Return = "return", "退回补正";
        /// The bureau approves.
        Pass = "pass", "通过";
        /// The bureau approves less than was asked for.
        Cut = "cut", "核减通过";
        /// The bureau refuses.
        Reject = "reject", "不予通过";
        /// The bureau merges it into another entry.
        Merge = "merge", "并入";
    }
}

impl State {
    /// Whether somebody still has to do something.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(
            self,
            Self::Withdrawn | Self::Passed | Self::Cut | Self::Rejected | Self::Merged
        )
    }

    /// Whether its department has it in hand.
    #[must_use]
    pub fn is_in_hand(self) -> bool {
        matches!(self, Self::Drafting | Self::Returned)
    }

    /// Whether the bureau has it.
    #[must_use]
    pub fn is_with_bureau(self) -> bool {
        matches!(self, Self::Submitted | Self::FormCheck | Self::JointReview)
    }

    /// Whether it ended in an approval.
    #[must_use]
    pub fn is_approval(self) -> bool {
        matches!(self, Self::Passed | Self::Cut)
    }
}

impl Act {
    /// Whether it needs a word of why.
    #[must_use]
    pub fn needs_opinion(self) -> bool {
        matches!(
            self,
            Self::SendBack | Self::Withdraw | Self::Return | Self::Reject | Self::Cut | Self::Merge
        )
    }

    /// Whether it decides.
    #[must_use]
    pub fn decides(self) -> bool {
        matches!(self, Self::Pass | Self::Cut | Self::Reject | Self::Merge)
    }

    /// Whether it says that all is well, so that no finding may be open.
    #[must_use]
    pub fn clears(self) -> bool {
        self.decides() || matches!(self, Self::Check | Self::Approve | Self::Convene)
    }
}

/// Whose act it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever fills for the department.
    Filler,
    /// The department's specialist, or its CDO in his place.
    Checker,
    /// The department's CDO.
    Approver,
    /// The bureau it was handed in to.
    Bureau,
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
    pub by: Side,
    /// On this route only.
    pub route: Option<Route>,
}

const fn step(from: &'static [State], act: Act, to: State, by: Side) -> Step {
    Step {
        from,
        act,
        to,
        by,
        route: None,
    }
}

const fn on(route: Route, from: &'static [State], act: Act, to: State) -> Step {
    Step {
        from,
        act,
        to,
        by: Side::Bureau,
        route: Some(route),
    }
}

use State::{Approving, Checking, Drafting, FormCheck, JointReview, Returned, Submitted};

/// All arrows.
pub static STEPS: [Step; 17] = [
    step(&[Drafting, Returned], Act::Submit, Checking, Side::Filler),
    step(&[Checking], Act::Check, Approving, Side::Checker),
    step(&[Checking], Act::SendBack, Drafting, Side::Checker),
    step(&[Approving], Act::SendBack, Drafting, Side::Approver),
    step(&[Approving], Act::Approve, Submitted, Side::Approver),
    step(
        &[Drafting, Checking, Approving, Submitted, Returned],
        Act::Withdraw,
        State::Withdrawn,
        Side::Filler,
    ),
    step(&[Submitted], Act::Accept, FormCheck, Side::Bureau),
    step(
        &[FormCheck, JointReview],
        Act::Return,
        Returned,
        Side::Bureau,
    ),
    on(Route::Joint, &[FormCheck], Act::Convene, JointReview),
    on(Route::Joint, &[JointReview], Act::Pass, State::Passed),
    on(Route::Joint, &[JointReview], Act::Cut, State::Cut),
    on(Route::Joint, &[JointReview], Act::Reject, State::Rejected),
    on(Route::Joint, &[JointReview], Act::Merge, State::Merged),
    on(Route::Bureau, &[FormCheck], Act::Pass, State::Passed),
    on(Route::Bureau, &[FormCheck], Act::Cut, State::Cut),
    on(Route::Bureau, &[FormCheck], Act::Reject, State::Rejected),
    on(Route::Bureau, &[FormCheck], Act::Merge, State::Merged),
];

/// The arrow for an act on a route, if there is one from here.
#[must_use]
pub fn find(route: Route, from: State, act: Act) -> Option<&'static Step> {
    STEPS.iter().find(|step| {
        step.act == act && step.from.contains(&from) && step.route.is_none_or(|r| r == route)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_reached_and_every_open_one_has_a_way_out() {
        for state in State::ALL {
            let reached = STEPS.iter().any(|s| s.to == *state);
            assert!(*state == Drafting || reached, "{state:?} is never reached");
            for route in [Route::Bureau, Route::Joint] {
                let leaves = Act::ALL
                    .iter()
                    .any(|act| find(route, *state, *act).is_some());
                assert_eq!(leaves, state.is_open(), "{state:?} on {route:?}");
            }
            assert_eq!(State::from_word(state.word()), Some(*state));
        }
        for act in Act::ALL {
            assert!(STEPS.iter().any(|s| s.act == *act), "{act:?} does nothing");
            assert_eq!(Act::from_word(act.word()), Some(*act));
        }
    }

    #[test]
    fn nothing_is_approved_but_by_the_bureau_after_the_departments_own_two() {
        for step in STEPS.iter().filter(|s| s.act.decides()) {
            assert_eq!(step.by, Side::Bureau);
            assert!(step.from.iter().all(|s| s.is_with_bureau()));
        }
        let into_the_bureau = STEPS
            .iter()
            .filter(|s| s.to.is_with_bureau() && s.from.iter().any(|f| !f.is_with_bureau()));
        for step in into_the_bureau {
            assert_eq!((step.act, step.by), (Act::Approve, Side::Approver));
        }
    }

    #[test]
    fn what_the_department_has_in_hand_is_what_the_ledger_lets_it_change() {
        let words: Vec<&str> = State::ALL
            .iter()
            .filter(|s| s.is_in_hand())
            .map(|s| s.word())
            .collect();
        assert_eq!(words, crate::ledger::held::IN_HAND);
    }
}
