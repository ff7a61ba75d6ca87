//! The futures that wait. Each takes itself out of the list of waiters when it is dropped, and passes
//! a wake-up on that it did not use.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::put::Put;
use super::shared::Shared;
use super::state::{Source, Taken};
use super::store::Entry;
use super::{Overflow, PutError};
use crate::waiters::Place;

/// Waits for an item; `None` once there will be none.
pub(super) struct Getting<'a, T> {
    pub(super) shared: &'a Shared<T>,
    place: Place,
}

impl<'a, T> Getting<'a, T> {
    pub(super) fn new(shared: &'a Shared<T>) -> Self {
        Self { shared, place: None }
    }
}

impl<T> Future for Getting<'_, T> {
    type Output = Option<Entry<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, place } = &mut *self;
        let taken = shared.locked(|state, wakes| {
            let taken = state.take(wakes);
            match &taken {
                Taken::NothingYet => state.getters.register(place, cx.waker()),
                Taken::Entry(_) | Taken::NothingEver => {
                    state.getters.remove(*place);
                }
            }
            taken
        });
        match taken {
            Taken::NothingYet => Poll::Pending,
            Taken::Entry(entry) => {
                *place = None;
                Poll::Ready(Some(entry))
            }
            Taken::NothingEver => {
                *place = None;
                Poll::Ready(None)
            }
        }
    }
}

impl<T> Drop for Getting<'_, T> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.shared.locked(|state, wakes| state.getter_left(self.place, wakes));
        }
    }
}

/// Waits for room. The item stays with the caller until it is in the queue.
pub(super) struct Putting<'a, T> {
    shared: &'a Shared<T>,
    item: &'a mut Option<T>,
    priority: i64,
    place: Place,
}

impl<'a, T> Putting<'a, T> {
    pub(super) fn new(shared: &'a Shared<T>, item: &'a mut Option<T>, priority: i64) -> Self {
        Self { shared, item, priority, place: None }
    }
}

impl<T> Future for Putting<'_, T> {
    /// The error is never [`PutError::Full`].
    type Output = Result<Put<T>, PutError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, item, priority, place } = &mut *self;
        let entry = Entry { item: item.take().expect("polled after it had finished"), attempt: 0, priority: *priority };
        let result = shared.locked(|state, wakes| {
            let result = state.admit(entry, Source::Outside, Overflow::Wait, wakes);
            match &result {
                Err(PutError::Full(_)) => state.putters.register(place, cx.waker()),
                Ok(Put::Queued | Put::Displaced(_)) => {
                    state.putters.remove(*place);
                }
                Ok(Put::Duplicate(_)) | Err(_) => state.putter_left(*place, wakes),
            }
            result
        });
        match result {
            Err(PutError::Full(back)) => {
                **item = Some(back.item);
                Poll::Pending
            }
            result => {
                *place = None;
                Poll::Ready(result.map_err(PutError::bare))
            }
        }
    }
}

impl<T> Drop for Putting<'_, T> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.shared.locked(|state, wakes| state.putter_left(self.place, wakes));
        }
    }
}

/// Waits for an instant at which everything put has been finished, even if more came since.
pub(super) struct Joining<'a, T> {
    shared: &'a Shared<T>,
    place: Place,
}

impl<'a, T> Joining<'a, T> {
    pub(super) fn new(shared: &'a Shared<T>) -> Self {
        Self { shared, place: None }
    }
}

impl<T> Future for Joining<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, place } = &mut *self;
        let mut state = shared.state.lock();
        if !state.joiners.was_woken(*place) {
            state.joiners.register(place, cx.waker());
            // Before the look at what is done: see `Acks`.
            state.set_watched();
            if !state.is_done() {
                return Poll::Pending;
            }
        }
        state.joiners.remove(*place);
        state.set_watched();
        drop(state);
        *place = None;
        Poll::Ready(())
    }
}

impl<T> Drop for Joining<'_, T> {
    fn drop(&mut self) {
        if self.place.is_some() {
            let mut state = self.shared.state.lock();
            state.joiners.remove(self.place);
            state.set_watched();
        }
    }
}
