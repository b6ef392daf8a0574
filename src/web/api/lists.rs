//! Lists of departments and people as files: in with or without applying, out, and stamped scans of filings.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::error::{Doing, Error, Problem, Result};
use crate::org::load::{self, Loaded, Mode};
use crate::org::paper::{self, Scan};
use crate::org::person::Filter;
use crate::org::roster::{self, Taken};
use crate::sheet::export::ExportFormat;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::Caller;
use crate::web::ui::lists::download;
use crate::web::upload::{self, Sent};

type Answer = std::result::Result<HttpResponse, Failure>;

/// A list as it is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, the stream is read by hand")]
struct SentList {
    /// Only say what would happen.
    check: Option<bool>,
    /// The workbook or CSV.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// A file as it is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, the stream is read by hand")]
struct SentScan {
    /// PDF, JPG or PNG.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Which file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FileQuery {
    /// `xlsx` (the default) or `csv`.
    format: Option<String>,
    /// Only people of this department; of no meaning for departments.
    department_id: Option<i64>,
}

fn format(query: &FileQuery) -> Result<ExportFormat> {
    match query.format.as_deref().map(ExportFormat::named) {
        None => Ok(ExportFormat::Xlsx),
        Some(Some(format @ (ExportFormat::Xlsx | ExportFormat::Csv))) => Ok(format),
        _ => Err(wrong("format", "format 应为 xlsx 或 csv")),
    }
}

fn wrong(field: &str, message: &str) -> Error {
    Error::Invalid(vec![Problem::new(field, "unknown_value", message, "")])
}

fn mode(sent: &Sent) -> Mode {
    if sent.is_set("check") {
        Mode::Check
    } else {
        Mode::Apply
    }
}

fn missing() -> Error {
    Error::Invalid(vec![Problem::new(
        "file",
        "required",
        "请在字段 file 中发送文件",
        "",
    )])
}

/// Takes a list of departments in; all of it or nothing.
#[utoipa::path(tag = "departments", security(("bearer" = [])),
    request_body(content = SentList, content_type = "multipart/form-data"),
    responses((status = 200, body = Loaded), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_organisation")), ("x-scope" = json!("all"))))]
#[post("/departments/import")]
async fn import_departments(request: HttpRequest, payload: web::Payload) -> Answer {
    let sent = upload::take_for(&request, payload, Right::ManageOrganisation).await?;
    let caller = Caller::of(&request)?.with_csrf(sent.csrf());
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManageOrganisation)?;
        let mode = mode(&sent);
        let (_, incoming) = sent.file.ok_or_else(missing)?;
        let with = (&ask.app.parser, &ask.app.catalogue);
        load::take_in(ask.conn, &ask.viewer, with, incoming.path(), mode)
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// Takes a list of people in; all of it or nothing.
#[utoipa::path(tag = "people", security(("bearer" = [])),
    request_body(content = SentList, content_type = "multipart/form-data"),
    responses((status = 200, body = Taken), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/people/import")]
async fn import_people(request: HttpRequest, payload: web::Payload) -> Answer {
    let sent = upload::take_for(&request, payload, Right::ManagePeople).await?;
    let caller = Caller::of(&request)?.with_csrf(sent.csrf());
    let done = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManagePeople)?;
        let mode = mode(&sent);
        let (_, incoming) = sent.file.ok_or_else(missing)?;
        let parser = &ask.app.parser;
        roster::take_in(ask.conn, &ask.viewer, parser, incoming.path(), mode)
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// The departments as a list that reads back without a change.
#[utoipa::path(tag = "departments", params(FileQuery), security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/departments/export")]
async fn export_departments(caller: Caller, query: web::Query<FileQuery>) -> Answer {
    let (format, bytes) = caller
        .read(move |ask| {
            let format = format(&query)?;
            let folder = tempfile::tempdir().doing("生成文件")?;
            let out = folder.path().join("list");
            let regions = ask.app.catalogue.regions();
            load::export(ask.conn, &ask.viewer, regions, format, &out)?;
            Ok((format, std::fs::read(&out).doing("读取生成的文件")?))
        })
        .await?;
    let name = format!("机构名录.{}", format.extension());
    Ok(download(&name, format.media_type(), bytes))
}

/// The people you may see as a list that reads back; it is written into the audit log.
#[utoipa::path(tag = "people", params(FileQuery), security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/people/export")]
async fn export_people(caller: Caller, query: web::Query<FileQuery>) -> Answer {
    let (format, bytes) = caller
        .change(move |ask| {
            let format = format(&query)?;
            let folder = tempfile::tempdir().doing("生成文件")?;
            let out = folder.path().join("list");
            let filter = Filter {
                departments: query.department_id.map(|id| vec![id]),
                ..Filter::default()
            };
            let rules = ask.app.organisation;
            roster::export(ask.conn, &ask.viewer, rules, &filter, (format, &out))?;
            Ok((format, std::fs::read(&out).doing("读取生成的文件")?))
        })
        .await?;
    let name = format!("人员名单.{}", format.extension());
    Ok(download(&name, format.media_type(), bytes))
}

/// Adds a stamped scan to a filing that the department has in hand.
#[utoipa::path(tag = "filings", security(("bearer" = [])), params(("id" = i64, Path, description = "The filing.")),
    request_body(content = SentScan, content_type = "multipart/form-data"),
    responses((status = 201, body = Scan), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_people")), ("x-scope" = json!("own"))))]
#[post("/filings/{id}/scans")]
async fn add_scan(request: HttpRequest, payload: web::Payload, id: web::Path<i64>) -> Answer {
    let sent = upload::take_for(&request, payload, Right::ManagePeople).await?;
    let caller = Caller::of(&request)?.with_csrf(sent.csrf());
    let done = caller.change(move |ask| {
        let (name, incoming) = sent.file.ok_or_else(missing)?;
        let largest = u64::try_from(paper::MOST_BYTES).unwrap_or(u64::MAX);
        if incoming.size() > largest {
            return Err(Error::TooLarge("扫描件超过 10 MB，请压缩后再传".to_owned()));
        }
        let bytes = std::fs::read(incoming.path()).doing("读取上传的文件")?;
        paper::add_scan(ask.conn, &ask.viewer, *id, (&name, &bytes))
    });
    Ok(HttpResponse::Created().json(done.await?))
}

/// A stamped scan.
#[utoipa::path(tag = "filings", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The filing."), ("scan" = i64, Path, description = "The scan.")),
    responses((status = 200, content_type = "application/octet-stream"), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/filings/{id}/scans/{scan}")]
async fn get_scan(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    let (id, scan) = path.into_inner();
    let (told, bytes) = caller
        .read(move |ask| paper::read_scan(ask.conn, &ask.viewer, id, scan))
        .await?;
    Ok(download(&told.name, &told.media_type, bytes))
}

/// Adds the operations; before those with a code or a number in the same place of the address.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(import_departments)
        .service(import_people)
        .service(export_departments)
        .service(export_people)
        .service(add_scan)
        .service(get_scan);
}
