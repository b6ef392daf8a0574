//! What campaigns look like in answers.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Viewer;
use crate::campaign::answer::Answer;
use crate::campaign::board::{Line, Standing};
use crate::campaign::close::{Compared, Verified};
use crate::campaign::list::Item;
use crate::campaign::{self, Campaign};
use crate::db::connection::Conn;
use crate::error::Result;
use crate::review::Ground;
use crate::review::paper;

/// A campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(super) struct CampaignBody {
    /// Identity.
    id: i64,
    /// What it is called.
    title: String,
    /// The year it is about.
    year: i32,
    /// The paper that orders it.
    basis: String,
    /// Code of the bureau that runs it.
    bureau: String,
    /// Keys of the registers.
    registers: Vec<String>,
    /// Keys of the fields to confirm, by register.
    fields: BTreeMap<String, Vec<String>>,
    /// The day whose versions of the gates count.
    gates_on: Option<NaiveDate>,
    /// The last day on which it is in time.
    due_on: NaiveDate,
    /// That day reaches a year whose days are not published, so it may move.
    provisional: bool,
    /// `open` or `closed`.
    state: String,
    /// Counts its changes.
    pub(super) version: i64,
    /// When it was opened, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    opened_at: NaiveDateTime,
    /// By whom.
    opened_by: String,
    /// The last change set before it was opened.
    opened_seq: i64,
    /// When it was closed, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    closed_at: Option<NaiveDateTime>,
    /// By whom.
    closed_by: Option<String>,
    /// The last change set that counts.
    closed_seq: Option<i64>,
    /// How many entries were frozen.
    entries: Option<i64>,
    /// SM3 over the departments' digests.
    digest: Option<String>,
    /// Why it was closed although something was open.
    forced: Option<String>,
}

impl CampaignBody {
    pub(super) fn of(conn: &mut Conn, ground: Ground<'_>, c: &Campaign) -> Result<Self> {
        let due = c.due(conn)?;
        let bureau = ground.directory.get(c.bureau_id);
        Ok(Self {
            id: c.id,
            title: c.title.clone(),
            year: c.year,
            basis: c.basis.clone(),
            bureau: bureau.map(|d| d.code.clone()).unwrap_or_default(),
            registers: c.registers(),
            fields: c.fields(),
            gates_on: c.gates_on,
            due_on: due.date,
            provisional: due.provisional,
            state: c.state.clone(),
            version: c.version,
            opened_at: c.opened_at,
            opened_by: c.opened_by.clone(),
            opened_seq: c.opened_seq,
            closed_at: c.closed_at,
            closed_by: c.closed_by.clone(),
            closed_seq: c.closed_seq,
            entries: c.entries,
            digest: c.digest.clone(),
            forced: c.forced.clone(),
        })
    }
}

/// A department on the board.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignLine)]
pub(super) struct LineBody {
    /// Its code.
    department: String,
    /// Its name.
    name: String,
    /// How far it is.
    standing: Standing,
    /// The day has passed and something is still expected.
    late: bool,
    /// Entries on its list.
    total: usize,
    /// Those that need an answer.
    open: usize,
    /// Those with an answer that counts, by answer.
    answers: BTreeMap<&'static str, usize>,
    /// Those that changed after they were answered for.
    changed: usize,
    /// Those said to be another's, which wait for the bureau.
    questions: usize,
    /// Entries taken out of the ledger since the campaign was opened.
    removed: usize,
    /// It declared that it has nothing.
    attested_none: bool,
    /// Version of its part: what handing in names in `If-Match`.
    version: i64,
    /// When it was handed in last, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    submitted_at: Option<NaiveDateTime>,
    /// By whom.
    submitted_by: Option<String>,
    /// How it ended: `complete`, `incomplete` or `gone`.
    outcome: Option<String>,
    /// SM3 of its frozen entries.
    digest: Option<String>,
    /// Check code of its certificate.
    code: Option<String>,
}

impl From<&Line> for LineBody {
    fn from(line: &Line) -> Self {
        Self {
            department: line.code.clone(),
            name: line.name.clone(),
            standing: line.standing,
            late: line.late,
            total: line.total,
            open: line.open(),
            answers: Answer::ALL
                .into_iter()
                .map(|a| (a.word(), line.count(a)))
                .collect(),
            changed: line.changed,
            questions: line.questions,
            removed: line.removed,
            attested_none: line.part.attested_none,
            version: line.part.version,
            submitted_at: line.part.submitted_at,
            submitted_by: line.part.submitted_by.clone(),
            outcome: line.part.outcome.clone(),
            digest: line.part.digest.clone(),
            code: line.part.code.as_deref().map(paper::grouped),
        }
    }
}

