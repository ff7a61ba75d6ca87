//! The one HTTP client of a fetcher.
use std::sync::Arc;

use reqwest::Client;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls_platform_verifier::Verifier;

use super::connecting::Observe;
use super::{FetchSetupError, HttpConfig};

/// What a page is asked for as; everything else is welcome too, just less so.
const ACCEPTED: &str = "text/html, application/xhtml+xml, */*;q=0.8";

/// Builds it: no redirects of its own (a chain is recorded), no Referer, no cookies.
pub(super) fn build(config: &HttpConfig, headers: HeaderMap) -> Result<Client, FetchSetupError> {
    let agent = HeaderValue::from_str(&config.user_agent)
        .map_err(|error| FetchSetupError::Header { name: "user-agent".to_owned(), reason: error.to_string() })?;
    Client::builder()
        .tls_backend_preconfigured(tls().map_err(|error| FetchSetupError::Client(error.into()))?)
        .user_agent(agent)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(config.connect_timeout)
        .connector_layer(Observe)
        .pool_max_idle_per_host(config.per_host)
        .build()
        .map_err(|error| FetchSetupError::Client(error.into()))
}

/// TLS by ring, with the certificates that the platform trusts.
///
/// Built here, and not by installing a process-wide provider, so that a program that has one keeps it.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = |provider: &Arc<CryptoProvider>| {
        ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions()
    };
    let mut tls = match Verifier::new(Arc::clone(&provider)) {
        Ok(verifier) => {
            builder(&provider)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
        Err(error) => {
            // A slim container has none. Plain HTTP works all the same, and HTTPS says what it misses.
            tracing::warn!(%error, "no certificates to trust: every HTTPS link will be reported");
            builder(&provider)?.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        }
    };
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

/// The configured headers, those for everybody and those with credentials.
#[derive(Debug)]
pub(super) struct Headers {
    pub(super) public: HeaderMap,
    pub(super) credentials: HeaderMap,
}

impl Headers {
    pub(super) fn new(config: &HttpConfig) -> Result<Self, FetchSetupError> {
        let mut headers = Self { public: HeaderMap::new(), credentials: HeaderMap::new() };
        headers.public.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        for (name, value) in &config.headers {
            let bad = |reason: String| FetchSetupError::Header { name: name.clone(), reason };
            let header: HeaderName = name.parse().map_err(|_| bad("the name is not valid".to_owned()))?;
            let mut value: HeaderValue = value.parse().map_err(|_| bad("the value is not valid".to_owned()))?;
            if matches!(header.as_str(), "authorization" | "cookie" | "proxy-authorization") {
                if config.credential_hosts.is_empty() {
                    return Err(FetchSetupError::Credentials { name: name.clone() });
                }
                value.set_sensitive(true);
                headers.credentials.insert(header, value);
            } else if matches!(header.as_str(), "host" | "content-length" | "transfer-encoding" | "connection") {
                return Err(bad("it is part of how HTTP works".to_owned()));
            } else if header == "accept-encoding" {
                // The client decompresses only what it has asked for itself.
                return Err(bad("it is set by what can be decompressed".to_owned()));
            } else {
                headers.public.insert(header, value);
            }
        }
        Ok(headers)
    }
}
