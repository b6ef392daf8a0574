//! Cells that somebody corrected on the page: kept beside the file and laid over it whenever it is read.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::import_corrections;
use crate::error::{Error, Problem, Result};
use crate::sheet::cell::{Cell, Row, column_letters};

/// How many corrections an import may have; whoever has more should mend the file.
const MOST: i64 = 2_000;
/// Characters of one cell, as in a file.
const LONGEST: usize = 32_767;
/// Columns of a sheet, as in a file.
const WIDEST: u16 = 16_384;

/// Which cells a correction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// One cell.
    Cell {
        /// Row as Excel shows it.
        line: u32,
    },
    /// Every cell of the column that says the same.
    Same {
        /// What they say.
        said: String,
    },
}

/// A correction to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Number of the sheet.
    pub sheet: u32,
    /// Column, 0 = A.
    pub place: u16,
    /// Which cells.
    pub which: Which,
    /// What stood there, for the record.
    pub said: String,
    /// What shall stand there.
    pub text: String,
}

/// A correction as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = import_corrections)]
pub struct Kept {
    /// Number.
    pub id: i64,
    /// Number of the sheet.
    pub sheet: i64,
    /// Row as Excel shows it; 0 = every cell of the column that says the same.
    pub line: i64,
    /// Column, 0 = A.
    pub place: i64,
    /// What stood there.
    pub said: String,
    /// What stands there now.
    pub text: String,
    /// Who corrected it.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
}

impl Kept {
    /// Column letters.
    #[must_use]
    pub fn column(&self) -> String {
        u16::try_from(self.place)
            .map(column_letters)
            .unwrap_or_default()
    }
}

/// All corrections of an import, ready to be laid over its rows.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    cells: HashMap<(usize, u32), Vec<(u16, String)>>,
    same: HashMap<usize, HashMap<(u16, String), String>>,
}

impl Corrections {
    /// Reads those of an import.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(conn: &mut Conn, import: i64) -> Result<Self> {
        let mut out = Self::default();
        for kept in list(conn, import)? {
            let (Ok(sheet), Ok(place)) = (usize::try_from(kept.sheet), u16::try_from(kept.place))
            else {
                continue;
            };
            match u32::try_from(kept.line) {
                Ok(line) if line > 0 => {
                    let cells = out.cells.entry((sheet, line)).or_default();
                    cells.push((place, kept.text));
                }
                _ => {
                    let column = out.same.entry(sheet).or_default();
                    column.insert((place, one_break(kept.said)), kept.text);
                }
            }
        }
        Ok(out)
    }

    /// Puts corrected cells into a row; a cell's own correction goes before that of its column.
    pub fn lay_over(&self, sheet: usize, row: &mut Row) {
        if let Some(column) = self.same.get(&sheet) {
            for (place, cell) in (0_u16..).zip(&mut row.cells) {
                if cell.is_blank() {
                    continue;
                }
                if let Some(text) = column.get(&(place, one_break(cell.text()))) {
                    *cell = as_cell(text);
                }
            }
        }
        for (place, text) in self.cells.get(&(sheet, row.number)).into_iter().flatten() {
            let place = usize::from(*place);
            if row.cells.len() <= place {
                row.cells.resize(place + 1, Cell::Empty);
            }
            if let Some(cell) = row.cells.get_mut(place) {
                *cell = as_cell(text);
            }
        }
    }
}

/// Line breaks as a form sends them back: browsers and workbooks differ in them.
fn one_break(text: String) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text
    }
}

fn as_cell(text: &str) -> Cell {
    if text.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(text.to_owned())
    }
}

/// The corrections of an import in the order they were made.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut Conn, import: i64) -> Result<Vec<Kept>> {
    Ok(import_corrections::table
        .filter(import_corrections::import_id.eq(import))
        .order(import_corrections::id)
        .select(Kept::as_select())
        .load(conn)?)
}

