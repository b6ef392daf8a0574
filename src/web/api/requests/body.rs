//! How share requests look in the API.

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Viewer;
use crate::clock as time;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::sharing::request::clock::{Clock, Reckoner};
use crate::sharing::request::correction::{self, Correction, Note};
use crate::sharing::request::steps::{Act, Side, State, whose_move};
use crate::sharing::request::{self, Answered, Ground, Request, open};

/// A request.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareRequestBody {
    /// Number.
    pub id: i64,
    /// The number that people call it by.
    pub number: String,
    /// Code of the asking department.
    pub consumer: String,
    /// Code of the provider.
    pub provider: String,
    /// Name of the dataset.
    pub dataset_name: String,
    /// Code of its share attribute.
    pub share_attr: String,
    /// Where it stands.
    pub state: State,
    /// What people read for that.
    pub state_label: String,
    /// Whose move it is; none where nothing is owed.
    pub whose_move: Option<Side>,
    /// Counts its changes; the `ETag`.
    pub version: i64,
    /// When it was drafted, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub made_at: NaiveDateTime,
    /// When the provider received it, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub submitted_at: Option<NaiveDateTime>,
    /// The clock that is due first; the last one where none runs.
    pub clock: Option<Clock>,
}

impl ShareRequestBody {
    /// Some of them, in their order.
    pub fn all(conn: &mut Conn, ground: Ground<'_>, rows: &[Request]) -> Result<Vec<Self>> {
        let reckoner = Reckoner::new(conn, ground, time::today())?;
        let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
        let mut clocks = reckoner.of_requests(conn, &ids)?;
        Ok(rows
            .iter()
            .map(|row| Self::of(ground, row, clocks.remove(&row.id)))
            .collect())
    }

    fn of(ground: Ground<'_>, row: &Request, clock: Option<Clock>) -> Self {
        let code = |id: i64| {
            let found = ground.directory.get(id);
            found.map(|d| d.code.clone()).unwrap_or_default()
        };
        Self {
            id: row.id,
            number: row.number(),
            consumer: code(row.consumer_id),
            provider: code(row.provider_id),
            dataset_name: row.dataset_name.clone(),
            share_attr: row.share_attr.clone(),
            state: row.state(),
            state_label: row.state().label().to_owned(),
            whose_move: whose_move(row.state()),
            version: row.version,
            made_at: row.made_at,
            submitted_at: row.submitted_at,
            clock,
        }
    }
}

/// Some requests.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareRequestPage {
    /// Newest first.
    pub items: Vec<ShareRequestBody>,
    /// The cursor of the next answer; none at the end.
    pub next: Option<i64>,
}

/// What the provider has said.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareAnswerBody {
    /// When papers were asked for, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    papers_asked_at: Option<NaiveDateTime>,
    /// Everything that was missing.
    papers: String,
    /// What was handed in.
    supplement: String,
    /// `asked`, `consented`, `declined`, or empty.
    extension: String,
    /// Working days of the extension.
    extension_days: i32,
    /// Why.
    extension_reason: String,
    /// `agree`, `refuse`, or empty.
    verdict: String,
    /// The answer; for a refusal its reason.
    answer: String,
    /// The legal basis of a refusal.
    answer_basis: String,
    /// When it was given, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    answered_at: Option<NaiveDateTime>,
    /// When the data was supplied, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    supplied_at: Option<NaiveDateTime>,
}

impl From<Answered> for ShareAnswerBody {
    fn from(said: Answered) -> Self {
        Self {
            papers_asked_at: said.papers_asked_at,
            papers: said.papers,
            supplement: said.supplement,
            extension: said.ext_state,
            extension_days: said.ext_days,
            extension_reason: said.ext_reason,
            verdict: said.verdict,
            answer: said.answer,
            answer_basis: said.answer_basis,
            answered_at: said.answered_at,
            supplied_at: said.supplied_at,
        }
    }
}

/// A consultation (art. 27).
#[derive(Serialize, ToSchema)]
pub(super) struct ShareConsultationBody {
    /// `stop` or `change`.
    kind: String,
    /// The provider's statement.
    wish: String,
    /// `agree`, `object`, or empty.
    reply: String,
    /// The consumer's statement.
    reply_text: String,
    /// What the bureau said: `allow`, `keep`, or empty.
    word: String,
    /// In words.
    word_text: String,
    /// When it was filed, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    filed_at: Option<NaiveDateTime>,
    /// `dropped`, `kept`, `ended`, `changed`, or empty while open.
    outcome: String,
}

