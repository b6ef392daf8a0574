//! People by workbook: in with a preview, out so that it reads back, and the empty list to fill in.
//!
//! A row is a person and, where a role stands in it, an appointment; who holds two roles has two rows.
//! Reading runs the same functions as the pages, in one transaction, and keeps it only when every row is right.

use std::path::Path;

use serde::Serialize;

use crate::audit;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::org::directory::{Directory, Found, department_fault};
use crate::org::list::{self, Line, Problem};
use crate::org::load::{Mode, attempt};
use crate::org::lock;
use crate::sheet::workbook::Parser;
use columns::{Column, HEADERS};

mod columns;
mod row;
mod write;

pub use write::{export, template};

/// What one row comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Outcome {
    /// Row as Excel shows it.
    pub row: u32,
    /// The person's name.
    pub name: String,
    /// What changes, in words; empty when nothing does.
    pub changes: Vec<String>,
}

/// What reading a list of people came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Taken {
    /// Whether it was kept.
    pub applied: bool,
    /// People added.
    pub new: usize,
    /// People that changed.
    pub changed: usize,
    /// Rows that say nothing new.
    pub same: usize,
    /// Appointments made.
    pub appointed: usize,
    /// Appointments ended.
    pub dismissed: usize,
    /// Every row with what it changes.
    pub rows: Vec<Outcome>,
    /// What is wrong. With any, nothing is kept.
    pub problems: Vec<Problem>,
}

/// Reads a list of people.
///
/// # Errors
/// [`Error::Refused`] for who keeps nobody's people; when the file cannot be read or has no names in it.
pub fn take_in(
    conn: &mut Conn,
    viewer: &Viewer,
    parser: &Parser,
    file: &Path,
    mode: Mode,
) -> Result<Taken> {
    viewer.may_anywhere(Right::ManagePeople)?;
    let missing = "没有找到人员名单: 缺少“姓名”或“单位”列。";
    let must = [Column::Name, Column::Department];
    let lines = list::read(parser, file, HEADERS, &must, missing)?;
    attempt(conn, |conn| {
        lock::people(conn)?;
        let directory = Directory::load(conn)?;
        let mut out = Taken::default();
        for line in &lines {
            one(conn, viewer, &directory, line, &mut out)?;
        }
        out.applied = out.problems.is_empty() && mode == Mode::Apply;
        if out.applied {
            let told = serde_json::json!({
                "new": out.new, "changed": out.changed,
                "appointed": out.appointed, "dismissed": out.dismissed,
            });
            let line = audit::Event::done("load_people", "导入人员名单").with(told);
            audit::record(conn, viewer, &line)?;
        }
        let keep = out.applied;
        Ok((out, keep))
    })
}

/// One line: what is wrong with it is a problem of the list, what the database says ends it all.
fn one(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    line: &Line<Column>,
    out: &mut Taken,
) -> Result<()> {
    match row::take(conn, viewer, directory, line, out) {
        Ok(outcome) => {
            if outcome.changes.is_empty() {
                out.same += 1;
            }
            out.rows.push(outcome);
        }
        Err(row::Wrong::Cells(problems)) => out.problems.extend(problems),
        Err(row::Wrong::Error(Error::Invalid(problems))) => {
            for problem in problems {
                let text = [problem.message, problem.suggestion].join("，");
                let text = text.trim_end_matches('，').to_owned();
                let column = columns::of_field(&problem.field);
                out.problems.push(match column {
                    Some(column) => line.problem(column, text),
                    None => whole(line, text),
                });
            }
        }
        Err(row::Wrong::Error(
            said @ (Error::Refused(_) | Error::Conflict(_) | Error::NotFound(_) | Error::Stale(_)),
        )) => out.problems.push(whole(line, said.to_string())),
        Err(row::Wrong::Error(other)) => return Err(other),
    }
    Ok(())
}

fn whole(line: &Line<Column>, message: String) -> Problem {
    Problem {
        row: line.row,
        column: None,
        message,
    }
}

/// The department that a cell names.
fn department(
    directory: &Directory,
    line: &Line<Column>,
    column: Column,
    text: &str,
) -> std::result::Result<i64, Problem> {
    match directory.find(text) {
        Found::One(id) => Ok(id),
        found => {
            let fault = department_fault(directory, text, &found);
            Err(line.problem(column, format!("{}{}", fault.message, fault.suggestion)))
        }
    }
}
