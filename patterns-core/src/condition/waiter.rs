use std::task::{Context, Poll};

use parking_lot::Mutex;

use super::line::{Calls, Line};
use crate::waiters::Place;

/// The value and those who wait for a change of it, behind one lock.
///
/// # Invariants
///
/// 1. Whoever is asleep has found its predicate false, and the value has not changed since: every change calls
///    everybody, under the same lock. So no wake-up can be forgotten, and none is lost with a waiter that is
///    dropped, as it was for that waiter alone.
/// 2. A waiter is in the line from its first look until it acts or is dropped.
pub(super) struct State<T> {
    pub(super) value: T,
    pub(super) line: Line,
}

/// One that waits. Leaves the line when it is dropped.
pub(super) struct Waiter<'a, T> {
    state: &'a Mutex<State<T>>,
    place: Place,
    /// Whether it has let those before it go first, since it last slept.
    gave_way: bool,
}

impl<'a, T> Waiter<'a, T> {
    pub(super) fn new(state: &'a Mutex<State<T>>) -> Self {
        Self { state, place: None, gave_way: false }
    }

    // ANCHOR: turn
    /// Looks, and acts if the predicate holds: one step.
    ///
    /// A waiter that could act while an earlier one has been called and has not looked yet lets that one go first.
    /// Once: an earlier one that is not polled any more must not keep it.
    pub(super) fn turn<R>(
        &mut self,
        cx: &mut Context<'_>,
        holds: &mut impl FnMut(&T) -> bool,
        act: &mut Option<impl FnOnce(&mut T) -> R>,
    ) -> Poll<R> {
        let mut calls = Calls::default();
        let mut state = self.state.lock();
        let State { value, line } = &mut *state;
        if !holds(value) {
            line.sleep(&mut self.place, cx.waker());
            self.gave_way = false;
            return Poll::Pending;
        }
        if !self.gave_way && line.is_behind_one_called(self.place) {
            line.give_way(&mut self.place, cx.waker(), &mut calls);
            self.gave_way = true;
            return Poll::Pending;
        }
        line.remove(self.place.take());
        line.call_all(&mut calls);
        let act = act.take().expect("polled after it had finished");
        Poll::Ready(act(value))
    }
    // ANCHOR_END: turn
}

impl<T> Drop for Waiter<'_, T> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.state.lock().line.remove(self.place);
        }
    }
}
