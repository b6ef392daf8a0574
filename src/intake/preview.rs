//! The rows of a preview as they are stored: written while a file is checked, read a page at a time.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::{Deserialize, Serialize};

use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::import_rows;
use crate::each;
use crate::error::{Doing, Error, Result};
use crate::intake::report::{CellChange, Report};
use crate::intake::spool::{Ranges, RowProblem, RowText, SpooledRow, Weight};
use crate::sheet::annotate::Outcome;

/// Rows of one statement.
const BATCH: usize = 500;
/// Rows that are removed at once.
const SWEPT: usize = 5_000;

/// What a check found, without its rows; kept with the import.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Preview {
    /// The report, its lists cut short.
    pub report: Report,
    /// Rows that change nothing, by sheet.
    pub same: BTreeMap<usize, Ranges>,
    /// What is wrong how often.
    pub summary: Vec<Kind>,
    /// The first rows of each sheet, to choose the header from.
    pub heads: Vec<Head>,
}

/// One kind of problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportProblemKind)]
pub struct Kind {
    /// How much is wrong.
    pub weight: Weight,
    /// Field key; empty = about rows as a whole.
    pub field: String,
    /// Field label.
    pub label: String,
    /// A stable machine word.
    pub code: String,
    /// One of the messages.
    pub message: String,
    /// Whether there are others.
    #[serde(default)]
    pub varies: bool,
    /// How often.
    pub count: u64,
}

/// The first rows of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Row numbers and texts.
    pub rows: Vec<(u32, Vec<String>)>,
}

/// A row of the preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewRow {
    /// Number of the sheet.
    pub sheet: i64,
    /// Row as Excel shows it.
    pub line: i64,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why it is skipped.
    pub reason: String,
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owner.
    pub department: Option<i64>,
    /// Values that change, or all of a new entry.
    pub cells: Vec<CellChange>,
    /// What there is to say.
    pub problems: Vec<RowProblem>,
    /// The cells of a row that somebody should look at.
    pub texts: Vec<RowText>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = import_rows, treat_none_as_default_value = false)]
struct Stored {
    import_id: i64,
    round: i64,
    sheet: i64,
    line: i64,
    outcome: String,
    reason: String,
    register: String,
    code: String,
    name: String,
    department_id: Option<i64>,
    fields: String,
    cells: String,
    problems: String,
    texts: String,
}

/// The word an outcome is stored as.
#[must_use]
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::New => "new",
        Outcome::Changed => "changed",
        Outcome::Same => "same",
        Outcome::Refused => "refused",
        Outcome::Skipped => "skipped",
    }
}

/// Reads the stored word.
#[must_use]
pub fn outcome(word: &str) -> Option<Outcome> {
    let all = [
        Outcome::New,
        Outcome::Changed,
        Outcome::Same,
        Outcome::Refused,
        Outcome::Skipped,
    ];
    all.into_iter().find(|o| self::word(*o) == word)
}

fn store(import: i64, round: i64, row: SpooledRow) -> Result<Stored> {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut fields = String::from(",");
    let doubtful = row
        .problems
        .iter()
        .filter(|p| p.weight != Weight::Normalised);
    for key in doubtful.filter_map(|p| p.field.as_deref()) {
        fields.push_str(key);
        fields.push(',');
    }
    Ok(Stored {
        import_id: import,
        round,
        sheet: number(row.sheet),
        line: i64::from(row.line),
        outcome: word(row.outcome).to_owned(),
        reason: row.reason,
        register: row.register,
        code: row.code,
        name: row.name,
        department_id: row.department,
        fields,
        cells: serde_json::to_string(&row.cells).doing("记录预览")?,
        problems: serde_json::to_string(&row.problems).doing("记录预览")?,
        texts: serde_json::to_string(&row.texts).doing("记录预览")?,
    })
}

impl From<Stored> for PreviewRow {
    fn from(row: Stored) -> Self {
        Self {
            sheet: row.sheet,
            line: row.line,
            outcome: outcome(&row.outcome).unwrap_or(Outcome::Skipped),
            reason: row.reason,
            register: row.register,
            code: row.code,
            name: row.name,
            department: row.department_id,
            cells: serde_json::from_str(&row.cells).unwrap_or_default(),
            problems: serde_json::from_str(&row.problems).unwrap_or_default(),
            texts: serde_json::from_str(&row.texts).unwrap_or_default(),
        }
    }
}

