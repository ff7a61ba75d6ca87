use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};

use super::auth::Auth;

/// On every answer that doesn't say otherwise.
///
/// The referrer policy is not `no-referrer`: by that, browsers send `Origin: null` with our own forms too, which could
/// then not be told from another site's. `same-origin` tells others as little.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Stands before everything: answers only to our own names, and adds the headers that keep a page safe.
pub(super) async fn guard(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let host = host(request.headers()).to_owned();
    let ours = request.app_data::<Data<Auth>>().is_some_and(|auth| auth.answers_to(&host));
    let mut response = if ours { next.call(request).await? } else { request.into_response(misdirected(&host)) };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        if !headers.contains_key(name) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// What the request says is our name; empty if it says nothing.
pub(super) fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// A name that somebody else's DNS gives to our address must not reach what only our own pages may read.
fn misdirected(host: &str) -> HttpResponse {
    let what =
        format!("sitewatch does not answer to the name {host:?}; if people reach it by that, set web.url to it\n");
    HttpResponse::build(StatusCode::MISDIRECTED_REQUEST).content_type("text/plain; charset=utf-8").body(what)
}
