use std::pin::Pin;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use super::rounds::{Round, Rounds};
use crate::waiters::Place;

/// Waits until a round is filled, and takes itself out of the list when it is dropped before.
pub(super) struct Waiting<'a, T> {
    rounds: &'a Mutex<Rounds<T>>,
    round: &'a Round<T>,
    place: Place,
}

impl<'a, T> Waiting<'a, T> {
    pub(super) fn new(rounds: &'a Mutex<Rounds<T>>, round: &'a Round<T>) -> Self {
        Self { rounds, round, place: None }
    }
}

impl<T> Future for Waiting<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { rounds, round, place } = &mut *self;
        if rounds.lock().turn(round, place, cx.waker()) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.rounds.lock().leave(self.place);
        }
    }
}
