//! What the API says of imports.

use chrono::NaiveDateTime;
use serde::Serialize;

use crate::clock;
use crate::intake::preview::Kind;
use crate::intake::report::{Problem, SheetReport};
use crate::intake::upload::outcome::Written;
use crate::intake::upload::{State, Upload};
use crate::jobs::{Job, Progress};
use crate::ledger::undo::Undone;
use crate::org::directory::Directory;

/// The version of an import as an `ETag`.
pub fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// A form that brings a file.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes a form for the document; the stream itself is read field by field"
)]
pub struct SentForm {
    /// The workbook or CSV.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Only this register.
    register: Option<String>,
    /// Only this sheet.
    sheet: Option<String>,
    /// Owner of rows that name none: code or full name.
    department: Option<String>,
    /// Apply at once when nothing is wrong.
    apply: Option<bool>,
    /// Why.
    reason: Option<String>,
    /// From which day it is true, `YYYY-MM-DD`.
    valid_on: Option<String>,
}

/// Where an import stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Standing {
    /// Number.
    pub id: i64,
    /// State.
    pub state: State,
}

impl Standing {
    /// As it stands.
    pub fn of(upload: &Upload) -> Self {
        Self {
            id: upload.id,
            state: upload.state(),
        }
    }
}

/// A department by code and name.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportOwner)]
pub struct Owner {
    /// Code.
    pub code: String,
    /// Full name.
    pub name: String,
}

/// A department by id.
pub fn owner(directory: &Directory, id: Option<i64>) -> Option<Owner> {
    let department = directory.get(id?)?;
    Some(Owner {
        code: department.code.clone(),
        name: department.name.clone(),
    })
}

/// Rows by what becomes of them.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportCounted)]
pub struct Counted {
    /// New entries.
    pub new: u64,
    /// Entries that change.
    pub changed: u64,
    /// Rows that change nothing.
    pub same: u64,
    /// Rows that cannot go in.
    pub refused: u64,
    /// Rows that are no entries.
    pub skipped: u64,
}

/// An import in the list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportSummary)]
pub struct Summary {
    /// Number.
    pub id: i64,
    /// State.
    pub state: State,
    /// Name of the file.
    pub file: String,
    /// Bytes of the file.
    pub size: i64,
    /// Who brought it.
    pub sender: String,
    /// The sender's department.
    pub department: Option<Owner>,
    /// When it came, UTC.
    pub at: String,
    /// When it last changed its state, UTC.
    pub changed_at: Option<String>,
    /// Rows by what becomes of them.
    pub rows: Counted,
    /// What to know about its state, in Chinese.
    pub message: String,
}

fn stamp(at: NaiveDateTime) -> String {
    clock::stamp(at)
}

impl Summary {
    /// As it stands.
    pub fn of(directory: &Directory, upload: &Upload) -> Self {
        let rows = upload.rows();
        Self {
            id: upload.id,
            state: upload.state(),
            file: upload.file_name.clone(),
            size: upload.size,
            sender: upload.actor.clone(),
            department: owner(directory, upload.department_id),
            at: stamp(upload.at),
            changed_at: upload.changed_at.map(stamp),
            rows: Counted {
                new: rows.new,
                changed: rows.changed,
                same: rows.same,
                refused: rows.refused,
                skipped: rows.skipped,
            },
            message: upload.message.clone(),
        }
    }
}

/// A page of imports.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ImportPage {
    /// The imports.
    pub items: Vec<Summary>,
    /// Cursor of the next page; `null` at the end.
    pub cursor: Option<String>,
}

/// Background work about an import.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportWorking)]
pub struct Working {
    /// What kind.
    pub kind: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// Rows done.
    pub done: i64,
    /// Rows in all, where that is known.
    pub total: Option<i64>,
    /// What became of it, in Chinese.
    pub message: String,
}

impl Working {
    fn of(job: Job, progress: Option<Progress>) -> Self {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            done: progress.map_or(job.done, |p| number(p.done)),
            total: progress.map_or(job.total, |p| p.total.map(number)),
            kind: job.kind,
            state: job.state,
            message: job.message,
        }
    }
}

/// An import.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportDetail)]
pub struct Detail {
    /// As in the list.
    #[serde(flatten)]
    pub summary: Summary,
    /// Rows that go in, or did, or are there already.
    pub rows_ok: u64,
    /// Rows that cannot go in.
    pub rows_bad: u64,
    /// Version, as in `ETag`.
    pub version: i64,
    /// SM3 of the file.
    pub sm3: String,
    /// The change set that it made.
    pub change_set: Option<i64>,
    /// The change set that took it back.
    pub undone_by: Option<i64>,
    /// The first problems; all of them are in the rows.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub problems_total: u64,
    /// The first warnings; all of them are in the rows.
    pub warnings: Vec<Problem>,
    /// How many there are.
    pub warnings_total: u64,
    /// What is wrong how often.
    pub summary_of_problems: Vec<Kind>,
    /// The sheets: register, header, columns, rows.
    pub sheets: Vec<SheetReport>,
    /// What is worth knowing of the file.
    pub notes: Vec<String>,
    /// Entries of the departments in the file that the file does not mention.
    pub missing: u64,
    /// Rows of which approved values go into change requests.
    pub change_requests: u64,
    /// Rows with values that reviews and stage acts alone change: those are left as they stand.
    pub kept: u64,
    /// Entries of which one end says something by this file.
    pub stated: u64,
    /// What it wrote, read back from the history.
    pub written: Vec<Written>,
    /// What taking it back came to.
    pub undone: Option<Undone>,
    /// The last background work about it.
    pub job: Option<Working>,
}

impl Detail {
    /// As it stands.
    pub fn of(
        directory: &Directory,
        upload: &Upload,
        job: Option<(Job, Option<Progress>)>,
        written: Vec<Written>,
    ) -> Self {
        let rows = upload.rows();
        let preview = upload.preview();
        let report = preview.report;
        Self {
            summary: Summary::of(directory, upload),
            rows_ok: rows.new + rows.changed + rows.same,
            rows_bad: rows.refused,
            version: upload.version,
            sm3: upload.file_digest.clone(),
            change_set: upload.change_set,
            undone_by: upload.undone_by,
            problems: with_rejection(upload, report.problems),
            problems_total: report.problems_total,
            warnings: report.warnings,
            warnings_total: report.warnings_total,
            summary_of_problems: preview.summary,
            sheets: report.sheets,
            notes: report.notes,
            change_requests: report.requests,
            kept: report.kept,
            stated: report.stated,
            missing: report.missing,
            written,
            undone: upload.undone(),
            job: job.map(|(job, progress)| Working::of(job, progress)),
        }
    }
}

/// A file that cannot be taken at all is a problem too.
fn with_rejection(upload: &Upload, mut problems: Vec<Problem>) -> Vec<Problem> {
    if upload.state() == State::Rejected {
        let whole = Problem {
            sheet: String::new(),
            row: 0,
            column: String::new(),
            field: None,
            code: "rejected".to_owned(),
            message: upload.message.clone(),
            suggestion: String::new(),
        };
        problems.insert(0, whole);
    }
    problems
}
