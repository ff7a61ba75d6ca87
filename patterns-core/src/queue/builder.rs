use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use super::acks::Acks;
use super::job::Failed;
use super::keys::{KeySet, Keys};
use super::shared::{FailedHook, Priority, Shared};
use super::state::State;
use super::store::Store;
use super::{BuildError, WorkQueue};

/// In which order items of equal priority leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    #[default]
    Fifo,
    /// The newest first: in a crawl, depth before breadth, with a shorter queue.
    Lifo,
}

/// What a put from outside does when the queue is full. Puts from a job are always let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Wait for room.
    #[default]
    Wait,
    /// Fail with [`PutError::Full`](super::PutError::Full).
    Reject,
    /// Make the oldest waiting item (of the lowest priority) leave, and return it as
    /// [`Put::Displaced`](super::Put::Displaced). An item that ranks below everything that waits is
    /// rejected instead. The key of a displaced item is forgotten: it may be put again.
    DropOldest,
}

/// What a job does that is dropped without an answer, by a panic or a cancellation for example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDrop {
    /// It goes back into the queue, unless it has been handed out `max_attempts` times: then it has
    /// failed.
    Requeue {
        /// At least 1. Explicit [`requeue`](super::Job::requeue)s count as attempts too.
        max_attempts: u32,
    },
    /// It has failed.
    Fail,
}

/// Builds a [`WorkQueue`]. Made by [`WorkQueue::builder`].
///
/// # Defaults
///
/// - order: [`Order::Fifo`], without priorities
/// - overflow: [`Overflow::Wait`]
/// - on drop: requeue, at most 3 attempts
/// - no search for duplicates; failed items are counted, logged by `tracing` and dropped: as a warning, or at debug
///   where a job was dropped without an answer by a worker that was cancelled, or after the queue was closed
///
/// # Examples
///
/// ```
/// use patterns_core::queue::{BuildError, OnDrop, Order, Overflow, WorkQueue};
///
/// struct Page { url: String, depth: i64 }
///
/// # fn main() -> Result<(), BuildError> {
/// let frontier = WorkQueue::builder(1_000)
///     .order(Order::Fifo)
///     .priority_by(|page: &Page| -page.depth)
///     .dedupe_by(|page: &Page| page.url.clone())
///     .overflow(Overflow::Wait)
///     .on_drop(OnDrop::Requeue { max_attempts: 2 })
///     .build()?;
/// assert!(frontier.is_empty());
/// assert_eq!(WorkQueue::<u8>::builder(0).build().unwrap_err(), BuildError::ZeroBound);
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<T> {
    bound: usize,
    order: Order,
    overflow: Overflow,
    on_drop: OnDrop,
    keys: Option<Box<dyn Keys<T>>>,
    priority: Option<Priority<T>>,
    failed: Option<FailedHook<T>>,
    items: PhantomData<T>,
}

impl<T> Builder<T> {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            bound,
            order: Order::default(),
            overflow: Overflow::default(),
            on_drop: OnDrop::Requeue { max_attempts: 3 },
            keys: None,
            priority: None,
            failed: None,
            items: PhantomData,
        }
    }

    /// In which order items (of equal priority) leave.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// What a put from outside does when the queue is full.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// What a job does that is dropped without an answer.
    pub fn on_drop(mut self, on_drop: OnDrop) -> Self {
        self.on_drop = on_drop;
        self
    }

    /// Hands items of a higher priority out first; the order decides among equals.
    ///
    /// `priority` is called once per item, before it is put, under no lock. Nothing ages: as long as
    /// higher ones keep coming, lower ones wait.
    pub fn priority_by(mut self, priority: impl Fn(&T) -> i64 + Send + Sync + 'static) -> Self {
        self.priority = Some(Box::new(priority));
        self
    }

    /// Lets each key in once: a second item with the same key comes back as
    /// [`Put::Duplicate`](super::Put::Duplicate).
    ///
    /// The check and the enqueue are one step, so of any number of concurrent puts exactly one gets
    /// in. A duplicate doesn't wait for room; one that was not a duplicate when it began to wait learns
    /// of it when there is room. Keys are remembered as long as the queue lives, whatever becomes of their items, until
    /// [`forget`](WorkQueue::forget): that is what a cyclic pipeline needs to end. Memory: one key per
    /// distinct key ever let in. It also bounds what jobs can add to the queue.
    ///
    /// `key` runs under the queue's lock, as do the key's `Hash` and `Eq`: keep it short, for example
    /// by interning, and don't use the queue in it, which would deadlock.
    pub fn dedupe_by<K>(mut self, key: impl Fn(&T) -> K + Send + 'static) -> Self
    where
        K: Eq + Hash + Send + 'static,
    {
        self.keys = Some(Box::new(KeySet::new(key)));
        self
    }

    /// Takes every item that failed: reported by [`Job::fail`](super::Job::fail), or dropped without
    /// an answer once too often.
    ///
    /// Called under no lock, by whoever ends the job, before that counts as finished: when
    /// [`join`](WorkQueue::join) returns, every failed item has been through here. A panic in it is
    /// logged and goes no further.
    pub fn on_failed(mut self, hook: impl Fn(Failed<T>) + Send + Sync + 'static) -> Self {
        self.failed = Some(Box::new(hook));
        self
    }

    /// Builds the queue.
    ///
    /// # Errors
    ///
    /// - [`BuildError::ZeroBound`]: the bound is zero.
    /// - [`BuildError::ZeroAttempts`]: [`OnDrop::Requeue`] with no attempts.
    pub fn build(self) -> Result<WorkQueue<T>, BuildError> {
        if self.bound == 0 {
            return Err(BuildError::ZeroBound);
        }
        if self.on_drop == (OnDrop::Requeue { max_attempts: 0 }) {
            return Err(BuildError::ZeroAttempts);
        }
        let store = Store::new(self.order, self.priority.is_some());
        let acks = Arc::new(Acks::default());
        let state = State::new(self.bound, store, self.keys, Arc::clone(&acks));
        Ok(WorkQueue::from_shared(Shared::new(state, acks, self.overflow, self.on_drop, self.priority, self.failed)))
    }
}

impl<T> fmt::Debug for Builder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("bound", &self.bound)
            .field("order", &self.order)
            .field("overflow", &self.overflow)
            .field("on_drop", &self.on_drop)
            .field("prioritised", &self.priority.is_some())
            .field("dedupes", &self.keys.is_some())
            .finish_non_exhaustive()
    }
}
