//! Letting others run, for operations that may never have to wait.

use std::cell::Cell;

/// Of so many operations on a thread one takes from the task's budget: looking at that each time would cost as much
/// as taking a lock. So a task that never has to wait yields after some 2,000 of them, instead of 128.
const ONE_OF: u8 = 16;

thread_local! {
    static OPERATIONS: Cell<u8> = const { Cell::new(0) };
}

/// Whether it is this operation's turn to [consume budget](tokio::task::coop::consume_budget).
#[inline]
pub(crate) fn is_due() -> bool {
    let nth = OPERATIONS.get().wrapping_add(1);
    OPERATIONS.set(nth);
    nth.is_multiple_of(ONE_OF)
}