/// A campaign with its board.
#[derive(Serialize, ToSchema)]
pub(super) struct CampaignDetail {
    /// The campaign.
    pub(super) campaign: CampaignBody,
    /// Whether you run it.
    runs: bool,
    /// The departments that you see.
    departments: Vec<LineBody>,
}

impl CampaignDetail {
    pub(super) fn of(
        conn: &mut Conn,
        viewer: &Viewer,
        ground: Ground<'_>,
        found: &Campaign,
        lines: &[Line],
    ) -> Result<Self> {
        Ok(Self {
            campaign: CampaignBody::of(conn, ground, found)?,
            runs: campaign::runs(viewer, found),
            departments: lines.iter().map(LineBody::from).collect(),
        })
    }
}

/// An entry of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignEntry)]
pub(super) struct ItemBody {
    /// Register key.
    register: String,
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Code of the owning department.
    department: String,
    /// Version of the entry: what an answer names.
    revision: i32,
    /// Version of its answer: what an answer names; 0 when there is none.
    version: i64,
    /// What was said of it last.
    answer: Option<Answer>,
    /// Whether that counts for the entry as it stands.
    counts: bool,
    /// What was said with it.
    note: String,
    /// Code of the department it is said to belong to.
    to: Option<String>,
    /// What the bureau did with “not ours”: `moved`, `returned`, or nothing yet.
    reply: String,
    /// What it said.
    reply_note: String,
    /// It changed, or was made, since the campaign was opened.
    moved: bool,
    /// It is out of use.
    retired: bool,
    /// What it lacks, in words.
    missing: Vec<String>,
}

impl ItemBody {
    pub(super) fn of(ground: Ground<'_>, item: &Item) -> Self {
        let code = |id: i64| ground.directory.get(id).map(|d| d.code.clone());
        let kept = item.kept.as_ref();
        let text = |of: fn(&campaign::Kept) -> &String| kept.map(of).cloned().unwrap_or_default();
        Self {
            register: item.row.register.clone(),
            code: item.row.code.clone(),
            name: item.row.name.clone(),
            department: code(item.row.department_id).unwrap_or_default(),
            revision: item.row.revision,
            version: item.version(),
            answer: kept.and_then(|k| Answer::from_word(&k.answer)),
            counts: item.counts,
            note: text(|k| &k.note),
            to: kept.and_then(|k| k.to_department_id).and_then(code),
            reply: text(|k| &k.reply),
            reply_note: text(|k| &k.reply_note),
            moved: item.moved,
            retired: item.retired,
            missing: item.missing.clone(),
        }
    }
}

/// Some entries of a campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignEntryPage)]
pub(super) struct EntryPage {
    /// In the order of their making.
    pub(super) items: Vec<ItemBody>,
    /// The cursor of the next answer; none at the end.
    pub(super) next: Option<i64>,
}

/// A department's digests.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignCompared)]
struct ComparedBody {
    /// Its code.
    department: String,
    /// Its name.
    name: String,
    /// How many entries were frozen.
    entries: i64,
    /// The digest that was frozen.
    frozen: String,
    /// The digest that comes out now.
    now: String,
    /// Whether they are the same.
    equal: bool,
}

impl From<Compared> for ComparedBody {
    fn from(c: Compared) -> Self {
        Self {
            equal: c.equal(),
            department: c.code,
            name: c.name,
            entries: c.entries,
            frozen: c.frozen,
            now: c.now,
        }
    }
}

/// What verifying found.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignVerification)]
pub(super) struct VerificationBody {
    /// Everything is as it was frozen.
    equal: bool,
    /// The change set as of which it was reckoned.
    seq: i64,
    /// Whether the chain still has the hash there that it had.
    chain: bool,
    /// The digest over all departments that was frozen.
    frozen: String,
    /// The one that comes out now.
    now: String,
    /// The departments that you see.
    departments: Vec<ComparedBody>,
}

impl From<Verified> for VerificationBody {
    fn from(v: Verified) -> Self {
        Self {
            equal: v.equal(),
            seq: v.seq,
            chain: v.chain,
            frozen: v.frozen,
            now: v.now,
            departments: v.departments.into_iter().map(Into::into).collect(),
        }
    }
}
