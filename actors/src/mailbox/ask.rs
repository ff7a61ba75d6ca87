use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::AskError;

/// Where an ask's answer is left, and where each side sees what the other does.
pub(crate) struct AskCell<R> {
    slot: Mutex<Slot<R>>,
    /// When the handler was called, in nanoseconds of the actor's life; `NEVER` before.
    started: AtomicU64,
}

const NEVER: u64 = u64::MAX;

enum Slot<R> {
    Open { asker: Option<Waker>, worker: Option<Waker> },
    Done(Result<R, AskError>),
    Left(Leave),
    Taken,
}

/// Why an asker left without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Its time was over.
    Expired,
    /// It was dropped or cancelled.
    Gone,
}

impl<R> AskCell<R> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { slot: Mutex::new(Slot::Open { asker: None, worker: None }), started: AtomicU64::new(NEVER) })
    }

    /// The asker's side: waits for the answer.
    pub(crate) fn poll_answer(&self, cx: &Context<'_>) -> Poll<Result<R, AskError>> {
        let mut slot = self.slot.lock();
        match &mut *slot {
            Slot::Open { asker, .. } => {
                match asker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *asker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            Slot::Done(_) => match std::mem::replace(&mut *slot, Slot::Taken) {
                Slot::Done(answer) => Poll::Ready(answer),
                _ => unreachable!("matched above under the same lock"),
            },
            Slot::Left(_) | Slot::Taken => Poll::Ready(Err(AskError::Unanswered)),
        }
    }

    /// The asker's side: wants no answer any more.
    pub(crate) fn leave(&self, why: Leave) {
        let mut slot = self.slot.lock();
        if !matches!(&*slot, Slot::Open { .. } | Slot::Done(_)) {
            return;
        }
        let before = std::mem::replace(&mut *slot, Slot::Left(why));
        // An unread answer's destructor is user code, and a waker may be: not under the lock.
        drop(slot);
        if let Slot::Open { worker: Some(worker), .. } = before {
            worker.wake();
        }
    }

    /// The actor's side: whether the asker has left, and why.
    pub(crate) fn left(&self) -> Option<Leave> {
        match &*self.slot.lock() {
            Slot::Left(why) => Some(*why),
            _ => None,
        }
    }

    /// The actor's side: waits until the asker leaves or is answered.
    pub(crate) fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        match &mut *self.slot.lock() {
            Slot::Open { worker, .. } => {
                match worker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *worker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// The actor's side: leaves the answer. The first one counts.
    pub(crate) fn answer(&self, answer: Result<R, AskError>) {
        let mut slot = self.slot.lock();
        if !matches!(&*slot, Slot::Open { .. }) {
            // The unwanted answer's destructor is user code: not under the lock.
            drop(slot);
            return;
        }
        let before = std::mem::replace(&mut *slot, Slot::Done(answer));
        drop(slot);
        if let Slot::Open { asker: Some(asker), .. } = before {
            asker.wake();
        }
    }

    pub(crate) fn start(&self, at: u64) {
        self.started.store(at, Ordering::Relaxed);
    }

    /// When the handler was called, in nanoseconds of the actor's life.
    pub(crate) fn started(&self) -> Option<u64> {
        let at = self.started.load(Ordering::Relaxed);
        (at != NEVER).then_some(at)
    }
}
