//! The user's own workbook handed back with what happened to every row.
//!
//! Two ways: a workbook of moderate size is edited in place, so that formats, merges, other sheets
//! and macros stay ([`edit()`], in a child process: the file is a stranger's and the library may die
//! on it); everything else is written anew from the rows as read ([`rewrite()`], streaming). Both add
//! the columns [`RESULT_HEADER`](super::RESULT_HEADER) and [`REMARK_HEADER`](super::REMARK_HEADER)
//! and the first sheet [`TOTALS_SHEET`](super::TOTALS_SHEET), which the importer ignores, and both
//! replace what an earlier round left.

mod child;
mod edit;
mod rewrite;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cell::{Row, SheetHead};

pub use child::{COMMAND, ChildLimits, child_main, run_in_child};
pub use edit::edit;
pub use rewrite::rewrite;

/// Rows up to which the user's own file is edited.
///
/// Measured with umya-spreadsheet 3.1 on 22 columns, every row annotated, library lightly optimised:
/// 5,000 rows 0.7 s and 55 MiB, 10,000 rows 1.5 s and 102 MiB, 20,000 rows 3.3 s and 196 MiB. Half of
/// the child's memory stays free for wider sheets.
pub const EDIT_ROWS: u64 = 20_000;

/// What happened to a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// Lines of the totals sheet: what, and how many.
    pub totals: Vec<(String, String)>,
    /// The sheets that were read as tables of entries.
    pub sheets: Vec<SheetAnnotation>,
}

/// What happened to one sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetAnnotation {
    /// Position in the workbook, from 0.
    pub index: usize,
    /// Sheet name.
    pub name: String,
    /// First row of the header, from 1.
    pub header_row: u32,
    /// Last used column, 0 = A; ours come behind it.
    pub last_column: u16,
    /// Rows by the number Excel shows.
    pub rows: BTreeMap<u32, RowAnnotation>,
}

/// What happened to one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowAnnotation {
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in Chinese.
    pub text: String,
    /// Cells to point at.
    pub cells: Vec<CellAnnotation>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// 新增
    New,
    /// 变更
    Changed,
    /// 一致
    Same,
    /// 不通过
    Refused,
    /// 跳过
    Skipped,
}

impl Outcome {
    /// The word in the result column.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "新增",
            Self::Changed => "变更",
            Self::Same => "一致",
            Self::Refused => "不通过",
            Self::Skipped => "跳过",
        }
    }

    /// The mark that colours the result cell; rows that went in quietly have none.
    fn mark(self) -> Option<Mark> {
        match self {
            Self::New => Some(Mark::Normalised),
            Self::Changed => Some(Mark::Changed),
            Self::Refused => Some(Mark::Problem),
            Self::Same | Self::Skipped => None,
        }
    }
}

/// Something to say about one cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellAnnotation {
    /// 0 = A.
    pub column: u16,
    /// Of what kind.
    pub kind: Mark,
    /// In Chinese.
    pub text: String,
}

/// Kinds of marks on cells, in the order of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mark {
    /// Read in another form: light blue.
    Normalised,
    /// Differs from the ledger: light yellow.
    Changed,
    /// Somebody should look: light orange.
    Warning,
    /// Cannot go in: light red.
    Problem,
}

impl Mark {
    /// The fill, as RRGGBB.
    #[must_use]
    pub fn rgb(self) -> u32 {
        match self {
            Self::Normalised => 0x00E4_F1FC,
            Self::Changed => 0x00FF_F8C6,
            Self::Warning => 0x00FF_E1B5,
            Self::Problem => 0x00FF_CFD3,
        }
    }

    /// The fill as workbook XML has it: AARRGGBB.
    fn argb(self) -> String {
        format!("FF{:06X}", self.rgb())
    }
}

/// All marks, for the legend.
const MARKS: [(Mark, &str); 4] = [
    (Mark::Problem, "红色：内容有误，该行未导入，请按批注修改"),
    (Mark::Warning, "橙色：可以导入，请核对"),
    (Mark::Changed, "黄色：与一本账现有内容不同，原值见批注"),
    (
        Mark::Normalised,
        "蓝色：写法已统一，含义不变；结果列中表示新增",
    ),
];

/// The author of our comments, by which a later round knows them.
const AUTHOR: &str = "数字资源一本账";

/// How an annotated copy was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotated {
    /// The user's own file, edited; `macros` asks for the extension `xlsm`.
    OwnFile {
        /// Whether the file carries macros.
        macros: bool,
    },
    /// A new workbook with the same sheets and values.
    Rewritten,
}

impl Annotated {
    /// The extension under which programs open the copy.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::OwnFile { macros: true } => "xlsm",
            Self::OwnFile { macros: false } | Self::Rewritten => "xlsx",
        }
    }
}

/// The rows of a file, sheet by sheet, as the parser gives them: (sheet index, row).
pub type SourceRows<'a> = Box<dyn Iterator<Item = Result<(usize, Row), String>> + 'a>;

/// Reads all rows of a file once more.
pub type ReadAgain<'a> = Box<dyn FnOnce() -> Result<SourceRows<'a>, String> + 'a>;

/// The file that was imported.
pub struct Original<'a> {
    /// Where it lies.
    pub path: &'a Path,
    /// Whether it is xlsx or xlsm by content and has been checked by the parser.
    pub editable: bool,
    /// Rows in all its sheets.
    pub rows: u64,
    /// Its sheets.
    pub heads: &'a [SheetHead],
    /// Reads all its rows once more; called only when the copy is written anew.
    pub read: ReadAgain<'a>,
}

/// Why there is no annotated copy.
#[derive(Debug, thiserror::Error)]
pub enum AnnotateError {
    /// The child process failed; the caller may write the copy anew.
    #[error("在原文件上标注失败：{0}")]
    Child(String),
    /// The rows could not be read again.
    #[error("重新读取原文件失败：{0}")]
    Read(String),
    /// A text longer than a cell of a workbook.
    #[error("“{sheet}”{column}{row} 单元格超过 32767 个字符，无法写入标注后的工作簿")]
    TooLong {
        /// Sheet name.
        sheet: String,
        /// Column letters.
        column: String,
        /// Row number.
        row: u32,
    },
    /// The workbook library refused.
    #[error("写入标注后的工作簿失败：{0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The file could not be written.
    #[error("写入标注后的工作簿失败：{0}")]
    Io(#[from] std::io::Error),
}

/// Writes the annotated copy: the user's own file where possible, else a new workbook.
///
/// `program` is this binary; its hidden command [`COMMAND`] runs [`child_main`].
///
/// # Errors
/// When the rows cannot be read again or the copy cannot be written.
pub fn annotate(
    program: &Path,
    original: Original<'_>,
    annotation: &Annotation,
    out: &Path,
) -> Result<Annotated, AnnotateError> {
    if original.editable && original.rows <= EDIT_ROWS {
        let limits = ChildLimits::default();
        match run_in_child(program, original.path, annotation, out, limits) {
            Ok(done) => return Ok(done),
            Err(error) => tracing::warn!(%error, "annotating the user's own file failed"),
        }
    }
    let rows = (original.read)().map_err(AnnotateError::Read)?;
    rewrite(original.heads, rows, annotation, out)?;
    Ok(Annotated::Rewritten)
}
