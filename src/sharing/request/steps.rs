//! The way of a share request (共享申请), as a table: one line per arrow of the drawing, and nothing else judges.
//!
//! ```text
//! draft ─hand_in▶ internal ─approve▶ submitted ─ask_papers▶ papers_asked ─supplement▶ supplemented
//!   ▲                │                   │ draft_answer          │ (to agree)             │
//!   └───send_back────┘                   ▼◀──────────────────────┴────────────────────────┘
//!                   submitted ◀redo── answering ─agree▶ supplying ─supply▶ in_use ─finish▶ ended
//!                                        └─refuse▶ refused
//! in_use ─wish▶ consulting ─accept▶ consulted ─file▶ filed ─end▶ ended, or ─apply_change▶ in_use
//!                  └─object▶ disagreed ─allow▶ consulted, ─keep▶ in_use
//! withdraw: from draft to answering. drop_wish: from consulting, consulted, disagreed back to in_use.
//! ```

mod said;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident as $schema:ident { $($(#[$item:meta])* $variant:ident = $word:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[schema(as = $schema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$item])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for storage and the API.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }

            /// What people read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

words! {
    /// Where a request stands.
    State as ShareRequestState {
        /// Being written.
        Draft = "draft", "草拟";
        /// With the head of the asking department's sharing office (art. 20).
        Internal = "internal", "内部审批";
        /// Received by the provider.
        Submitted = "submitted", "待答复";
        /// The provider has told once what is missing (art. 21).
        PapersAsked = "papers_asked", "待补正";
        /// What was missing has been handed in.
        Supplemented = "supplemented", "已补正待答复";
        /// An answer is drafted and waits for the head of the provider's sharing office (art. 21).
        Answering = "answering", "答复待批";
        /// Agreed; the data is to be supplied (art. 22).
        Supplying = "supplying", "已同意待供数";
        /// In use.
        InUse = "in_use", "在用";
        /// The provider wishes to stop or change; the consumer is to reply (art. 27).
        Consulting = "consulting", "停止或变更协商中";
        /// The consumer objects.
        Disagreed = "disagreed", "协商不成";
        /// Settled; to be filed with the bureau.
        Consulted = "consulted", "已协商待备案";
        /// Filed with the bureau.
        Filed = "filed", "已备案";
        /// Ended.
        Ended = "ended", "已结束";
        /// Refused with a reason.
        Refused = "refused", "不同意共享";
        /// Taken back.
        Withdrawn = "withdrawn", "已撤回";
    }
}

words! {
    /// What may be done with a request.
    Act as ShareRequestAct {
        /// Hand the draft to the head of the sharing office.
        HandIn = "hand_in", "提交内部审批";
        /// The head sends it back.
        SendBack = "send_back", "退回修改";
        /// The head approves: it goes to the provider.
        Approve = "approve", "审批并发出申请";
        /// The consumer takes it back.
        Withdraw = "withdraw", "撤回申请";
        /// The provider tells, once, everything that is missing.
        AskPapers = "ask_papers", "一次性告知补正";
        /// The consumer hands in what was missing.
        Supplement = "supplement", "提交补正";
        /// The provider drafts the answer.
        DraftAnswer = "draft_answer", "拟定答复";
        /// The head sends the drafted answer back.
        Redo = "redo", "退回重拟";
        /// The head approves the answer: agreed.
        Agree = "agree", "批准: 同意共享";
        /// The head approves the answer: refused.
        Refuse = "refuse", "批准: 不同意共享";
        /// The provider applies for more time to answer.
        AskExtension = "ask_extension", "申请延期答复";
        /// The bureau consents to more time.
        Consent = "consent", "同意延期";
        /// The bureau declines more time.
        Decline = "decline", "不同意延期";
        /// The data is supplied.
        Supply = "supply", "已提供数据";
        /// The purpose is met; the consumer ends the use and disposes of the data.
        Finish = "finish", "使用完毕并处置数据";
        /// The provider wishes to stop or change.
        Wish = "wish", "提出停止或变更";
        /// The consumer agrees to it.
        Accept = "accept", "同意停止或变更";
        /// The consumer objects to it.
        Object = "object", "不同意停止或变更";
        /// The provider drops it.
        DropWish = "drop_wish", "撤回停止或变更";
        /// The bureau says that it may be stopped or changed.
        Allow = "allow", "协调: 可以停止或变更";
        /// The bureau says that it goes on.
        Keep = "keep", "协调: 继续提供";
        /// It is filed with the bureau.
        File = "file", "报主管部门备案";
        /// The bureau sends the filing back.
        ReturnFiling = "return_filing", "退回备案";
        /// The service is stopped.
        End = "end", "停止服务";
        /// The service is changed and goes on.
        ApplyChange = "apply_change", "变更服务";
        /// It becomes an issue (对接难点问题).
        Escalate = "escalate", "升级为难点问题";
    }
}

/// Whose act, or whose move, it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = ShareRequestSide)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Whoever works for the asking department.
    Consumer,
    /// The head of the asking department's sharing office.
    ConsumerHead,
    /// Whoever works for the provider.
    Provider,
    /// The head of the provider's sharing office.
    ProviderHead,
    /// The provider's bureau.
    Bureau,
    /// Specialist or CDO of either end.
    Either,
}

impl Side {
    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Consumer => "需求部门",
            Self::ConsumerHead => "需求部门工作机构负责人",
            Self::Provider => "提供部门",
            Self::ProviderHead => "提供部门工作机构负责人",
            Self::Bureau => "政务数据共享主管部门",
            Self::Either => "双方",
        }
    }
}

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
pub static STEPS: [Step; 26] = [
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

/// The arrow for an act, if there is one from here.
#[must_use]
pub fn find(from: State, act: Act) -> Option<&'static Step> {
    STEPS
        .iter()
        .find(|s| s.act == act && s.from.contains(&from))
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

impl State {
    /// Whether something can still happen to it.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Ended | Self::Refused | Self::Withdrawn)
    }

    /// Whether the consumer has not sent it yet.
    #[must_use]
    pub fn is_in_hand(self) -> bool {
        matches!(self, Self::Draft | Self::Internal)
    }

    /// Whether data is supplied.
    #[must_use]
    pub fn is_served(self) -> bool {
        matches!(
            self,
            Self::InUse | Self::Consulting | Self::Disagreed | Self::Consulted | Self::Filed
        )
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
