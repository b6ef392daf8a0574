//! The check for duplicates on the review desk: its hits with their answers, another run, and files of a proposal.

use actix_web::{HttpResponse, web};

use super::{Answer, after};
use crate::error::{Error, Problem, Result};
use crate::ledger::attachment;
use crate::ledger::entry::EntryRow;
use crate::register::lifecycle::Lifecycle;
use crate::review::checked;
use crate::review::duplicate::answer::{self, Shown, Verdict};
use crate::review::duplicate::store;
use crate::review::submission::{self, Submission};
use crate::web::answer::Failure;
use crate::web::api::duplicates::means;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self as sending, Outgoing};
use crate::web::posted::Posted;

/// What the desk shows of the check.
pub(super) struct Duplicates {
    /// The run that counts.
    pub run: Option<Shown>,
    /// Strong hits without an answer.
    pub open: usize,
    /// The viewer may run it and answer.
    pub reviews: bool,
}

/// The check of a submission that is checked, for who sees the entry in full.
pub(super) fn of(
    ask: &mut Ask<'_>,
    model: &Lifecycle,
    row: &Submission,
    entry: &EntryRow,
) -> Result<Option<Duplicates>> {
    let full = ask
        .viewer
        .can(crate::auth::Right::SeeOwn, entry.department_id);
    let kind = model.kind(&row.kind).filter(|_| full);
    if !kind.is_some_and(|k| checked::is_asked(&entry.register, k)) {
        return Ok(None);
    }
    let reviews = row.state().is_with_bureau()
        && submission::reviews(ask.conn, &ask.viewer, row, entry).is_ok();
    let directory = ask.directory()?;
    let means = means(ask, &directory);
    let run = match store::last_run(ask.conn, entry.id)? {
        Some(run) => Some(answer::shown(ask.conn, &ask.viewer, means, run.id)?),
        None => None,
    };
    let hits = run.iter().flat_map(|r| &r.hits);
    let open = hits.filter(|a| a.hit.strong && a.verdict.is_none());
    Ok(Some(Duplicates {
        open: open.count(),
        run,
        reviews,
    }))
}

/// `POST /reviews/{id}/duplicates`: runs the check.
async fn run(Posted { caller, .. }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let (row, _) = submission::get(ask.conn, &ask.viewer, *id)?;
            let directory = ask.directory()?;
            let means = means(ask, &directory);
            let done = store::run(ask.conn, &ask.viewer, means, row.entry_id, Some(*id), None);
            after(ask, *id, done, "已查重")
        })
        .await
}

/// `POST /reviews/{id}/duplicates/{hit}`: answers a hit.
async fn reply(Posted { caller, fields }: Posted, path: web::Path<(i64, i64)>) -> Answer {
    caller
        .act(move |ask| {
            let (id, hit) = path.into_inner();
            submission::get(ask.conn, &ask.viewer, id)?;
            let verdict = fields.get("verdict").and_then(Verdict::from_word);
            let verdict = verdict.ok_or_else(|| {
                let message = "请选择答复: 复用、扩建或不同。";
                Error::Invalid(vec![Problem::new("verdict", "required", message, "")])
            });
            let version = fields.get("version").and_then(|v| v.parse().ok());
            let reason = fields.get("reason").unwrap_or_default();
            let directory = ask.directory()?;
            let means = means(ask, &directory);
            let done = verdict.and_then(|verdict| {
                let version = version.unwrap_or(-1);
                answer::answer(ask.conn, &ask.viewer, means, hit, version, verdict, reason)
            });
            after(ask, id, done, "已答复查重结果")
        })
        .await
}

/// The file of a proposal as it goes out, for whoever sees the submission: an expert too, while he is asked.
fn outgoing(ask: &mut Ask<'_>, id: i64, file: i64) -> Result<Outgoing> {
    let found = submission::attachment(ask.conn, &ask.viewer, id, file)?;
    Ok(Outgoing {
        path: attachment::place(&ask.app.data, &found.digest),
        name: found.file_name,
        media_type: found.media_type,
        passing: false,
    })
}

/// `GET /reviews/{id}/attachments/{file}`
async fn file(
    caller: Caller,
    path: web::Path<(i64, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    // Written down like any handing out, so it takes its turn among the writers. It changes nothing of the review.
    let out = caller.change(move |ask| outgoing(ask, path.0, path.1));
    Ok(sending::send(&out.await?)?)
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/reviews/{id}/duplicates", web::post().to(run))
        .route("/reviews/{id}/duplicates/{hit}", web::post().to(reply))
        .route("/reviews/{id}/attachments/{file}", web::get().to(file));
}
