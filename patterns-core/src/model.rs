//! What the model checker `loom` puts in the place of locks, atomics and the like.
//!
//! A file that holds a protocol takes its primitives from `super::sync`, and nothing else about it is special. In a
//! test build a module `model` beside it has a `sync` of its own, made of the types in here, and includes the same
//! file a second time, by its path. So what is checked is the code itself and no copy of it; it needs no `cfg` and no
//! build of its own, and the types that users see have no parameter for it.
//!
//! A stand-in behaves as what it stands for is documented to, no better: were it stronger, it would hide mistakes.
//! `Arc` and `Weak` have none, as loom has no `Weak`: their counts are taken for sequentially consistent, and the
//! checker switches threads at the locks and atomics around them.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};

/// Every interleaving with at most three preemptions, and every value that the memory model lets a load see. A lost
/// wake-up, and two that wait for each other's lock, show as a deadlock, which the checker reports.
pub(crate) fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// `parking_lot::Mutex`.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().expect("loom's locks are not poisoned")
    }
}

const EMPTY: usize = 0;
const BUSY: usize = 1;
const FULL: usize = 2;

/// `std::sync::OnceLock`. The value lies in a real one; whether it can be seen is up to an atomic of the checker.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    state: AtomicUsize,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { state: AtomicUsize::new(EMPTY), value: std::sync::OnceLock::new() }
    }

    /// Who comes second waits for the first to be done, as with std's.
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        if self.state.compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Acquire).is_ok() {
            let set = self.value.set(value);
            self.state.store(FULL, Ordering::Release);
            return set;
        }
        while self.state.load(Ordering::Acquire) != FULL {
            loom::thread::yield_now();
        }
        Err(value)
    }

    pub(crate) fn get(&self) -> Option<&T> {
        if self.state.load(Ordering::Acquire) == FULL { self.value.get() } else { None }
    }
}

/// `tokio::sync::Notify`, as far as `notify_waiters` goes: it wakes those who were there when it was called.
#[derive(Debug)]
pub(crate) struct Notify {
    /// How often all were woken. Changed under the lock.
    rounds: AtomicUsize,
    waiting: Mutex<Vec<Waker>>,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self { rounds: AtomicUsize::new(0), waiting: Mutex::new(Vec::new()) }
    }

    pub(crate) fn notify_waiters(&self) {
        let woken = {
            let mut waiting = self.waiting.lock();
            self.rounds.fetch_add(1, Ordering::SeqCst);
            std::mem::take(&mut *waiting)
        };
        woken.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn notified(&self) -> Notified<'_> {
        Notified { notify: self, round: self.rounds.load(Ordering::SeqCst) }
    }
}

#[derive(Debug)]
pub(crate) struct Notified<'a> {
    notify: &'a Notify,
    round: usize,
}

impl Notified<'_> {
    /// Whether it was woken already. It needs no entry in the list before it is polled: its round says when it came.
    pub(crate) fn enable(self: Pin<&mut Self>) -> bool {
        let _waiting = self.notify.waiting.lock();
        self.notify.rounds.load(Ordering::SeqCst) != self.round
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.notify.waiting.lock();
        if self.notify.rounds.load(Ordering::SeqCst) != self.round {
            return Poll::Ready(());
        }
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}
