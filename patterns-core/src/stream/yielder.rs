use std::fmt;
use std::sync::Arc;

use tokio::task::coop::consume_budget;

use super::error::Stopped;
use super::hand::{Hand, Offer};
use crate::context::{Interrupt, interruptible_as};

/// Where a [`generator`](super::generator)'s producer emits its items, one at a time.
///
/// It may be moved into a part of the producer, also into another task. The stream ends when the producer
/// returns, whoever still holds the yielder.
pub struct Yielder<T> {
    hand: Arc<Hand<T>>,
}

impl<T> Yielder<T> {
    pub(super) fn new(hand: Arc<Hand<T>>) -> Self {
        Self { hand }
    }

    /// Hands `item` to the consumer; returns once it has been taken.
    ///
    /// # Errors
    ///
    /// [`Stopped`]: the producer is to stop; the item was not taken and is dropped.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: an item that was not taken yet is dropped with it; use
    /// [`emit_from`](Self::emit_from).
    pub async fn emit(&mut self, item: T) -> Result<(), Stopped> {
        self.emit_from(&mut Some(item)).await
    }

    /// [`emit`](Self::emit) that keeps the item in `slot` until it has been taken.
    ///
    /// # Errors
    ///
    /// [`Stopped`]: the producer is to stop; the item is in `slot`.
    ///
    /// # Panics
    ///
    /// Where `slot` is empty.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, the item is back in `slot`, or it was taken and `slot` is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use patterns_core::outcome::BoxError;
    /// use patterns_core::queue::WorkQueue;
    /// use patterns_core::stream::generator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), BoxError> {
    /// let queue = WorkQueue::bounded(8);
    /// queue.put("a").await?;
    /// queue.put("b").await?;
    ///
    /// let jobs = queue.clone();
    /// let mut items = generator(async move |mut yielder| {
    ///     loop {
    ///         let mut slot = Some(jobs.get().await?);
    ///         if let Err(stopped) = yielder.emit_from(&mut slot).await {
    ///             let job = slot.expect("it was not taken");
    ///             job.requeue().expect("the queue is open");
    ///             return Err::<(), BoxError>(stopped.into());
    ///         }
    ///     }
    /// });
    /// assert_eq!(items.next().await.unwrap()?.ack(), "a");
    /// items.close().await?;
    /// assert_eq!(queue.stats().acked, 1);
    /// assert_eq!(queue.get().await?.ack(), "b");
    /// # Ok(()) }
    /// ```
    pub async fn emit_from(&mut self, slot: &mut Option<T>) -> Result<(), Stopped> {
        assert!(slot.is_some(), "there is nothing to emit");
        // A producer that always has an item must still let others run.
        consume_budget().await;
        let waited = interruptible_as("the consumer of a stream", Offer::new(&self.hand, slot)).await;
        let interrupt = match waited {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(cause)) => Interrupt::Cancelled(cause),
            Err(interrupt) => interrupt,
        };
        // From another task, the item may have been taken at the last moment.
        if slot.is_some() { Err(Stopped::new(interrupt)) } else { Ok(()) }
    }
}

impl<T> fmt::Debug for Yielder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}
