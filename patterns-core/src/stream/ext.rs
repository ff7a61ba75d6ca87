use std::time::Duration;

use futures_util::stream::{Stream, TryStream};

use super::batch::{Batch, TryBatch};
use super::prefetch::Prefetch;

/// Batching and reading ahead, for every [`Stream`].
///
/// The names are none of [`futures_util::StreamExt`], so that both can be imported. `next` takes a stream that is
/// `Unpin`; one that is made with async blocks, as by `then`, has to be pinned first: `Box::pin(stream.batch(..))`. All
/// sources of this module are `Unpin`.
pub trait FlowExt: Stream {
    /// Gathers items into batches: each is emitted when it has `max` items, or `max_wait` after its first item
    /// was taken, whichever is earlier. The end of the source ends the last batch.
    ///
    /// No batch is empty. Items that are ready when the wait is over still get in, up to `max`; a wait of
    /// zero takes what is there. The wait goes on while nobody polls.
    ///
    /// # Comparison to `futures_util::StreamExt::chunks`
    ///
    /// 1. A source that goes quiet holds nothing back for longer than `max_wait`.
    /// 2. Nothing is allocated for `max` items in advance.
    ///
    /// # Panics
    ///
    /// - If `max` is zero.
    /// - Polled outside of a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: items that wait for their batch stay in the stream when `next` is dropped.
    /// [`Batch::into_inner`] gives them back.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use patterns_core::stream::FlowExt;
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let arrivals = stream::iter([1, 1, 1, 40]).enumerate().then(|(number, secs)| async move {
    ///     sleep(Duration::from_secs(secs)).await;
    ///     number
    /// });
    /// let mut batches = Box::pin(arrivals.batch(2, Duration::from_secs(30)));
    ///
    /// let start = Instant::now();
    /// assert_eq!(batches.next().await.unwrap(), [0, 1]); // full
    /// assert_eq!(start.elapsed(), Duration::from_secs(2));
    /// assert_eq!(batches.next().await.unwrap(), [2]); // it came after 3 s
    /// assert_eq!(start.elapsed(), Duration::from_secs(33));
    /// assert_eq!(batches.next().await.unwrap(), [3]); // the end
    /// assert_eq!(start.elapsed(), Duration::from_secs(43));
    /// assert!(batches.next().await.is_none());
    /// # }
    /// ```
    fn batch(self, max: usize, max_wait: Duration) -> Batch<Self>
    where
        Self: Sized,
    {
        Batch::new(self, max, max_wait)
    }

    /// [`batch`](Self::batch) for a stream of results: batches hold values, and an error comes by itself,
    /// after a batch of what came before it. Whether there is more after an error is up to the source.
    ///
    /// # Panics
    ///
    /// As [`batch`](Self::batch).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`batch`](Self::batch).
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use patterns_core::stream::FlowExt;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let numbers = stream::iter(["1", "2", "three", "4"]).map(str::parse::<u8>);
    /// let mut batches = numbers.try_batch(10, Duration::from_secs(1));
    /// assert_eq!(batches.next().await.unwrap().unwrap(), [1, 2]);
    /// assert_eq!(batches.next().await.unwrap().unwrap_err().to_string(), "invalid digit found in string");
    /// assert_eq!(batches.next().await.unwrap().unwrap(), [4]);
    /// assert!(batches.next().await.is_none());
    /// # }
    /// ```
    fn try_batch(self, max: usize, max_wait: Duration) -> TryBatch<Self>
    where
        Self: TryStream + Sized,
    {
        TryBatch::new(self, max, max_wait)
    }

    /// Reads ahead in a task of its own: while the consumer works, up to `ahead` items are read and kept, and
    /// never more. All items, errors among them, come in order.
    ///
    /// The task starts at the first poll, in the context in which this was called. It belongs to the stream:
    /// dropped, the source is dropped where it awaits, and the [`Reaper`](crate::reaper::Reaper) of the context waits
    /// until it is gone, cleanup of a [`generator`](super::generator) included. [`Prefetch::close`] waits for
    /// that itself and returns what was read and not taken. The end of the stream comes after the end of the source.
    ///
    /// However, what has been read ahead is dropped with the stream.
    ///
    /// # Comparison to `futures_util::StreamExt::buffered`
    ///
    /// The source goes on while the consumer is busy; what is in `buffered` stands still then.
    ///
    /// # Panics
    ///
    /// - If `ahead` is zero.
    /// - Polled outside of a tokio runtime.
    /// - Where the source does, with the same text and place, after the items that came before.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping `next` loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use patterns_core::stream::FlowExt;
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let second = Duration::from_secs(1);
    /// let slow = stream::iter(0..10).then(move |number| async move {
    ///     sleep(second).await;
    ///     number
    /// });
    /// let mut numbers = slow.prefetch(1);
    /// let start = Instant::now();
    /// while let Some(_number) = numbers.next().await {
    ///     sleep(second).await;
    /// }
    /// assert_eq!(start.elapsed(), 11 * second, "and 20 one after the other");
    /// # }
    /// ```
    fn prefetch(self, ahead: usize) -> Prefetch<Self::Item>
    where
        Self: Sized + Send + 'static,
        Self::Item: Send + 'static,
    {
        Prefetch::new(self, ahead)
    }
}

impl<S: Stream + ?Sized> FlowExt for S {}
