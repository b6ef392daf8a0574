//! What is sent about the extension of a catalogue update, from the page of clocks.

use actix_web::web;

use super::{Answer, CLOCKS, ticking};
use crate::error::{Error, Problem, Result};
use crate::sharing::request::Ground;
use crate::sharing::request::catalogue::{Update, extension};
use crate::web::api::requests::grounded;
use crate::web::caller::Ask;
use crate::web::page::Next;
use crate::web::posted::Posted;

/// The page again: with a word, or with what is wrong.
fn after(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    id: i64,
    done: Result<Update>,
    said: &str,
) -> Result<Next> {
    let problems = match done {
        Ok(_) => return Ok(Next::saying(CLOCKS, said)),
        // Problems lead to the field of the update that was meant.
        Err(Error::Invalid(problems)) => problems
            .into_iter()
            .map(|p| Problem {
                field: format!("extension-{id}-{}", p.field),
                ..p
            })
            .collect(),
        Err(error @ (Error::Conflict(_) | Error::Stale(_))) => {
            vec![Problem::new("", error.code(), &error.to_string(), "")]
        }
        Err(other) => return Err(other),
    };
    Next::again(&ticking(ask, ground, String::new(), problems)?)
}

/// `POST /requests/catalogue/{id}/extension`
async fn wish(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let reason = fields.get("reason").unwrap_or_default();
                let done = extension::ask(ask.conn, &ask.viewer, ground, *id, reason);
                after(ask, ground, *id, done, "已申请延期，待主管部门决定")
            })
        })
        .await
}

/// `POST /requests/catalogue/{id}/extension/decision`
async fn decide(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let (consents, told) = match fields.get("decision") {
                    Some("consent") => (true, "已同意延期"),
                    Some("decline") => (false, "已决定不同意延期"),
                    _ => return Err(Error::NotFound("这个地址".to_owned())),
                };
                let said = (consents, fields.get("note").unwrap_or_default());
                let done = extension::decide(ask.conn, &ask.viewer, ground, *id, said);
                after(ask, ground, *id, done, told)
            })
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/requests/catalogue/{id}/extension", web::post().to(wish))
        .route(
            "/requests/catalogue/{id}/extension/decision",
            web::post().to(decide),
        );
}
