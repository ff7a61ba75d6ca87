use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use tokio::task::coop::consume_budget;

use super::job::Job;
use super::put::Put;
use super::shared::Shared;
use super::state::Source;
use super::waiting::{Getting, Joining, Putting};
use super::{Builder, GetError, Overflow, PutError, Stats};
use crate::context::{Interrupt, interruptible_as};
use crate::coop;

/// A bounded queue of work for many producers and many workers, which knows what is unfinished.
///
/// Every item that is put ends in exactly one way: acknowledged, failed, displaced or handed back.
/// A worker gets a [`Job`], a guard that answers for itself if the worker doesn't.
/// [`join`](Self::join) returns when everything is finished, [`shutdown`](Self::shutdown) gives a
/// receipt, and [`stats`](Self::stats) counts it all under one law.
///
/// Handles are cheap clones of the same queue, and each may put and get. Dropping them doesn't close
/// it: say [`close`](Self::close). Items leave in the order of [`Order`](super::Order), by priority if
/// asked for.
///
/// # Fairness
///
/// Waiters are woken longest first, and one that comes too late keeps its turn. However, an item
/// belongs to nobody until a getter is polled: whoever is polled takes what is there. So a getter that
/// was woken and is not polled any more (a branch that lost in a `select!` loop and is still alive)
/// keeps no item from others that are polled, but one that is already asleep is only woken by the next
/// item. The same holds for putters and free places.
///
/// # Comparison to `async_channel` and `tokio::sync::mpsc`
///
/// 1. Receiving is not the end of an item: the queue knows when all is done, and the item of a worker that
///    panics or is cancelled comes back.
/// 2. A consumer may put into its own queue without a deadlock ([`Job::put`]), and a key is let in once
///    ([`dedupe_by`](Builder::dedupe_by)): a pipeline may have a cycle.
/// 3. Priorities, last in first out, overflow policies.
///
/// For messages in one direction between tasks, a channel is all you need.
///
/// # Defaults
///
/// Those of the [`Builder`].
///
/// # Examples
///
/// ```
/// use patterns_core::queue::{PutError, WorkQueue};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let queue = WorkQueue::<u32>::bounded(2);
/// let worker = tokio::spawn({
///     let queue = queue.clone();
///     async move {
///         let mut total = 0;
///         while let Ok(job) = queue.get().await {
///             total += *job;
///             job.ack();
///         }
///         total
///     }
/// });
/// for n in 1..=10 {
///     queue.put(n).await?; // waits while two items wait
/// }
/// queue.join().await?;
/// queue.close();
/// assert_eq!(worker.await?, 55);
///
/// // A closed queue gives the item back.
/// assert!(matches!(queue.put(11).await, Err(PutError::Closed(11))));
/// # Ok(()) }
/// ```
pub struct WorkQueue<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> WorkQueue<T> {
    /// A first-in-first-out queue with the defaults, in which at most `bound` items wait.
    ///
    /// # Panics
    ///
    /// Where `bound` is zero. [`builder`](Self::builder) gives an error instead.
    #[must_use]
    pub fn bounded(bound: usize) -> Self {
        match Self::builder(bound).build() {
            Ok(queue) => queue,
            Err(error) => panic!("{error}"),
        }
    }

    /// Builds a queue in which at most `bound` items from outside wait. Jobs that are out don't count.
    pub fn builder(bound: usize) -> Builder<T> {
        Builder::new(bound)
    }

    pub(super) fn from_shared(shared: Shared<T>) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// Puts an item, waiting for room if the [overflow policy](Overflow) says so (the default).
    ///
    /// # Errors
    ///
    /// Each gives the item back.
    ///
    /// - [`PutError::Full`]: no room, and the policy is [`Overflow::Reject`], or the item ranks below
    ///   all that wait under [`Overflow::DropOldest`].
    /// - [`PutError::Closed`]: the queue was closed, before or while waiting.
    /// - [`PutError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed
    ///   while waiting.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: an item that still waits for room is dropped with the future, and is not in
    /// the queue; use [`put_from`](Self::put_from). The queue itself stays whole.
    pub async fn put(&self, item: T) -> Result<Put<T>, PutError<T>> {
        // A task that always finds room must still let others run.
        if coop::is_due() {
            consume_budget().await;
        }
        match self.shared.admit_plain(item) {
            Ok(()) => Ok(Put::Queued),
            Err(item) => self.put_slowly(&mut Some(item)).await,
        }
    }

    /// [`put`](Self::put) for a `select!` loop: until the item is in the queue it stays in `slot`.
    ///
    /// Once this returns, `slot` is empty, and the result says where the item is.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    ///
    /// # Panics
    ///
    /// Where `slot` is empty.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::queue::WorkQueue;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let queue = WorkQueue::bounded(1);
    /// queue.put("a").await?;
    /// let mut slot = Some("b");
    /// {
    ///     let put = std::pin::pin!(queue.put_from(&mut slot));
    ///     let gave_up = tokio::time::timeout(Duration::from_secs(1), put).await.is_err();
    ///     assert!(gave_up);
    /// }
    /// assert_eq!(slot, Some("b"));
    /// # Ok(()) }
    /// ```
    pub async fn put_from(&self, slot: &mut Option<T>) -> Result<Put<T>, PutError<T>> {
        assert!(slot.is_some(), "nothing to put: the slot is empty");
        if coop::is_due() {
            consume_budget().await;
        }
        self.put_slowly(slot).await
    }

