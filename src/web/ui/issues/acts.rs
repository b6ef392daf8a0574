//! What is sent from the page of an issue: acts, words, entries, files.

use actix_web::{HttpRequest, web};

use super::{Answer, grounded, make, show};
use crate::error::{Error, Problem, Result};
use crate::issue::files;
use crate::issue::steps::{Act, Turn};
use crate::issue::{self, Ground, Wish};
use crate::web::api::issues::files::{keep, outgoing, take};
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::fields::Fields;
use crate::web::page::Next;
use crate::web::posted::Posted;

/// The page with a message, or the page again with what is wrong.
fn after<T>(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    id: i64,
    done: Result<T>,
    (said, note): (&str, &str),
) -> Result<Next> {
    match done {
        Ok(_) => Ok(Next::saying(&format!("/issues/{id}"), said)),
        Err(Error::Invalid(problems)) => Next::again(&show::page(ask, ground, id, note, problems)?),
        Err(told @ (Error::Conflict(_) | Error::Stale(_))) => {
            let problem = Problem::new("", told.code(), &told.to_string(), "");
            Next::again(&show::page(ask, ground, id, note, vec![problem])?)
        }
        Err(other) => Err(other),
    }
}

fn wish(id: i64, act: Act, fields: &Fields) -> std::result::Result<Wish, Problem> {
    let day = match fields.get("day") {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| Problem::new("day", "date", "填写的不是日期", "如 2026-12-01"))?,
        ),
    };
    let version = fields.get("version").and_then(|v| v.parse().ok());
    Ok(Wish {
        id,
        version: version.unwrap_or(-1),
        act,
        note: fields.get("note").unwrap_or_default().to_owned(),
        to: fields.get("to").and_then(Turn::from_word),
        day,
        number: fields.get("number").unwrap_or_default().to_owned(),
    })
}

/// `POST /issues/{id}/acts/{act}`
async fn act(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    let (id, word) = path.into_inner();
    let done = caller.act(move |ask| {
        let act = Act::from_word(&word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))?;
        grounded(ask, |ask, ground| {
            let done = match wish(id, act, &fields) {
                Ok(wish) => issue::act(ask.conn, &ask.viewer, ground, &wish),
                Err(problem) => Err(Error::Invalid(vec![problem])),
            };
            let note = fields.get("note").unwrap_or_default();
            after(ask, ground, id, done, (&format!("已{}", act.label()), note))
        })
    });
    done.await
}

/// `POST /issues/{id}/comments`
async fn comment(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    let done = caller.act(move |ask| {
        grounded(ask, |ask, ground| {
            let note = fields.get("note").unwrap_or_default();
            let done = issue::comment(ask.conn, &ask.viewer, *id, note);
            after(ask, ground, *id, done, ("已补充说明", ""))
        })
    });
    done.await
}

/// `POST /issues/{id}/entries`
async fn entries(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    let done = caller.act(move |ask| {
        grounded(ask, |ask, ground| {
            // Whether it is there at all comes before what is named.
            issue::get(ask.conn, &ask.viewer, *id)?;
            let wanted = make::entries(ask, ground, &fields)?;
            let done = issue::add_entries(ask.conn, &ask.viewer, ground, *id, &wanted);
            after(ask, ground, *id, done, ("已补充涉及条目", ""))
        })
    });
    done.await
}

/// `POST /issues/{id}/files`
async fn add_file(request: HttpRequest, payload: web::Payload, id: web::Path<i64>) -> Answer {
    let sent = take(&request, payload, *id).await?;
    let token = sent.csrf().map(str::to_owned);
    let caller = Caller::of(&request)?.with_csrf(token.as_deref());
    let done = caller.act(move |ask| {
        let done = keep(ask, *id, &sent);
        grounded(ask, |ask, ground| {
            after(ask, ground, *id, done, ("附件已保存", ""))
        })
    });
    done.await
}

/// `GET /issues/{id}/files/{file}`
async fn file(caller: Caller, path: web::Path<(i64, i64)>) -> Answer {
    // It is written down who took it, so this takes its turn among the writers.
    let out = caller.change(move |ask| outgoing(ask, path.0, path.1));
    Ok(desk::send(&out.await?)?)
}

/// `POST /issues/{id}/files/{file}/remove`
async fn remove_file(Posted { caller, .. }: Posted, path: web::Path<(i64, i64)>) -> Answer {
    let (id, file) = path.into_inner();
    let done = caller.act(move |ask| {
        let done = files::remove(ask.conn, &ask.viewer, id, file);
        grounded(ask, |ask, ground| {
            after(ask, ground, id, done, ("附件已移除", ""))
        })
    });
    done.await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/issues/{id}/acts/{act}", web::post().to(act))
        .route("/issues/{id}/comments", web::post().to(comment))
        .route("/issues/{id}/entries", web::post().to(entries))
        .route("/issues/{id}/files", web::post().to(add_file))
        .route("/issues/{id}/files/{file}", web::get().to(file))
        .route(
            "/issues/{id}/files/{file}/remove",
            web::post().to(remove_file),
        );
}
