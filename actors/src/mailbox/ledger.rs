use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::work::Work;

/// The books of one mailbox; what the actor itself counts is in its [`Work`].
///
/// # Invariants
///
/// 1. `sent = handled + rejected + dead + in flight`, where each attempt to send is counted in
///    `gate` before anything else, and in exactly one of the others at its end.
/// 2. Closing the gate fixes the number of attempts that got through it. The mailbox is *settled*
///    when each of them has ended. Nothing can come in after that, so nothing is left behind
///    in a mailbox that nobody empties: this is what makes the law hold across a stop.
///
/// An attempt that is on its way between two counters at this very instant, on another thread, is not
/// seen by either; it is the only way for a snapshot to be off, and passes by itself.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The number of attempts, and [`CLOSED`].
    gate: AtomicU64,
    /// The number of attempts that got through the gate, once it is closed.
    through: AtomicU64,
    /// Given back to the sender: full, interrupted or dropped while waiting, sent home.
    refused: AtomicU64,
    /// Given back because the gate was closed.
    late: AtomicU64,
}

const CLOSED: u64 = 1 << 63;

impl Ledger {
    /// Counts an attempt. `false` if the mailbox is closed: then it is [late](Self::late).
    pub(crate) fn admit(&self) -> bool {
        self.gate.fetch_add(1, Ordering::AcqRel) & CLOSED == 0
    }

    /// Counts the end of an attempt that came after the gate was closed.
    pub(crate) fn late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the end of an attempt that was given back. Returns whether the gate is closed, in which
    /// case whoever waits for the mailbox to settle must look again.
    #[must_use]
    pub(crate) fn refuse(&self) -> bool {
        self.refused.fetch_add(1, Ordering::Release);
        // Either this sees the gate closed, or who closes it and then looks sees this count.
        fence(Ordering::SeqCst);
        self.is_closed()
    }

    /// Lets nobody in from now on. Called once.
    pub(crate) fn close(&self) {
        let through = self.gate.fetch_or(CLOSED, Ordering::AcqRel);
        self.through.store(through, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.gate.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Whether every attempt that got through the gate has ended or is accounted for as queued,
    /// waiting or running. To be asked on the actor's own thread, with the gate closed.
    pub(crate) fn is_settled(&self, work: &Work, queued: u64, waiting: u64) -> bool {
        fence(Ordering::SeqCst);
        let ended = self.refused.load(Ordering::Acquire) + work.handled() + work.dead() + work.running();
        self.through.load(Ordering::Acquire) == ended + queued + waiting
    }

    pub(crate) fn entries(&self, work: &Work) -> Entries {
        let handled = work.handled();
        let dead = work.dead();
        let running = work.running();
        let late = self.late.load(Ordering::Acquire);
        let rejected = self.refused.load(Ordering::Acquire);
        // Last, so that it covers whatever the others counted.
        let gate = self.gate.load(Ordering::Acquire);
        let sent = if gate & CLOSED == 0 { gate } else { self.through.load(Ordering::Acquire) };
        Entries { sent, handled, rejected, dead, running, late }
    }
}

/// A snapshot of a [`Ledger`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries {
    pub(crate) sent: u64,
    pub(crate) handled: u64,
    pub(crate) rejected: u64,
    pub(crate) dead: u64,
    pub(crate) running: u64,
    /// Sent and rejected after the gate was closed; in neither `sent` nor `rejected`.
    pub(crate) late: u64,
}
