//! The outermost layer: request id, log line, counters, security headers, and the body of every failure.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::web::answer;
use crate::web::state::State;

/// The request's id: in the answer, in the log, in the audit log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// No script or style but our own files, no frames, no plug-ins, forms only to ourselves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The viewer of the API's description sets styles from its script.
const POLICY_DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=()",
    ),
];

fn secure(headers: &mut HeaderMap, path: &str, behind_proxy: bool) {
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    };
    for (name, value) in HEADERS {
        set(name, value);
    }
    let docs = path.starts_with("/api/docs");
    set(
        "content-security-policy",
        if docs { POLICY_DOCS } else { POLICY },
    );
    if behind_proxy {
        set("strict-transport-security", "max-age=31536000");
    }
    if !path.starts_with("/assets/") && !docs {
        set("cache-control", "no-store");
    }
}

/// Wraps every request.
///
/// # Errors
/// Only what the framework could not even route; handlers' failures become answers here.
pub async fn enforce(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let id = Uuid::now_v7().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let state = request.app_data::<web::Data<State>>().cloned();
    let span = tracing::info_span!("request", id = %id);
    let running = state.as_ref().map(|s| s.metrics.begin());
    let answered = next.call(request).instrument(span.clone()).await;
    drop(running);
    let mut response =
        span.in_scope(|| -> Result<_, Error> { Ok(settle(answered?.map_into_boxed_body(), &id)) })?;
    let behind_proxy = state.as_ref().is_some_and(|s| s.behind_proxy);
    secure(response.headers_mut(), &path, behind_proxy);
    if let Ok(value) = HeaderValue::from_str(&id) {
        let name = HeaderName::from_static("x-request-id");
        response.headers_mut().insert(name, value);
    }
    let status = response.status().as_u16();
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "unknown".to_owned());
    let took = began.elapsed();
    if let Some(state) = &state {
        state
            .metrics
            .answered(method.as_str(), &route, status, took);
    }
    let millis = took.as_millis();
    span.in_scope(|| tracing::info!(%method, path, status, millis, "answered"));
    Ok(response)
}

/// Writes the body of what failed inside.
fn settle(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if let Some(error) = response.response().error() {
        let body = answer::write(response.request(), error, id);
        return response.into_response(body);
    }
    let empty = matches!(
        response.response().body().size(),
        actix_web::body::BodySize::None | actix_web::body::BodySize::Sized(0)
    );
    if (status.is_client_error() || status.is_server_error()) && empty {
        let body = answer::bare(response.request(), status, id);
        return response.into_response(body);
    }
    response
}
