//! What people press on the page of an import.

use std::time::Duration;

use actix_web::rt::time::sleep;
use actix_web::{HttpResponse, web};

use crate::error::{Error, Problem, Result};
use crate::intake::upload::{self, steps};
use crate::jobs::imports;
use crate::web::answer::{Failure, is_own};
use crate::web::api::imports::{annotated, correction};
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::Next;
use crate::web::posted::Posted;
use crate::web::state::State;

type Answer = std::result::Result<HttpResponse, Failure>;

/// How long a page waits for work that is usually quick, so that its result is what is shown.
const PATIENCE: u32 = 20;
const NAP: Duration = Duration::from_millis(100);

/// Waits a little for the work on an import; whatever comes of it, the page shows it.
pub(super) async fn settle(state: &web::Data<State>, import: i64) {
    for _ in 0..PATIENCE {
        let pool = state.pool.clone();
        let busy = web::block(move || {
            let mut conn = pool.lend()?;
            upload::is_busy(&mut conn, import)
        })
        .await;
        if !matches!(busy, Ok(Ok(true))) {
            return;
        }
        sleep(NAP).await;
    }
}

/// Takes a step and goes back to the page of the import.
async fn step(
    posted: Posted,
    import: i64,
    said: &'static str,
    work: impl FnOnce(&mut Ask<'_>, &Fields) -> Result<()> + Send + 'static,
) -> Answer {
    let Posted { caller, fields } = posted;
    let state = caller.state().clone();
    let back = back(&fields, import);
    let answer = caller
        .act(move |ask| {
            let next = |message: &str| Next::saying(&back, message);
            match work(ask, &fields) {
                Ok(()) if said.is_empty() => Ok(Next::to(&back)),
                Ok(()) => Ok(next(said)),
                // What stands in the way is said on the page itself, which shows how things are now.
                Err(Error::Conflict(why)) => Ok(next(&why)),
                Err(error @ Error::Stale(_)) => Ok(next(&error.to_string())),
                Err(other) => Err(other),
            }
        })
        .await?;
    state.jobs.wake();
    settle(&state, import).await;
    Ok(answer)
}

fn back(fields: &Fields, import: i64) -> String {
    let home = format!("/imports/{import}");
    let inside = |path: &&str| {
        let rest = path.strip_prefix(home.as_str());
        is_own(path) && rest.is_some_and(|r| r.is_empty() || r.starts_with(['?', '#', '/']))
    };
    fields
        .get("back")
        .filter(inside)
        .map_or(home.clone(), str::to_owned)
}

fn number<T: std::str::FromStr>(fields: &Fields, name: &str, label: &str) -> Result<T> {
    fields.need(name, label)?.parse().map_err(|_| {
        Error::Invalid(vec![Problem::new(
            name,
            "invalid_number",
            &format!("{label}应为数字"),
            "请在页面上重新操作",
        )])
    })
}

/// The version that the page showed.
fn seen(fields: &Fields) -> Option<i64> {
    fields.get("version").and_then(|v| v.parse().ok())
}

async fn correct(posted: Posted, path: web::Path<i64>) -> Answer {
    let id = path.into_inner();
    step(posted, id, "", move |ask, fields| {
        let texts = (
            fields.raw("said").unwrap_or_default().replace("\r\n", "\n"),
            fields
                .raw("text")
                .unwrap_or_default()
                .replace("\r\n", "\n")
                .trim()
                .to_owned(),
        );
        let correction = correction(
            number(fields, "sheet", "工作表")?,
            number(fields, "row", "行号")?,
            fields.need("column", "列")?,
            texts,
            fields.get("same").is_some(),
        )?;
        imports::correct(ask.conn, &ask.viewer, id, &correction, None)
    })
    .await
}

async fn take_back(posted: Posted, path: web::Path<(i64, i64)>) -> Answer {
    let (id, kept) = path.into_inner();
    step(posted, id, "已撤回这条更正", move |ask, _| {
        imports::take_back(ask.conn, &ask.viewer, id, kept, None)
    })
    .await
}

async fn apply(posted: Posted, path: web::Path<i64>) -> Answer {
    let id = path.into_inner();
    step(posted, id, "", move |ask, fields| {
        let partial = fields.get("partial").is_some();
        imports::apply(ask.conn, &ask.viewer, id, partial, seen(fields))
    })
    .await
}

async fn discard(posted: Posted, path: web::Path<i64>) -> Answer {
    let id = path.into_inner();
    step(
        posted,
        id,
        "已放弃这次导入，账本没有变化",
        move |ask, _| steps::discard(ask.app, ask.conn, &ask.viewer, id, None),
    )
    .await
}

async fn recheck(posted: Posted, path: web::Path<i64>) -> Answer {
    let id = path.into_inner();
    step(posted, id, "", move |ask, _| {
        imports::recheck(ask.conn, &ask.viewer, id)
    })
    .await
}

async fn undo(posted: Posted, path: web::Path<i64>) -> Answer {
    let id = path.into_inner();
    let state = posted.caller.state().clone();
    let answer = step(posted, id, "", move |ask, fields| {
        let reason = fields.need("reason", "撤销原因")?.to_owned();
        imports::undo(ask.conn, &ask.viewer, id, &reason)
    })
    .await?;
    settle_job(&state, id).await;
    Ok(answer)
}

/// Waits a little for the last job about an import.
async fn settle_job(state: &web::Data<State>, import: i64) {
    for _ in 0..PATIENCE {
        let pool = state.pool.clone();
        let open = web::block(move || {
            let mut conn = pool.lend()?;
            Ok::<_, Error>(imports::last_job(&mut conn, import)?.is_some_and(|j| j.is_open()))
        })
        .await;
        if !matches!(open, Ok(Ok(true))) {
            return;
        }
        sleep(NAP).await;
    }
}

async fn download(caller: Caller, path: web::Path<i64>) -> Answer {
    annotated(caller, path.into_inner()).await
}

/// Adds the routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/imports/{id:\\d+}/corrections", web::post().to(correct))
        .route(
            "/imports/{id:\\d+}/corrections/{kept:\\d+}/remove",
            web::post().to(take_back),
        )
        .route("/imports/{id:\\d+}/apply", web::post().to(apply))
        .route("/imports/{id:\\d+}/discard", web::post().to(discard))
        .route("/imports/{id:\\d+}/recheck", web::post().to(recheck))
        .route("/imports/{id:\\d+}/undo", web::post().to(undo))
        .route("/imports/{id:\\d+}/annotated", web::get().to(download));
}
