//! Imports for machines: send a file, read what was found in it, correct, map, apply, take back.

mod body;
mod rows;
mod steps;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::error::{Error, Problem, Result};
use crate::intake::correct;
use crate::intake::preview;
use crate::intake::upload::list::{self, Filter};
use crate::intake::upload::options::Options;
use crate::intake::upload::receive::Submission;
use crate::intake::upload::{State, annotate, outcome, see};
use crate::jobs::imports;
use crate::ledger::held::{KEPT, REQUESTED};
use crate::org::directory::Directory;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::Caller;
use crate::web::fields::has_controls;
use crate::web::upload::{self, Sent};
pub(in crate::web) use steps::correction;

use body::{Detail, ImportPage, SentForm, Standing, Summary};
use rows::{CorrectionPage, Group, RowPage};

/// Items of a page when nothing is asked for.
const USUAL: usize = 50;
/// Items of a page at most.
const MOST: usize = 500;

/// How many items, within what a page may hold.
///
/// # Errors
/// [`Error::Invalid`] naming `limit`.
fn limit(wanted: Option<usize>) -> Result<usize> {
    match wanted {
        None => Ok(USUAL),
        Some(n @ 1..=MOST) => Ok(n),
        Some(_) => Err(Error::Invalid(vec![Problem::new(
            "limit",
            "out_of_range",
            "limit 应在 1 到 500 之间",
            "",
        )])),
    }
}

fn wrong(field: &str, message: &str) -> Error {
    Error::Invalid(vec![Problem::new(field, "invalid", message, "")])
}

fn text(field: &str, given: Option<String>) -> Result<Option<String>> {
    match given {
        Some(text) if has_controls(&text) => Err(wrong(field, "内容中有不可见的控制字符")),
        other => Ok(other.filter(|t| !t.is_empty())),
    }
}

/// What a submission asks for, from the fields of its form.
pub(in crate::web) fn submission(mut sent: Sent, key: String) -> Result<Submission> {
    let (name, incoming) = sent.file.take().ok_or_else(|| {
        Error::Invalid(vec![Problem::new(
            "file",
            "required",
            "没有收到文件",
            "请把文件放在字段 file 中",
        )])
    })?;
    Ok(Submission {
        incoming,
        name,
        options: Options {
            register: sent.get("register"),
            sheet: sent.get("sheet"),
            department: sent.get("department"),
            apply: sent.is_set("apply"),
            reason: sent.get("reason").unwrap_or_default(),
            valid_on: sent.get("valid_on"),
            sheets: Vec::new(),
        },
        key,
    })
}

/// Takes a file in; it is checked in the background.
///
/// The same file of the same account with the same options, while it is not decided, is the same import.
#[utoipa::path(tag = "imports", security(("bearer" = [])),
    request_body(content = SentForm, content_type = "multipart/form-data"),
    responses((status = 202, body = Standing), (status = "4XX", body = ProblemBody), (status = 503, body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/imports")]
async fn create_import(
    request: HttpRequest,
    payload: web::Payload,
) -> std::result::Result<HttpResponse, Failure> {
    let key = match request.headers().get("idempotency-key") {
        Some(value) => value
            .to_str()
            .map_err(|_| wrong("Idempotency-Key", "Idempotency-Key 应为可见的英文字符"))?
            .to_owned(),
        None => String::new(),
    };
    let sent = upload::take(&request, payload).await?;
    let caller = Caller::of(&request)?.with_csrf(sent.csrf());
    let state = caller.state().clone();
    let submission = submission(sent, key)?;
    let standing = caller
        .change(move |ask| {
            let received = imports::submit(ask.app, ask.conn, &ask.viewer, submission)?;
            let upload = see(ask.conn, &ask.viewer, received.import)?;
            Ok(Standing::of(&upload))
        })
        .await?;
    state.jobs.wake();
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, format!("/api/v1/imports/{}", standing.id)))
        .json(standing))
}

/// Which imports are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only those in this state.
    #[param(inline)]
    state: Option<State>,
    /// Only one's own.
    mine: Option<bool>,
    /// Only those whose file name or sender holds this.
    search: Option<String>,
    /// Where the page before ended.
    cursor: Option<i64>,
    /// Items of a page, at most 500.
    limit: Option<usize>,
}

