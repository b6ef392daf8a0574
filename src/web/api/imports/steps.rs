//! What machines do with an import: correct, map, check again, apply, take back, discard.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, post, put, web};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{Standing, tag};
use crate::error::{Doing, Error, Problem, Result};
use crate::intake::correct::{Correction, Which};
use crate::intake::mapping::MapFile;
use crate::intake::upload::see;
use crate::intake::upload::steps::{self, Remap};
use crate::jobs::imports;
use crate::sheet::cell::column_number;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::once::{Answered, Once};
use crate::web::version::Version;

type Answer = std::result::Result<HttpResponse, Failure>;

/// A body that may be left out.
fn body<T: Default + DeserializeOwned>(bytes: &web::Bytes) -> Result<T> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    serde_json::from_slice(bytes).map_err(|e| Error::Input {
        code: "json".to_owned(),
        message: format!("JSON 内容有误: {e}"),
        suggestion: String::new(),
    })
}

/// A body as it was sent, to know it again.
fn text(bytes: &web::Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Takes a step, once per key, and wakes the workers when it is taken.
async fn step(
    caller: Caller,
    once: Once,
    id: i64,
    said: &impl Serialize,
    work: impl FnOnce(&mut Ask<'_>) -> Result<()> + Send + 'static,
) -> Answer {
    let state = caller.state().clone();
    let answer = caller
        .post(once, said, move |ask| {
            // What is not the caller's to see is not there, whatever was sent.
            see(ask.conn, &ask.viewer, id)?;
            work(ask)?;
            let upload = see(ask.conn, &ask.viewer, id)?;
            Ok(Answered {
                status: StatusCode::ACCEPTED,
                body: serde_json::to_value(Standing::of(&upload)).doing("生成应答")?,
                etag: Some(tag(upload.version)),
            })
        })
        .await;
    state.jobs.wake();
    answer
}

/// A correction.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCorrection {
    /// Number of the sheet, from 0.
    #[serde(default)]
    sheet: u32,
    /// Row as Excel shows it.
    row: u32,
    /// Column letters.
    #[schema(max_length = 3, example = "D")]
    column: String,
    /// What stands there now.
    #[serde(default)]
    said: String,
    /// What shall stand there.
    text: String,
    /// Every cell of this column that says the same as `said`.
    #[serde(default)]
    same: bool,
}

/// A correction from what was sent.
///
/// # Errors
/// [`Error::Invalid`] naming the column.
pub(in crate::web) fn correction(
    sheet: u32,
    row: u32,
    column: &str,
    texts: (String, String),
    same: bool,
) -> Result<Correction> {
    let (said, text) = texts;
    let place = column_number(column).ok_or_else(|| {
        Error::Invalid(vec![Problem::new(
            "column",
            "no_such_column",
            "列号无法识别",
            "请填写大写的列字母，例如 D",
        )])
    })?;
    let which = if same {
        Which::Same { said: said.clone() }
    } else {
        Which::Cell { line: row }
    };
    Ok(Correction {
        sheet,
        place,
        which,
        said,
        text,
    })
}

/// Corrects a cell, or every cell of a column that says the same; the file is checked again.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])), request_body = NewCorrection,
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/imports/{id}/corrections")]
async fn correct_cell(
    caller: Caller,
    once: Once,
    path: web::Path<i64>,
    version: Version,
    said: web::Json<NewCorrection>,
) -> Answer {
    let (id, said, seen) = (path.into_inner(), said.into_inner(), version.seen());
    let sent = said.clone();
    step(caller, once, id, &sent, move |ask| {
        let texts = (said.said, said.text);
        let correction = correction(said.sheet, said.row, &said.column, texts, said.same)?;
        imports::correct(ask.conn, &ask.viewer, id, &correction, seen)
    })
    .await
}

/// Takes a correction back; the file is checked again.
#[utoipa::path(tag = "imports", params(("id" = i64, Path), ("correction" = i64, Path)), security(("bearer" = [])),
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[delete("/imports/{id}/corrections/{correction}")]
async fn take_back_correction(
    caller: Caller,
    once: Once,
    path: web::Path<(i64, i64)>,
    version: Version,
) -> Answer {
    let ((id, correction), seen) = (path.into_inner(), version.seen());
    step(caller, once, id, &json!({}), move |ask| {
        imports::take_back(ask.conn, &ask.viewer, id, correction, seen)
    })
    .await
}

/// What is said of one sheet.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SheetMapping {
    /// Name of the sheet.
    sheet: String,
    /// Its register.
    register: Option<String>,
    /// The row of its header, as Excel shows it.
    header_row: Option<u32>,
    /// Column letters or header → field key; `null` = kept under its header; `-` = not read.
    #[serde(default)]
    columns: BTreeMap<String, Option<String>>,
    /// The sheet is not taken in.
    #[serde(default)]
    left_out: bool,
    /// What departments are called in the file → their code or full name.
    #[serde(default)]
    departments: BTreeMap<String, String>,
}

