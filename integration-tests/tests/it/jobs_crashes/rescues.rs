//! How long it took others to notice that somebody had died.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use super::LEASE;

/// Within how many leases one is given up who has nothing that others wait for.
const IDLE_LEASES: u32 = 10;

/// How long the machine may take for what takes no time.
const SLACK: Duration = Duration::from_secs(1);

/// How long a job that was handed back may wait behind others: of those that came back from the dead a worker does one
/// at a time, and some are slow.
const QUEUEING: Duration = Duration::from_secs(10);

/// Where somebody was there who could notice.
#[derive(Default)]
pub(super) struct Rescues {
    /// Who had jobs, or led.
    pub(super) given_up: Times,
    /// Who had nothing that others wait for.
    pub(super) idle: Times,
    /// The first of the jobs that were cut off.
    pub(super) begun_again: Times,
}

impl Rescues {
    /// A beat may be as old as a third of a lease when it is first seen, and is then looked at for a lease; others may
    /// take their time, by a tenth of it, so that not all do the same.
    pub(super) fn assert_in_time(&self, is_steady: bool) {
        let jitter = LEASE / 3 + LEASE / 10 + SLACK;
        assert!(self.given_up.longest <= LEASE + jitter, "{self}");
        assert!(self.idle.longest <= IDLE_LEASES * LEASE + jitter, "{self}");
        // Where the clock was set back, what was handed back may be due later.
        assert!(!is_steady || self.begun_again.longest <= LEASE + jitter + QUEUEING, "{self}");
    }
}

impl fmt::Display for Rescues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { given_up, idle, begun_again } = self;
        write!(f, "with a lease of {LEASE:?}, given up within {given_up}; with nothing to lose, within {idle}; ")?;
        write!(f, "their jobs begun again within {begun_again}")
    }
}

/// How often something took how long at most.
#[derive(Default)]
pub(super) struct Times {
    pub(super) count: usize,
    longest: Duration,
}

impl Times {
    pub(super) fn add(&mut self, time: Option<SignedDuration>) {
        let Some(time) = time else { return };
        self.count += 1;
        // What was done before anybody was there for it took no time.
        self.longest = self.longest.max(Duration::try_from(time).unwrap_or_default());
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2?} ({} times)", self.longest, self.count)
    }
}
