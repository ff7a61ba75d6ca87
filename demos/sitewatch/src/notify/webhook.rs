use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::sign::sign;
use super::{Channel, Notice, SendError, SetupError, delivery};
use crate::causes::innermost;
use crate::fetch::is_loopback;
use crate::report::Reason;
use crate::report::text::elided;

const TIMESTAMP: &str = "x-sitewatch-timestamp";
const SIGNATURE: &str = "x-sitewatch-signature";
const DELIVERY: &str = "x-sitewatch-delivery";

/// How long a request may take, to the last byte of its answer.
const LIMIT: Duration = Duration::from_secs(30);

/// How much of a refusal is read, in bytes, and how much of that is shown, in characters.
const READ: usize = 4 * 1024;
const SHOWN: usize = 200;

/// How a [`Webhook`] is set up. What it shows of itself holds no secret: the address may be one, and headers too.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// The address, by http or https.
    pub url: Url,
    /// What requests are signed with, if they are.
    pub secret: Option<String>,
    /// Further headers, by name.
    pub headers: BTreeMap<String, String>,
}

/// Tells a server by a request.
///
/// A `POST` of JSON, `{"version": 1, "notices": [..]}` with each [`Notice`] as it is written there, and these headers:
///
/// | header | what it is |
/// |---|---|
/// | `X-Sitewatch-Delivery` | the same for every attempt with the same notices |
/// | `X-Sitewatch-Timestamp` | when this attempt was made, in seconds since 1970 |
/// | `X-Sitewatch-Signature` | what [`sign`] makes of it, if there is a secret; see [`verify`](super::verify) |
///
/// A receiver that must not count twice drops a notice whose [`id`](Notice::id) it has had. It is signed, and stays the
/// same whatever else the notice is sent with: one that was cut off may come with newer ones the next time.
///
/// | answer | what it means |
/// |---|---|
/// | 2xx | taken |
/// | 408, 425, 429, 5xx, none | to be tried again, not before the time of `Retry-After` |
/// | all others | refused; a redirect too, as it is not followed: it could lead the notices to somebody else |
///
/// # Defaults
///
/// 30 seconds in all. The proxies of the environment are used, but not for a server on the same machine.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{Channel, Notice, NoticeKind, SetupError, Webhook, WebhookSettings};
/// use std::collections::BTreeMap;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = WebhookSettings {
///     url: "http://127.0.0.1:1/hooks/3f9a".parse()?,
///     secret: Some("whsec-example".to_owned()),
///     headers: BTreeMap::from([("x-team".to_owned(), "docs".to_owned())]),
/// };
/// assert!(!format!("{settings:?}").contains("whsec"));
/// let webhook = Webhook::new(settings.clone())?;
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = Notice::new(NoticeKind::Recovered, "docs", "https://example.org/", 12, at);
/// let error = webhook.send(&[notice]).await.unwrap_err();
/// assert!(!error.is_permanent(), "nobody is there, which may pass");
/// assert!(error.to_string().starts_with("127.0.0.1:1 can't be reached: "), "{error}");
///
/// let refused = Webhook::new(WebhookSettings { url: "ftp://127.0.0.1/".parse()?, ..settings });
/// assert_eq!(refused.unwrap_err(), SetupError::Scheme("ftp".to_owned()));
/// # Ok(()) }
/// ```
pub struct Webhook {
    http: Client,
    url: Url,
    secret: Option<String>,
    /// The host, as errors name it.
    to: String,
}

