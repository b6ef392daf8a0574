//! An uploaded workbook on its way into the ledger: its row in `imports`, its states, and who sees it.
//!
//! ```text
//! received → checking → previewed → applying → applied → undone
//!               ↑ ↓         │ ↑________│ (the ledger moved: checked again)
//!            rejected       └→ discarded        failed: given up, may be checked again
//! ```
//!
//! Every step is a conditional update, so two tabs, two people or two workers take it once.

pub mod annotate;
pub mod apply;
pub mod check;
pub mod list;
pub mod options;
pub mod outcome;
pub mod receive;
pub mod steps;

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::app::App;
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::imports;
use crate::error::{Error, Result};
use crate::intake::preview::Preview;
use crate::intake::report::Counts;
use crate::ledger::undo::Undone;
use options::Options;

/// Where an import stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[schema(as = ImportState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The file is here.
    Received,
    /// It is being read and compared.
    Checking,
    /// Somebody may look and decide.
    Previewed,
    /// The file cannot be taken.
    Rejected,
    /// It is being written.
    Applying,
    /// It is in the ledger.
    Applied,
    /// It was taken back.
    Undone,
    /// Something went wrong on our side.
    Failed,
    /// Somebody decided against it.
    Discarded,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Received,
        Self::Checking,
        Self::Previewed,
        Self::Rejected,
        Self::Applying,
        Self::Applied,
        Self::Undone,
        Self::Failed,
        Self::Discarded,
    ];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Checking => "checking",
            Self::Previewed => "previewed",
            Self::Rejected => "rejected",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Received => "已收到",
            Self::Checking => "核对中",
            Self::Previewed => "待确认",
            Self::Rejected => "无法导入",
            Self::Applying => "写入中",
            Self::Applied => "已写入",
            Self::Undone => "已撤销",
            Self::Failed => "处理失败",
            Self::Discarded => "已放弃",
        }
    }

    /// Whether something is being done that one waits for.
    #[must_use]
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Received | Self::Checking | Self::Applying)
    }
}

/// One row of `imports`.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = imports)]
pub struct Upload {
    /// Number.
    pub id: i64,
    /// When it came, UTC.
    pub at: NaiveDateTime,
    /// Who brought it.
    pub actor: String,
    /// Name of the file.
    pub file_name: String,
    /// SM3 of the file, in hexadecimal.
    pub file_digest: String,
    /// The stored word of its [`State`].
    pub state: String,
    /// Its change set; none when nothing changed.
    pub change_set: Option<i64>,
    /// The change set that took it back.
    pub undone_by: Option<i64>,
    /// New entries.
    pub rows_new: i64,
    /// Changed entries.
    pub rows_changed: i64,
    /// Rows that change nothing.
    pub rows_same: i64,
    /// Refused rows.
    pub rows_refused: i64,
    /// Rows that are no entries.
    pub rows_skipped: i64,
    /// The account that brought it; none for the command line.
    pub account_id: Option<i64>,
    /// That account's department.
    pub department_id: Option<i64>,
    /// When it last changed its state, UTC.
    pub changed_at: Option<NaiveDateTime>,
    /// Counts what was done with it; what `ETag` says.
    pub version: i64,
    /// Name of the file under the data folder; empty when none is kept.
    pub stored: String,
    /// Size of the file.
    pub size: i64,
    options: String,
    report: String,
    touched: String,
    /// The round of checking that is shown.
    pub round: i64,
    rounds: i64,
    /// The ledger's change set number at the time of the preview.
    pub head_seq: Option<i64>,
    plan_digest: String,
    /// What to know about its state, in Chinese.
    pub message: String,
    undone: String,
}

impl Upload {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Failed)
    }

    /// Its rows by outcome.
    #[must_use]
    pub fn rows(&self) -> Counts {
        Counts {
            new: self.rows_new.unsigned_abs(),
            changed: self.rows_changed.unsigned_abs(),
            same: self.rows_same.unsigned_abs(),
            refused: self.rows_refused.unsigned_abs(),
            skipped: self.rows_skipped.unsigned_abs(),
        }
    }

    /// What was asked for with the file.
    #[must_use]
    pub fn options(&self) -> Options {
        serde_json::from_str(&self.options).unwrap_or_default()
    }

    /// What the last check found, without its rows.
    #[must_use]
    pub fn preview(&self) -> Preview {
        serde_json::from_str(&self.report).unwrap_or_default()
    }

    /// Departments that its rows speak of; none when that is not known.
    #[must_use]
    pub fn touched(&self) -> Option<BTreeSet<i64>> {
        serde_json::from_str(&self.touched).ok()
    }

    /// What taking it back came to.
    #[must_use]
    pub fn undone(&self) -> Option<Undone> {
        serde_json::from_str(&self.undone).ok()
    }

    /// Where its file lies.
    #[must_use]
    pub fn path(&self, app: &App) -> Option<PathBuf> {
        (!self.stored.is_empty()).then(|| receive::folder(app).join(&self.stored))
    }

    /// Whether this viewer brought it.
    #[must_use]
    pub fn is_own(&self, viewer: &Viewer) -> bool {
        viewer.account().is_some() && viewer.account() == self.account_id
    }

    /// Who sees an import: whoever brought it; and whoever may write for the department that brought it, and see
    /// in full every department that it speaks of.
    #[must_use]
    pub fn is_visible_to(&self, viewer: &Viewer) -> bool {
        if *viewer.reach(Right::Write) == Reach::Everything || self.is_own(viewer) {
            return true;
        }
        let touched = self.touched();
        let sees_all = |ids: &BTreeSet<i64>| ids.iter().all(|id| viewer.can(Right::SeeOwn, *id));
        match (self.department_id, touched) {
            (Some(department), touched) => {
                viewer.can(Right::Write, department) && touched.as_ref().is_none_or(sees_all)
            }
            // From the command line: whoever answers for all that it wrote.
            (None, Some(touched)) => {
                !touched.is_empty() && touched.iter().all(|id| viewer.can(Right::Write, *id))
            }
            (None, None) => false,
        }
    }
}

/// An import that the viewer may see.
///
/// # Errors
/// [`Error::NotFound`] when there is none, in the same words when it is another's.
pub fn see(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Upload> {
    load(conn, id)?
        .filter(|upload| upload.is_visible_to(viewer))
        .ok_or_else(|| not_found(id))
}

/// Whether something is being done with an import that one waits for; tells nothing else of it.
///
/// # Errors
/// When the database fails.
pub fn is_busy(conn: &mut Conn, id: i64) -> Result<bool> {
    let state: Option<String> = imports::table
        .find(id)
        .select(imports::state)
        .first(conn)
        .optional()?;
    let state = state.as_deref().and_then(State::from_word);
    Ok(state.is_some_and(State::is_busy))
}

fn not_found(id: i64) -> Error {
    Error::NotFound(format!("编号为 {id} 的导入"))
}

fn load(conn: &mut Conn, id: i64) -> Result<Option<Upload>> {
    let found = imports::table.find(id).select(Upload::as_select());
    Ok(found.first(conn).optional()?)
}
