use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

/// No child may enter any more.
const CLOSED: usize = 1;
/// The owner waits for zero.
const AWAITED: usize = 2;
const ONE: usize = 4;

/// How many children a group has: all that it keeps of most of them.
///
/// # Invariants
///
/// 1. Closed only at zero, and for ever: whoever has entered is waited for.
/// 2. Lost wake-ups are excluded by order: a leaver changes the state before it looks for
///    waiters, a waiter announces itself before it looks at the state, all of it sequentially
///    consistent.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// The number of live children, above the two flags.
    state: AtomicUsize,
    /// All that ever entered.
    total: AtomicU64,
    zero: Notify,
    /// Signalled when a child leaves while somebody waits for a place.
    left: Notify,
    waiting: AtomicUsize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Entered,
    Full,
    Closed,
}

impl Count {
    pub(super) fn live(&self) -> usize {
        self.state.load(SeqCst) / ONE
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(SeqCst)
    }

    /// Counts a child in, unless the group has ended.
    pub(super) fn enter(&self) -> bool {
        if self.state.fetch_add(ONE, SeqCst) & CLOSED == CLOSED {
            self.state.fetch_sub(ONE, SeqCst);
            return false;
        }
        self.total.fetch_add(1, SeqCst);
        true
    }

    /// Counts a child in if fewer than `limit` are live.
    pub(super) fn enter_below(&self, limit: usize) -> Entry {
        let entered = self
            .state
            .fetch_update(SeqCst, SeqCst, |state| (state & CLOSED == 0 && state / ONE < limit).then_some(state + ONE));
        match entered {
            Ok(_) => {
                self.total.fetch_add(1, SeqCst);
                Entry::Entered
            }
            Err(state) if state & CLOSED == CLOSED => Entry::Closed,
            Err(_) => Entry::Full,
        }
    }

    /// Waits for a place; `false` if the group has ended instead.
    pub(super) async fn entered_below(&self, limit: usize) -> bool {
        match self.enter_below(limit) {
            Entry::Full => {}
            entry => return entry == Entry::Entered,
        }
        let _announced = Announced::new(&self.waiting);
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            match self.enter_below(limit) {
                // All who wait are woken at each leave, so a place never sticks to a waiter that
                // is not polled. They are few: each is a task that spawns.
                Entry::Full => left.await,
                entry => return entry == Entry::Entered,
            }
        }
    }

    pub(super) fn leave(&self) {
        let before = self.state.fetch_sub(ONE, SeqCst);
        if before & !(ONE - 1) == ONE && before & AWAITED == AWAITED {
            self.zero.notify_one();
        }
        if self.waiting.load(SeqCst) > 0 {
            self.left.notify_waiters();
        }
    }

    /// Waits until no child is live. Only the owner calls this.
    pub(super) async fn zero(&self) {
        self.state.fetch_or(AWAITED, SeqCst);
        while self.live() > 0 {
            self.zero.notified().await;
        }
    }

    /// Waits until no child is live, or the body brings in new ones. Only the owner calls this.
    pub(super) async fn zero_or_more(&self) {
        self.state.fetch_or(AWAITED, SeqCst);
        let total = self.total();
        while self.live() > 0 && self.total() == total {
            self.zero.notified().await;
        }
    }

    /// Lets nobody in any more, if nobody is in. Then [`closed`](Self::closed) is due.
    pub(super) fn close_at_zero(&self) -> bool {
        let close = |state| (state / ONE == 0).then_some(state | CLOSED);
        self.state.fetch_update(SeqCst, SeqCst, close).is_ok()
    }

    /// Tells whoever waits for a place that there will be none.
    pub(super) fn closed(&self) {
        self.left.notify_waiters();
    }
}

/// Somebody waits for a place, until this is dropped.
struct Announced<'a>(&'a AtomicUsize);

impl<'a> Announced<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, SeqCst);
        Self(waiting)
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
