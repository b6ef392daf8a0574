//! What issues look like in answers.

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::almanac;
use crate::auth::Viewer;
use crate::calendar::WorkCalendar;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::issue::shown::{self, Shown};
use crate::issue::steps::{Act, State, Turn};
use crate::issue::summary::{Figures, Line};
use crate::issue::{self, Ground, Issue, Taken};

/// An issue.
#[derive(Serialize, ToSchema)]
#[schema(as = Issue)]
pub(super) struct IssueBody {
    /// Identity.
    id: i64,
    /// 难点编号.
    number: String,
    /// A code of the list `issue_kind`.
    kind: String,
    /// What it is, in a line.
    title: String,
    /// Code of the department that raised it.
    raised_by: String,
    /// Code of the department that owes.
    owed_by: String,
    /// Whether the program found it.
    found: bool,
    /// `open`, `working`, `proposed`, `closed` or `withdrawn`.
    state: &'static str,
    /// Whether somebody still has to do something.
    open: bool,
    /// The rung of the ladder of disputes (政务数据共享条例 article 28): 0 to 3.
    rung: i32,
    /// Code of the bureau that has it in hand at its rung.
    handler: Option<String>,
    /// Whose move it is: `owed`, `raised` or `handler`; none once it is closed.
    turn: Option<&'static str>,
    /// Code of the department whose move it is.
    mover: Option<String>,
    /// The day it is due.
    due_on: NaiveDate,
    /// That day lies in a year whose calendar is not published.
    provisional: bool,
    /// It is open, and the day is past.
    overdue: bool,
    /// Working days since it was first opened.
    age: u32,
    /// When it was first opened, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    opened_at: NaiveDateTime,
    /// By whom.
    opened_by: String,
    /// When it was closed, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    closed_at: Option<NaiveDateTime>,
    /// How it was closed: `confirm`, `withdraw` or `heal`; empty while it is open.
    outcome: String,
    /// How often it was opened again.
    reopened: i32,
    /// Version, as in the `ETag`.
    pub(super) version: i64,
}

impl IssueBody {
    pub(super) fn of(ground: Ground<'_>, calendar: &WorkCalendar, row: &Issue) -> Self {
        let code = |id: i64| ground.directory.get(id).map(|d| d.code.clone());
        let today = clock::today();
        let due = row.due(calendar);
        Self {
            id: row.id,
            number: row.number(),
            kind: row.kind.clone(),
            title: row.title.clone(),
            raised_by: code(row.raised_by).unwrap_or_default(),
            owed_by: code(row.owed_by).unwrap_or_default(),
            found: row.is_found(),
            state: row.state().word(),
            open: row.open,
            rung: row.rung,
            handler: row.handler_id.and_then(code),
            turn: row.open.then(|| row.turn().word()),
            mover: row.mover().and_then(code),
            due_on: due.date,
            provisional: due.provisional,
            overdue: row.open && due.date < today,
            age: row.age(calendar, today),
            opened_at: row.opened_at,
            opened_by: row.opened_by.clone(),
            closed_at: row.closed_at,
            outcome: row.outcome.clone(),
            reopened: row.reopened,
            version: row.version,
        }
    }
}

/// Some issues.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuePage {
    /// The most urgent first; of `ended` and `all`, the newest.
    pub(super) items: Vec<IssueBody>,
    /// The cursor of the next answer; none at the end.
    pub(super) next: Option<String>,
}

/// An entry that an issue is about.
#[derive(Serialize, ToSchema)]
struct IssueEntry {
    /// Register key.
    register: String,
    /// Code.
    code: String,
    /// Name.
    name: String,
}

/// One step that was taken.
#[derive(Serialize, ToSchema)]
struct IssueStep {
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: NaiveDateTime,
    /// What was done.
    act: String,
    /// The state after.
    state: String,
    /// The rung after.
    rung: i32,
    /// Whose move it was then.
    turn: String,
    /// By whom.
    actor: String,
    /// What was said.
    note: String,
}

impl From<Taken> for IssueStep {
    fn from(t: Taken) -> Self {
        Self {
            at: t.at,
            act: t.act,
            state: t.to_state,
            rung: t.rung,
            turn: t.turn,
            actor: t.actor,
            note: t.note,
        }
    }
}

/// The decision of a rung.
#[derive(Serialize, ToSchema)]
struct IssueDecision {
    /// The rung.
    rung: i32,
    /// What was decided.
    text: String,
    /// Number of the paper.
    number: String,
    /// The day of the paper.
    on: NaiveDate,
}