/// One act.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareTakenBody {
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// Word of the act.
    act: String,
    /// State before.
    from_state: String,
    /// State after.
    to_state: String,
    /// By whom.
    actor: String,
    /// What was said.
    note: String,
}

/// A correction request with what was said.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareCorrectionBody {
    /// The request.
    pub correction: Correction,
    /// What was said.
    pub notes: Vec<Note>,
}

/// A request with everything about it that you see.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareRequestDetail {
    /// The request.
    pub request: ShareRequestBody,
    /// The system that will use it.
    consumer_system: String,
    /// Which items.
    items: String,
    /// 使用依据.
    basis: String,
    /// 使用场景.
    scene: String,
    /// 使用范围.
    use_scope: String,
    /// Code of the mode.
    share_mode: String,
    /// 使用时限.
    valid_until: Option<NaiveDate>,
    /// Contact.
    contact: String,
    /// His telephone.
    contact_phone: String,
    /// Why, although the catalogue says 不予共享.
    argument: String,
    /// What is doubtful, but not forbidden.
    warnings: Vec<String>,
    /// All its clocks.
    clocks: Vec<Clock>,
    /// Whether the answer's clock stands still while papers are missing.
    pause_for_papers: bool,
    /// What the provider has said.
    answer: ShareAnswerBody,
    /// Consultations about stopping or changing.
    consultations: Vec<ShareConsultationBody>,
    /// Correction requests.
    corrections: Vec<ShareCorrectionBody>,
    /// Code of the link that it became.
    link_code: Option<String>,
    /// Number of the issue that it became.
    issue_id: Option<i64>,
    /// Why it ended.
    end_reason: String,
    /// What became of the data.
    disposal: String,
    /// What you may do with it now.
    acts: Vec<Act>,
    /// What was done, as far as you see it.
    history: Vec<ShareTakenBody>,
}

impl ShareRequestDetail {
    pub fn of(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, id: i64) -> Result<Self> {
        let row = request::get(conn, viewer, id)?;
        let reckoner = Reckoner::new(conn, ground, time::today())?;
        let warnings = open::dataset_of(conn, viewer, &row)?
            .map(|asked| open::warnings(ground, &row, &asked))
            .unwrap_or_default();
        let consultations = request::consultations(conn, id)?.into_iter();
        let history = request::history(conn, viewer, &row)?.into_iter();
        let corrections = correction::all(conn, viewer, id)?.into_iter();
        let shown = reckoner.of_requests(conn, &[id])?.remove(&id);
        Ok(Self {
            request: ShareRequestBody::of(ground, &row, shown),
            warnings,
            clocks: reckoner.of_request(conn, id)?,
            pause_for_papers: ground.rules.pause_for_papers,
            answer: request::answer(conn, viewer, &row)?.into(),
            consultations: consultations
                .map(|c| ShareConsultationBody {
                    kind: c.kind,
                    wish: c.wish,
                    reply: c.reply,
                    reply_text: c.reply_text,
                    word: c.word,
                    word_text: c.word_text,
                    filed_at: c.filed_at,
                    outcome: c.outcome,
                })
                .collect(),
            corrections: corrections
                .map(|(correction, notes)| ShareCorrectionBody { correction, notes })
                .collect(),
            acts: request::acts(conn, viewer, ground, id)?,
            history: history
                .map(|t| ShareTakenBody {
                    at: t.at,
                    act: t.act,
                    from_state: t.from_state,
                    to_state: t.to_state,
                    actor: t.actor,
                    note: t.note,
                })
                .collect(),
            consumer_system: row.consumer_system,
            items: row.items,
            basis: row.basis,
            scene: row.scene,
            use_scope: row.use_scope,
            share_mode: row.share_mode,
            valid_until: row.valid_until,
            contact: row.contact,
            contact_phone: row.contact_phone,
            argument: row.argument,
            link_code: row.link_code,
            issue_id: row.issue_id,
            end_reason: row.end_reason,
            disposal: row.disposal,
        })
    }
}
