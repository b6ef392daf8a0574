//! The states of a share request, what may be done with it, and by which side, each with its word and what people read.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::words;

words! {
    /// Where a request stands.
    #[derive(ToSchema)]
    #[schema(as = ShareRequestState)]
    State {
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
    #[derive(ToSchema)]
    #[schema(as = ShareRequestAct)]
    Act {
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
