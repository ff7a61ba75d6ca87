use std::ops::Deref;
use std::sync::Arc;

use super::acks::Acks;
use super::job::{Failed, Unanswered};
use super::put::Put;
use super::state::{Answer, Source, State, Taken};
use super::store::Entry;
use super::sync::Mutex;
use super::{GetError, OnDrop, Overflow, PutError};
use crate::context;
use crate::outcome::catch_panic;
use crate::waiters::Wakes;

pub(super) type Priority<T> = Box<dyn Fn(&T) -> i64 + Send + Sync>;
pub(super) type FailedHook<T> = Box<dyn Fn(Failed<T>) + Send + Sync>;

/// What the handles and jobs of one queue share: the state behind its lock, and what never changes.
pub(super) struct Shared<T> {
    pub(super) state: Padded<Mutex<State<T>>>,
    acks: Arc<Acks>,
    pub(super) overflow: Overflow,
    pub(super) on_drop: OnDrop,
    priority: Option<Priority<T>>,
    failed: Option<FailedHook<T>>,
}

/// On cache lines of its own: the counts of handles and jobs change on one core while another has the lock.
#[repr(align(128))]
pub(super) struct Padded<M>(M);

impl<M> Deref for Padded<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

impl<T> Shared<T> {
    pub(super) fn new(
        state: State<T>,
        acks: Arc<Acks>,
        overflow: Overflow,
        on_drop: OnDrop,
        priority: Option<Priority<T>>,
        failed: Option<FailedHook<T>>,
    ) -> Self {
        Self { state: Padded(Mutex::new(state)), acks, overflow, on_drop, priority, failed }
    }

    /// Runs `f` under the lock, then wakes whom it says.
    pub(super) fn locked<R>(&self, f: impl FnOnce(&mut State<T>, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        let result = f(&mut self.state.lock(), &mut wakes);
        wakes.fire();
        result
    }

    /// An item on its way in, its priority found under no lock.
    pub(super) fn entry(&self, item: T) -> Entry<T> {
        let priority = self.priority.as_ref().map_or(0, |priority| priority(&item));
        Entry { item, attempt: 0, priority }
    }

    pub(super) fn admit(&self, entry: Entry<T>, source: Source) -> Result<Put<T>, PutError<Entry<T>>> {
        self.locked(|state, wakes| state.admit(entry, source, self.overflow, wakes))
    }

    pub(super) fn take(&self) -> Result<Entry<T>, GetError> {
        match self.locked(State::take) {
            Taken::Entry(entry) => Ok(entry),
            Taken::NothingYet => Err(GetError::Empty),
            Taken::NothingEver => Err(GetError::Closed),
        }
    }

    /// Puts an item in the common case; gives it back in any other.
    #[inline]
    pub(super) fn admit_plain(&self, item: T) -> Result<(), T> {
        if self.priority.is_some() {
            return Err(item);
        }
        let admitted = self.state.lock().admit_plain(Entry { item, attempt: 0, priority: 0 });
        match admitted {
            Ok(getter) => {
                if let Some(getter) = getter {
                    getter.wake();
                }
                Ok(())
            }
            Err(entry) => Err(entry.item),
        }
    }

    /// The next item, if one waits.
    #[inline]
    pub(super) fn pop(&self) -> Option<Entry<T>> {
        let (entry, putter) = self.state.lock().pop()?;
        if let Some(putter) = putter {
            putter.wake();
        }
        Some(entry)
    }

    /// A job is done. Only while somebody waits for the end of the work does that take the lock.
    #[inline]
    pub(super) fn ack(&self) {
        if self.acks.is_watched() {
            return self.locked(|state, wakes| state.finish(Answer::Acked, wakes));
        }
        if self.acks.add() {
            self.locked(State::wake_if_done);
        }
    }

    /// Gives a failed item to the hook, then counts the job as finished, whatever user code does.
    pub(super) fn fail(&self, failed: Failed<T>) {
        let handed_over = catch_panic(|| match &self.failed {
            Some(hook) => hook(failed),
            None if self.was_given_up(&failed) => {
                tracing::debug!(attempts = failed.attempts, "a job was given up, its item is dropped");
            }
            None => {
                tracing::warn!(error = %failed.error, attempts = failed.attempts, "a job failed, its item is dropped");
            }
        });
        if let Err(panic) = handed_over {
            tracing::error!(%panic, "taking a failed item panicked");
        }
        self.locked(|state, wakes| state.finish(Answer::Failed, wakes));
    }

    /// Whether nobody wanted the work any more, which is no fault: it was dropped with its cancelled worker, or after
    /// the queue was closed. A panic is one all the same.
    fn was_given_up(&self, failed: &Failed<T>) -> bool {
        failed.error.is::<Unanswered>()
            && !std::thread::panicking()
            && (context::is_cancelled() || self.state.lock().is_closed())
    }
}
