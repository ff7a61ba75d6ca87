//! Each site's robots.txt, asked for once.
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::interruptible;
use reqwest::Method;
use rustc_hash::FxHashMap;
use tokio::sync::OnceCell;
use url::Url;

use super::authority::Authority;
use super::exchange::Want;
use super::{FetchError, Fetcher};
use crate::robots::Robots;

/// The part of a robots.txt that RFC 9309 wants read, in bytes.
const ENOUGH: u64 = 500 * 1024;

/// The longest `Crawl-delay` that is kept: at one request a minute a site is as good as closed.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// What is known of a site's robots.txt, which may be why nothing is.
type Known = Result<Arc<Robots>, FetchError>;

/// By origin. Grows with the number of origins that are recursed into.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<FxHashMap<String, Arc<OnceCell<Known>>>>);

impl Fetcher {
    /// What the robots.txt of this URL's site permits; asked for once, however many ask at a time.
    ///
    /// A site without one (any 4xx, or redirects that lead nowhere, or to a private address that is not
    /// asked for) permits everything, as RFC 9309 says. A `Crawl-delay` of up to a minute slows down every
    /// later request to the host, a longer one counts as a minute; neither does with
    /// [`ignore_robots`](super::HttpConfig::ignore_robots).
    ///
    /// # Errors
    ///
    /// - [`FetchError::Robots`]: the robots.txt exists but the server fails to serve it (5xx), and
    ///   the RFC has nothing fetched then.
    /// - [`FetchError::Interrupted`]: the caller gave up; whoever else waits goes on.
    /// - Any other: the host can't be reached. The RFC counts that as forbidden too, but what a
    ///   report should say is that the host can't be reached.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if this was the one that asked, the next in line asks again.
    // ANCHOR: robots
    pub async fn robots(&self, url: &Url) -> Result<Arc<Robots>, FetchError> {
        let cell = Arc::clone(self.0.robots.0.lock().entry(url.origin().ascii_serialization()).or_default());
        interruptible(cell.get_or_try_init(|| self.read_robots(url))).await??.clone()
    }
    // ANCHOR_END: robots

    /// Whether a crawler may fetch this URL. Ask before following a link; a link that is only
    /// checked is no crawl.
    ///
    /// # Errors
    ///
    /// - [`FetchError::Robots`]: it may not.
    /// - As [`robots`](Self::robots), where that is not known.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        if self.0.ignore_robots {
            return Ok(());
        }
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        if self.robots(url).await?.allows(path) { Ok(()) } else { Err(FetchError::Robots { status: None }) }
    }

    /// An error is one that is not kept.
    async fn read_robots(&self, url: &Url) -> Result<Known, FetchError> {
        let file = url.join("/robots.txt").map_err(|error| FetchError::Protocol(error.to_string()))?;
        let fetched = self.fetch(Method::GET, &file, Want::Beginning(ENOUGH)).await;
        let robots = match fetched.result {
            Ok(page) => Robots::parse(&page.body.unwrap_or_default(), &self.0.user_agent),
            Err(FetchError::Status(status)) if status >= 500 => {
                return Ok(Err(FetchError::Robots { status: Some(status) }));
            }
            Err(
                FetchError::Status(_)
                | FetchError::RedirectLoop
                | FetchError::TooManyRedirects { .. }
                | FetchError::BadRedirect(_)
                | FetchError::UrlTooLong { .. },
            ) => Robots::allow_all(),
            // It says so by a redirect, which leads nowhere then; of the host itself that would be another matter.
            Err(FetchError::Private { .. }) if !fetched.redirects.is_empty() => Robots::allow_all(),
            Err(error) if error.is_interrupted() => return Err(error),
            Err(error) => return Ok(Err(error)),
        };
        if let Some(delay) = robots.crawl_delay().filter(|_| !self.0.ignore_robots) {
            self.0.visitor.slow_down(&Authority::of(url), delay.min(LONGEST_DELAY)).await;
        }
        Ok(Ok(Arc::new(robots)))
    }
}
