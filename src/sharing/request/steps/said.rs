//! What an act has to say, and by which article it is done.

use super::Act;

impl Act {
    /// What has to be said with it; empty where nothing has to be.
    #[must_use]
    pub fn note_label(self) -> &'static str {
        match self {
            Self::SendBack | Self::Redo | Self::ReturnFiling => "退回原因",
            Self::Withdraw => "撤回原因",
            Self::AskPapers => "需要补正的全部材料",
            Self::Supplement => "补正情况",
            Self::AskExtension => "延期理由",
            Self::Decline => "不同意的理由",
            Self::Finish => "结束原因",
            Self::Wish => "停止或变更的理由",
            Self::Object => "不同意的理由",
            Self::Allow | Self::Keep => "协调意见",
            Self::File => "备案说明",
            Self::ApplyChange => "变更内容",
            Self::Escalate => "难点问题",
            _ => "",
        }
    }

    /// The article it is done by.
    #[must_use]
    pub fn article(self) -> &'static str {
        match self {
            Self::HandIn | Self::SendBack | Self::Approve | Self::Withdraw => "第二十条",
            Self::AskPapers
            | Self::Supplement
            | Self::DraftAnswer
            | Self::Redo
            | Self::Agree
            | Self::Refuse
            | Self::AskExtension
            | Self::Consent
            | Self::Decline => "第二十一条",
            Self::Supply => "第二十二条",
            Self::Finish
            | Self::Wish
            | Self::Accept
            | Self::Object
            | Self::DropWish
            | Self::File
            | Self::ReturnFiling
            | Self::End
            | Self::ApplyChange => "第二十七条",
            Self::Allow | Self::Keep | Self::Escalate => "第二十八条",
        }
    }
}
