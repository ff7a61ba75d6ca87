use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::connection::accept;
use super::tally::Tally;
use super::{DemoSiteBuilder, Stats};

/// A site full of faults, served until this is dropped; then its connections are closed too.
///
/// # Examples
///
/// ```
/// use sitewatch::demo_site::{DemoSite, Fault};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let site = DemoSite::builder().pages(20).faults([Fault::Missing]).start().await?;
/// assert_eq!(site.url(), format!("http://{}/", site.address()));
/// assert!(site.fetched().is_empty(), "nobody has asked for anything yet");
/// assert!(site.fix() && !site.fix(), "once is enough");
///
/// let refused = DemoSite::builder().pages(0).start().await.unwrap_err();
/// assert_eq!(refused.to_string(), "a site of 0 pages: it takes 1 to 1,000,000");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct DemoSite {
    address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
    /// Aborted with the set.
    _tasks: JoinSet<()>,
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: DemoSiteBuilder,
    /// The site's address without the slash at its end.
    pub(super) base: String,
    pub(super) port: u16,
    pub(super) tally: Tally,
    /// How often it was mended or broken; odd while it is mended.
    version: AtomicU64,
}

impl DemoSite {
    /// Settings, to be changed and started.
    #[must_use]
    pub fn builder() -> DemoSiteBuilder {
        DemoSiteBuilder::default()
    }

    pub(super) fn serve(listener: TcpListener, address: SocketAddr, settings: DemoSiteBuilder) -> Self {
        let mut host = address;
        if host.ip().is_unspecified() {
            // It listens everywhere; this is where it can be asked from here.
            host.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let base = format!("http://{host}");
        let url = format!("{base}/");
        let (tally, version) = (Tally::default(), AtomicU64::new(0));
        let shared = Arc::new(Shared { settings, base, port: address.port(), tally, version });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, url, shared, _tasks: tasks }
    }

    /// The address of its first page.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often each path, with its query, was asked for, by any method. Requests that were never answered count, those
    /// of the controls don't.
    #[must_use]
    pub fn fetched(&self) -> HashMap<String, u64> {
        self.shared.tally.requests()
    }

    /// The requests that have arrived and whose answers have not gone out yet.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.stats().in_flight
    }

    /// The most of those that there ever were at the same time.
    #[must_use]
    pub fn in_flight_peak(&self) -> u64 {
        self.stats().in_flight_peak
    }

    /// Everything that was counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.tally.stats()
    }

    /// Mends what can be mended: [`Fault::Missing`](super::Fault::Missing) and [`Fault::Typo`](super::Fault::Typo).
    /// Whether anything is different now.
    pub fn fix(&self) -> bool {
        self.shared.set_mended(true)
    }

    /// Breaks again what was mended. Whether anything is different now.
    pub fn break_again(&self) -> bool {
        self.shared.set_mended(false)
    }
}

impl Shared {
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    pub(super) fn is_mended(&self) -> bool {
        self.version() % 2 == 1
    }

    pub(super) fn set_mended(&self, mended: bool) -> bool {
        let next = |version: u64| (version % 2 != u64::from(mended)).then_some(version + 1);
        self.version.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok()
    }
}
