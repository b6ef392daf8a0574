//! Share requests as they are stored.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::steps::{Act, State};
use crate::clock as time;
use crate::db::schema::{share_acts, share_answers, share_consultations, share_requests};

/// A request as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = share_requests, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Request {
    /// Identity.
    pub id: i64,
    /// Who asks.
    pub consumer_id: i64,
    /// Who is asked.
    pub provider_id: i64,
    /// The provider's bureau; known once it was sent.
    pub bureau_id: Option<i64>,
    /// The dataset.
    pub dataset_id: i64,
    /// Its name as it was asked for.
    pub dataset_name: String,
    /// Code of its share attribute: as it stands while drafted, as it stood once sent.
    pub share_attr: String,
    /// The system that will use it.
    pub consumer_system: String,
    /// The same as an entry, where it is one.
    pub consumer_system_id: Option<i64>,
    /// Which items (信息项).
    pub items: String,
    /// 使用依据.
    pub basis: String,
    /// 使用场景.
    pub scene: String,
    /// 使用范围.
    pub use_scope: String,
    /// Code of the mode (共享方式).
    pub share_mode: String,
    /// 使用时限.
    pub valid_until: Option<NaiveDate>,
    /// Contact.
    pub contact: String,
    /// His telephone.
    pub contact_phone: String,
    /// Why, although the catalogue says 不予共享.
    pub argument: String,
    /// Word of the state.
    pub state: String,
    /// Whether something can still happen to it.
    pub open: bool,
    /// Counts its changes from 1.
    pub version: i64,
    /// When it was drafted, UTC.
    pub made_at: NaiveDateTime,
    /// By whom.
    pub made_by: String,
    /// By which account.
    pub maker_id: Option<i64>,
    /// When the provider received it, UTC.
    pub submitted_at: Option<NaiveDateTime>,
    /// Since when it stands in its state, UTC.
    pub state_since: NaiveDateTime,
    /// The link that it became.
    pub link_code: Option<String>,
    /// The issue that it became.
    pub issue_id: Option<i64>,
    /// When it ended, UTC.
    pub ended_at: Option<NaiveDateTime>,
    /// Why.
    pub end_reason: String,
    /// What became of the data.
    pub disposal: String,
}

impl Request {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Withdrawn)
    }

    /// The number that people call it by.
    #[must_use]
    pub fn number(&self) -> String {
        let year = time::day_of(self.made_at).format("%Y");
        format!("GX{year}{:06}", self.id)
    }
}

/// What the provider has said, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = share_answers, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(primary_key(request_id))]
pub struct Answered {
    /// The request.
    pub request_id: i64,
    /// When papers were asked for, UTC.
    pub papers_asked_at: Option<NaiveDateTime>,
    /// Everything that was missing.
    pub papers: String,
    /// When they were handed in, UTC.
    pub supplemented_at: Option<NaiveDateTime>,
    /// What was handed in.
    pub supplement: String,
    /// `asked`, `consented` or `declined`; empty when no extension was applied for.
    pub ext_state: String,
    /// By so many working days.
    pub ext_days: i32,
    /// Why.
    pub ext_reason: String,
    /// When, UTC.
    pub ext_asked_at: Option<NaiveDateTime>,
    /// When the bureau decided, UTC.
    pub ext_decided_at: Option<NaiveDateTime>,
    /// Who decided.
    pub ext_decided_by: String,
    /// What the bureau said.
    pub ext_note: String,
    /// `agree` or `refuse`; empty before an answer is drafted.
    pub verdict: String,
    /// The answer; for a refusal its reason.
    pub answer: String,
    /// The legal basis of a refusal.
    pub answer_basis: String,
    /// Who drafted it.
    pub drafter: String,
    /// By which account.
    pub drafter_id: Option<i64>,
    /// When it was given, UTC.
    pub answered_at: Option<NaiveDateTime>,
    /// Who approved it.
    pub answered_by: String,
    /// When the data was supplied, UTC.
    pub supplied_at: Option<NaiveDateTime>,
}

impl Answered {
    /// Papers were asked for and have not been handed in.
    #[must_use]
    pub fn lacks_papers(&self) -> bool {
        self.papers_asked_at.is_some() && self.supplemented_at.is_none()
    }
}

/// A consultation (art. 27), as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = share_consultations, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Consultation {
    /// Identity.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// `stop` or `change`.
    pub kind: String,
    /// The provider's statement.
    pub wish: String,
    /// When, UTC.
    pub wished_at: NaiveDateTime,
    /// By whom.
    pub wished_by: String,
    /// `agree` or `object`; empty before.
    pub reply: String,
    /// The consumer's statement.
    pub reply_text: String,
    /// When, UTC.
    pub replied_at: Option<NaiveDateTime>,
    /// By whom.
    pub replied_by: String,
    /// `allow` or `keep`; empty where the bureau said nothing.
    pub word: String,
    /// What the bureau said.
    pub word_text: String,
    /// When, UTC.
    pub word_at: Option<NaiveDateTime>,
    /// By whom.
    pub word_by: String,
    /// When it was filed, UTC.
    pub filed_at: Option<NaiveDateTime>,
    /// By whom.
    pub filed_by: String,
    /// `dropped`, `kept`, `ended` or `changed`; empty while open.
    pub outcome: String,
    /// When it was closed, UTC.
    pub closed_at: Option<NaiveDateTime>,
}

/// One act, as it was done.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_acts, treat_none_as_default_value = false)]
pub struct Taken {
    /// Identity.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// The request's version after it.
    pub version: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Word of the act; `open`, `edit`, `correction`, `use` and `merge` beside those of [`Act`].
    pub act: String,
    /// Word of the state before.
    pub from_state: String,
    /// Word of the state after.
    pub to_state: String,
    /// The account.
    pub account_id: Option<i64>,
    /// The name.
    pub actor: String,
    /// The person's own department.
    pub department_id: Option<i64>,
    /// What was said.
    pub note: String,
}

impl Taken {
    /// What people read for the act.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.act.as_str() {
            "open" => "草拟申请",
            "edit" => "修改申请",
            "correction" => "校核",
            "use" => "登记使用记录",
            "merge" => "机构合并",
            word => Act::from_word(word).map_or("办理", Act::label),
        }
    }
}
