//! Which column is which field: the page where somebody says so, one sheet at a time.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::Choice;
use super::acts::settle;
use crate::error::{Error, Problem, Result};
use crate::intake::mapping::{MapFile, NOT_READ};
use crate::intake::preview::Head;
use crate::intake::report::{ColumnReport, SheetReport};
use crate::intake::upload::steps::Remap;
use crate::intake::upload::{State, see};
use crate::jobs::imports;
use crate::register::field::Register;
use crate::sheet::cell::column_number;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// Instead of a field: the column is kept under its own header.
const KEPT: &str = "+";
/// Texts that show what a column holds.
const SAMPLES: usize = 3;

/// One column with its choices.
struct Column {
    letters: String,
    header: String,
    said: &'static str,
    note: String,
    samples: String,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "imports/mapping.html")]
struct Mapping {
    shell: Shell,
    id: i64,
    version: i64,
    problems: Vec<Problem>,
    number: usize,
    name: String,
    sheets: Vec<Choice>,
    registers: Vec<Choice>,
    header_row: String,
    left_out: bool,
    why: String,
    head: Vec<(u32, Vec<String>)>,
    columns: Vec<Column>,
    department: String,
    departments: Vec<String>,
    fixed: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    sheet: usize,
}

async fn show(
    caller: Caller,
    path: web::Path<i64>,
    query: web::Query<Query>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, number) = (path.into_inner(), query.sheet);
    caller
        .page(move |ask| page(ask, id, number, Vec::new()))
        .await
}

fn page(ask: &mut Ask<'_>, id: i64, number: usize, problems: Vec<Problem>) -> Result<Mapping> {
    let upload = see(ask.conn, &ask.viewer, id)?;
    let preview = upload.preview();
    let sheets = &preview.report.sheets;
    let Some(sheet) = sheets.get(number) else {
        return Err(Error::NotFound("这个工作表".to_owned()));
    };
    let register = sheet
        .register
        .as_deref()
        .and_then(|k| ask.app.catalogue.register(k));
    let head = preview.heads.get(number).cloned().unwrap_or_default();
    let columns = sheet
        .columns
        .iter()
        .map(|column| view(register, sheet, &head, column))
        .collect();
    let choices = sheets.iter().enumerate().map(|(n, s)| Choice {
        value: n.to_string(),
        label: s.sheet.clone(),
        chosen: n == number,
    });
    let registers = ask.app.catalogue.registers().iter().map(|r| Choice {
        value: r.key.clone(),
        label: r.label.clone(),
        chosen: sheet.register.as_ref() == Some(&r.key),
    });
    let open = matches!(
        upload.state(),
        State::Previewed | State::Rejected | State::Failed | State::Checking
    );
    let options = upload.options();
    let departments = super::own_departments(ask)?;
    let said = options
        .sheets
        .iter()
        .find(|m| m.sheet.as_ref() == Some(&sheet.sheet));
    Ok(Mapping {
        shell: ask.shell(&format!("导入 {id}: 列对应"), "/imports"),
        id,
        version: upload.version,
        problems,
        number,
        name: sheet.sheet.clone(),
        sheets: choices.collect(),
        registers: registers.collect(),
        header_row: sheet.header_row.map(|r| r.to_string()).unwrap_or_default(),
        left_out: said.is_some_and(|m| m.left_out),
        department: options.department.clone().unwrap_or_default(),
        departments,
        why: sheet.left_out.clone().unwrap_or_default(),
        head: head.rows,
        columns,
        fixed: !open,
    })
}

fn view(
    register: Option<&Register>,
    sheet: &SheetReport,
    head: &Head,
    column: &ColumnReport,
) -> Column {
    let chosen = chosen(column);
    let mut choices = vec![
        Choice {
            value: KEPT.to_owned(),
            label: "保留为其他列（原样保存）".to_owned(),
            chosen: chosen == KEPT,
        },
        Choice {
            value: NOT_READ.to_owned(),
            label: "不读取".to_owned(),
            chosen: chosen == NOT_READ,
        },
    ];
    for field in register.map(|r| r.fields.as_slice()).unwrap_or_default() {
        choices.push(Choice {
            value: field.key.clone(),
            label: format!("{} · {}", field.group, field.label),
            chosen: chosen == field.key,
        });
    }
    let below = sheet.header_row.unwrap_or(0) + sheet.header_rows.saturating_sub(1);
    let place = column_number(&column.column).map(usize::from);
    let samples: Vec<&str> = head
        .rows
        .iter()
        .filter(|(number, _)| *number > below)
        .filter_map(|(_, cells)| cells.get(place?).map(String::as_str))
        .filter(|text| !text.is_empty())
        .take(SAMPLES)
        .collect();
    Column {
        letters: column.column.clone(),
        header: column.header.clone(),
        said: how(&column.how),
        note: column.note.clone().unwrap_or_default(),
        samples: samples.join(" | "),
        choices,
    }
}

