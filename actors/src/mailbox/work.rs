use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::waits::Waits;

/// What an actor writes at every message, for others to read.
///
/// There is one writer at a time: whoever empties the mailbox, which is the actor's own thread or, once
/// that is no more, whoever closes the books. So a load and a store do, where many writers would need a
/// locked instruction.
#[derive(Debug)]
pub(crate) struct Work {
    handled: AtomicU64,
    dead: AtomicU64,
    running: AtomicU64,
    /// When the message that was last taken out had been sent, in nanoseconds of the actor's life.
    popped: AtomicU64,
    /// Since when the present message is handled, likewise; `NEVER` if none is.
    since: AtomicU64,
    /// Made at the first message.
    seen: OnceLock<Box<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    waits: Waits,
    /// The type of the message that was last handled.
    message_type: Mutex<&'static str>,
}

const NEVER: u64 = u64::MAX;

fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

impl Default for Work {
    fn default() -> Self {
        Self {
            handled: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            running: AtomicU64::new(0),
            popped: AtomicU64::new(0),
            since: AtomicU64::new(NEVER),
            seen: OnceLock::new(),
        }
    }
}

impl Work {
    /// A message is counted as running, until it is counted as handled or dead.
    pub(super) fn start(&self) {
        add(&self.running, 1);
    }

    pub(super) fn end_handled(&self) {
        add(&self.handled, 1);
        add(&self.running, 1_u64.wrapping_neg());
    }

    pub(super) fn end_dead(&self) {
        add(&self.dead, 1);
        add(&self.running, 1_u64.wrapping_neg());
    }

    pub(super) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Acquire)
    }

    pub(super) fn dead(&self) -> u64 {
        self.dead.load(Ordering::Acquire)
    }

    pub(super) fn running(&self) -> u64 {
        self.running.load(Ordering::Acquire)
    }

    pub(super) fn pop(&self, sent_at: u64) {
        self.popped.store(sent_at, Ordering::Relaxed);
    }

    pub(super) fn popped(&self) -> u64 {
        self.popped.load(Ordering::Relaxed)
    }

    /// A message that had waited for `waited` nanoseconds is handled from `now` on. `changed` is its type, where that
    /// is another one than before.
    pub(super) fn begin(&self, now: u64, waited: u64, changed: Option<&'static str>) {
        let seen = self.seen.get_or_init(Box::default);
        seen.waits.note(waited);
        if let Some(message_type) = changed {
            *seen.message_type.lock() = message_type;
        }
        self.since.store(now, Ordering::Relaxed);
    }

    /// No message is being handled.
    pub(super) fn rest(&self) {
        self.since.store(NEVER, Ordering::Relaxed);
    }

    /// The type of the message that is being handled, and since when.
    pub(crate) fn current(&self) -> Option<(&'static str, u64)> {
        let since = self.since.load(Ordering::Relaxed);
        if since == NEVER { None } else { self.seen.get().map(|seen| (*seen.message_type.lock(), since)) }
    }

    pub(crate) fn waits(&self) -> Option<&Waits> {
        self.seen.get().map(|seen| &seen.waits)
    }
}
