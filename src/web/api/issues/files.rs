//! Files of issues: listed, sent, added and taken away.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Answer;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::issue::files::{self, IssueFile};
use crate::ledger::attachment::{self, Arrived};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Outgoing};
use crate::web::upload::{self, Sent};

/// A file of an issue.
#[derive(Serialize, ToSchema)]
struct IssueFileBody {
    id: i64,
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

fn body(file: IssueFile) -> IssueFileBody {
    IssueFileBody {
        id: file.id,
        file_name: file.file_name,
        media_type: file.media_type,
        size: file.size,
        digest: file.digest,
        actor: file.actor,
        at: clock::stamp(file.at),
    }
}

/// The files of an issue.
#[derive(Serialize, ToSchema)]
struct IssueFiles {
    /// The newest first.
    items: Vec<IssueFileBody>,
}

/// A file to add.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the document only: the form is read as it streams in"
)]
struct IssueFileForm {
    /// PDF, OFD, JPG, PNG, DOCX or XLSX.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The files of an issue.
#[utoipa::path(tag = "issues", security(("bearer" = [])),
    responses((status = 200, body = IssueFiles), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/issues/{id}/attachments")]
async fn list_issue_files(caller: Caller, id: web::Path<i64>) -> Answer {
    let found = caller.read(move |ask| {
        let found = files::list(ask.conn, &ask.viewer, *id)?;
        Ok(IssueFiles {
            items: found.into_iter().map(body).collect(),
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Takes the file in, once it is known that the sender may add one to this issue.
///
/// # Errors
/// As `upload::take_when`; [`Error::NotFound`] and [`Error::Refused`] for the issue.
pub async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    id: i64,
) -> std::result::Result<Sent, Failure> {
    let may = move |ask: &mut Ask<'_>| files::may_add(ask.conn, &ask.viewer, id);
    upload::take_when(request, payload, may).await
}

/// Keeps what arrived with an issue.
///
/// # Errors
/// As [`files::add`]; [`Error::Invalid`] without a file.
pub fn keep(ask: &mut Ask<'_>, id: i64, sent: &Sent) -> Result<IssueFile> {
    let Some((name, file)) = &sent.file else {
        files::may_add(ask.conn, &ask.viewer, id)?;
        let message = "请选择要上传的文件。";
        return Err(Error::Invalid(vec![Problem::new(
            "file", "required", message, "",
        )]));
    };
    let arrived = Arrived {
        file: file.path(),
        name,
        kind: "",
        limit: attachment::LIMIT,
    };
    files::add(ask.conn, &ask.viewer, &ask.app.data, id, &arrived)
}

/// Adds a file to an issue.
#[utoipa::path(tag = "issues", security(("bearer" = [])),
    request_body(content = IssueFileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = IssueFileBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[post("/issues/{id}/attachments")]
async fn add_issue_file(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<i64>,
    payload: web::Payload,
) -> Answer {
    let sent = take(&request, payload, *id).await?;
    let kept = caller.change(move |ask| keep(ask, *id, &sent));
    Ok(HttpResponse::Created().json(body(kept.await?)))
}

/// The file as it goes out; the sending is written down.
///
/// # Errors
/// As [`files::fetch`].
pub fn outgoing(ask: &mut Ask<'_>, id: i64, file: i64) -> Result<Outgoing> {
    let found = files::fetch(ask.conn, &ask.viewer, id, file)?;
    Ok(Outgoing {
        path: attachment::place(&ask.app.data, &found.digest),
        name: found.file_name,
        media_type: found.media_type,
        passing: false,
    })
}

/// The bytes of a file, to be saved.
#[utoipa::path(tag = "issues", security(("bearer" = [])),
    responses((status = 200, description = "文件", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[get("/issues/{id}/attachments/{file}")]
async fn download_issue_file(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    // It is written down who took it, so this takes its turn among the writers.
    let out = caller.change(move |ask| outgoing(ask, path.0, path.1));
    Ok(desk::send(&out.await?)?)
}

/// Takes a file away that you added.
#[utoipa::path(tag = "issues", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("own"))))]
#[delete("/issues/{id}/attachments/{file}")]
async fn remove_issue_file(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    let done = caller.change(move |ask| files::remove(ask.conn, &ask.viewer, path.0, path.1));
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds the operations.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_issue_files)
        .service(add_issue_file)
        .service(download_issue_file)
        .service(remove_issue_file);
}
