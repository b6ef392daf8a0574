//! What the API says of the rows of an import and of their corrections.

use serde::{Deserialize, Serialize};

use super::body::{Owner, owner};
use crate::clock;
use crate::intake::correct::Kept;
use crate::intake::preview::PreviewRow;
use crate::intake::report::CellChange;
use crate::intake::spool::RowProblem;
use crate::intake::upload::Upload;
use crate::org::directory::Directory;
use crate::sheet::annotate::Outcome;
use crate::sheet::cell::column_letters;

/// A group of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RowGroup)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// 新增
    New,
    /// 变更
    Changed,
    /// 有问题
    Refused,
    /// 跳过
    Skipped,
    /// 未变，但有提醒
    Same,
}

impl Group {
    /// What becomes of its rows.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::New => Outcome::New,
            Self::Changed => Outcome::Changed,
            Self::Refused => Outcome::Refused,
            Self::Skipped => Outcome::Skipped,
            Self::Same => Outcome::Same,
        }
    }

    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::New => Self::New,
            Outcome::Changed => Self::Changed,
            Outcome::Refused => Self::Refused,
            Outcome::Skipped => Self::Skipped,
            Outcome::Same => Self::Same,
        }
    }
}

/// A cell as it stands in the file.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportCellText)]
pub struct CellText {
    /// Column letters.
    pub column: String,
    /// Its text, corrections included.
    pub text: String,
}

/// A row of the preview.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportRowBody)]
pub struct RowBody {
    /// Number of the sheet, from 0.
    pub sheet: i64,
    /// Name of the sheet.
    pub sheet_name: String,
    /// Row as Excel shows it.
    pub row: i64,
    /// What becomes of it.
    pub group: Group,
    /// Why it is skipped.
    pub reason: String,
    /// Register key.
    pub register: String,
    /// Code; one that the ledger gives may still change.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owner.
    pub department: Option<Owner>,
    /// Values that change, or all of a new entry, as people read them.
    pub cells: Vec<CellChange>,
    /// What there is to say.
    pub problems: Vec<RowProblem>,
    /// The cells of a row that somebody should look at.
    pub texts: Vec<CellText>,
}

/// A page of rows.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportRowPage)]
pub struct RowPage {
    /// The rows.
    pub items: Vec<RowBody>,
    /// Cursor of the next page; `null` at the end.
    pub cursor: Option<String>,
}

impl RowPage {
    /// One more row than the limit says that there is another page.
    pub fn of(
        directory: &Directory,
        upload: &Upload,
        mut rows: Vec<PreviewRow>,
        limit: usize,
    ) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|r| format!("{}-{}", r.sheet, r.line));
        let sheets = upload.preview().report.sheets;
        let name = |sheet: i64| {
            let found = usize::try_from(sheet).ok().and_then(|n| sheets.get(n));
            found.map(|s| s.sheet.clone()).unwrap_or_default()
        };
        let items = rows
            .into_iter()
            .map(|row| RowBody {
                sheet: row.sheet,
                sheet_name: name(row.sheet),
                row: row.line,
                group: Group::of(row.outcome),
                reason: row.reason,
                register: row.register,
                code: row.code,
                name: row.name,
                department: owner(directory, row.department),
                cells: row.cells,
                problems: row.problems,
                texts: row
                    .texts
                    .into_iter()
                    .map(|t| CellText {
                        column: column_letters(t.place),
                        text: t.text,
                    })
                    .collect(),
            })
            .collect();
        Self {
            items,
            cursor: last.filter(|_| more),
        }
    }
}

/// A correction.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CorrectionBody {
    /// Number.
    pub id: i64,
    /// Number of the sheet, from 0.
    pub sheet: i64,
    /// Row as Excel shows it; `null` = every cell of the column that says the same.
    pub row: Option<i64>,
    /// Column letters.
    pub column: String,
    /// What stood there.
    pub said: String,
    /// What stands there now.
    pub text: String,
    /// Who corrected it.
    pub actor: String,
    /// When, UTC.
    pub at: String,
}

/// The corrections of an import.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CorrectionPage {
    /// The corrections.
    pub items: Vec<CorrectionBody>,
    /// Version of the import, as in `ETag`.
    pub version: i64,
}

impl CorrectionPage {
    /// As they stand.
    pub fn of(upload: &Upload, kept: &[Kept]) -> Self {
        let items = kept
            .iter()
            .map(|kept| CorrectionBody {
                id: kept.id,
                sheet: kept.sheet,
                row: (kept.line > 0).then_some(kept.line),
                column: kept.column(),
                said: kept.said.clone(),
                text: kept.text.clone(),
                actor: kept.actor.clone(),
                at: clock::stamp(kept.at),
            })
            .collect();
        Self {
            items,
            version: upload.version,
        }
    }
}
