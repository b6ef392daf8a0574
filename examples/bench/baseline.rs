//! What the libraries take for the same bytes and rows, without a ledger around them.

use std::process::ExitCode;
use std::time::Instant;

use calamine::{DataRef, Reader as _, Xlsx};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use one_ledger::db::connection::{Conn, Database};
use rust_xlsxwriter::Workbook;

use crate::workbooks::{Inventory, Made};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs a baseline if that is what the first argument names.
pub fn run(command: &str) -> Option<ExitCode> {
    let args: Vec<String> = std::env::args().skip(2).collect();
    let arg = |n: usize| args.get(n).cloned().unwrap_or_default();
    let done = match command {
        "bare-read" => read(&arg(0)),
        "bare-insert" => insert(arg(0).parse().unwrap_or(0), &arg(1)),
        "bare-write" => write(arg(0).parse().unwrap_or(0), &arg(1)),
        "make" => make(arg(0).parse().unwrap_or(0), &arg(1), &arg(2)),
        "bare-hello" => crate::served::serve_hello(&arg(0), &arg(1)),
        "empty-postgres" => empty_postgres(&arg(0)),
        _ => return None,
    };
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    })
}

/// Every cell of the first sheet, streamed.
fn read(file: &str) -> Outcome {
    let mut workbook: Xlsx<_> = calamine::open_workbook(file)?;
    let name = workbook.sheet_names().first().cloned().unwrap_or_default();
    let mut cells = workbook.worksheet_cells_reader(&name)?;
    let mut length = 0_usize;
    while let Some(cell) = cells.next_cell()? {
        length += match cell.get_value() {
            DataRef::String(text) => text.len(),
            DataRef::SharedString(text) => text.len(),
            _ => 1,
        };
    }
    println!("{length}");
    Ok(())
}

diesel::table! {
    bare (id) {
        id -> BigInt,
        name -> Text,
        department -> Text,
        document -> Text,
    }
}

/// One prepared statement a row in one durable transaction; the other cells as one text.
fn insert(rows: u32, file: &str) -> Outcome {
    let mut conn = SqliteConnection::establish(file)?;
    conn.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE bare (id INTEGER PRIMARY KEY, name TEXT NOT NULL, department TEXT NOT NULL, document TEXT NOT NULL)",
    )?;
    let made = texts(rows);
    let begun = Instant::now();
    conn.transaction(|conn| {
        for (id, texts) in (0_i64..).zip(&made) {
            let [name, department, rest @ ..] = texts;
            diesel::insert_into(bare::table)
                .values((
                    bare::id.eq(id),
                    bare::name.eq(name),
                    bare::department.eq(department),
                    bare::document.eq(rest.join("\u{1f}")),
                ))
                .execute(conn)?;
        }
        diesel::QueryResult::Ok(())
    })?;
    println!("seconds {}", begun.elapsed().as_secs_f64());
    Ok(())
}

/// The cells of the inventory, written by the bare library in constant memory.
fn write(rows: u32, out: &str) -> Outcome {
    let made = texts(rows);
    let begun = Instant::now();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    for (row, cells) in (0_u32..).zip(&made) {
        for (column, text) in (0_u16..).zip(cells).filter(|(_, text)| !text.is_empty()) {
            sheet.write_string(row, column, text)?;
        }
    }
    workbook.save(out)?;
    println!("seconds {}", begun.elapsed().as_secs_f64());
    Ok(())
}

/// The inventory's cells as text, made before the clock starts.
fn texts(rows: u32) -> Vec<[String; 22]> {
    let inventory = Inventory {
        rows,
        seed: crate::SEED,
        changed: false,
    };
    let text = |cell| match cell {
        Made::Text(text) => text,
        Made::Number(number) | Made::Date(number) => number.to_string(),
        Made::Empty => String::new(),
    };
    (0..rows).map(|at| inventory.row(at).map(text)).collect()
}

/// Makes a workbook and the list of its departments, to look at or to time by hand.
fn make(rows: u32, workbook: &str, departments: &str) -> Outcome {
    let inventory = Inventory {
        rows,
        seed: crate::SEED,
        changed: false,
    };
    inventory.write_workbook(workbook.as_ref())?;
    Ok(inventory.write_departments(departments.as_ref())?)
}

/// Takes every table away, so that the next command makes a fresh ledger.
fn empty_postgres(address: &str) -> Outcome {
    if let Conn::Postgres(mut conn) = Database::at(address)?.connect()? {
        conn.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
    }
    Ok(())
}
