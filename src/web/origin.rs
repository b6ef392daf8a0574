//! Where a request came from, and whether one of our own pages made it.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;

/// The network address a request came from.
#[must_use]
pub fn address(request: &HttpRequest, behind_proxy: bool) -> Option<IpAddr> {
    // The last entry is what our own proxy saw; those before it are claims.
    let forwarded = || {
        let value = request.headers().get("x-forwarded-for")?.to_str().ok()?;
        value.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = request.peer_addr().map(|a| a.ip());
    if behind_proxy {
        forwarded().or(peer)
    } else {
        peer
    }
}

/// Whether the browser says that the request was made by one of our own pages; old ones say nothing.
pub(super) fn is_same_site(request: &HttpRequest) -> bool {
    let text = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin" || site == "none";
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, o)| o == host),
        _ => true,
    }
}
