use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::cancel::CancelCause;

/// Where one item changes hands. At most one lies here.
///
/// # Invariants
///
/// 1. An item that was offered is taken by the consumer or goes back to the slot that it came from, and never
///    both: where the slot is empty after the offer, the item was taken.
/// 2. Wakers are called outside of the lock.
pub(super) struct Hand<T>(Mutex<State<T>>);

struct State<T> {
    item: Option<T>,
    /// Why nothing is taken any more.
    stopped: Option<CancelCause>,
    emitter: Option<Waker>,
    /// The emitter was polled by the consumer, since that looked the last time.
    inside: bool,
    /// The consumer is being polled, and may be polling the emitter.
    attending: bool,
    consumer: Option<Waker>,
}

impl<T> Hand<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            item: None,
            stopped: None,
            emitter: None,
            inside: false,
            attending: false,
            consumer: None,
        }))
    }

    /// The consumer is awake: an item that comes now needn't wake it.
    pub(super) fn attend(&self) {
        let mut state = self.0.lock();
        state.attending = true;
        state.inside = false;
        let consumer = state.consumer.take();
        drop(state);
        drop(consumer);
    }

    /// Takes the item, or notes who waits for one.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.lock();
        state.attending = false;
        let Some(item) = state.item.take() else {
            state.consumer = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let (emitter, inside) = (state.emitter.take(), state.inside);
        drop(state);
        // The consumer polls the producer itself, at its next poll. Only an emitter that waits by a waker of its own,
        // in a set of futures or in another task, or beside the consumer in the same task, must be told.
        if let Some(emitter) = emitter
            && !(inside && emitter.will_wake(cx.waker()))
        {
            emitter.wake();
        }
        Poll::Ready(item)
    }

    /// Nothing is taken any more, for this cause; the first one stays.
    pub(super) fn stop(&self, cause: CancelCause) {
        let mut state = self.0.lock();
        state.stopped.get_or_insert(cause);
        let emitter = state.emitter.take();
        drop(state);
        if let Some(emitter) = emitter {
            emitter.wake();
        }
    }
}

/// Waits until the item has been taken. Dropped before that, it puts the item back into its slot.
pub(super) struct Offer<'a, T> {
    hand: &'a Hand<T>,
    item: &'a mut Option<T>,
    offered: bool,
}

impl<'a, T> Offer<'a, T> {
    pub(super) fn new(hand: &'a Hand<T>, item: &'a mut Option<T>) -> Self {
        Self { hand, item, offered: false }
    }
}

impl<T> Future for Offer<'_, T> {
    type Output = Result<(), CancelCause>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut state = this.hand.0.lock();
        if this.offered && state.item.is_none() {
            this.offered = false;
            return Poll::Ready(Ok(()));
        }
        if let Some(cause) = &state.stopped {
            return Poll::Ready(Err(cause.clone()));
        }
        let mut consumer = None;
        // Another item lies here only if its offer was forgotten: it comes first.
        if state.item.is_none() {
            state.item = this.item.take();
            this.offered = true;
            consumer = state.consumer.take();
        }
        state.emitter = Some(cx.waker().clone());
        state.inside = state.attending;
        drop(state);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
        Poll::Pending
    }
}

impl<T> Drop for Offer<'_, T> {
    fn drop(&mut self) {
        if self.offered {
            let item = self.hand.0.lock().item.take();
            *self.item = item;
        }
    }
}
