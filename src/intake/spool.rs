//! The rows of a preview as they are decided, and the digest of what applying them would write.
//!
//! The digest leaves out the numbers and codes that the ledger would give to new entries: those move with every
//! import in between without anything that was previewed being different.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

use crate::intake::ends::Statement;
use crate::intake::report::CellChange;
use crate::ledger::change::Change;
use crate::ledger::held::Proposals;
use crate::register::value::{Document, Value};
use crate::sheet::annotate::Outcome;

/// How much is wrong with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportWeight)]
pub enum Weight {
    /// The row cannot go in.
    Problem,
    /// Somebody should look.
    Warning,
    /// Read in another form.
    Normalised,
}

/// Something about one row or one of its cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportRowProblem)]
pub struct RowProblem {
    /// How much is wrong.
    pub weight: Weight,
    /// Column letters; empty = the row as a whole.
    pub column: String,
    /// Field key.
    pub field: Option<String>,
    /// Field label.
    pub label: String,
    /// A stable machine word.
    pub code: String,
    /// What is wrong, in Chinese.
    pub message: String,
    /// What to write instead, in Chinese.
    pub suggestion: String,
}

/// A cell as it stands in the file, corrections included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportRowText)]
pub struct RowText {
    /// Column, 0 = A.
    pub place: u16,
    /// Its text.
    pub text: String,
}

/// A decided row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpooledRow {
    /// Number of the sheet in the report.
    pub sheet: usize,
    /// Row as Excel shows it.
    pub line: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was skipped.
    pub reason: String,
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owner, where it is known.
    pub department: Option<i64>,
    /// Values that change, or all of a new entry.
    pub cells: Vec<CellChange>,
    /// What there is to say.
    pub problems: Vec<RowProblem>,
    /// The cells of a row that somebody should look at.
    pub texts: Vec<RowText>,
}

/// Row numbers, both ends included.
pub type Ranges = Vec<(u32, u32)>;

/// Gathers decided rows.
#[derive(Default)]
pub struct Spool {
    keeping: bool,
    open: HashMap<(usize, u32), SpooledRow>,
    done: Vec<SpooledRow>,
    same: BTreeMap<usize, Ranges>,
    plan: [u8; 32],
    given: HashMap<String, String>,
}

impl Spool {
    /// A spool that keeps rows, or only their digest.
    #[must_use]
    pub fn new(keeping: bool) -> Self {
        Self {
            keeping,
            ..Self::default()
        }
    }

    /// Whether rows are kept.
    #[must_use]
    pub fn is_keeping(&self) -> bool {
        self.keeping
    }

    /// The row in the making.
    pub fn row(&mut self, sheet: usize, line: u32) -> Option<&mut SpooledRow> {
        let row = || SpooledRow {
            sheet,
            line,
            outcome: Outcome::Skipped,
            reason: String::new(),
            register: String::new(),
            code: String::new(),
            name: String::new(),
            department: None,
            cells: Vec::new(),
            problems: Vec::new(),
            texts: Vec::new(),
        };
        self.keeping
            .then(|| self.open.entry((sheet, line)).or_insert_with(row))
    }

    /// Notes a code that the ledger gave to a row.
    pub fn gave(&mut self, code: &str, sheet: usize, line: u32) {
        self.given
            .insert(code.to_owned(), format!("#{sheet}:{line}"));
    }

    /// Notes what a row would write.
    pub fn planned(&mut self, sheet: usize, line: u32, change: &Change) {
        let mut sm3 = Sm3::new();
        let row = &change.row;
        let number = if row.revision == 1 { 0 } else { row.id };
        let op = change.op.word();
        sm3.update(format!(
            "{sheet}\n{line}\n{op}\n{number}\n{}\n{}\n{}\n",
            row.register,
            row.department_id,
            change.before.as_deref().unwrap_or_default(),
        ));
        sm3.update(self.without_given(&row.attributes));
        self.mix(sm3);
    }

