//! Limits that are only noted: they become deadlines when somebody looks.
//!
//! A policy's limits are around calls that mostly end in their first poll and never ask how long they have. To read
//! the clock and to make a context for each would cost more than everything else about them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::Instant;

use super::{far_future_or, scope};

/// A limit around the poll that runs on this thread, and when its clock was started.
struct Noted {
    /// The scope that it is in: what another scope inside of it runs is not under it, unless that inherited it.
    scope: usize,
    limit: Duration,
    since: Option<Instant>,
}

impl Noted {
    fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| far_future_or(since.checked_add(self.limit)))
    }
}

thread_local! {
    /// How many are noted: what nearly everybody looks at alone, who asks for the deadline.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static NOTED: RefCell<Vec<Noted>> = const { RefCell::new(Vec::new()) };
}

/// Runs `poll` under a limit. Gives the instant at which somebody in it first looked at it, if somebody did.
pub(crate) fn under<R>(limit: Duration, poll: impl FnOnce() -> R) -> (R, Option<Instant>) {
    /// Taken off also where `poll` panics.
    struct Off;
    impl Drop for Off {
        fn drop(&mut self) {
            NOTED.with_borrow_mut(|noted| noted.pop());
            COUNT.set(COUNT.get() - 1);
        }
    }

    NOTED.with_borrow_mut(|noted| noted.push(Noted { scope: scope(), limit, since: None }));
    COUNT.set(COUNT.get() + 1);
    let _off = Off;
    let result = poll();
    let since = NOTED.with_borrow(|noted| noted.last().and_then(|noted| noted.since));
    (result, since)
}

/// Whether any limit is noted on this thread.
#[inline]
pub(super) fn is_noted() -> bool {
    COUNT.get() > 0
}

/// The earliest deadline of the limits that are noted; starts their clocks.
#[cold]
pub(super) fn deadline() -> Option<Instant> {
    NOTED.with_borrow_mut(|noted| {
        let (scope, now) = (scope(), Instant::now());
        let ours = noted.iter_mut().filter(|noted| noted.scope == scope);
        ours.map(|noted| (*noted.since.get_or_insert(now), noted.deadline()).1).min().flatten()
    })
}

/// The earliest deadline of those limits whose clocks were started.
pub(super) fn known_deadline() -> Option<Instant> {
    if !is_noted() {
        return None;
    }
    NOTED.with_borrow(|noted| {
        let scope = scope();
        noted.iter().filter(|noted| noted.scope == scope).filter_map(Noted::deadline).min()
    })
}
