//! The way of a filing (备案), as a table: one line per arrow of the drawing, and nothing else judges.
//!
//! ```text
//! draft ──submit──▶ submitted ──acknowledge──▶ acknowledged
//!   ▲                 │    ▲ └──return──▶ returned ──submit──▶ submitted
//!   │              withdraw└──submit── withdrawn
//!   └─ draft, returned and withdrawn may be cancelled (void); where there is no bureau above, kept
//! ```

use serde::{Deserialize, Serialize};

/// Where a filing stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[schema(as = FilingState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being written.
    Draft,
    /// With the bureau.
    Submitted,
    /// Sent back with a reason.
    Returned,
    /// Taken back by the department to correct it.
    Withdrawn,
    /// On the bureau's file.
    Acknowledged,
    /// On the department's own file: there is no bureau above it.
    Kept,
    /// Cancelled together with what it reported.
    Void,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Submitted,
        Self::Returned,
        Self::Withdrawn,
        Self::Acknowledged,
        Self::Kept,
        Self::Void,
    ];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
            Self::Acknowledged => "acknowledged",
            Self::Kept => "kept",
            Self::Void => "void",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Draft => "待提交",
            Self::Submitted => "待受理",
            Self::Returned => "已退回",
            Self::Withdrawn => "已撤回",
            Self::Acknowledged => "已备案",
            Self::Kept => "自行留存",
            Self::Void => "已作废",
        }
    }

    /// Whether somebody still has to do something.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Acknowledged | Self::Kept | Self::Void)
    }

    /// Whether the department has it in hand and its form follows the people.
    #[must_use]
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Returned | Self::Withdrawn)
    }
}

/// What may be done with a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FilingAct)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Send it to the bureau, the first time or again.
    Submit,
    /// Take it back before it is answered.
    Withdraw,
    /// Put it on file.
    Acknowledge,
    /// Send it back with a reason.
    Return,
    /// Keep it on the department's own file.
    Keep,
    /// Cancel it together with what it reports.
    Cancel,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Submit,
        Self::Withdraw,
        Self::Acknowledge,
        Self::Return,
        Self::Keep,
        Self::Cancel,
    ];

    /// The word for the API and the history.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Withdraw => "withdraw",
            Self::Acknowledge => "acknowledge",
            Self::Return => "return",
            Self::Keep => "keep",
            Self::Cancel => "cancel",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    /// The verb on the button and in the history.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Submit => "提交备案",
            Self::Withdraw => "撤回",
            Self::Acknowledge => "予以备案",
            Self::Return => "退回",
            Self::Keep => "自行留存",
            Self::Cancel => "作废",
        }
    }

    /// Whether it needs a word of why.
    #[must_use]
    pub fn needs_note(self) -> bool {
        matches!(self, Self::Return | Self::Withdraw | Self::Cancel)
    }
}

/// Whose act it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The department that files.
    Filer,
    /// The bureau it is addressed to.
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
}

use Act::{Acknowledge, Cancel, Keep, Return, Submit, Withdraw};
use State::{Acknowledged, Draft, Kept, Returned, Submitted, Void, Withdrawn};

/// In the department's hands.
const IN_HAND: &[State] = &[Draft, Returned, Withdrawn];

/// All arrows.
pub static STEPS: [Step; 6] = [
    Step {
        from: IN_HAND,
        act: Submit,
        to: Submitted,
        by: Side::Filer,
    },
    Step {
        from: &[Submitted],
        act: Withdraw,
        to: Withdrawn,
        by: Side::Filer,
    },
    Step {
        from: &[Submitted],
        act: Acknowledge,
        to: Acknowledged,
        by: Side::Bureau,
    },
    Step {
        from: &[Submitted],
        act: Return,
        to: Returned,
        by: Side::Bureau,
    },
    Step {
        from: IN_HAND,
        act: Keep,
        to: Kept,
        by: Side::Filer,
    },
    Step {
        from: IN_HAND,
        act: Cancel,
        to: Void,
        by: Side::Filer,
    },
];

/// The arrow for an act, if there is one from here.
#[must_use]
pub fn step(from: State, act: Act) -> Option<&'static Step> {
    STEPS
        .iter()
        .find(|step| step.act == act && step.from.contains(&from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_reached_and_every_open_one_has_a_way_out() {
        for state in State::ALL {
            assert!(
                state == Draft || STEPS.iter().any(|s| s.to == state),
                "{state:?} is never reached"
            );
            let leaves = STEPS.iter().any(|s| s.from.contains(&state));
            assert_eq!(leaves, state.is_open(), "{state:?}");
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        for act in Act::ALL {
            assert!(STEPS.iter().any(|s| s.act == act), "{act:?} does nothing");
            assert_eq!(Act::from_word(act.word()), Some(act));
        }
    }

    #[test]
    fn only_the_bureau_answers_and_only_what_was_submitted() {
        for step in &STEPS {
            let answers = matches!(step.act, Acknowledge | Return);
            assert_eq!(answers, step.by == Side::Bureau);
            assert_eq!(answers || step.act == Withdraw, step.from == [Submitted]);
        }
    }
}