/// One issue with its way.
#[derive(Serialize, ToSchema)]
pub(super) struct IssueDetail {
    /// The issue.
    pub(super) issue: IssueBody,
    /// What it is.
    text: String,
    /// 首席数据代表 of the department that raised it.
    raised_cdo: Option<String>,
    /// 首席数据代表 of the department that owes.
    owed_cdo: Option<String>,
    /// The entries it is about, of those that you see.
    entries: Vec<IssueEntry>,
    /// How many entries there are besides.
    entries_hidden: usize,
    /// What was decided at its rung.
    decision: Option<IssueDecision>,
    /// What shows at present that it is settled; what it was closed with, once it is closed.
    proof: Vec<Shown>,
    /// The steps it has taken.
    steps: Vec<IssueStep>,
    /// What you may do with it now.
    acts: Vec<&'static str>,
}

impl IssueDetail {
    pub(super) fn of(
        conn: &mut Conn,
        viewer: &Viewer,
        ground: Ground<'_>,
        id: i64,
    ) -> Result<Self> {
        let row = issue::get(conn, viewer, id)?;
        let (calendar, _) = almanac::calendar(conn)?;
        let concerned = issue::concerned(conn, viewer, &row)?;
        let found = if row.open {
            issue::proof::found(conn, ground.directory, &row)?
        } else {
            row.proofs()
        };
        let steps = issue::history(conn, viewer, id)?;
        let name = |found: Option<(String, String)>| found.map(|(name, _)| name);
        Ok(Self {
            text: row.text.clone(),
            raised_cdo: name(issue::cdo(conn, viewer, row.raised_by)?),
            owed_cdo: name(issue::cdo(conn, viewer, row.owed_by)?),
            entries: concerned
                .rows
                .into_iter()
                .map(|e| IssueEntry {
                    register: e.register,
                    code: e.code,
                    name: e.name,
                })
                .collect(),
            entries_hidden: concerned.hidden,
            decision: row.decided().map(|d| IssueDecision {
                rung: d.rung,
                text: d.text,
                number: d.number,
                on: d.on,
            }),
            proof: shown::proofs(conn, viewer, ground, &found)?,
            steps: steps.into_iter().map(IssueStep::from).collect(),
            acts: issue::acts(viewer, ground, &row)
                .into_iter()
                .map(Act::word)
                .collect(),
            issue: IssueBody::of(ground, &calendar, &row),
        })
    }
}

/// A department on the board.
#[derive(Serialize, ToSchema)]
pub(super) struct IssueBoardLine {
    /// Code of the department whose move it is.
    pub(super) department: String,
    /// So many are open.
    pub(super) open: usize,
    /// Of those, past their day.
    pub(super) overdue: usize,
    /// Working days of the oldest.
    pub(super) oldest: u32,
}

/// What waits for you, and who has what in hand.
#[derive(Serialize, ToSchema)]
pub(super) struct IssueBoard {
    /// Whose move is yours.
    pub(super) mine: usize,
    /// Of those, past their day.
    pub(super) late: usize,
    /// Raised by your departments, while the move is another's.
    pub(super) owed: usize,
    /// At the rung of your bureau.
    pub(super) rung: usize,
    /// By department, the most overdue first.
    pub(super) departments: Vec<IssueBoardLine>,
}

/// An issue in a month.
#[derive(Serialize, ToSchema)]
struct IssueSummaryLine {
    /// Identity.
    id: i64,
    /// 难点编号.
    number: String,
    /// What it is, in a line.
    title: String,
    /// Where it stood at the end of the month.
    state: &'static str,
    /// At which rung.
    rung: i32,
    /// Code of the department whose move it was.
    mover: Option<String>,
    /// Working days since it was first opened.
    age: u32,
    /// Whether it was open past its day.
    overdue: bool,
    /// What was last said of it.
    last: String,
}

/// A month of issues.
#[derive(Serialize, ToSchema)]
pub(super) struct IssueSummary {
    /// Whose.
    pub(super) whose: String,
    /// The month.
    pub(super) month: String,
    /// In figures.
    pub(super) figures: Figures,
    /// Issues that were open at some time of the month.
    items: Vec<IssueSummaryLine>,
    /// There are more than are listed.
    pub(super) more: bool,
}

impl IssueSummary {
    pub(super) fn of(
        ground: Ground<'_>,
        (whose, month): (String, String),
        (figures, more): (Figures, bool),
        lines: &[Line],
    ) -> Self {
        let code = |id: i64| ground.directory.get(id).map(|d| d.code.clone());
        let items = lines.iter().map(|l| IssueSummaryLine {
            id: l.issue.id,
            number: l.issue.number(),
            title: l.issue.title.clone(),
            state: State::word(l.state),
            rung: l.rung,
            mover: l.mover.and_then(code),
            age: l.age,
            overdue: l.late,
            last: l.last.clone(),
        });
        Self {
            whose,
            month,
            figures,
            items: items.collect(),
            more,
        }
    }
}

/// Reads the side that an issue is handed to.
pub(super) fn side(word: &str) -> Option<Turn> {
    Turn::from_word(word).filter(|turn| *turn != Turn::Handler)
}
