//! One request and its answer.
use std::time::{Duration, SystemTime};

use patterns_core::context::interruptible;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use super::authority::Authority;
use super::body::{self, Bounds, Excess};
use super::client::{Clients, Headers};
use super::connecting::until_answered;
use super::transient::retry_after;
use super::{
    Answer, FetchError, FetchSetupError, HttpConfig, Page, Phase, Validators, classify, media_type, redirect,
    url_length,
};

/// What is wanted of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// The body, if it is HTML.
    Html,
    /// The body, whatever it is.
    Text,
    /// As much of the body, whatever it is.
    Beginning(u64),
    /// Whether there is one.
    Existence,
}

/// An answer that is, or none.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: FetchError,
    pub(super) retry_after: Option<Duration>,
    /// Whether a request was sent at all.
    pub(super) sent: bool,
}

impl Failure {
    /// A request that was not even sent.
    pub(super) fn unsent(error: impl Into<FetchError>) -> Self {
        Self { error: error.into(), retry_after: None, sent: false }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { error, retry_after: None, sent: true }
    }
}

/// Sends requests, each within its limits.
#[derive(Debug)]
pub(super) struct Exchange {
    clients: Clients,
    headers: Headers,
    credential_hosts: Vec<String>,
    connect_timeout: Duration,
    read_timeout: Duration,
    total_timeout: Duration,
    max_body: u64,
    max_ratio: u32,
}

impl Exchange {
    pub(super) fn new(config: &HttpConfig) -> Result<Self, FetchSetupError> {
        let headers = Headers::new(config)?;
        Ok(Self {
            clients: Clients::new(config, &headers.public)?,
            headers,
            credential_hosts: Authority::written(&config.credential_hosts),
            connect_timeout: config.connect_timeout,
            read_timeout: config.read_timeout,
            total_timeout: config.total_timeout,
            max_body: config.max_body,
            max_ratio: config.max_ratio,
        })
    }

    /// Whether `url` is one that is asked at all, as far as can be seen from itself.
    pub(super) fn may_ask(&self, url: &Url) -> Result<(), FetchError> {
        url_length::check(url)?;
        self.clients.of(url)?;
        Ok(())
    }

    // ANCHOR: run
    /// Sends one request and reads what is wanted of its answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the connection is closed if the answer was not complete.
    pub(super) async fn run(
        &self,
        method: Method,
        url: &Url,
        want: Want,
        known: &Validators,
    ) -> Result<Answer, Failure> {
        let limit = self.total_timeout;
        // Not `patterns_core::cancel::timeout`: its limit would be the ambient deadline of the waits
        // inside, and those would report it as the caller's.
        interruptible(timeout(limit, self.send(method, url, want, known)))
            .await
            .map_err(FetchError::Interrupted)?
            .map_err(|_| FetchError::Timeout { phase: Phase::Total, limit })?
    }
    // ANCHOR_END: run

    async fn send(&self, method: Method, url: &Url, want: Want, known: &Validators) -> Result<Answer, Failure> {
        let mut request = self.clients.of(url)?.request(method, url.clone()).headers(known.headers());
        if self.may_see_credentials(url) {
            request = request.headers(self.headers.credentials.clone());
        }
        let response = until_answered(self.read_timeout, request.send())
            .await
            .map_err(|_silent| FetchError::Timeout { phase: Phase::Read, limit: self.read_timeout })?
            .map_err(|error| classify::sending(&error, self.connect_timeout))?;
        let status = response.status();
        if status.is_success() {
            return Ok(Answer::Page(self.page(response, want).await?));
        }
        if status == StatusCode::NOT_MODIFIED && !known.is_empty() {
            body::discard(response).await;
            return Ok(Answer::NotModified);
        }
        let location = header(&response, LOCATION);
        let wait = header(&response, RETRY_AFTER).and_then(|wait| {
            let date = header(&response, DATE).and_then(|date| httpdate::parse_http_date(&date).ok());
            retry_after(&wait, date.unwrap_or_else(SystemTime::now))
        });
        body::discard(response).await;
        match status.as_u16() {
            status @ (301..=303 | 307 | 308) => {
                Ok(Answer::Redirect { status, to: redirect::target(url, location.as_deref())? })
            }
            status => Err(Failure { retry_after: wait, ..FetchError::Status(status).into() }),
        }
    }

    async fn page(&self, mut response: Response, want: Want) -> Result<Page, FetchError> {
        let (content_type, charset) = media_type::parse(&header(&response, CONTENT_TYPE).unwrap_or_default());
        let (status, validators) = (response.status().as_u16(), Validators::of(&response));
        let mut page = Page { status, content_type, charset, body: None, validators };
        let (limit, excess) = match want {
            Want::Html if page.is_html() => (self.max_body, Excess::Refuse),
            Want::Text => (self.max_body, Excess::Refuse),
            Want::Beginning(limit) => (limit, Excess::Cut),
            Want::Html | Want::Existence => {
                body::discard(response).await;
                return Ok(page);
            }
        };
        let bounds = Bounds { limit, excess, ratio: self.max_ratio, silence: self.read_timeout };
        page.body = Some(body::read(&mut response, bounds).await?);
        Ok(page)
    }

    fn may_see_credentials(&self, url: &Url) -> bool {
        !self.headers.credentials.is_empty() && Authority::of(url).is_among(&self.credential_hosts)
    }
}

fn header(response: &Response, name: HeaderName) -> Option<String> {
    // Bytes beyond ASCII are not allowed but sent, as UTF-8 mostly.
    response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
