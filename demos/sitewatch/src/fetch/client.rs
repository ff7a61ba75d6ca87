//! The HTTP clients of a fetcher.
use std::net::IpAddr;
use std::sync::Arc;

use reqwest::Client;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls_platform_verifier::Verifier;
use url::{Host, Url};

use super::address::is_public;
use super::authority::Authority;
use super::connecting::Observe;
use super::resolver::PublicOnly;
use super::{FetchError, FetchSetupError, HttpConfig, Private, coding};

/// What a page is asked for as; everything else is welcome too, just less so.
const ACCEPTED: &str = "text/html, application/xhtml+xml, */*;q=0.8";

/// One client for whoever is asked wherever it is, and one that connects to public addresses only.
///
/// Each has its own connections, so that none that was made to a private address is ever used for another host.
#[derive(Debug)]
pub(super) struct Clients {
    open: Client,
    /// None where everybody is asked.
    guarded: Option<Client>,
    /// In lower case.
    private_hosts: Vec<String>,
}

impl Clients {
    pub(super) fn new(config: &HttpConfig, headers: &HeaderMap) -> Result<Self, FetchSetupError> {
        let tls = tls().map_err(|error| FetchSetupError::Client(error.into()))?;
        let guarded = match config.private {
            Private::Allow => None,
            Private::Refuse => Some(build(config, headers, tls.clone(), true)?),
        };
        Ok(Self {
            open: build(config, headers, tls, false)?,
            guarded,
            private_hosts: Authority::written(&config.private_hosts),
        })
    }

    /// The client to ask `url` with. An address that is not to be asked is refused; whether a name has others, its
    /// client finds out.
    pub(super) fn of(&self, url: &Url) -> Result<&Client, FetchError> {
        let Some(guarded) = &self.guarded else { return Ok(&self.open) };
        let host = Authority::of(url);
        if host.is_among(&self.private_hosts) {
            return Ok(&self.open);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(guarded),
        };
        if is_public(address) { Ok(guarded) } else { Err(FetchError::Private { address }) }
    }
}

/// Builds one: no redirects of its own (a chain is recorded), no Referer, no cookies, no decompression (which is
/// counted).
///
/// HTTP/1 heads of more than 100 headers or about 400 KiB are errors, and so are those of HTTP/2 beyond 16 KiB: the
/// client's own limits.
fn build(
    config: &HttpConfig,
    headers: &HeaderMap,
    tls: ClientConfig,
    public_only: bool,
) -> Result<Client, FetchSetupError> {
    let agent = HeaderValue::from_str(&config.user_agent)
        .map_err(|error| FetchSetupError::Header { name: "user-agent".to_owned(), reason: error.to_string() })?;
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(agent)
        .default_headers(headers.clone())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .connect_timeout(config.connect_timeout)
        .connector_layer(Observe)
        .pool_max_idle_per_host(config.per_host);
    if public_only {
        client = client.dns_resolver(PublicOnly);
    }
    if config.private == Private::Refuse {
        // It would look names up where we can't see what it finds.
        client = client.no_proxy();
    }
    client.build().map_err(|error| FetchSetupError::Client(error.into()))
}

/// TLS by ring, with the certificates that the platform trusts.
///
/// Built here, and not by installing a process-wide provider, so that a program that has one keeps it.
pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
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
        headers.public.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPTED));
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
                // What was not asked for might not be one of those that are undone.
                return Err(bad("it is set by what can be decompressed".to_owned()));
            } else {
                headers.public.insert(header, value);
            }
        }
        for (name, secret) in &config.credentials {
            let bad = |reason: String| FetchSetupError::Header { name: name.clone(), reason };
            if config.credential_hosts.is_empty() {
                return Err(FetchSetupError::Credentials { name: name.clone() });
            }
            let header: HeaderName = name.parse().map_err(|_| bad("the name is not valid".to_owned()))?;
            let value = secret.expose().parse();
            let mut value: HeaderValue = value.map_err(|_| bad("the value is not valid".to_owned()))?;
            value.set_sensitive(true);
            headers.credentials.insert(header, value);
        }
        Ok(headers)
    }
}
