//! Versions over HTTP: `ETag` on what is read, `If-Match` on what is changed (D9).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::web::answer::Failure;

/// The version a change was made from, as `If-Match: "7"` names it.
#[derive(Clone, Copy, Debug)]
pub struct Version(Option<i32>);

impl Version {
    /// The version, when the request names one: for acts that guard themselves otherwise.
    #[must_use]
    pub fn seen(self) -> Option<i64> {
        self.0.map(i64::from)
    }

    /// The version.
    ///
    /// # Errors
    /// [`Error::VersionMissing`] (428) when the request names none.
    pub fn need(self) -> Result<i32> {
        self.0.ok_or(Error::VersionMissing)
    }
}

impl FromRequest for Version {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request
            .headers()
            .get(header::IF_MATCH)
            .and_then(|v| v.to_str().ok());
        ready(match text {
            None => Ok(Self(None)),
            // A tag that was never given out matches nothing: the change is refused as stale.
            Some(tag) => Ok(Self(Some(
                tag.trim().trim_matches('"').parse().unwrap_or(-1),
            ))),
        })
    }
}

/// JSON with the version of what it shows.
#[must_use]
pub fn tagged(body: &impl Serialize, version: i32) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, tag(version)))
        .json(body)
}

/// A version as an `ETag`.
#[must_use]
pub fn tag(version: i32) -> String {
    format!("\"{version}\"")
}
