//! 首页: what waits for me, and the ledger in figures.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::page::Shell;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
}

async fn home(caller: Caller) -> Result<HttpResponse, Failure> {
    let page = caller.page(|ask| {
        Ok(Home {
            shell: ask.shell("首页", "/"),
        })
    });
    page.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config.route("/", web::get().to(home));
}