/// Everything that is wrong with a correction as it was sent.
///
/// # Errors
/// [`Error::Invalid`].
pub fn check(correction: &Correction) -> Result<()> {
    let mut problems = Vec::new();
    for (field, text) in [("text", &correction.text), ("said", &correction.said)] {
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.chars().any(odd) {
            problems.push(Problem::new(
                field,
                "control_character",
                "含有不能保存的控制字符",
                "请删去看不见的字符后再提交",
            ));
        }
        if text.chars().count() > LONGEST {
            problems.push(Problem::new(
                field,
                "too_long",
                "超过 32767 个字符",
                "请缩短后再提交",
            ));
        }
    }
    if correction.place >= WIDEST {
        problems.push(Problem::new(
            "column",
            "no_such_column",
            "没有这一列",
            "列号从 A 到 XFD",
        ));
    }
    if matches!(correction.which, Which::Cell { line: 0 }) {
        problems.push(Problem::new(
            "row",
            "no_such_row",
            "没有这一行",
            "行号从 1 开始",
        ));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// Keeps a correction; an earlier one of the same cell is replaced.
///
/// # Errors
/// [`Error::TooLarge`] when there are too many; when the database fails.
pub(super) fn keep(
    conn: &mut Conn,
    viewer: &Viewer,
    import: i64,
    correction: &Correction,
) -> Result<()> {
    let (line, said) = match &correction.which {
        Which::Cell { line } => (i64::from(*line), &correction.said),
        Which::Same { said } => (0, said),
    };
    let earlier = import_corrections::table
        .filter(import_corrections::import_id.eq(import))
        .filter(import_corrections::sheet.eq(i64::from(correction.sheet)))
        .filter(import_corrections::place.eq(i64::from(correction.place)))
        .filter(import_corrections::line.eq(line));
    let former: Vec<(i64, String)> = earlier
        .select((import_corrections::id, import_corrections::said))
        .order(import_corrections::id)
        .load(conn)?;
    if matches!(correction.which, Which::Same { .. }) {
        // What an earlier correction put there says the same too.
        diesel::update(import_corrections::table)
            .filter(import_corrections::import_id.eq(import))
            .filter(import_corrections::sheet.eq(i64::from(correction.sheet)))
            .filter(import_corrections::place.eq(i64::from(correction.place)))
            .filter(import_corrections::text.eq(said))
            .set(import_corrections::text.eq(&correction.text))
            .execute(conn)?;
    }
    // What the file itself said is kept through any number of corrections.
    let mut first_said = said.clone();
    for (id, was) in former.iter().filter(|(_, was)| line > 0 || was == said) {
        first_said.clone_from(was);
        diesel::delete(import_corrections::table.find(*id)).execute(conn)?;
    }
    let count: i64 = import_corrections::table
        .filter(import_corrections::import_id.eq(import))
        .count()
        .get_result(conn)?;
    if count >= MOST {
        return Err(Error::TooLarge(format!(
            "一次导入最多更正 {MOST} 处，请在文件中改好后重新上传"
        )));
    }
    diesel::insert_into(import_corrections::table)
        .values((
            import_corrections::import_id.eq(import),
            import_corrections::sheet.eq(i64::from(correction.sheet)),
            import_corrections::line.eq(line),
            import_corrections::place.eq(i64::from(correction.place)),
            import_corrections::said.eq(first_said),
            import_corrections::text.eq(&correction.text),
            import_corrections::account_id.eq(viewer.account()),
            import_corrections::actor.eq(viewer.name()),
            import_corrections::at.eq(clock::now()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes a correction back.
///
/// # Errors
/// [`Error::NotFound`] when there is no such one; when the database fails.
pub(super) fn drop_one(conn: &mut Conn, import: i64, id: i64) -> Result<()> {
    let gone = diesel::delete(
        import_corrections::table
            .filter(import_corrections::import_id.eq(import))
            .filter(import_corrections::id.eq(id)),
    )
    .execute(conn)?;
    if gone == 1 {
        Ok(())
    } else {
        Err(Error::NotFound("这条更正".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(row: &Row) -> Vec<String> {
        row.cells.iter().map(Cell::text).collect()
    }

    #[test]
    fn a_cell_goes_before_its_column_and_a_row_grows_where_it_must() {
        let mut corrections = Corrections::default();
        corrections.cells.insert(
            (0, 3),
            vec![(1, "这一格".to_owned()), (3, "更远".to_owned())],
        );
        let column = HashMap::from([((1, "旧".to_owned()), "新".to_owned())]);
        corrections.same.insert(0, column);
        let row = |number| Row {
            number,
            cells: vec![Cell::Text("甲".to_owned()), Cell::Text("旧".to_owned())],
        };
        let mut third = row(3);
        corrections.lay_over(0, &mut third);
        assert_eq!(text(&third), ["甲", "这一格", "", "更远"]);
        let mut fourth = row(4);
        corrections.lay_over(0, &mut fourth);
        assert_eq!(text(&fourth), ["甲", "新"]);
        let mut elsewhere = row(3);
        corrections.lay_over(1, &mut elsewhere);
        assert_eq!(text(&elsewhere), ["甲", "旧"]);
    }
}
