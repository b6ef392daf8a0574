//! What an import found and did: the object that `import --json` prints.

use serde::{Deserialize, Serialize};

/// Lists in a report are cut at this length; the counts never are.
pub const LISTED: usize = 10_000;

/// The whole result.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Number of the import; `null` when nothing was applied.
    pub import: Option<i64>,
    /// Whether the ledger now holds it.
    pub applied: bool,
    /// The change set, when something changed.
    pub change_set: Option<i64>,
    /// File name.
    pub file: String,
    /// What the file really is.
    pub format: String,
    /// What is worth knowing of the file as a whole: its encoding, macros, sheets that are charts.
    pub notes: Vec<String>,
    /// One object a sheet.
    pub sheets: Vec<SheetReport>,
    /// What is wrong, cell by cell. A row with a problem is refused.
    pub problems: Vec<Problem>,
    /// How many there are, listed or not.
    pub problems_total: u64,
    /// What somebody should look at; the rows go in.
    pub warnings: Vec<Problem>,
    /// How many there are.
    pub warnings_total: u64,
    /// Texts that were read as something else in form.
    pub normalised: Vec<Problem>,
    /// How many there are.
    pub normalised_total: u64,
    /// Entries that change, cell by cell.
    pub changes: Vec<EntryChange>,
    /// Entries of which approved values differ: what the file says goes into a change request.
    #[serde(default)]
    pub requests: u64,
    /// Rows with values that reviews and stage acts alone change: those are left as they stand.
    #[serde(default)]
    pub kept: u64,
    /// Entries of which one end says something by this file, beside or by what it writes.
    #[serde(default)]
    pub stated: u64,
    /// Entries in the ledger, of the departments in the file, that the file does not mention.
    pub missing: u64,
    /// Some of them.
    pub missing_entries: Vec<MissingEntry>,
    /// Departments that the file named and nobody had loaded.
    pub new_departments: Vec<String>,
    /// Wall time.
    pub elapsed_ms: u64,
}

/// One sheet.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportSheetReport)]
pub struct SheetReport {
    /// Its name.
    pub sheet: String,
    /// The register it was taken for.
    pub register: Option<String>,
    /// The register in Chinese.
    pub register_label: Option<String>,
    /// First header row, as Excel shows it.
    pub header_row: Option<u32>,
    /// Height of the header.
    pub header_rows: u32,
    /// Why it was left out.
    pub left_out: Option<String>,
    /// Its columns.
    pub columns: Vec<ColumnReport>,
    /// Its rows.
    pub rows: Counts,
    /// Why rows were skipped.
    pub skipped: Skipped,
    /// Rows that the file hides; they were read all the same.
    pub hidden_rows: u32,
    /// Sum of the register's amount field over the rows taken, in 万元.
    pub amount: Option<String>,
}

/// One column.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportColumnReport)]
pub struct ColumnReport {
    /// Letters.
    pub column: String,
    /// Header as it stands, parts of a merged header joined by `/`.
    pub header: String,
    /// Key of the field; `null` = kept as an unknown column, or ignored.
    pub field: Option<String>,
    /// 0 to 1.
    pub confidence: f32,
    /// How it was matched.
    pub how: String,
    /// What to know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Rows by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportCounts)]
pub struct Counts {
    /// New entries.
    pub new: u64,
    /// Entries that change.
    pub changed: u64,
    /// Entries that stay as they are.
    pub same: u64,
    /// Rows that cannot go in.
    pub refused: u64,
    /// Rows that are no entries.
    pub skipped: u64,
}

impl Counts {
    /// Adds another sheet's rows.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.same += other.same;
        self.refused += other.refused;
        self.skipped += other.skipped;
    }
}

/// Rows that are no entries, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportSkipped)]
pub struct Skipped {
    /// Nothing in them.
    pub blank: u64,
    /// 合计 and the like.
    pub total: u64,
    /// Notes.
    pub note: u64,
    /// Examples.
    pub example: u64,
    /// The header again.
    pub header: u64,
}

/// One thing wrong, or worth a look, in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Sheet name.
    pub sheet: String,
    /// Row as Excel shows it; 0 = the sheet as a whole.
    pub row: u32,
    /// Column letters; empty = the row as a whole.
    pub column: String,
    /// Field key.
    pub field: Option<String>,
    /// A stable machine word.
    pub code: String,
    /// What is wrong, in Chinese.
    pub message: String,
    /// What to write instead, in Chinese.
    pub suggestion: String,
}

/// An entry that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryChange {
    /// Sheet name.
    pub sheet: String,
    /// Row.
    pub row: u32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Cells.
    pub cells: Vec<CellChange>,
}

/// A value that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellChange {
    /// Column letters; empty when the value does not come from a column.
    pub column: String,
    /// Field key.
    pub field: String,
    /// Field label.
    pub label: String,
    /// What the ledger holds.
    pub old: String,
    /// What it would hold.
    pub new: String,
}

/// An entry that the file does not mention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingEntry {
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

impl Report {
    /// Rows of all sheets by outcome.
    #[must_use]
    pub fn rows(&self) -> Counts {
        let mut sum = Counts::default();
        for sheet in &self.sheets {
            sum.add(sheet.rows);
        }
        sum
    }
}
