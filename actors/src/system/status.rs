use std::sync::Arc;
use std::time::Duration;

use patterns_core::outcome::Panic;

use crate::Lane;
use crate::supervision::ActorState;

/// What one lane holds at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneStatus {
    /// Which lane.
    pub lane: Lane,
    /// How many messages are in.
    pub depth: usize,
    /// How many it holds at most.
    pub capacity: usize,
    /// How many senders wait for room.
    pub waiting: usize,
}

/// What an actor is doing at this moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorStatus {
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing.
    pub state: ActorState,
    /// Which of its incarnations it is; 1 is the first, 0 means that it has not been built yet.
    pub incarnation: u64,
    /// How often it was built anew.
    pub restarts: u64,
    /// How often it panicked.
    pub panics: u64,
    /// The latest panic.
    pub last_panic: Option<Panic>,
    /// Its lanes, the most urgent first.
    pub lanes: Vec<LaneStatus>,
    /// How many messages were handled.
    pub handled: u64,
    /// How many were given back to their senders.
    pub rejected: u64,
    /// How many were taken in and lost.
    pub dead: u64,
    /// How many are in their handlers, or have their answers under way.
    pub running: u64,
    /// At most how long the oldest queued message has waited; `None` if none is queued.
    ///
    /// It is exact for the first message after a pause, and otherwise the age of the message that
    /// was last taken out of the mailbox.
    pub oldest: Option<Duration>,
}

impl ActorStatus {
    /// How many messages are queued, in all lanes.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.lanes.iter().map(|lane| lane.depth).sum()
    }
}

/// The books of a whole system: what was sent, and what became of it.
///
/// `sent = handled + rejected + dead + in flight` is what [`balances`](Self::balances) checks, with
/// `in_flight` counted in the mailboxes and handlers, not derived. A send that another thread is in the
/// middle of at this very instant can be missing from one side; on a quiet system, and on the
/// caller's own thread, it is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// Attempts to send.
    pub sent: u64,
    /// Handled to the end.
    pub handled: u64,
    /// Given back to the sender.
    pub rejected: u64,
    /// Taken in and lost.
    pub dead: u64,
    /// Queued, waiting for room, being handled, or with the answer under way.
    pub in_flight: u64,
}

impl Audit {
    /// Whether every message is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.sent == self.handled + self.rejected + self.dead + self.in_flight
    }

    /// With so many that were sent too late, and given back.
    pub(crate) fn and_late(mut self, late: u64) -> Self {
        self.sent += late;
        self.rejected += late;
        self
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.handled += other.handled;
        self.rejected += other.rejected;
        self.dead += other.dead;
        self.in_flight += other.in_flight;
    }
}
