//! Changes of entries: one, or many in one change set.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, delete, patch, post, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::{IntoParams, ToSchema};

use super::body::{EntryBody, ValuesBody, given};
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::ledger::edit::{self, Act, Draft, Source, Why};
use crate::ledger::facts;
use crate::sharing::follow;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::once::{Answered, Once};
use crate::web::version::{self, Version};

fn why(source: Source, reason: &str, valid_on: Option<String>) -> Why {
    Why {
        source,
        reason: reason.to_owned(),
        valid_on,
    }
}

/// Writes one draft and shows the entry as it stands then.
fn one(ask: &mut Ask<'_>, register: &str, draft: Draft, why: &Why) -> Result<(i32, EntryBody)> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let done = follow::heard(ask.conn, definitions, |conn| {
        edit::write(conn, &ask.viewer, definitions, &[draft], why)
    })?;
    let written = done.entries.into_iter().next();
    let (code, request, held) = match written {
        Some(w) => (w.code, w.request, w.held),
        None => (String::new(), None, Vec::new()),
    };
    let entry = facts::entry(ask.conn, &ask.viewer, definitions, &code, None)?;
    let revision = entry.revision;
    Ok((
        revision,
        EntryBody::of(definitions, entry).held(request, held),
    ))
}

fn read(
    ask: &mut Ask<'_>,
    register: &str,
    body: &ValuesBody,
) -> Result<BTreeMap<String, edit::Given>> {
    given(Desk::of(ask, register)?.definitions()?, &body.values, "")
}

/// Makes an entry; its code is given by the ledger unless the values name one.
#[utoipa::path(tag = "entries", security(("bearer" = [])), request_body = ValuesBody,
    params(("register" = String, Path, description = "登记簿"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = EntryBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/entries/{register}")]
pub(super) async fn create_entry(
    caller: Caller,
    once: Once,
    register: web::Path<String>,
    body: web::Json<ValuesBody>,
) -> std::result::Result<HttpResponse, Failure> {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        let draft = Draft {
            act: Act::Create,
            given: read(ask, &register, &body)?,
        };
        let why = why(Source::Form, &body.reason, body.valid_on);
        let (revision, entry) = one(ask, &register, draft, &why)?;
        Answered::created(&entry, Some(version::tag(revision)))
    };
    caller.post(once, &sent, work).await
}

/// The code in the address, of an entry that the caller may write.
fn written(ask: &mut Ask<'_>, path: &(String, String)) -> crate::error::Result<String> {
    let desk = Desk::of(ask, &path.0)?;
    let code = desk::code(&path.1)?;
    let register = desk.definitions()?.register;
    edit::may_write(ask.conn, &ask.viewer, register, &code)?;
    Ok(code)
}

/// Changes the fields that are named; `If-Match` says from which version.
#[utoipa::path(tag = "entries", security(("bearer" = [])), request_body = ValuesBody,
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = EntryBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[patch("/entries/{register}/{code}")]
pub(super) async fn amend_entry(
    caller: Caller,
    version: Version,
    path: web::Path<(String, String)>,
    body: web::Json<ValuesBody>,
) -> std::result::Result<HttpResponse, Failure> {
    let body = body.into_inner();
    let done = caller.change(move |ask| {
        let code = written(ask, &path)?;
        let revision = version.need()?;
        let draft = Draft {
            given: read(ask, &path.0, &body)?,
            act: Act::Amend { code, revision },
        };
        one(
            ask,
            &path.0,
            draft,
            &why(Source::Form, &body.reason, body.valid_on),
        )
    });
    let (revision, entry) = done.await?;
    Ok(version::tagged(&entry, revision))
}

/// Why an entry is taken out.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why, for the history.
    reason: Option<String>,
}

