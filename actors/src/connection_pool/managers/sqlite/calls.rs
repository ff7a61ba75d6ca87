//! Which call runs on a connection, and whether somebody still waits for it.
//!
//! Calls have ascending numbers, and of a connection's calls only one runs at a time. A call that begins
//! after another was abandoned has a higher number than that one; so the highest abandoned number
//! says all, and an interruption can't hit a later call.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

#[derive(Debug, Default)]
pub(super) struct Calls {
    last: AtomicU64,
    /// The one that runs; 0 for none.
    current: AtomicU64,
    /// The highest that nobody waits for any more.
    abandoned: AtomicU64,
    /// Whether the last one left a transaction open.
    in_transaction: AtomicBool,
    /// How often an abandoned call that runs is spared, for the sake of others whose changes would be lost with its.
    spare: AtomicU64,
    /// Whether the call that runs may not begin or end a transaction.
    confined: AtomicBool,
}

impl Calls {
    pub(super) fn next(&self) -> u64 {
        self.last.fetch_add(1, SeqCst) + 1
    }

    pub(super) fn begin(&self, call: u64) {
        self.spare.store(0, SeqCst);
        self.current.store(call, SeqCst);
    }

    /// Begins a call inside of a transaction that isn't its own; if it is abandoned it is spared for so many
    /// times that SQLite asks.
    pub(super) fn begin_confined(&self, call: u64, spare: u64) {
        self.spare.store(spare, SeqCst);
        self.confined.store(true, SeqCst);
        self.current.store(call, SeqCst);
    }

    pub(super) fn end(&self) {
        self.current.store(0, SeqCst);
        self.confined.store(false, SeqCst);
    }

    pub(super) fn is_confined(&self) -> bool {
        self.confined.load(SeqCst)
    }

    pub(super) fn abandon(&self, call: u64) {
        self.abandoned.fetch_max(call, SeqCst);
    }

    pub(super) fn is_abandoned(&self, call: u64) -> bool {
        call <= self.abandoned.load(SeqCst)
    }

    /// Whether the statement that runs is to be interrupted: SQLite asks this as it goes.
    pub(super) fn should_stop(&self) -> bool {
        let current = self.current.load(SeqCst);
        if current == 0 || !self.is_abandoned(current) {
            return false;
        }
        self.spare.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err()
    }

    pub(super) fn note_transaction(&self, open: bool) {
        self.in_transaction.store(open, SeqCst);
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.in_transaction.load(SeqCst)
    }
}
