use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

use super::{DemoSite, Faults};

/// More are needed neither to try a checker nor to test it.
const MOST_PAGES: u32 = 1_000_000;

/// What takes longer is not slow but silent.
const SLOWEST: Duration = Duration::from_secs(60);

/// Settings of a [`DemoSite`]; see [`DemoSite::builder`].
///
/// # Defaults
///
/// A free port of this machine, 100 pages, the [usual](Faults::default) faults, answers at once but the slow one, which
/// takes 2 seconds, and no controls.
#[derive(Clone, Debug)]
pub struct DemoSiteBuilder {
    listen: SocketAddr,
    pub(super) pages: u32,
    pub(super) faults: Faults,
    pub(super) delay: Duration,
    pub(super) slow: Duration,
    pub(super) control: bool,
}

impl Default for DemoSiteBuilder {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            pages: 100,
            faults: Faults::default(),
            delay: Duration::ZERO,
            slow: Duration::from_secs(2),
            control: false,
        }
    }
}

impl DemoSiteBuilder {
    /// Where it listens; port 0 for a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// How many pages the tree has, its first included: from 1 to 1,000,000. The pages of the faults come on top.
    #[must_use]
    pub fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    /// Which faults it has.
    #[must_use]
    pub fn faults(mut self, faults: impl Into<Faults>) -> Self {
        self.faults = faults.into();
        self
    }

    /// How long every answer takes, but those of the controls.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How long the [slow](super::Fault::Slow) page takes: at most a minute.
    #[must_use]
    pub fn slow(mut self, slow: Duration) -> Self {
        self.slow = slow;
        self
    }

    /// Whether `/_control/` is there: whoever reaches the site may then mend and break it, as
    /// [`DemoSite::fix`] does, and see what was asked for.
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Serves it until the handle is dropped.
    ///
    /// # Errors
    ///
    /// [`DemoSiteError::Pages`] and [`DemoSiteError::Slow`] if a number makes no sense, [`DemoSiteError::Listen`] if the
    /// address can't be had.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is served then.
    pub async fn start(self) -> Result<DemoSite, DemoSiteError> {
        if !(1..=MOST_PAGES).contains(&self.pages) {
            return Err(DemoSiteError::Pages(self.pages));
        }
        if self.slow > SLOWEST || self.delay > SLOWEST {
            return Err(DemoSiteError::Slow(self.slow.max(self.delay)));
        }
        let cannot = |source| DemoSiteError::Listen { address: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(DemoSite::serve(listener, address, self))
    }
}

/// Why a demo site does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoSiteError {
    /// Too few or too many pages.
    #[error("a site of {0} pages: it takes 1 to 1,000,000")]
    Pages(u32),
    /// An answer would take longer than a minute.
    #[error("an answer after {0:?}: it takes a minute at most")]
    Slow(Duration),
    /// The address can't be listened at.
    #[error("can't listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}
