use std::error::Error;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::causes::innermost;
use crate::fetch::is_loopback;
use crate::service::{Action, WatchError};
use crate::web::api::{Problem, ProblemKind};

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long an answer may take, to its last byte.
const ANSWERING: Duration = Duration::from_secs(30);

const NEEDS_TOKEN: &str = "needs its token, which its settings name as web.token, or it printed as it started: set \
    SITEWATCH_TOKEN, or name a file by --token-file";

/// A service somewhere, asked by its API: what [`Watch`](crate::service::Watch) is for whoever is not in its process.
///
/// What keeps it from an answer is [`WatchError::NoAnswer`], with the address and a sentence. Its
/// [`events`](crate::service::Watch::events) end at once, as there is nobody who would listen in between: ask anew
/// instead.
///
/// # Defaults
///
/// 5 seconds to connect and 30 seconds for an answer. Redirects are not followed, since the token would go with them. A
/// proxy of the environment is used, but not for a service on the same machine.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::remote::{Client, ClientError};
/// use sitewatch::service::{Watch, WatchError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ClientError> {
/// let nobody = Client::new("http://127.0.0.1:1/", None)?;
/// let Err(WatchError::NoAnswer(why)) = nobody.sites().await else { panic!("nobody is there") };
/// assert!(why.starts_with("http://127.0.0.1:1/ does not answer: "), "{why}");
///
/// assert!(matches!(Client::new("ftp://127.0.0.1/", None), Err(ClientError::Url { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    base: Url,
    http: reqwest::Client,
    has_token: bool,
}

/// Why a [`Client`] can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address of the service is none.
    #[error("{url:?} is not an http or https URL, such as http://127.0.0.1:8080/")]
    Url {
        /// As it was given.
        url: String,
    },
    /// The token can't be sent.
    #[error("a token is a word of visible ASCII characters")]
    Token,
    /// The HTTP client can't be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl Client {
    /// A client of the service at `url`, which sends `token` with every request. It asks nothing yet.
    ///
    /// # Errors
    ///
    /// - [`ClientError::Url`]: `url` is not an http or https URL.
    /// - [`ClientError::Token`]: `token` is empty, or has characters that no header takes.
    /// - [`ClientError::Client`]: TLS can't be set up.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let base = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut base = base.ok_or_else(|| ClientError::Url { url: url.to_owned() })?;
        // They would be in every message.
        base.set_query(None);
        base.set_fragment(None);
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        if let Some(token) = token {
            let visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
            let header = HeaderValue::from_str(&format!("Bearer {token}")).ok().filter(|_| visible);
            let mut header = header.ok_or(ClientError::Token)?;
            header.set_sensitive(true);
            headers.insert(AUTHORIZATION, header);
        }
        let failed = |error: &dyn Error| ClientError::Client(error.to_string());
        let tls = crate::fetch::tls().map_err(|error| failed(&error))?;
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("sitewatch/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECTING)
            .timeout(ANSWERING);
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| failed(&error))?;
        Ok(Self { base, http, has_token: token.is_some() })
    }

    /// The address of the service.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// An address below that of the service. What is in a segment stays in it.
    pub(super) fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url, about: About<'_>) -> Result<T, WatchError> {
        self.ask(Method::GET, url, about).await
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        about: About<'_>,
    ) -> Result<T, WatchError> {
        let (status, body) = self.send(method, url).await?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| self.strange(&error.to_string()));
        }
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => self.refused(problem, about),
            Err(_) => self.strange(&format!("status {status}")),
        })
    }

    pub(super) async fn send(&self, method: Method, url: Url) -> Result<(StatusCode, Vec<u8>), WatchError> {
        let silent = |error: reqwest::Error| self.error(&format!("does not answer: {}", cause(&error)));
        let answer = self.http.request(method, url).send().await.map_err(silent)?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(silent)?.into()))
    }

    /// A refusal as what it is about.
    fn refused(&self, problem: Problem, about: About<'_>) -> WatchError {
        match (problem.kind, about) {
            (ProblemKind::NoSuchSite, About::Site(name) | About::Action(name, _)) => {
                WatchError::NoSuchSite(name.to_owned())
            }
            (ProblemKind::NoSuchRun, About::Run(id)) => WatchError::NoSuchRun(id),
            (ProblemKind::NoSuchJob, About::Job(id)) => WatchError::NoSuchJob(id.to_owned()),
            (ProblemKind::NoSuchQueue, About::Queue(name)) => WatchError::NoSuchQueue(name.to_owned()),
            (ProblemKind::NoQueue, _) => WatchError::NoQueue,
            (ProblemKind::NotLive, About::Action(_, action)) => WatchError::NotLive(action.as_str()),
            (ProblemKind::TokenNeeded, _) if self.has_token => self.error("refuses: the token is wrong"),
            (ProblemKind::TokenNeeded, _) => self.error(NEEDS_TOKEN),
            // It says itself what is not available.
            (ProblemKind::Unavailable, _) => WatchError::NoAnswer(problem.detail),
            _ => self.error(&format!("refuses: {}", problem.detail)),
        }
    }

    pub(super) fn strange(&self, what: &str) -> WatchError {
        self.error(&format!("does not answer as sitewatch does: {what}"))
    }

    fn error(&self, what: &str) -> WatchError {
        let mut shown = self.base.clone();
        // It fails only where there can't be one.
        let _ = shown.set_password(None);
        WatchError::NoAnswer(format!("{shown} {what}"))
    }
}

/// What a request is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    Service,
    Site(&'a str),
    Run(i64),
    Action(&'a str, Action),
    Job(&'a str),
    Queue(&'a str),
}

/// The innermost reason, which is the one that says something: around it is only that a request failed.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    innermost(error)
}