/// Takes an entry out; its history stays. `If-Match` says which version was looked at.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("If-Match" = Option<String>, Header), Reason),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[delete("/entries/{register}/{code}")]
pub(super) async fn remove_entry(
    caller: Caller,
    version: Version,
    path: web::Path<(String, String)>,
    reason: web::Query<Reason>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let code = written(ask, &path)?;
        let desk = Desk::of(ask, &path.0)?;
        let draft = Draft {
            given: BTreeMap::new(),
            act: Act::Remove {
                code,
                revision: version.need()?,
            },
        };
        let why = why(
            Source::Form,
            reason.reason.as_deref().unwrap_or_default(),
            None,
        );
        edit::write(ask.conn, &ask.viewer, desk.definitions()?, &[draft], &why)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which version is put back.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoreBody {
    /// The version whose values are wanted again.
    revision: i32,
    /// Why, for the history.
    #[serde(default)]
    reason: String,
}

/// Puts back what an entry said in a former version, as one more version.
#[utoipa::path(tag = "entries", security(("bearer" = [])), request_body = RestoreBody,
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = EntryBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/entries/{register}/{code}/restore")]
pub(super) async fn restore_entry(
    caller: Caller,
    version: Version,
    path: web::Path<(String, String)>,
    body: web::Json<RestoreBody>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        let code = written(ask, &path)?;
        let desk = Desk::of(ask, &path.0)?;
        let definitions = desk.definitions()?;
        let from = (code.as_str(), version.need()?);
        let (to, reason) = (body.revision, body.reason.as_str());
        follow::heard(ask.conn, definitions, |conn| {
            edit::restore(conn, &ask.viewer, definitions, from, to, reason)
        })?;
        let entry = facts::entry(ask.conn, &ask.viewer, definitions, &code, None)?;
        Ok((entry.revision, EntryBody::of(definitions, entry)))
    });
    let (revision, entry) = done.await?;
    Ok(version::tagged(&entry, revision))
}

/// What happens to one of many entries.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Op {
    Create,
    Amend,
    Remove,
}

/// One of many changes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    op: Op,
    /// The entry, unless it is made.
    code: Option<String>,
    /// The version the change was made from, unless the entry is made.
    revision: Option<i32>,
    /// Values by field key.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Map<String, Json>,
}

/// Many changes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    /// At most 500.
    entries: Vec<ChangeBody>,
    /// Why, for the history.
    #[serde(default)]
    reason: String,
    /// The day from which it is true, `YYYY-MM-DD`.
    valid_on: Option<String>,
}

/// What became of one of many.
#[derive(Serialize, ToSchema)]
struct WrittenBody {
    code: String,
    revision: i32,
    changed: bool,
    /// The change request that proposes what was held back because it had been approved.
    change_request: Option<i64>,
    /// Keys of the fields that were held back.
    held: Vec<String>,
}

/// What became of many changes.
#[derive(Serialize, ToSchema)]
struct BulkDone {
    /// The change set; none when nothing changed.
    change_set: Option<i64>,
    items: Vec<WrittenBody>,
}

/// Writes up to 500 entries in one change set: all of them, or none.
#[utoipa::path(tag = "entries", security(("bearer" = [])), request_body = BulkBody,
    params(("register" = String, Path, description = "登记簿"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = BulkDone), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/entries/{register}/bulk")]
pub(super) async fn write_entries(
    caller: Caller,
    once: Once,
    register: web::Path<String>,
    body: web::Json<BulkBody>,
) -> std::result::Result<HttpResponse, Failure> {
    let body = body.into_inner();
    let sent = serde_json::to_value(&body).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        let desk = Desk::of(ask, &register)?;
        let definitions = desk.definitions()?;
        let mut problems = Vec::new();
        let mut drafts = Vec::with_capacity(body.entries.len());
        for (number, change) in body.entries.iter().enumerate() {
            match draft(definitions, number, change) {
                Ok(draft) => drafts.push(draft),
                Err(Error::Invalid(more)) => problems.extend(more),
                Err(other) => return Err(other),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let why = why(Source::Bulk, &body.reason, body.valid_on);
        let done = follow::heard(ask.conn, definitions, |conn| {
            edit::write(conn, &ask.viewer, definitions, &drafts, &why)
        })?;
        let item = |w: edit::Written| WrittenBody {
            code: w.code,
            revision: w.revision,
            changed: w.changed,
            change_request: w.request,
            held: w.held,
        };
        Answered::done(&BulkDone {
            change_set: done.change_set,
            items: done.entries.into_iter().map(item).collect(),
        })
    };
    caller.post(once, &sent, work).await
}

fn draft(
    definitions: crate::ledger::as_of::Definitions<'_>,
    number: usize,
    change: &ChangeBody,
) -> Result<Draft> {
    let prefix = format!("entries[{number}].");
    let missing = |field: &str| {
        let message = format!("缺少 {field}。");
        Error::Invalid(vec![Problem::new(
            &format!("{prefix}{field}"),
            "required",
            &message,
            "",
        )])
    };
    let which = || -> Result<(String, i32)> {
        let code = change.code.clone().ok_or_else(|| missing("code"))?;
        let revision = change.revision.ok_or_else(|| missing("revision"))?;
        Ok((desk::code(&code)?, revision))
    };
    let act = match change.op {
        Op::Create => Act::Create,
        Op::Amend => {
            let (code, revision) = which()?;
            Act::Amend { code, revision }
        }
        Op::Remove => {
            let (code, revision) = which()?;
            Act::Remove { code, revision }
        }
    };
    Ok(Draft {
        act,
        given: given(definitions, &change.values, &prefix)?,
    })
}
