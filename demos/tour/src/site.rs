//! What the scenes are about: pages with links, and the hosts that they are on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use crate::Stage;

/// The links of a page, on a site of so many pages: to four more, and to the first.
///
/// # Examples
///
/// ```
/// use tour::site;
///
/// assert_eq!(site::links(1, 40), [2, 3, 4, 5, 1]);
/// assert_eq!(site::links(10, 40), [38, 39, 40, 1]);
/// assert_eq!(site::links(40, 40), [1]);
/// ```
#[must_use]
pub fn links(page: u32, pages: u32) -> Vec<u32> {
    let first = page * 4 - 2;
    (first..first + 4).filter(|link| *link <= pages).chain([1]).collect()
}

/// A host that answers requests, and counts them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tour::site::Host;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let host = Host::answering("docs.example", |nth, _| (Duration::from_millis(10), if nth == 2 { 503 } else { 200 }));
/// assert_eq!(host.get(1).await.unwrap(), 1);
/// assert_eq!(host.get(1).await.unwrap_err().to_string(), "docs.example/1 answers 503");
/// assert_eq!(host.requests(), 2);
/// # }
/// ```
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    name: &'static str,
    rule: Box<dyn Fn(u32, u32) -> (Duration, u16) + Send + Sync>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: u32,
    open: usize,
    most_open: usize,
    answered: u32,
}

impl Host {
    /// One that answers every request after this long.
    #[must_use]
    pub fn new(name: &'static str, latency: Duration) -> Self {
        Self::answering(name, move |_, _| (latency, 200))
    }

    /// One that answers the nth request (from 1), for this page, after so long and with this status.
    #[must_use]
    pub fn answering(
        name: &'static str,
        rule: impl Fn(u32, u32) -> (Duration, u16) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            name,
            rule: Box::new(rule),
            counts: Mutex::default(),
        }))
    }

    /// Fetches a page, and gives its number.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the status is not 200.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the request is gone, and counts as one that was not answered.
    pub async fn get(&self, page: u32) -> Result<u32, FetchError> {
        let nth = {
            let mut counts = self.0.counts.lock();
            counts.requests += 1;
            counts.open += 1;
            counts.most_open = counts.most_open.max(counts.open);
            counts.requests
        };
        let _open = Open(&self.0.counts);
        let (latency, status) = (self.0.rule)(nth, page);
        sleep(latency).await;
        self.0.counts.lock().answered += 1;
        if status == 200 {
            Ok(page)
        } else {
            Err(FetchError { host: self.0.name, page, status })
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Requests that ever came.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.0.counts.lock().requests
    }

    /// Requests that were answered; the others are open, or were dropped.
    #[must_use]
    pub fn answered(&self) -> u32 {
        self.0.counts.lock().answered
    }

    /// Requests that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.counts.lock().open
    }

    /// The most requests that were ever open at once.
    #[must_use]
    pub fn most_open(&self) -> usize {
        self.0.counts.lock().most_open
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.0.name).finish()
    }
}

/// A request that is open.
struct Open<'a>(&'a Mutex<Counts>);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
    }
}

/// A host answered, but not with the page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host}/{page} answers {status}")]
pub struct FetchError {
    /// Which host.
    pub host: &'static str,
    /// Which page was asked for.
    pub page: u32,
    /// With what it answered.
    pub status: u16,
}

/// Asks the host for a page, and draws that; dropped, the figure shows where.
///
/// # Errors
///
/// Those of [`Host::get`].
pub async fn fetch(
    stage: &Stage,
    host: &Host,
    page: u32,
) -> Result<u32, FetchError> {
    let work = stage.busy(format!("page {page}"), "is fetched");
    work.ended(host.get(page).await)
}
