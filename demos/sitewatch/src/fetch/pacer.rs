use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use url::Url;

use super::FetchError;
use super::authority::Authority;
use super::pace::Pace;

/// Says when a host may be asked next, where that is not for a single [`Fetcher`](super::Fetcher) to say: as when several
/// programs ask it.
///
/// Hosts are named with their port: `example.org:443`.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
///
/// use async_trait::async_trait;
/// use sitewatch::fetch::{FetchError, Fetcher, HttpConfig, Pacer};
///
/// /// Counts the requests.
/// #[derive(Debug, Default)]
/// struct Count(AtomicU32);
///
/// #[async_trait]
/// impl Pacer for Count {
///     async fn turn(&self, _host: &str) -> Result<(), FetchError> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(())
///     }
///     async fn pause(&self, _host: &str, _wait: Duration) {}
///     async fn slow_down(&self, _host: &str, _spacing: Duration) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let count = Arc::new(Count::default());
/// let fetcher = Fetcher::paced(&HttpConfig::default(), count.clone())?;
/// // Nobody listens on the port that was free a moment ago.
/// let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
/// let fetched = fetcher.page(&format!("http://127.0.0.1:{port}/").parse()?).await;
/// assert!(fetched.result.is_err());
/// assert_eq!(count.0.load(Ordering::Relaxed), 1);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Pacer: fmt::Debug + Send + Sync + 'static {
    /// Waits for the next turn at this host.
    ///
    /// # Errors
    ///
    /// [`FetchError::Interrupted`]: whoever waits is to stop.
    async fn turn(&self, host: &str) -> Result<(), FetchError>;

    /// Gives nobody a turn at this host for so long.
    async fn pause(&self, host: &str, wait: Duration);

    /// Spaces the turns at this host by so much at least, from its last one on.
    async fn slow_down(&self, host: &str, spacing: Duration);
}

/// The host and the port of an `http` or `https` URL, as a [`Pacer`] is asked for them.
pub(crate) fn host_and_port(url: &Url) -> String {
    Authority::of(url).to_string()
}

/// Whose turns they are.
#[derive(Debug)]
pub(super) enum Pacing {
    /// This fetcher's own.
    Own(Pace),
    /// Those of all who share them.
    Shared(Arc<dyn Pacer>),
}

impl Pacing {
    /// Waits for this host's next turn.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn turn(&self, host: &Authority) -> Result<(), FetchError> {
        match self {
            Self::Own(pace) => pace.turn(host).await,
            Self::Shared(pacer) => pacer.turn(&host.to_string()).await,
        }
    }

    /// Gives no turn at this host for so long.
    pub(super) async fn pause(&self, host: &Authority, wait: Duration) {
        match self {
            Self::Own(pace) => pace.pause_until(host, Instant::now() + wait),
            Self::Shared(pacer) => pacer.pause(&host.to_string(), wait).await,
        }
    }

    /// Spaces the turns at this host by `spacing` at least, from its last one on.
    pub(super) async fn slow_down(&self, host: &Authority, spacing: Duration) {
        match self {
            Self::Own(pace) => pace.slow_down(host, spacing),
            Self::Shared(pacer) => pacer.slow_down(&host.to_string(), spacing).await,
        }
    }
}
