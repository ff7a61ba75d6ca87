use std::sync::{Arc, OnceLock};
use std::task::Waker;

use crate::waiters::{Place, Waiters, Wakes};

/// What lies between a `clear` and the next. Once its value is there it stays, for whoever holds the round.
pub(super) type Round<T> = Arc<OnceLock<T>>;

/// What an event is, behind its one lock.
///
/// # Invariants
///
/// 1. Whoever waits holds the round in which it came. `set` fills that round for good, and `clear` only begins
///    another. So nobody misses a `set`, however soon a `clear` follows, and all of a round get one value.
/// 2. Only a filled round is left for the next. So one that is not filled is the current one, and nobody in
///    `waiters` came in another.
/// 3. Nobody is in `waiters` while the current round is filled.
pub(super) struct Rounds<T> {
    current: Round<T>,
    waiters: Waiters,
}

impl<T> Rounds<T> {
    pub(super) fn new() -> Self {
        Self { current: Round::default(), waiters: Waiters::default() }
    }

    pub(super) fn current(&self) -> Round<T> {
        Arc::clone(&self.current)
    }

    // ANCHOR: rounds
    /// Sets: fills the round and wakes all who came in it. Where it is filled, the value comes back.
    pub(super) fn fill(&mut self, value: T, wakes: &mut Wakes) -> Result<(), T> {
        self.current.set(value)?;
        wakes.all(&mut self.waiters);
        Ok(())
    }

    /// Clears: begins another round, and gives the one before to be dropped under no lock. `None` where the
    /// round is not filled.
    pub(super) fn next(&mut self) -> Option<Round<T>> {
        self.is_filled().then(|| std::mem::take(&mut self.current))
    }

    /// A waiter is polled: whether its round is filled. If not, it is in the list now.
    pub(super) fn turn(&mut self, round: &Round<T>, place: &mut Place, waker: &Waker) -> bool {
        if round.get().is_some() {
            return true;
        }
        self.waiters.register(place, waker);
        false
    }
    // ANCHOR_END: rounds

    /// A waiter goes. One that was woken is in the list no more, and all others were woken with it.
    pub(super) fn leave(&mut self, place: Place) {
        self.waiters.remove(place);
    }

    pub(super) fn is_filled(&self) -> bool {
        self.current.get().is_some()
    }

    /// How many wait: nobody else holds a round that is not filled.
    pub(super) fn waiting(&self) -> usize {
        if self.is_filled() { 0 } else { Arc::strong_count(&self.current) - 1 }
    }
}
