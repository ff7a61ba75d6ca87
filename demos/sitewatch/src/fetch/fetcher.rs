use std::sync::Arc;

use reqwest::Method;
use url::Url;

use super::chain::Chain;
use super::exchange::Want;
use super::pace::Pace;
use super::pacer::Pacing;
use super::visit::Visitor;
use super::{Answer, FetchError, FetchSetupError, Fetched, HttpConfig, Pacer, Validators, Visited, robots};

/// Fetches URLs as a good citizen: few at a time, not too fast, patient with what is transient, and
/// never twice what can't be reached.
///
/// Clones share everything: the connections, the limits per host, and what is known of each host.
/// What can't be reached is remembered for the life of the fetcher, so make a new one for each
/// check of a site.
///
/// # Limits
///
/// It keeps no cookies, so a site that sets one and redirects to the same URL is a
/// [`RedirectLoop`](super::FetchError::RedirectLoop). A body without a `Content-Type` is not taken
/// for HTML. A fetch that is neither polled nor dropped keeps its seat at the host, and its place in
/// the line for one. Proxies are those of the environment (`HTTP_PROXY`, `NO_PROXY` and so on), and none
/// with [`Private::Refuse`](super::Private::Refuse).
///
/// # Comparison to `reqwest::Client`
///
/// 1. Redirects come back as a chain, with the status of each.
/// 2. Limits are per host and hold across all callers.
/// 3. Errors are causes (`refused`, `certificate expired`), not phases of a library.
/// 4. Everything obeys the ambient token and deadline.
///
/// # Examples
///
/// ```
/// use sitewatch::fetch::{FetchError, Fetcher, HttpConfig};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fetcher = Fetcher::new(&HttpConfig { retries: 0, ..HttpConfig::default() })?;
///
/// // Nobody listens on the port that was free a moment ago.
/// let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
/// let fetched = fetcher.page(&format!("http://127.0.0.1:{port}/").parse()?).await;
/// assert!(matches!(fetched.result, Err(FetchError::Connect(_))));
/// assert_eq!(fetched.attempts, 1);
///
/// // It is remembered.
/// let again = fetcher.page(&format!("http://127.0.0.1:{port}/other").parse()?).await;
/// assert_eq!(again.result.unwrap_err().to_string(), "connection refused");
/// assert_eq!(again.attempts, 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Fetcher(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) visitor: Visitor,
    pub(super) robots: robots::Cache,
    pub(super) ignore_robots: bool,
    pub(super) user_agent: String,
    max_redirects: usize,
}

impl Fetcher {
    /// Sets up the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// - [`FetchSetupError::Value`]: a value that can't be worked with, such as no request at a time.
    /// - [`FetchSetupError::Header`]: a header that HTTP does not allow.
    /// - [`FetchSetupError::Credentials`]: a header with credentials without `credential_hosts`.
    /// - [`FetchSetupError::Client`]: TLS or the name lookup can't be set up.
    pub fn new(config: &HttpConfig) -> Result<Self, FetchSetupError> {
        // Before there is a pace: a rate that is none has none.
        check(config)?;
        Self::with(config, Pacing::Own(Pace::new(config.rate)))
    }

    /// The same, where somebody else says when a host may be asked: the [`rate`](HttpConfig::rate) is his.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn paced(config: &HttpConfig, pacer: Arc<dyn Pacer>) -> Result<Self, FetchSetupError> {
        check(config)?;
        Self::with(config, Pacing::Shared(pacer))
    }

    fn with(config: &HttpConfig, pace: Pacing) -> Result<Self, FetchSetupError> {
        Ok(Self(Arc::new(Inner {
            visitor: Visitor::new(config, pace)?,
            robots: robots::Cache::default(),
            ignore_robots: config.ignore_robots,
            user_agent: config.user_agent.clone(),
            max_redirects: config.max_redirects,
        })))
    }

    /// Gets a page, with its body if it is HTML.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn page(&self, url: &Url) -> Fetched {
        self.fetch(Method::GET, url, Want::Html).await
    }

    /// Finds out whether there is something at `url`, without its body.
    ///
    /// Asks with HEAD, and with GET where that is refused (403, 405, 501), answered with 404, or
    /// cut short: many servers only know GET.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn probe(&self, url: &Url) -> Fetched {
        self.fetch(Method::HEAD, url, Want::Existence).await
    }

    /// Gets a file of any type, with its body. What is compressed in itself, such as
    /// `sitemap.xml.gz`, comes as it is.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn text(&self, url: &Url) -> Fetched {
        self.fetch(Method::GET, url, Want::Text).await
    }

    /// [`page`](Self::page), with a redirect as the answer: for a crawl that follows them itself.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn visit_page(&self, url: &Url) -> Visited {
        self.0.visitor.visit(Method::GET, url, Want::Html).await
    }

    /// [`visit_page`](Self::visit_page), unless the page is the version that is known:
    /// [`Answer::NotModified`](super::Answer::NotModified).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn visit_changed(&self, url: &Url, known: &Validators) -> Visited {
        self.0.visitor.visit_changed(url, known).await
    }

    /// [`probe`](Self::probe), with a redirect as the answer: for a crawl that follows them itself.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn visit_probe(&self, url: &Url) -> Visited {
        self.0.visitor.visit(Method::HEAD, url, Want::Existence).await
    }

    pub(super) async fn fetch(&self, method: Method, url: &Url, want: Want) -> Fetched {
        let mut chain = Chain::new(url, self.0.max_redirects);
        let mut at = url.clone();
        loop {
            let visit = self.0.visitor.visit(method.clone(), &at, want).await;
            let result = match visit.result {
                Ok(Answer::Page(page)) => Ok(page),
                // Nothing was said to be known.
                Ok(Answer::NotModified) => Err(FetchError::Status(304)),
                Ok(Answer::Redirect { status, to }) => match chain.follow(&at, status, &to) {
                    Ok(()) => {
                        at = to;
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            return Fetched { url: at, redirects: chain.hops, result, attempts: visit.attempts };
        }
    }
}

fn check(config: &HttpConfig) -> Result<(), FetchSetupError> {
    let wrong = |field, must| Err(FetchSetupError::Value { field, must });
    if config.per_host == 0 {
        return wrong("per_host", "at least 1");
    }
    // Slower than once a day is not a rate, and would not fit the clock.
    if !config.rate.is_finite() || config.rate < 0.0 || (config.rate > 0.0 && config.rate < 1.0 / 86_400.0) {
        return wrong("rate", "a number of requests per second, or 0 for no limit");
    }
    if config.max_ratio == 0 {
        return wrong("max_ratio", "at least 1");
    }
    // Whoever writes a URL here would wait in vain for it to be one of the hosts.
    let is_host = |host: &String| !host.is_empty() && !host.contains(|c: char| c == '/' || c.is_whitespace());
    if !config.private_hosts.iter().all(is_host) {
        return wrong("private_hosts", "hosts, each with or without a port, such as wiki.internal:8080");
    }
    for (field, limit) in [
        ("connect_timeout", config.connect_timeout),
        ("read_timeout", config.read_timeout),
        ("total_timeout", config.total_timeout),
    ] {
        if limit.is_zero() {
            return wrong(field, "longer than nothing");
        }
    }
    Ok(())
}