    /// Notes what would go into a change request of an entry.
    pub fn held(&mut self, entry: i64, held: &Proposals) {
        let mut sm3 = Sm3::new();
        let said = serde_json::to_string(held).unwrap_or_default();
        sm3.update(format!("held\n{entry}\n{said}"));
        self.mix(sm3);
    }

    /// Notes what a row would say for one end of an entry.
    pub fn stated(&mut self, at: (usize, u32), entry: Option<i64>, statement: &Statement) {
        let mut sm3 = Sm3::new();
        let side = statement.side.word();
        let said = serde_json::to_string(&statement.given).unwrap_or_default();
        let said = self.without_given(&said);
        let (sheet, line) = at;
        let entry = entry.unwrap_or_default();
        sm3.update(format!("stated\n{sheet}\n{line}\n{entry}\n{side}\n{said}"));
        self.mix(sm3);
    }

    fn mix(&mut self, sm3: Sm3) {
        let digest: [u8; 32] = sm3.finalize().into();
        for (sum, byte) in self.plan.iter_mut().zip(digest) {
            *sum ^= byte;
        }
    }

    /// A document with the codes that the ledger gave in this file replaced by the rows they stand for.
    fn without_given(&self, attributes: &str) -> String {
        if self.given.is_empty() {
            return attributes.to_owned();
        }
        let Ok(mut document) = serde_json::from_str::<Document>(attributes) else {
            return attributes.to_owned();
        };
        let put = |text: &mut String| {
            if let Some(row) = self.given.get(text.as_str()) {
                text.clone_from(row);
            }
        };
        for value in document.values_mut() {
            match value {
                Value::Text(text) => put(text),
                Value::List(texts) => texts.iter_mut().for_each(put),
                Value::Bool(_) | Value::Integer(_) => {}
            }
        }
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// A row is decided. Skipped rows stay open: a sum below the table is compared at the end.
    pub fn close(&mut self, sheet: usize, line: u32, outcome: Outcome) {
        if outcome == Outcome::Skipped || !self.keeping {
            return;
        }
        let row = self.open.remove(&(sheet, line));
        let doubtful = |row: &SpooledRow| {
            let weighs = |p: &RowProblem| p.weight != Weight::Normalised;
            row.problems.iter().any(weighs)
        };
        let Some(mut row) = row else {
            self.note_same(sheet, line, outcome);
            return;
        };
        row.outcome = outcome;
        let doubtful = doubtful(&row);
        self.note_same(sheet, line, outcome);
        if outcome == Outcome::Same && !doubtful {
            return;
        }
        if outcome != Outcome::Refused && !doubtful {
            row.texts = Vec::new();
        }
        self.done.push(row);
    }

    fn note_same(&mut self, sheet: usize, line: u32, outcome: Outcome) {
        if outcome != Outcome::Same {
            return;
        }
        let ranges = self.same.entry(sheet).or_default();
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => ranges.push((line, line)),
        }
    }

    /// Rows decided since the last time.
    pub fn take(&mut self) -> Vec<SpooledRow> {
        std::mem::take(&mut self.done)
    }

    /// The rest: skipped rows that have something to say for themselves.
    pub fn finish(&mut self) {
        let left = std::mem::take(&mut self.open);
        let told = left
            .into_values()
            .filter(|row| !row.reason.is_empty() || !row.problems.is_empty());
        self.done.extend(told.map(|row| SpooledRow {
            texts: Vec::new(),
            ..row
        }));
    }

    /// The digest of everything that would be written, in hexadecimal.
    #[must_use]
    pub fn plan(&self) -> String {
        crate::ledger::chain::hex(&self.plan)
    }

    /// Rows that change nothing, by sheet.
    #[must_use]
    pub fn same(&self) -> &BTreeMap<usize, Ranges> {
        &self.same
    }
}