fn chosen(column: &ColumnReport) -> &str {
    match (&column.field, column.how.as_str()) {
        (Some(field), _) => field,
        (None, "ignored" | "ours" | "secret") => NOT_READ,
        (None, _) => KEPT,
    }
}

fn how(word: &str) -> &'static str {
    match word {
        "label" | "alias" | "path" => "按列名识别",
        "similar" => "按相似度识别，请核对",
        "mapped" => "按指定或记住的对应",
        "ignored" => "序号等，不读取",
        "ours" => "本系统的结果列，不读取",
        "secret" => "账号口令类，不保存",
        "duplicate" => "与另一列重复",
        _ => "未识别",
    }
}

async fn change(
    posted: Posted,
    path: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let Posted { caller, fields } = posted;
    let id = path.into_inner();
    let state = caller.state().clone();
    let answer = caller
        .act(move |ask| {
            let number = fields
                .get("number")
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            match remap(ask, id, number, &fields) {
                Ok(()) => Ok(Next::saying(
                    &format!("/imports/{id}"),
                    "已按新的列对应重新核对",
                )),
                Err(Error::Invalid(problems)) => Next::again(&page(ask, id, number, problems)?),
                Err(error @ (Error::Conflict(_) | Error::Stale(_))) => {
                    Ok(Next::saying(&format!("/imports/{id}"), &error.to_string()))
                }
                Err(other) => Err(other),
            }
        })
        .await?;
    state.jobs.wake();
    settle(&state, id).await;
    Ok(answer)
}

fn remap(ask: &mut Ask<'_>, id: i64, number: usize, fields: &Fields) -> Result<()> {
    let upload = see(ask.conn, &ask.viewer, id)?;
    let preview = upload.preview();
    let Some(sheet) = preview.report.sheets.get(number) else {
        return Err(Error::NotFound("这个工作表".to_owned()));
    };
    let header_row = match fields.get("header_row") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Error::Invalid(vec![Problem::new(
                "header_row",
                "invalid_number",
                "表头行号应为数字",
                "请填写表头第一行的行号",
            )])
        })?),
    };
    let register = fields.get("register").map(str::to_owned);
    // Columns mean something only under the register and the header that the page showed them for.
    let same_table = register == sheet.register && (header_row == sheet.header_row);
    let columns = if same_table {
        columns(sheet, fields)
    } else {
        BTreeMap::new()
    };
    let map = MapFile {
        sheet: Some(sheet.sheet.clone()),
        register,
        header_row: header_row
            .filter(|row| Some(*row) != sheet.header_row || said_row(&upload, sheet)),
        columns,
        left_out: fields.get("left_out").is_some(),
        departments: BTreeMap::new(),
    };
    let remap = Remap {
        register: None,
        department: fields.raw("department").map(|d| d.trim().to_owned()),
        sheets: vec![map],
    };
    let seen = fields.get("version").and_then(|v| v.parse().ok());
    imports::remap(ask.app, ask.conn, &ask.viewer, id, remap, seen)
}

/// Whether the header row had been said by hand before: then it stays said.
fn said_row(upload: &crate::intake::upload::Upload, sheet: &SheetReport) -> bool {
    let options = upload.options();
    let said = options
        .sheets
        .iter()
        .find(|m| m.sheet.as_ref() == Some(&sheet.sheet));
    said.is_some_and(|m| m.header_row.is_some())
}

/// The columns that somebody chose otherwise than they were recognised, now or before.
fn columns(sheet: &SheetReport, fields: &Fields) -> BTreeMap<String, Option<String>> {
    let mut out = BTreeMap::new();
    for column in &sheet.columns {
        let Some(wanted) = fields.get(&format!("column.{}", column.column)) else {
            continue;
        };
        if wanted == chosen(column) && column.how != "mapped" {
            continue;
        }
        let field = (wanted != KEPT).then(|| wanted.to_owned());
        out.insert(column.column.clone(), field);
    }
    out
}

/// Adds the routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/imports/{id:\\d+}/mapping", web::get().to(show))
        .route("/imports/{id:\\d+}/mapping", web::post().to(change));
}
