//! A client with its base, its key, its limits, and its view of failures.
use std::sync::Arc;

use patterns_core::cancel::timeout;
use patterns_core::fallback::NoFallback;
use patterns_core::outcome::BoxError;
use patterns_core::policy::{Policy, PolicyError, rank};
use patterns_core::retry::{Exponential, Jitter, Retry, RetryIf};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{
    Client, ClientBuilder, Method, RequestBuilder, Response, redirect,
};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use super::error::ApiError;
use super::server::Wire;
use crate::ms;

// ANCHOR: api
/// Whether an error is worth another attempt.
type IfTransient = RetryIf<fn(&ApiError) -> bool>;

/// A client of one API. All that use it share its connections.
pub(super) struct Api {
    http: Client,
    base: String,
    pub(super) again: Retry<Exponential, IfTransient>,
    /// The same, with a limit for each attempt.
    limited: Policy<rank::AttemptTimeout, NoFallback, Exponential, IfTransient>,
    /// Only to hold virtual time while bytes are on their way.
    pub(super) wire: Wire,
}

impl Api {
    pub(super) fn new(
        base: String,
        key: &str,
        wire: Wire,
    ) -> Result<Self, BoxError> {
        let mut key = HeaderValue::try_from(format!("Bearer {key}"))?;
        key.set_sensitive(true); // never in a log
        let http = plain()?
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, key)]))
            .connect_timeout(ms(1000))
            .read_timeout(ms(2000))
            // The key goes to the base, and nowhere else.
            .redirect(redirect::Policy::none())
            .build()?;
        let again = Retry::exponential(ms(50))
            .jitter(Jitter::None)
            .max_attempts(3)
            .retry_if(ApiError::is_transient as fn(&ApiError) -> bool);
        let limited =
            Policy::new().retry(again.clone()).attempt_timeout(ms(500));
        Ok(Self { http, base, again, limited, wire })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }
}
// ANCHOR_END: api

impl Api {
    // ANCHOR: get
    /// What is there; asked for again where that may go better.
    pub(super) async fn get(
        &self,
        path: &str,
    ) -> Result<String, PolicyError<ApiError>> {
        let attempt = || self.wire.carry(text(self.request(Method::GET, path)));
        self.limited.run(attempt).await
    }

    /// Has something done. Once: without an answer nobody knows whether it is.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &str,
    ) -> Result<String, BoxError> {
        let request = self.request(Method::POST, path).body(body.to_owned());
        let exchange = self.wire.carry(text(request));
        Ok(timeout(ms(500), exchange).await??)
    }
    // ANCHOR_END: get
}

// ANCHOR: send
/// Sends a request, and reads the answer to its end.
async fn text(request: RequestBuilder) -> Result<String, ApiError> {
    Ok(send(request).await?.text().await?)
}

/// Sends a request, and gives the answer if it is a good one.
pub(super) async fn send(
    request: RequestBuilder,
) -> Result<Response, ApiError> {
    let answer = request.send().await?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        status => Err(ApiError::Status(status)),
    }
}
// ANCHOR_END: send

/// A client's builder: the server speaks no TLS, and is behind no proxy.
pub(super) fn plain() -> Result<ClientBuilder, BoxError> {
    // Given to the client, so that the process needs no default provider.
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(Client::builder().tls_backend_preconfigured(tls).no_proxy())
}
