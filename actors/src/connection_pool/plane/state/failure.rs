//! What is known of a server that can't be connected to.

use std::error::Error;
use std::sync::Arc;

use tokio::time::Instant;

use crate::connection_pool::ConnectionPoolConfig;
use crate::system::after;

/// Why connecting fails, since when, and when it is tried again.
pub(crate) struct Failure {
    pub(super) error: Arc<dyn Error + Send + Sync>,
    /// No attempt can succeed until somebody changes something.
    pub(super) permanent: bool,
    /// How many have failed since one last succeeded.
    pub(super) attempts: u32,
    /// How often a pause was made. Attempts that were under way together are followed by one pause.
    pauses: u32,
    /// When the first of them failed.
    pub(super) since: Instant,
    pub(super) at: Instant,
    pub(super) retry_at: Instant,
}

impl Failure {
    /// Another attempt has failed.
    pub(super) fn after(
        last: Option<&Self>,
        error: Arc<dyn Error + Send + Sync>,
        permanent: bool,
        config: &ConnectionPoolConfig,
        now: Instant,
    ) -> Self {
        let attempts = last.map_or(0, |last| last.attempts).saturating_add(1);
        let since = last.map_or(now, |last| last.since);
        let pauses = last.map_or(0, |last| last.pauses);
        let (pauses, retry_at) = match last {
            // It had begun before anybody knew better.
            Some(last) if now < last.retry_at && !permanent => (pauses, last.retry_at),
            _ => {
                let doubled = config.retry_min.saturating_mul(1_u32.checked_shl(pauses).unwrap_or(u32::MAX));
                let pause = if permanent { config.retry_max } else { doubled.min(config.retry_max) };
                (pauses.saturating_add(1), after(now, pause))
            }
        };
        Self { error, permanent, attempts, pauses, since, at: now, retry_at }
    }

    /// When whoever waits is told, if there is no connection then.
    pub(super) fn told_at(&self, config: &ConnectionPoolConfig) -> Instant {
        if self.permanent { self.since } else { after(self.since, config.fail_after) }
    }
}
