use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::AskError;

/// Where an ask's answer is left, and where each side sees what the other does.
pub(crate) struct AskCell<R> {
    slot: Mutex<Slot<R>>,
    /// When the handler was called, in nanoseconds of the actor's life; `NEVER` before.
    started: AtomicU64,
    /// [`Slot::Left`], readable without the lock.
    left: AtomicU8,
}

const NEVER: u64 = u64::MAX;
const STILL_HERE: u8 = 0;

enum Slot<R> {
    Open { asker: Option<Waker>, worker: Option<Waker> },
    Done(Result<R, AskError>),
    Left,
    Taken,
}

/// Why an asker left without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Its time was over.
    Expired = 1,
    /// It was dropped or cancelled.
    Gone = 2,
}

impl<R> AskCell<R> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            slot: Mutex::new(Slot::Open { asker: None, worker: None }),
            started: AtomicU64::new(NEVER),
            left: AtomicU8::new(STILL_HERE),
        })
    }

    /// The asker's side: waits for the answer. `waker` is a clone of the context's, where it will be needed for sure.
    pub(crate) fn poll_answer(&self, cx: &Context<'_>, mut waker: Option<Waker>) -> Poll<Result<R, AskError>> {
        loop {
            let mut slot = self.slot.lock();
            match &mut *slot {
                Slot::Open { asker, .. } if is_known(asker, cx) => return Poll::Pending,
                Slot::Open { asker, .. } if waker.is_some() => {
                    let before = std::mem::replace(asker, waker);
                    drop(slot);
                    drop(before);
                    return Poll::Pending;
                }
                Slot::Open { .. } => {}
                Slot::Done(_) => {
                    return match std::mem::replace(&mut *slot, Slot::Taken) {
                        Slot::Done(answer) => Poll::Ready(answer),
                        _ => unreachable!("matched above under the same lock"),
                    };
                }
                Slot::Left | Slot::Taken => return Poll::Ready(Err(AskError::Unanswered)),
            }
            drop(slot);
            // A waker may be user code: neither cloned nor dropped under the lock.
            waker = Some(cx.waker().clone());
        }
    }

    /// The asker's side: wants no answer any more.
    pub(crate) fn leave(&self, why: Leave) {
        let mut slot = self.slot.lock();
        if !matches!(&*slot, Slot::Open { .. } | Slot::Done(_)) {
            return;
        }
        let before = std::mem::replace(&mut *slot, Slot::Left);
        self.left.store(why as u8, Ordering::Release);
        // An unread answer's destructor is user code, and a waker may be: not under the lock.
        drop(slot);
        if let Slot::Open { worker: Some(worker), .. } = before {
            worker.wake();
        }
    }

    /// The actor's side: whether the asker has left, and why.
    pub(crate) fn left(&self) -> Option<Leave> {
        match self.left.load(Ordering::Acquire) {
            STILL_HERE => None,
            why if why == Leave::Expired as u8 => Some(Leave::Expired),
            _ => Some(Leave::Gone),
        }
    }

    /// The actor's side: waits until the asker leaves or is answered.
    pub(crate) fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut waker = None;
        loop {
            let mut slot = self.slot.lock();
            match &mut *slot {
                Slot::Open { worker, .. } if is_known(worker, cx) => return Poll::Pending,
                Slot::Open { worker, .. } if waker.is_some() => {
                    let before = std::mem::replace(worker, waker);
                    drop(slot);
                    drop(before);
                    return Poll::Pending;
                }
                Slot::Open { .. } => {}
                _ => return Poll::Ready(()),
            }
            drop(slot);
            waker = Some(cx.waker().clone());
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

fn is_known(waker: &Option<Waker>, cx: &Context<'_>) -> bool {
    waker.as_ref().is_some_and(|known| known.will_wake(cx.waker()))
}