impl Webhook {
    /// A webhook with these settings. It sends nothing yet.
    ///
    /// # Errors
    ///
    /// - [`SetupError::Scheme`]: the address is not one of the web.
    /// - [`SetupError::EmptySecret`]: the secret is empty.
    /// - [`SetupError::Header`]: a header that HTTP does not allow, or that is set by what is sent.
    /// - [`SetupError::Client`]: TLS can't be set up.
    pub fn new(settings: WebhookSettings) -> Result<Self, SetupError> {
        let WebhookSettings { url, secret, headers } = settings;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(SetupError::Scheme(url.scheme().to_owned()));
        }
        if secret.as_ref().is_some_and(String::is_empty) {
            return Err(SetupError::EmptySecret);
        }
        let failed = |error: &dyn Error| SetupError::Client(error.to_string());
        let mut http = Client::builder()
            .tls_backend_preconfigured(crate::fetch::tls().map_err(|error| failed(&error))?)
            .user_agent(concat!("sitewatch/", env!("CARGO_PKG_VERSION")))
            .default_headers(checked(&headers)?)
            .redirect(Policy::none())
            .referer(false)
            .timeout(LIMIT)
            // Notices are rare: a connection that was kept would mostly be one that the server has closed.
            .pool_max_idle_per_host(0);
        if is_loopback(&url) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| failed(&error))?;
        let host = url.host_str().unwrap_or_default();
        let to = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { http, url, secret, to })
    }

    /// Why there is no answer, without the address.
    fn unreachable(&self, error: &reqwest::Error) -> SendError {
        let to = self.to.clone();
        if error.is_timeout() {
            return SendError::TimedOut { to, limit: LIMIT };
        }
        // The innermost reason says something; around it is only that a request failed, and to which address.
        let why = error.source().map_or_else(|| "no request can be made".to_owned(), innermost);
        SendError::Unreachable { to, why }
    }

    /// What an answer means that is not the one that was hoped for.
    async fn refused(&self, mut answer: Response) -> SendError {
        let (to, status) = (self.to.clone(), answer.status());
        let mut why = Reason::HttpStatus(status.as_u16()).sentence().to_string();
        if let Some(location) = header(&answer, LOCATION).filter(|_| status.is_redirection()) {
            why = format!("{why}: it is not followed to {}", elided(&location, SHOWN));
        }
        let may_pass = match status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => true,
            other => other.is_server_error(),
        };
        let after = header(&answer, RETRY_AFTER).and_then(|wait| {
            let date = header(&answer, DATE).and_then(|date| httpdate::parse_http_date(&date).ok());
            crate::fetch::retry_after(&wait, date.unwrap_or_else(SystemTime::now))
        });
        let body = beginning(&mut answer).await;
        let body = String::from_utf8_lossy(&body);
        if !body.trim().is_empty() {
            why = format!("{why}: {}", elided(&body, SHOWN));
        }
        match may_pass {
            true => SendError::NotTaken { to, why, after },
            false => SendError::Refused { to, why },
        }
    }
}

#[async_trait]
impl Channel for Webhook {
    async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
        let body = delivery::payload(notices);
        let timestamp = Timestamp::now().as_second().to_string();
        let mut request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        request = request.header(DELIVERY, delivery::name(notices)).header(TIMESTAMP, &timestamp);
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, sign(secret, &timestamp, &body));
        }
        let answer = request.body(body).send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() { Ok(()) } else { Err(self.refused(answer).await) }
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("host", &self.url.host_str())
            .field("is_signed", &self.secret.is_some())
            .field("headers", &self.headers.keys())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("to", &self.to)
            .field("is_signed", &self.secret.is_some())
            .finish_non_exhaustive()
    }
}

/// The headers, if all of them can be sent. None may stand in the place of those that say what is sent.
fn checked(headers: &BTreeMap<String, String>) -> Result<HeaderMap, SetupError> {
    let mut checked = HeaderMap::new();
    for (name, value) in headers {
        let bad = |why: &str| SetupError::Header { name: name.clone(), why: why.to_owned() };
        let header: HeaderName = name.parse().map_err(|_| bad("the name is not valid"))?;
        let taken = ["host", "connection", "content-length", "content-type", "transfer-encoding"];
        if taken.contains(&header.as_str()) || header.as_str().starts_with("x-sitewatch-") {
            return Err(bad("it is set by what is sent"));
        }
        let mut value: HeaderValue = value.parse().map_err(|_| bad("the value is not valid"))?;
        value.set_sensitive(true);
        checked.insert(header, value);
    }
    Ok(checked)
}

fn header(answer: &Response, name: HeaderName) -> Option<String> {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// What a body begins with; nothing where it breaks off.
async fn beginning(answer: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk[..chunk.len().min(READ - body.len())]);
        if body.len() == READ {
            break;
        }
    }
    body
}