/// Writes rows of a round; each call is a transaction of its own, so that others may write in between.
///
/// # Errors
/// When the database fails.
pub fn write(conn: &mut Conn, import: i64, round: i64, rows: Vec<SpooledRow>) -> Result<()> {
    let rows: Vec<Stored> = rows
        .into_iter()
        .map(|row| store(import, round, row))
        .collect::<Result<_>>()?;
    for part in rows.chunks(BATCH) {
        conn.transaction::<_, Error, _>(|conn| {
            match conn {
                // A prepared statement a row is the fastest that SQLite offers.
                Conn::Sqlite(c) => {
                    for row in part {
                        diesel::insert_into(import_rows::table)
                            .values(row)
                            .execute(c)?;
                    }
                }
                Conn::Postgres(c) => {
                    diesel::insert_into(import_rows::table)
                        .values(part)
                        .execute(c)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Removes the rows of all rounds but one, a part at a time.
///
/// # Errors
/// When the database fails.
pub fn sweep(conn: &mut Conn, import: i64, keep: i64) -> Result<()> {
    loop {
        let first: Option<(i64, i64, i64)> = import_rows::table
            .filter(import_rows::import_id.eq(import))
            .filter(import_rows::round.ne(keep))
            .select((import_rows::round, import_rows::sheet, import_rows::line))
            .order((import_rows::round, import_rows::sheet, import_rows::line))
            .first(conn)
            .optional()?;
        let Some((round, sheet, line)) = first else {
            return Ok(());
        };
        let until = line.saturating_add(i64::try_from(SWEPT).unwrap_or(1));
        each!(conn, c => diesel::delete(
            import_rows::table
                .filter(import_rows::import_id.eq(import))
                .filter(import_rows::round.eq(round))
                .filter(import_rows::sheet.eq(sheet))
                .filter(import_rows::line.between(line, until)),
        )
        .execute(c))?;
    }
}

/// Removes the rows of one round.
///
/// # Errors
/// When the database fails.
pub fn sweep_round(conn: &mut Conn, import: i64, round: i64) -> Result<()> {
    each!(conn, c => diesel::delete(
        import_rows::table
            .filter(import_rows::import_id.eq(import))
            .filter(import_rows::round.eq(round)),
    )
    .execute(c))?;
    Ok(())
}

/// Which rows of a preview are wanted; empty means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these outcomes.
    pub outcome: Option<Outcome>,
    /// Only rows that somebody should look at.
    pub doubtful: bool,
    /// Only rows of which one of these words is said, such as `change_request`.
    pub said: &'static [&'static str],
    /// Only this sheet.
    pub sheet: Option<i64>,
    /// Only rows with something wrong in this field.
    pub field: Option<String>,
    /// Only rows that hold this text.
    pub text: Option<String>,
}

/// A pattern that finds a text anywhere, for `LIKE … ESCAPE '\'`.
#[must_use]
pub fn like(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

/// Rows after a place (sheet and row) in the order of the file, at most `limit`.
///
/// The caller has seen to it that the viewer may see the import.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    (import, round): (i64, i64),
    filter: &Filter,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<PreviewRow>> {
    let mut query = import_rows::table
        .filter(import_rows::import_id.eq(import))
        .filter(import_rows::round.eq(round))
        .select(Stored::as_select())
        .order((import_rows::sheet, import_rows::line))
        .limit(limit)
        .into_boxed();
    if let Some((sheet, line)) = after {
        query = query.filter(
            import_rows::sheet
                .gt(sheet)
                .or(import_rows::sheet.eq(sheet).and(import_rows::line.gt(line))),
        );
    }
    if let Some(outcome) = filter.outcome {
        query = query.filter(import_rows::outcome.eq(word(outcome)));
    }
    if filter.doubtful {
        query = query.filter(import_rows::texts.ne("[]"));
    }
    if !filter.said.is_empty() {
        let mut any = Fragment::<Bool>::sql("(FALSE");
        for code in filter.said {
            let key = like(&format!("\"code\":\"{code}\""));
            any = any
                .then(" OR import_rows.problems LIKE ")
                .text(key)
                .then(" ESCAPE '\\'");
        }
        query = query.filter(any.then(")"));
    }
    if let Some(sheet) = filter.sheet {
        query = query.filter(import_rows::sheet.eq(sheet));
    }
    if let Some(field) = &filter.field {
        let key = like(&format!(",{field},"));
        query = query.filter(import_rows::fields.like(key).escape('\\'));
    }
    if let Some(text) = &filter.text {
        let text = like(text);
        query = query.filter(
            import_rows::name
                .like(text.clone())
                .escape('\\')
                .or(import_rows::code.like(text.clone()).escape('\\'))
                .or(import_rows::cells.like(text.clone()).escape('\\'))
                .or(import_rows::problems.like(text.clone()).escape('\\'))
                .or(import_rows::texts.like(text).escape('\\')),
        );
    }
    let rows: Vec<Stored> = query.load(conn)?;
    Ok(rows.into_iter().map(PreviewRow::from).collect())
}
