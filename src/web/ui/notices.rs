//! 通知: what one has been told, and that it is read.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::notice::{self, Notice};
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::page::{Next, Shell, address};
use crate::web::posted::Posted;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Notices on one page.
const PAGE: usize = 50;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    view: String,
    cursor: Option<i64>,
}

#[derive(Template)]
#[template(path = "notices/list.html")]
struct List {
    shell: Shell,
    notices: Vec<Notice>,
    query: Query,
    newest: i64,
    next: String,
}

async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    let page = caller.page(move |ask| {
        let query = query.into_inner();
        let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let only = query.view != "all";
        let mut notices = notice::page(ask.conn, &ask.viewer, only, query.cursor, most)?;
        let more = notices.len() > PAGE;
        notices.truncate(PAGE);
        let next = notices.last().filter(|_| more).map(|n| {
            let cursor = n.id.to_string();
            address(
                "/notices",
                &[("view", query.view.as_str()), ("cursor", &cursor)],
            )
        });
        Ok(List {
            shell: ask.shell("通知", "/notices"),
            newest: notices.first().map_or(0, |n| n.id),
            next: next.unwrap_or_default(),
            notices,
            query,
        })
    });
    page.await
}

/// Leads to what a notice is about; it is read then.
async fn open(Posted { caller, .. }: Posted, id: web::Path<i64>) -> Answer {
    let done = caller.act(move |ask| {
        let read = notice::mark_read(ask.conn, &ask.viewer, *id)?;
        // Only addresses of this site are ever stored; a single slash makes sure of it.
        let here = read.href.starts_with('/') && !read.href.starts_with("//");
        Ok(Next::to(if here { &read.href } else { "/notices" }))
    });
    done.await
}

async fn read(Posted { caller, .. }: Posted, id: web::Path<i64>) -> Answer {
    let done = caller.act(move |ask| {
        notice::mark_read(ask.conn, &ask.viewer, *id)?;
        Ok(Next::to("/notices"))
    });
    done.await
}

async fn read_all(Posted { caller, fields }: Posted) -> Answer {
    let done = caller.act(move |ask| {
        let up_to = fields
            .get("up_to")
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let marked = notice::mark_all_read(ask.conn, &ask.viewer, up_to)?;
        Ok(Next::saying(
            "/notices",
            &format!("{marked} 条通知已标为已读"),
        ))
    });
    done.await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/notices", web::get().to(list))
        .route("/notices/read", web::post().to(read_all))
        .route("/notices/{id}/read", web::post().to(read))
        .route("/notices/{id}/open", web::post().to(open));
}