/// The list of imports, newest first.
#[utoipa::path(tag = "imports", params(ImportQuery), security(("bearer" = [])),
    responses((status = 200, body = ImportPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/imports")]
async fn list_imports(
    caller: Caller,
    query: web::Query<ImportQuery>,
) -> std::result::Result<HttpResponse, Failure> {
    let query = query.into_inner();
    let page = caller
        .read(move |ask| {
            let filter = Filter {
                state: query.state,
                mine: query.mine.unwrap_or(false),
                text: text("search", query.search)?,
            };
            let limit = limit(query.limit)?;
            let (uploads, cursor) =
                list::page(ask.conn, &ask.viewer, &filter, query.cursor, limit)?;
            let directory = Directory::load(ask.conn)?;
            let items = uploads.iter().map(|u| Summary::of(&directory, u)).collect();
            Ok(ImportPage {
                items,
                cursor: cursor.map(|c| c.to_string()),
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One import: its state, its counts, what is wrong in it.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    responses((status = 200, body = Detail, headers(("ETag" = String))), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[get("/imports/{id}")]
async fn get_import(
    caller: Caller,
    path: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let id = path.into_inner();
    let (detail, version) = caller
        .read(move |ask| {
            let upload = see(ask.conn, &ask.viewer, id)?;
            let job = imports::last_job(ask.conn, id)?;
            let progress = job.as_ref().and_then(|j| ask.state.jobs.progress(j.id));
            let written = match upload.change_set {
                Some(seq) => outcome::written(ask.conn, &ask.viewer, seq)?,
                None => Vec::new(),
            };
            let directory = Directory::load(ask.conn)?;
            let version = upload.version;
            let job = job.map(|job| (job, progress));
            Ok((Detail::of(&directory, &upload, job, written), version))
        })
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, body::tag(version)))
        .json(detail))
}

/// Which rows are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RowQuery {
    /// Only this group: `new`, `changed`, `refused`, `skipped`, `same`.
    #[param(inline)]
    group: Option<Group>,
    /// Only rows that somebody should look at.
    doubtful: Option<bool>,
    /// Only this sheet, by its number from 0.
    sheet: Option<i64>,
    /// Only rows with values that are held back: `requested` (change requests) or `kept` (left as they stand).
    #[param(inline)]
    held: Option<Held>,
    /// Only rows with something wrong in this field.
    field: Option<String>,
    /// Only rows that hold this text.
    search: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Items of a page, at most 500.
    limit: Option<usize>,
}

/// What is held back of a row.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportHeld)]
enum Held {
    /// Approved values go into a change request.
    Requested,
    /// Reviews and stage acts alone change it.
    Kept,
}

/// The rows of the preview; those that change nothing are only counted.
#[utoipa::path(tag = "imports", params(("id" = i64, Path), RowQuery), security(("bearer" = [])),
    responses((status = 200, body = RowPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[get("/imports/{id}/rows")]
async fn list_import_rows(
    caller: Caller,
    path: web::Path<i64>,
    query: web::Query<RowQuery>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, query) = (path.into_inner(), query.into_inner());
    let page = caller
        .read(move |ask| {
            let upload = see(ask.conn, &ask.viewer, id)?;
            let after = query.cursor.as_deref().map(place).transpose()?;
            let limit = limit(query.limit)?;
            let filter = preview::Filter {
                outcome: query.group.map(Group::outcome),
                doubtful: query.doubtful.unwrap_or(false),
                said: match query.held {
                    None => &[],
                    Some(Held::Requested) => &REQUESTED,
                    Some(Held::Kept) => &KEPT,
                },
                sheet: query.sheet,
                field: text("field", query.field)?,
                text: text("search", query.search)?,
            };
            let wanted = i64::try_from(limit).unwrap_or(0);
            let rows = preview::page(ask.conn, (id, upload.round), &filter, after, wanted + 1)?;
            let directory = Directory::load(ask.conn)?;
            Ok(RowPage::of(&directory, &upload, rows, limit))
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// A cursor of rows: sheet and row.
///
/// # Errors
/// [`Error::Invalid`] naming `cursor`.
pub(in crate::web) fn place(cursor: &str) -> Result<(i64, i64)> {
    cursor
        .split_once('-')
        .and_then(|(sheet, line)| Some((sheet.parse().ok()?, line.parse().ok()?)))
        .ok_or_else(|| wrong("cursor", "cursor 无法识别，请使用上一页返回的值"))
}

/// The corrections of an import, in the order they were made.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    responses((status = 200, body = CorrectionPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[get("/imports/{id}/corrections")]
async fn list_corrections(
    caller: Caller,
    path: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let id = path.into_inner();
    let page = caller
        .read(move |ask| {
            let upload = see(ask.conn, &ask.viewer, id)?;
            let kept = correct::list(ask.conn, id)?;
            Ok(CorrectionPage::of(&upload, &kept))
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// The file with what was said of each row.
#[utoipa::path(tag = "imports", params(("id" = i64, Path)), security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[get("/imports/{id}/annotated")]
async fn download_annotated(
    caller: Caller,
    path: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    annotated(caller, path.into_inner()).await
}

/// The annotated copy as a download, for the API and the pages alike.
///
/// # Errors
/// As [`annotate::write`].
pub(in crate::web) async fn annotated(
    caller: Caller,
    id: i64,
) -> std::result::Result<HttpResponse, Failure> {
    use crate::audit::{self, Event};
    use crate::error::Doing as _;
    let slots = std::sync::Arc::clone(&caller.state().uploads);
    let _slot = slots.try_acquire_owned().map_err(|_| Error::Busy(5))?;
    let (name, bytes) = caller
        .read(move |ask| {
            let upload = see(ask.conn, &ask.viewer, id)?;
            let folder = tempfile::tempdir().doing("生成标注后的工作簿")?;
            let out = folder.path().join("annotated.xlsx");
            let copy = annotate::write(ask.app, ask.conn, &upload, &out)?;
            let bytes = std::fs::read(&copy).doing("读取标注后的工作簿")?;
            let stem = std::path::Path::new(&upload.file_name).file_stem();
            let stem = stem
                .map(|s| s.to_string_lossy().into_owned())
                .unwrap_or_default();
            let extension = copy.extension().and_then(|e| e.to_str()).unwrap_or("xlsx");
            let event = Event::done(
                "export_annotated",
                &format!("导入 {id} {}", upload.file_name),
            )
            .of(upload.department_id);
            audit::record(ask.conn, &ask.viewer, &event)?;
            Ok((format!("{stem}（标注）.{extension}"), bytes))
        })
        .await?;
    let coded = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"import-{id}.xlsx\"; filename*=UTF-8''{coded}"),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(bytes))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(create_import)
        .service(list_imports)
        .service(get_import)
        .service(list_import_rows)
        .service(list_corrections)
        .service(download_annotated)
        .configure(steps::configure);
}
