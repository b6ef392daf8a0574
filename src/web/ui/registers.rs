//! 一本账: the list of each register, one page per entry, its form, its history, and the search over all.

mod edit;
mod entry;
mod form;
mod history;
mod impact;
mod list;
mod retire;
mod search;

use actix_web::web;

/// Adds the routes; words that stand where a code can stand come first.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/search", web::get().to(search::search))
        .route("/registers/{register}", web::get().to(list::list))
        .route("/registers/{register}/export", web::get().to(list::export))
        .route(
            "/registers/{register}/views",
            web::post().to(list::keep_view),
        )
        .route(
            "/registers/{register}/views/{id}/delete",
            web::post().to(list::forget_view),
        )
        .route("/registers/{register}/new", web::get().to(edit::new))
        .route("/registers/{register}/new", web::post().to(edit::create))
        .route("/registers/{register}/{code}", web::get().to(entry::show))
        .route(
            "/registers/{register}/{code}/edit",
            web::get().to(edit::edit),
        )
        .route(
            "/registers/{register}/{code}/edit",
            web::post().to(edit::amend),
        )
        .route(
            "/registers/{register}/{code}/remove",
            web::post().to(edit::remove),
        )
        .route(
            "/registers/{register}/{code}/history",
            web::get().to(history::show),
        )
        .route(
            "/registers/{register}/{code}/impact",
            web::get().to(impact::show),
        )
        .route(
            "/registers/{register}/{code}/impact/export",
            web::get().to(impact::export),
        )
        .route(
            "/registers/{register}/{code}/retire",
            web::get().to(retire::show),
        )
        .route(
            "/registers/{register}/{code}/retire",
            web::post().to(retire::save),
        )
        .route(
            "/registers/{register}/{code}/links",
            web::post().to(retire::link),
        )
        .route(
            "/registers/{register}/{code}/restore",
            web::post().to(history::restore),
        )
        .route(
            "/registers/{register}/{code}/attachments",
            web::post().to(entry::attach),
        )
        .route(
            "/registers/{register}/{code}/attachments/{id}",
            web::get().to(entry::download),
        )
        .route(
            "/registers/{register}/{code}/attachments/{id}/delete",
            web::post().to(entry::detach),
        );
}

/// The address of an entry.
fn address(register: &str, code: &str) -> String {
    format!("/registers/{register}/{}", crate::web::desk::coded(code))
}
