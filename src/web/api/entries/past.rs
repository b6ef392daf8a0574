//! One entry: as it is, as it was, what changed and what it is connected with.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::{Comparison, EntryBody, History, RelationBody, RelationList, VersionBody, diffs};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::ledger::{as_of, facts};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::Caller;
use crate::web::desk::{self, Desk};
use crate::web::version;

/// Which moment is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Moment {
    /// A day (its end in China is meant) or a local date and time: as it was recorded then.
    as_of: Option<String>,
}

/// The point of the chain that a moment means.
pub fn seq(conn: &mut Conn, as_of: Option<&str>) -> Result<Option<i64>> {
    let Some(text) = as_of.filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let at = clock::moment(text).ok_or_else(|| {
        let message = "时间应写成 2026-03-31 或 2026-03-31 18:00:00。";
        Error::Invalid(vec![Problem::new("as_of", "invalid_date", message, "")])
    })?;
    as_of::seq_at(conn, at).map(Some)
}

/// One entry, with its version as `ETag`.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), Moment),
    responses((status = 200, body = EntryBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/entries/{register}/{code}")]
pub(super) async fn show_entry(
    caller: Caller,
    path: web::Path<(String, String)>,
    moment: web::Query<Moment>,
) -> std::result::Result<HttpResponse, Failure> {
    let body = caller.read(move |ask| {
        let desk = Desk::of(ask, &path.0)?;
        let definitions = desk.definitions()?;
        let seq = seq(ask.conn, moment.as_of.as_deref())?;
        let code = desk::code(&path.1)?;
        let entry = facts::entry(ask.conn, &ask.viewer, definitions, &code, seq)?;
        Ok((entry.revision, EntryBody::of(definitions, entry)))
    });
    let (revision, body) = body.await?;
    Ok(version::tagged(&body, revision))
}

/// All versions of an entry with old and new of every field, the newest first.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码")),
    responses((status = 200, body = History), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/entries/{register}/{code}/history")]
pub(super) async fn entry_history(
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    caller
        .json(move |ask| {
            let desk = Desk::of(ask, &path.0)?;
            let definitions = desk.definitions()?;
            let code = desk::code(&path.1)?;
            let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
            let versions = facts::history(ask.conn, &ask.viewer, definitions, &row)?;
            Ok(History {
                items: versions.into_iter().map(VersionBody::of).collect(),
            })
        })
        .await
}

/// Two versions of an entry.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Two {
    /// The older version.
    from: i32,
    /// The newer version.
    to: i32,
}

/// The fields in which two versions differ.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), Two),
    responses((status = 200, body = Comparison), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("own"))))]
#[get("/entries/{register}/{code}/compare")]
pub(super) async fn compare_versions(
    caller: Caller,
    path: web::Path<(String, String)>,
    two: web::Query<Two>,
) -> std::result::Result<HttpResponse, Failure> {
    caller
        .json(move |ask| {
            let desk = Desk::of(ask, &path.0)?;
            let definitions = desk.definitions()?;
            let code = desk::code(&path.1)?;
            let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
            let between = (two.from, two.to);
            let items = facts::compare(ask.conn, &ask.viewer, definitions, &row, between)?;
            Ok(Comparison {
                items: diffs(items),
            })
        })
        .await
}

/// What an entry is connected with; ends out of reach are counted, never named.
#[utoipa::path(tag = "entries", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码")),
    responses((status = 200, body = RelationList), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/entries/{register}/{code}/relations")]
pub(super) async fn entry_relations(
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    caller
        .json(move |ask| {
            let desk = Desk::of(ask, &path.0)?;
            let definitions = desk.definitions()?;
            let code = desk::code(&path.1)?;
            let entry = facts::entry(ask.conn, &ask.viewer, definitions, &code, None)?;
            let near = facts::relations(ask.conn, &ask.viewer, &entry, None)?;
            let items = near
                .seen
                .into_iter()
                .map(|r| RelationBody::of(definitions, r));
            Ok(RelationList {
                items: items.collect(),
                hidden: near.hidden,
                more: near.more,
            })
        })
        .await
}