    async fn put_slowly(&self, slot: &mut Option<T>) -> Result<Put<T>, PutError<T>> {
        let Some(item) = slot.take() else { unreachable!("the caller has put it there") };
        let entry = self.shared.entry(item);
        let priority = entry.priority;
        match self.shared.admit(entry, Source::Outside) {
            Err(PutError::Full(entry)) if self.shared.overflow == Overflow::Wait => *slot = Some(entry.item),
            done => return done.map_err(PutError::bare),
        }
        match interruptible_as("room in a queue", Putting::new(&self.shared, slot, priority)).await {
            Ok(done) => done,
            Err(interrupt) => {
                let Some(item) = slot.take() else { unreachable!("an interrupted put has left it there") };
                Err(PutError::Interrupted(item, interrupt))
            }
        }
    }

    /// Puts an item if that takes no waiting.
    ///
    /// # Errors
    ///
    /// Each gives the item back.
    ///
    /// - [`PutError::Full`]: no room, unless the policy is [`Overflow::DropOldest`].
    /// - [`PutError::Closed`]: the queue was closed.
    pub fn try_put(&self, item: T) -> Result<Put<T>, PutError<T>> {
        let entry = self.shared.entry(item);
        let result = self.shared.locked(|state, wakes| {
            let result = state.admit(entry, Source::Outside, self.shared.overflow, wakes);
            if self.shared.overflow == Overflow::Wait && matches!(result, Err(PutError::Full(_))) {
                state.count_rejected();
            }
            result
        });
        result.map_err(PutError::bare)
    }

    /// Takes the next item, waiting for one.
    ///
    /// # Errors
    ///
    /// - [`GetError::Closed`]: the queue is closed and no item waits; while it drains for a
    ///   [`shutdown`](Self::shutdown), also no job is out that could still put one.
    /// - [`GetError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed, and no
    ///   item waited. (One that waits is handed out all the same: a worker that must stop before the queue
    ///   is empty asks [`context::is_cancelled`](crate::context::is_cancelled).)
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn get(&self) -> Result<Job<T>, GetError> {
        // A task that always finds an item must still let others run.
        if coop::is_due() {
            consume_budget().await;
        }
        if let Some(entry) = self.shared.pop() {
            return Ok(self.job(entry));
        }
        match interruptible_as("an item of a queue", Getting::new(&self.shared)).await {
            Ok(Some(entry)) => Ok(self.job(entry)),
            Ok(None) => Err(GetError::Closed),
            Err(interrupt) => Err(GetError::Interrupted(interrupt)),
        }
    }

    /// Takes the next item if there is one.
    ///
    /// # Errors
    ///
    /// - [`GetError::Empty`]: no item waits now.
    /// - [`GetError::Closed`]: as for [`get`](Self::get).
    pub fn try_get(&self) -> Result<Job<T>, GetError> {
        self.shared.take().map(|entry| self.job(entry))
    }

    fn job(&self, entry: super::store::Entry<T>) -> Job<T> {
        Job::new(Arc::clone(&self.shared), entry)
    }

    /// Waits until everything that was put has been finished: acknowledged, failed, displaced or
    /// handed back.
    ///
    /// Returns at once where nothing is unfinished, also if nothing was ever put. It is enough that
    /// this was so for an instant since the call: a queue that is put to from outside all the time
    /// doesn't hold it up for ever. Where only jobs put, such an instant is the end of all work, and
    /// this is the termination test of a cyclic pipeline.
    ///
    /// # Errors
    ///
    /// [`Interrupt`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn join(&self) -> Result<(), Interrupt> {
        interruptible_as("the end of a queue's work", Joining::new(&self.shared)).await
    }

    /// Lets a key in again that [`dedupe_by`](Builder::dedupe_by) remembers. Returns whether it did.
    ///
    /// # Panics
    ///
    /// Where the queue doesn't look for duplicates, or its keys are not of type `K`.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::queue::{Put, WorkQueue};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let queue = WorkQueue::builder(8).dedupe_by(|n: &u32| n % 10).build()?;
    /// queue.put(3).await?;
    /// assert_eq!(queue.put(13).await?, Put::Duplicate(13));
    /// assert!(queue.forget(&3_u32));
    /// assert_eq!(queue.put(13).await?, Put::Queued);
    /// # Ok(()) }
    /// ```
    pub fn forget<K: 'static>(&self, key: &K) -> bool {
        let known = self.shared.state.lock().keys_mut().map(|keys| keys.forget(key as &dyn Any));
        match known {
            Some(Some(known)) => known,
            Some(None) => panic!("this queue's keys are not of type {}", type_name::<K>()),
            None => panic!("this queue was built without `dedupe_by`"),
        }
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stats().depth
    }

    /// Whether no item waits. Jobs may be out all the same: see [`Stats::unfinished`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the queue holds and what has become of everything, in one consistent snapshot.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.state.lock().stats()
    }
}

impl<T> Clone for WorkQueue<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for WorkQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkQueue").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
