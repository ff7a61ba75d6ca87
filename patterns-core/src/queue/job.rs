use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::put::{Put, PutAll};
use super::shared::Shared;
use super::state::Source;
use super::store::Entry;
use super::{OnDrop, Overflow, PutError};
use crate::waiters::Wakes;

/// An item that was handed out, until it is answered for: it can't be forgotten.
///
/// Answer with [`ack`](Self::ack), [`fail`](Self::fail) or [`requeue`](Self::requeue). Dropped without
/// an answer, by `?`, a panic or a cancellation, it answers for itself as [`OnDrop`] says. So the
/// queue's count of unfinished work is right whatever a worker does, short of leaking the job
/// ([`std::mem::forget`]).
///
/// # Comparison to `task_done` of Python's queues
///
/// 1. There it is a call that can be forgotten, or made twice; here it is a value.
/// 2. A worker that fails puts the item back, or says that it failed.
///
/// # Examples
///
/// ```
/// use patterns_core::queue::WorkQueue;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let queue = WorkQueue::bounded(8);
/// queue.put("report.html").await?;
///
/// let job = queue.get().await?;
/// assert_eq!((job.len(), job.attempt()), (11, 1));
/// drop(job); // the worker gave up: the item is back
///
/// let job = queue.get().await?;
/// assert_eq!(job.attempt(), 2);
/// assert_eq!(job.ack(), "report.html");
/// assert_eq!(queue.stats().acked, 1);
/// # Ok(()) }
/// ```
#[must_use = "a job that is dropped without an answer is requeued or has failed"]
pub struct Job<T> {
    shared: Arc<Shared<T>>,
    /// Taken by the answer.
    entry: Option<Entry<T>>,
}

