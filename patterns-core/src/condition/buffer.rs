use std::collections::VecDeque;
use std::fmt;

use super::{Condition, GetError, PutError};

/// A bounded first-in-first-out buffer between producers and consumers.
///
/// Never more than its bound is in it; who puts waits for room, who gets waits for an item. Once
/// [closed](Self::close), what is in it can still be got, and then consumers end. Clones are the same buffer.
///
/// It is the textbook use of a [`Condition`]. Where it matters what becomes of an item after it was got, or where
/// very many wait, use a [`WorkQueue`](crate::queue::WorkQueue).
///
/// # Fairness
///
/// That of the [`Condition`]: producers and consumers each go in the order in which they came.
///
/// # Comparison to Python's `asyncio.Condition` around a list
///
/// 1. A `notify` there wakes one, a producer where a consumer could go on, and then both sides wait for ever.
/// 2. A producer that is cancelled or comes too late has its item back.
///
/// # Examples
///
/// ```
/// use patterns_core::condition::{Buffer, GetError};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let buffer = Buffer::<u32>::new(2);
/// let consumer = tokio::spawn({
///     let buffer = buffer.clone();
///     async move {
///         let mut total = 0;
///         loop {
///             match buffer.get().await {
///                 Ok(n) => total += n,
///                 Err(GetError::Closed) => return Ok(total),
///                 Err(error) => return Err(error),
///             }
///         }
///     }
/// });
/// for n in 1..=100 {
///     buffer.put(n).await?; // waits where two are in it
/// }
/// buffer.close();
/// assert_eq!(consumer.await??, 5050);
/// assert_eq!(buffer.put(7).await.unwrap_err().into_inner(), 7);
/// # Ok(()) }
/// ```
pub struct Buffer<T> {
    contents: Condition<Contents<T>>,
    bound: usize,
}

struct Contents<T> {
    items: VecDeque<T>,
    closed: bool,
}

// ANCHOR: contents
impl<T> Contents<T> {
    /// Whether a producer can go on: to put, or to learn that it can't any more.
    fn has_news_for_put(&self, bound: usize) -> bool {
        self.closed || self.items.len() < bound
    }

    /// Takes the item out of the slot, unless closed.
    fn put(&mut self, slot: &mut Option<T>) {
        if !self.closed {
            self.items.extend(slot.take());
        }
    }

    fn has_news_for_get(&self) -> bool {
        self.closed || !self.items.is_empty()
    }

    /// `None` where closed and empty.
    fn get(&mut self) -> Option<T> {
        self.items.pop_front()
    }
}
// ANCHOR_END: contents

impl<T> Buffer<T> {
    /// A buffer in which at most `bound` items are.
    ///
    /// # Panics
    ///
    /// Where `bound` is zero.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        assert!(bound > 0, "a buffer's bound must be at least 1");
        Self { contents: Condition::new(Contents { items: VecDeque::new(), closed: false }), bound }
    }

    /// Puts an item, waiting for room.
    ///
    /// # Errors
    ///
    /// Each gives the item back.
    ///
    /// - [`PutError::Closed`]: the buffer was closed, before or while waiting.
    /// - [`PutError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed while waiting.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: an item that still waits for room is dropped with the future; use
    /// [`put_from`](Self::put_from).
    pub async fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_from(&mut Some(item)).await
    }

    /// [`put`](Self::put) for a `select!` loop: until the item is in the buffer it stays in `slot`.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put), and `slot` is empty then too.
    ///
    /// # Panics
    ///
    /// Where `slot` is empty.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. However, the place in line is lost.
    pub async fn put_from(&self, slot: &mut Option<T>) -> Result<(), PutError<T>> {
        assert!(slot.is_some(), "nothing to put: the slot is empty");
        let has_news = |contents: &Contents<T>| contents.has_news_for_put(self.bound);
        let done = self.contents.wait_until(has_news, |contents| contents.put(slot)).await;
        match (slot.take(), done) {
            (None, _) => Ok(()),
            (Some(item), Ok(())) => Err(PutError::Closed(item)),
            (Some(item), Err(interrupt)) => Err(PutError::Interrupted(item, interrupt)),
        }
    }

    /// Puts an item if that takes no waiting.
    ///
    /// # Errors
    ///
    /// Each gives the item back.
    ///
    /// - [`PutError::Full`]: there is no room.
    /// - [`PutError::Closed`]: the buffer was closed.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let mut slot = Some(item);
        let has_news = |contents: &Contents<T>| contents.has_news_for_put(self.bound);
        let done = self.contents.try_until(has_news, |contents| contents.put(&mut slot));
        match (slot, done) {
            (None, _) => Ok(()),
            (Some(item), Some(())) => Err(PutError::Closed(item)),
            (Some(item), None) => Err(PutError::Full(item)),
        }
    }

    /// Gets the oldest item, waiting for one.
    ///
    /// # Errors
    ///
    /// - [`GetError::Closed`]: the buffer is closed and empty.
    /// - [`GetError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed, and there was no
    ///   item.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no item is lost. However, the place in line is.
    pub async fn get(&self) -> Result<T, GetError> {
        let got = self.contents.wait_until(Contents::has_news_for_get, Contents::get).await;
        got.map_err(GetError::Interrupted)?.ok_or(GetError::Closed)
    }

    /// Gets the oldest item if there is one.
    ///
    /// # Errors
    ///
    /// - [`GetError::Empty`]: there is none now.
    /// - [`GetError::Closed`]: the buffer is closed and empty.
    pub fn try_get(&self) -> Result<T, GetError> {
        let got = self.contents.try_until(Contents::has_news_for_get, Contents::get);
        got.ok_or(GetError::Empty)?.ok_or(GetError::Closed)
    }

    /// Takes nothing more. Producers that wait get their items back; consumers get what is in it, and then
    /// [`GetError::Closed`].
    pub fn close(&self) {
        self.contents.with(|contents| contents.closed = true);
    }

    /// Whether it takes nothing more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.contents.read(|contents| contents.closed)
    }

    /// How many items are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contents.read(|contents| contents.items.len())
    }

    /// Whether no item is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most this many items are in it.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// How many producers or consumers wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.contents.waiting()
    }
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self { contents: self.contents.clone(), bound: self.bound }
    }
}

impl<T> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, closed) = self.contents.read(|contents| (contents.items.len(), contents.closed));
        f.debug_struct("Buffer")
            .field("len", &len)
            .field("bound", &self.bound)
            .field("closed", &closed)
            .finish_non_exhaustive()
    }
}
