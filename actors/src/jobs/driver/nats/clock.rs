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
}

impl LogClock {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Reading { fixed: None, at: Timestamp::UNIX_EPOCH, heard: Instant::now() })))
    }

    pub(super) fn fix(&self, at: Timestamp) {
        self.0.lock().fixed = Some(at);
    }

    /// It reads at least this now.
    pub(super) fn go_on_from(&self, at: Timestamp) {
        let mut reading = self.0.lock();
        reading.fixed = None;
        if reading.now() < at {
            (reading.at, reading.heard) = (at, Instant::now());
        }
    }

    /// It was heard that it reads this, and goes on.
    pub(super) fn hear(&self, at: Timestamp) {
        let mut reading = self.0.lock();
        (reading.at, reading.heard) = (at, Instant::now());
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
