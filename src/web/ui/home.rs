//! 首页: what waits for me, and the ledger in figures.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::Right;
use crate::report::home::{self, Overview};
use crate::web::answer::Failure;
use crate::web::api::requests::grounded;
use crate::web::caller::Caller;
use crate::web::page::Shell;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
    overview: Overview,
    writes: bool,
    full: bool,
}

async fn show(caller: Caller) -> Result<HttpResponse, Failure> {
    let page = caller.page(|ask| {
        grounded(ask, |ask, ground| {
            Ok(Home {
                shell: ask.shell("首页", "/"),
                overview: home::overview(ask.conn, &ask.viewer, ground)?,
                writes: ask.viewer.can_anywhere(Right::Write),
                full: ask.viewer.can_anywhere(Right::SeeOwn),
            })
        })
    });
    page.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config.route("/", web::get().to(show));
}
