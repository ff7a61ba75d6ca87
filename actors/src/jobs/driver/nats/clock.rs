use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::scheduler::WallClock;

/// The server's clock: while an entry is applied what it read then, and otherwise what it may read by now.
#[derive(Clone, Debug)]
pub(super) struct LogClock(Arc<Mutex<Reading>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    fixed: Option<Timestamp>,
    /// What it read, and when that was heard.
    at: Timestamp,
    heard: Instant,
    /// What it read at the latest entry. If the server's was set back, it does not go back before this.
    floor: Timestamp,
}

impl LogClock {
    pub(super) fn new() -> Self {
        let at = Timestamp::UNIX_EPOCH;
        Self(Arc::new(Mutex::new(Reading { fixed: None, at, heard: Instant::now(), floor: at })))
    }

    pub(super) fn fix(&self, at: Timestamp) {
        self.0.lock().fixed = Some(at);
    }

    /// It reads at least this now.
    pub(super) fn go_on_from(&self, at: Timestamp) {
        let mut reading = self.0.lock();
        (reading.fixed, reading.floor) = (None, at);
        if reading.now() < at {
            (reading.at, reading.heard) = (at, Instant::now());
        }
    }

    /// It was heard that it reads this, and goes on.
    pub(super) fn hear(&self, at: Timestamp) {
        let mut reading = self.0.lock();
        (reading.at, reading.heard) = (at.max(reading.floor), Instant::now());
    }
}

impl Reading {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.heard.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.fixed.unwrap_or_else(|| self.at.checked_add(elapsed).unwrap_or(self.at))
    }
}

impl WallClock for LogClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now()
    }
}
