//! Files of entries: listed, sent, added and taken away by those who see the entry in full.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::ledger::attachment::{self, Arrived, Attachment};
use crate::ledger::edit;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, Outgoing};
use crate::web::upload::{self, Sent};

/// A file of an entry.
#[derive(Serialize, ToSchema)]
struct AttachmentBody {
    id: i64,
    kind: String,
    file_name: String,
    media_type: String,
    size: i64,
    /// SM3 of the bytes, in hexadecimal.
    digest: String,
    /// Who added it.
    actor: String,
    /// When, UTC.
    at: String,
}

fn body(attachment: Attachment) -> AttachmentBody {
    AttachmentBody {
        id: attachment.id,
        kind: attachment.kind,
        file_name: attachment.file_name,
        media_type: attachment.media_type,
        size: attachment.size,
        digest: attachment.digest,
        actor: attachment.actor,
        at: clock::stamp(attachment.at),
    }
}

/// The files of an entry.
#[derive(Serialize, ToSchema)]
struct Attachments {
    /// The newest first.
    items: Vec<AttachmentBody>,
}

/// A file to add.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the document only: the form is read as it streams in"
)]
struct AttachmentForm {
    /// A code of the list of kinds: `stamped_scan`, `approval`, `contract`, …
    kind: String,
    /// PDF, OFD, JPG, PNG, DOCX or XLSX.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The files of an entry.
#[utoipa::path(tag = "attachments", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码")),
    responses((status = 200, body = Attachments), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/entries/{register}/{code}/attachments")]
async fn list_attachments(
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    let found = caller.read(move |ask| {
        let desk = Desk::of(ask, &path.0)?;
        let code = desk::code(&path.1)?;
        let found = attachment::of_entry(ask.conn, &ask.viewer, desk.definitions()?, &code)?;
        Ok(Attachments {
            items: found.into_iter().map(body).collect(),
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Keeps what arrived with an entry.
pub fn keep(ask: &mut Ask<'_>, register: &str, code: &str, sent: &Sent) -> Result<Attachment> {
    let desk = Desk::of(ask, register)?;
    let code = desk::code(code)?;
    let Some((name, file)) = &sent.file else {
        let message = "请选择要上传的文件。";
        return Err(Error::Invalid(vec![Problem::new(
            "file", "required", message, "",
        )]));
    };
    let arrived = Arrived {
        file: file.path(),
        name,
        kind: &sent.get("kind").unwrap_or_default(),
        limit: attachment::LIMIT,
    };
    let data = &ask.app.data;
    attachment::attach(
        ask.conn,
        &ask.viewer,
        desk.definitions()?,
        data,
        &code,
        &arrived,
    )
}

/// Takes the file in, once it is known that the sender may write this entry.
///
/// # Errors
/// As `upload::take_when`; [`Error::NotFound`] and [`Error::Refused`] for the entry.
pub async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    path: &(String, String),
) -> std::result::Result<Sent, Failure> {
    let (register, code) = path.clone();
    let may = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &register)?;
        let code = desk::code(&code)?;
        edit::may_write(ask.conn, &ask.viewer, desk.definitions()?.register, &code)
    };
    upload::take_when(request, payload, may).await
}

/// Adds a file to an entry.
#[utoipa::path(tag = "attachments", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码")),
    request_body(content = AttachmentForm, content_type = "multipart/form-data"),
    responses((status = 201, body = AttachmentBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/entries/{register}/{code}/attachments")]
async fn add_attachment(
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> std::result::Result<HttpResponse, Failure> {
    let sent = take(&request, payload, &path).await?;
    let kept = caller.change(move |ask| keep(ask, &path.0, &path.1, &sent));
    Ok(HttpResponse::Created().json(body(kept.await?)))
}

/// The file as it goes out.
pub fn outgoing(ask: &mut Ask<'_>, register: &str, code: &str, id: i64) -> Result<Outgoing> {
    let desk = Desk::of(ask, register)?;
    let code = desk::code(code)?;
    let found = attachment::fetch(ask.conn, &ask.viewer, desk.definitions()?, &code, id)?;
    Ok(Outgoing {
        path: attachment::place(&ask.app.data, &found.digest),
        name: found.file_name,
        media_type: found.media_type,
        passing: false,
    })
}

/// The bytes of a file, to be saved.
#[utoipa::path(tag = "attachments", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("id" = i64, Path)),
    responses((status = 200, description = "文件", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/entries/{register}/{code}/attachments/{id}")]
async fn download_attachment(
    caller: Caller,
    path: web::Path<(String, String, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    // It is written down who took it, so this takes its turn among the writers.
    let out = caller.change(move |ask| outgoing(ask, &path.0, &path.1, path.2));
    Ok(desk::send(&out.await?)?)
}

/// Takes a file away from an entry.
#[utoipa::path(tag = "attachments", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("id" = i64, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[delete("/entries/{register}/{code}/attachments/{id}")]
async fn remove_attachment(
    caller: Caller,
    path: web::Path<(String, String, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let desk = Desk::of(ask, &path.0)?;
        let code = desk::code(&path.1)?;
        attachment::detach(ask.conn, &ask.viewer, desk.definitions()?, &code, path.2)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(list_attachments)
        .service(add_attachment)
        .service(download_attachment)
        .service(remove_attachment);
}