/// A mapping; what is absent stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMapping {
    /// Register of all sheets; empty = found by itself.
    register: Option<String>,
    /// Owner of rows that name none; empty = none.
    department: Option<String>,
    /// Sheets.
    #[serde(default)]
    sheets: Vec<SheetMapping>,
}

/// Changes what the columns mean; the file is checked again, and the mapping is remembered once it is applied.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])), request_body = NewMapping,
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[put("/imports/{id}/mapping")]
async fn change_mapping(
    caller: Caller,
    once: Once,
    path: web::Path<i64>,
    version: Version,
    said: web::Json<NewMapping>,
) -> Answer {
    let (id, said) = (path.into_inner(), said.into_inner());
    let sent = said.clone();
    step(caller, once, id, &sent, move |ask| {
        let seen = i64::from(version.need()?);
        let sheets = said.sheets.into_iter().map(|s| MapFile {
            sheet: Some(s.sheet),
            register: s.register,
            header_row: s.header_row,
            columns: s.columns,
            left_out: s.left_out,
            departments: s.departments,
        });
        let remap = Remap {
            register: said.register,
            department: said.department,
            sheets: sheets.collect(),
        };
        imports::remap(ask.app, ask.conn, &ask.viewer, id, remap, Some(seen))
    })
    .await
}

/// Has the file checked again, as after a failure.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/imports/{id}/recheck")]
async fn recheck_import(caller: Caller, once: Once, path: web::Path<i64>) -> Answer {
    let id = path.into_inner();
    step(caller, once, id, &json!({}), move |ask| {
        imports::recheck(ask.conn, &ask.viewer, id)
    })
    .await
}

/// How much is applied.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Applying {
    /// Only the rows that are right.
    partial: bool,
}

/// Applies what the preview shows, and nothing else.
///
/// When the ledger moved since, nothing is written: the import is `previewed` again, with a message.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    request_body(content = Option<Applying>, content_type = "application/json"),
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/imports/{id}/apply")]
async fn apply_import(
    caller: Caller,
    once: Once,
    path: web::Path<i64>,
    version: Version,
    bytes: web::Bytes,
) -> Answer {
    let (id, seen) = (path.into_inner(), version.seen());
    step(caller, once, id, &text(&bytes), move |ask| {
        let said: Applying = body(&bytes)?;
        imports::apply(ask.conn, &ask.viewer, id, said.partial, seen)
    })
    .await
}

/// Why it is taken back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Undoing {
    /// Why.
    #[schema(max_length = 500)]
    reason: String,
}

/// Takes an applied import back as a whole.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    request_body(content = Option<Undoing>, content_type = "application/json"),
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/imports/{id}/undo")]
async fn undo_import(
    caller: Caller,
    once: Once,
    path: web::Path<i64>,
    bytes: web::Bytes,
) -> Answer {
    let id = path.into_inner();
    step(caller, once, id, &text(&bytes), move |ask| {
        let said: Undoing = body(&bytes)?;
        imports::undo(ask.conn, &ask.viewer, id, &said.reason)
    })
    .await
}

/// Decides against an import that is not in the ledger; its file is removed.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/imports/{id}/discard")]
async fn discard_import(
    caller: Caller,
    once: Once,
    path: web::Path<i64>,
    version: Version,
) -> Answer {
    let (id, seen) = (path.into_inner(), version.seen());
    step(caller, once, id, &json!({}), move |ask| {
        steps::discard(ask.app, ask.conn, &ask.viewer, id, seen)
    })
    .await
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(correct_cell)
        .service(take_back_correction)
        .service(change_mapping)
        .service(recheck_import)
        .service(apply_import)
        .service(undo_import)
        .service(discard_import);
}
