//! Addresses that nothing answers, and methods that an address does not know.
//!
//! Routes are kept apart by their guards, so what no route takes arrives here whatever the reason; the map of
//! resources says whether the address itself is known.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::Failure;
use super::api;
use super::state::State;
use crate::error::Error;

/// The handler of what no route takes.
///
/// # Errors
/// Always: not found, or the methods that the address knows.
pub async fn nowhere(request: HttpRequest) -> Result<HttpResponse, Failure> {
    Err(match request.resource_map().match_pattern(request.path()) {
        Some(pattern) => Failure::Method(allowed(&request, &pattern)),
        None => Failure::Error(Error::NotFound("这个地址".to_owned())),
    })
}

/// The methods of an address: those that the API's document names; pages are read and take forms.
fn allowed(request: &HttpRequest, pattern: &str) -> String {
    static KNOWN: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let documented = request.app_data::<web::Data<State>>().and_then(|state| {
        let known = KNOWN.get_or_init(|| {
            let document = api::document(&state.app.catalogue);
            serde_json::to_value(&document).map_or_else(|_| BTreeMap::new(), |d| methods(&d))
        });
        known.get(pattern).cloned()
    });
    documented.unwrap_or_else(|| match request.method().as_str() {
        "GET" => "POST".to_owned(),
        "POST" => "GET".to_owned(),
        _ => "GET, POST".to_owned(),
    })
}

/// Methods by path, as the document names them.
fn methods(document: &serde_json::Value) -> BTreeMap<String, String> {
    let paths = document.get("paths").and_then(serde_json::Value::as_object);
    paths
        .into_iter()
        .flatten()
        .map(|(path, item)| {
            let of = item.as_object().into_iter().flatten();
            let methods: Vec<String> = of
                .map(|(method, _)| method.to_uppercase())
                .filter(|m| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&m.as_str()))
                .collect();
            (path.clone(), methods.join(", "))
        })
        .collect()
}