impl<T> Job<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, entry: Entry<T>) -> Self {
        Self { shared, entry: Some(entry) }
    }

    fn entry(&self) -> &Entry<T> {
        self.entry.as_ref().expect("only an answer takes it, and consumes the job")
    }

    fn take(&mut self) -> Entry<T> {
        self.entry.take().expect("only an answer takes it, and consumes the job")
    }

    /// How often the item has been handed out, this time included: 1 at first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.entry().attempt
    }

    /// The work is done. Gives the item to the caller.
    #[allow(clippy::must_use_candidate, reason = "the item is often not needed any more")]
    pub fn ack(mut self) -> T {
        let entry = self.take();
        self.shared.ack();
        entry.item
    }

    /// The work failed for good: the item and `error` go to the
    /// [`on_failed`](super::Builder::on_failed) hook; without one they are logged and dropped.
    ///
    /// For another try, [`requeue`](Self::requeue) it.
    pub fn fail(mut self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) {
        // Before the item is taken: where this panics, the job answers for itself.
        let error = error.into();
        let entry = self.take();
        self.shared.fail(Failed { item: entry.item, attempts: entry.attempt, error });
    }

    /// Puts the item back into the queue as if it came now, however full that is.
    ///
    /// There is no limit to how often: look at [`attempt`](Self::attempt). It is not delayed either.
    ///
    /// # Errors
    ///
    /// The job itself, still unanswered, where the queue has been
    /// [shut down](super::WorkQueue::shutdown) and nobody would get the item any more.
    pub fn requeue(mut self) -> Result<(), Self> {
        let entry = self.take();
        match self.shared.locked(|state, wakes| state.requeue(entry, wakes)) {
            Ok(()) => Ok(()),
            Err(entry) => {
                self.entry = Some(entry);
                Err(self)
            }
        }
    }

    /// Puts an item that this job brought up into its own queue. Never waits, so it can't deadlock.
    ///
    /// In a cyclic pipeline the workers that make room in the queue are those that fill it; were they
    /// to wait for room, all could wait at once and for ever. So a put from a job is not subject to
    /// the bound. What bounds the queue then is what the jobs can bring up: with
    /// [`dedupe_by`](super::Builder::dedupe_by), one item per distinct key. Without it nothing else
    /// does; use it only where each job brings up less than one item on average.
    ///
    /// As this job is unfinished, [`join`](super::WorkQueue::join) can't return in between. A queue
    /// that is [closed](super::WorkQueue::close) or draining still takes the items of its jobs.
    ///
    /// # Errors
    ///
    /// [`PutError::Closed`]: the queue has been shut down and takes nothing any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::queue::WorkQueue;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// // Everything reachable from 1 by doubling and adding one, modulo 1,000; bound 1, one worker.
    /// let queue = WorkQueue::builder(1).dedupe_by(|n: &u32| *n).build()?;
    /// queue.put(1).await?;
    /// let worker = async {
    ///     while let Ok(job) = queue.get().await {
    ///         for next in [*job * 2 % 1_000, (*job + 1) % 1_000] {
    ///             let _ = job.put(next).expect("not shut down yet");
    ///         }
    ///         job.ack();
    ///     }
    /// };
    /// let end = async {
    ///     queue.join().await.expect("not interrupted");
    ///     queue.close();
    /// };
    /// tokio::join!(worker, end);
    /// assert_eq!(queue.stats().acked, 1_000);
    /// # Ok(()) }
    /// ```
    pub fn put(&self, item: T) -> Result<Put<T>, PutError<T>> {
        self.shared.admit(self.shared.entry(item), Source::Job).map_err(PutError::bare)
    }

    /// [`put`](Self::put)s many items under one lock, in this order.
    ///
    /// `items` is read to its end before that, under no lock.
    ///
    /// # Errors
    ///
    /// [`PutError::Closed`] with all items: the queue has been shut down and takes nothing any more.
    pub fn put_all(&self, items: impl IntoIterator<Item = T>) -> Result<PutAll<T>, PutError<Vec<T>>> {
        let entries: Vec<_> = items.into_iter().map(|item| self.shared.entry(item)).collect();
        let mut put = PutAll { queued: 0, duplicates: Vec::new() };
        let mut refused = Vec::new();
        // Both before the lock, so that a key that panics leaves nobody asleep, and no item is dropped under it.
        let mut entries = entries.into_iter();
        let mut wakes = FireOnDrop(Wakes::default());
        {
            let mut state = self.shared.state.lock();
            for entry in entries.by_ref() {
                match state.admit(entry, Source::Job, Overflow::Wait, &mut wakes.0) {
                    Ok(Put::Duplicate(item)) => put.duplicates.push(item),
                    Ok(Put::Queued | Put::Displaced(_)) => put.queued += 1,
                    Err(error) => refused.push(error.into_inner().item),
                }
            }
        }
        drop(wakes);
        // The queue can't be shut down in between, under the lock: it is all or nothing.
        if refused.is_empty() { Ok(put) } else { Err(PutError::Closed(refused)) }
    }
}

/// Fires also where a key panics.
struct FireOnDrop(Wakes);

impl Drop for FireOnDrop {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).fire();
    }
}

impl<T> Deref for Job<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.entry().item
    }
}

// ANCHOR: drop
impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if let OnDrop::Requeue { max_attempts } = self.shared.on_drop
            && entry.attempt < max_attempts
        {
            match self.shared.locked(|state, wakes| state.requeue(entry, wakes)) {
                Ok(()) => return,
                Err(back) => entry = back,
            }
        }
        self.shared.fail(Failed { item: entry.item, attempts: entry.attempt, error: Box::new(Unanswered) });
    }
}
// ANCHOR_END: drop

impl<T: fmt::Debug> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("item", &**self).field("attempt", &self.attempt()).finish_non_exhaustive()
    }
}

/// An item that failed, as the [`on_failed`](super::Builder::on_failed) hook gets it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failed<T> {
    /// What was to be worked on.
    pub item: T,
    /// How often it was handed out.
    pub attempts: u32,
    /// What [`Job::fail`] was given; [`Unanswered`] for a job that was dropped.
    pub error: Box<dyn std::error::Error + Send + Sync>,
}

/// A job was dropped without an answer, and has no attempt left or no queue to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dropped without an answer")]
pub struct Unanswered;
