//! How fast a host is asked.
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::{Interrupt, interruptible};
use rustc_hash::FxHashMap;
use tokio::time::{Instant, sleep_until};

use super::authority::Authority;

/// Turns per host, evenly spaced.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    hosts: Mutex<FxHashMap<Authority, Turns>>,
}

#[derive(Clone, Copy, Debug)]
struct Turns {
    next: Instant,
    interval: Duration,
    paused_until: Instant,
}

impl Pace {
    /// `rate` requests per second; 0 for no limit.
    pub(super) fn new(rate: f64) -> Self {
        let interval = if rate > 0.0 { Duration::from_secs_f64(1.0 / rate) } else { Duration::ZERO };
        Self { interval, hosts: Mutex::default() }
    }

    /// Waits for this host's next turn.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; the turn that was waited for stays unused.
    pub(super) async fn turn(&self, host: &Authority) -> Result<(), Interrupt> {
        let mut at = self.with(host, |turns, now| {
            let at = turns.next.max(now);
            turns.next = at + turns.interval;
            at.max(turns.paused_until)
        });
        loop {
            interruptible(sleep_until(at)).await?;
            // A pause may have come while this waited.
            let until = self.with(host, |turns, _| turns.paused_until);
            if until <= at {
                return Ok(());
            }
            at = until;
        }
    }

    /// Gives no turn at this host before `until`.
    pub(super) fn pause_until(&self, host: &Authority, until: Instant) {
        self.with(host, |turns, _| turns.paused_until = turns.paused_until.max(until));
    }

    /// Spaces the turns at this host by `interval` at least.
    pub(super) fn slow_down(&self, host: &Authority, interval: Duration) {
        self.with(host, |turns, now| {
            turns.interval = turns.interval.max(interval);
            turns.next = turns.next.max(now + interval);
        });
    }

    fn with<R>(&self, host: &Authority, f: impl FnOnce(&mut Turns, Instant) -> R) -> R {
        let now = Instant::now();
        let mut hosts = self.hosts.lock();
        let fresh = || Turns { next: now, interval: self.interval, paused_until: now };
        f(hosts.entry(host.clone()).or_insert_with(fresh), now)
    }
}
