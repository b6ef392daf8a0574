//! Printed review sheets, and the page that answers whether a paper is what the ledger held.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::Answer;
use crate::error::Error;
use crate::review::Ground;
use crate::review::paper::{self, Checked};
use crate::web::caller::Caller;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// `POST /reviews/{id}/print`: printing is written down, so it is not a reading.
async fn print(Posted { caller, .. }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let printed = paper::print(ask.conn, &ask.viewer, ground, *id)?;
            let to = format!("/review-sheets?code={}&print=true", printed.code);
            Ok(Next::to(&to))
        })
        .await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    code: String,
    print: String,
}

#[derive(Template)]
#[template(path = "reviews/check.html")]
struct Check {
    shell: Shell,
    code: String,
    found: Option<Checked>,
    unknown: bool,
    print: bool,
}

/// `GET /review-sheets`
async fn check(caller: Caller, asked: web::Query<Asked>) -> Answer {
    caller
        .page(move |ask| {
            let asked = asked.into_inner();
            let mut page = Check {
                shell: ask.shell("审核单核验", "/reviews"),
                found: None,
                unknown: false,
                print: asked.print == "true",
                code: asked.code,
            };
            if !page.code.trim().is_empty() {
                match paper::check(ask.conn, &ask.viewer, &page.code) {
                    Ok(found) => page.found = Some(found),
                    Err(Error::NotFound(_)) => page.unknown = true,
                    Err(other) => return Err(other),
                }
            }
            Ok(page)
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/reviews/{id}/print", web::post().to(print))
        .route("/review-sheets", web::get().to(check));
}
