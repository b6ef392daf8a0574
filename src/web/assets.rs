//! Styles and scripts, compiled in; their address holds their digest, so a browser may keep them for good.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::error::Error;
use crate::web::answer::Failure;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Addresses of the assets, as templates name them.
pub struct Addresses {
    /// The stylesheet.
    pub style: String,
    /// The script that improves the pages.
    pub script: String,
}

/// Addresses with the digest of what they lead to.
pub static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    style: address("one-ledger.css"),
    script: address("one-ledger.js"),
});

fn address(name: &str) -> String {
    let digest: String = Assets::get(name)
        .map(|file| file.metadata.sha256_hash())
        .unwrap_or_default()
        .iter()
        .take(6)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("/assets/{digest}/{name}")
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

async fn asset(path: web::Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (_, name) = path.into_inner();
    let file =
        Assets::get(&name).ok_or_else(|| Failure::Error(Error::NotFound("这个文件".to_owned())))?;
    Ok(HttpResponse::Ok()
        .content_type(media_type(&name))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(file.data.into_owned()))
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/assets/{digest}/{name}", web::get().to(asset))
        .route("/favicon.ico", web::get().to(|| async { answer_icon() }));
}

fn answer_icon() -> HttpResponse {
    let icon = Assets::get("icon.svg").map(|file| file.data.into_owned());
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .body(icon.unwrap_or_default())
}
