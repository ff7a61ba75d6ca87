use tokio::time::Instant;

use super::WorkQueue;
use super::state::Phase;
use crate::cancel::timeout_at;

/// How [`WorkQueue::shutdown`](super::WorkQueue::shutdown) treats what is unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Wait until everything, and what the jobs still put, is finished.
    Drain,
    /// Wait for nothing.
    Now,
    /// Drain until this instant, then stop.
    Deadline(Instant),
}

/// What became of everything that was ever put, when the queue was shut down.
///
/// Together with displaced items these numbers make up [`Stats::put`](super::Stats::put).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "it holds the items that nobody worked on"]
#[non_exhaustive]
pub struct Receipt<T> {
    /// Jobs that were acknowledged.
    pub acked: u64,
    /// Jobs that failed.
    pub failed: u64,
    /// Items that waited and were not handed out any more, in the order in which they would have been.
    pub handed_back: Vec<T>,
    /// Jobs that were still out. They can be answered as before, and
    /// [`join`](super::WorkQueue::join) waits for them.
    pub in_flight: usize,
}

impl<T> Receipt<T> {
    /// Whether nothing was left undone.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.handed_back.is_empty() && self.in_flight == 0
    }
}

impl<T> WorkQueue<T> {
    /// Takes nothing more from outside. Getters get what waits, then [`GetError::Closed`](super::GetError::Closed).
    ///
    /// Putters that wait for room get their items back. Jobs that are out may still put and requeue,
    /// but no getter waits for that: in a cyclic pipeline [`join`](Self::join) first, or use
    /// [`shutdown`](Self::shutdown) with [`Shutdown::Drain`].
    pub fn close(&self) {
        self.shared.locked(|state, wakes| state.advance(Phase::Closed, wakes));
    }

    /// Whether nothing more is taken from outside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.state.lock().is_closed()
    }

    /// Closes, finishes what the given way allows, stops, and tells what became of everything.
    ///
    /// While it drains, getters stay until the last job that could put more is finished. After that
    /// the queue takes nothing at all, from jobs neither, and what still waits is handed back.
    ///
    /// An interrupt, by the ambient token or deadline, ends the draining, not the shutdown: it stops
    /// then and there. To drain there must be getters.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Dropped while it drains, the queue goes on draining; call it again for the receipt.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::queue::{Shutdown, WorkQueue};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let queue = WorkQueue::bounded(8);
    /// for name in ["a", "b", "c"] {
    ///     queue.put(name).await?;
    /// }
    /// queue.get().await?.ack();
    /// let receipt = queue.shutdown(Shutdown::Now).await;
    /// assert_eq!((receipt.acked, receipt.handed_back), (1, vec!["b", "c"]));
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, how: Shutdown) -> Receipt<T> {
        if how != Shutdown::Now {
            self.shared.locked(|state, wakes| state.advance(Phase::Draining, wakes));
        }
        // However the draining ends, what follows is right.
        let _ = match how {
            Shutdown::Now => Ok(()),
            Shutdown::Drain => self.join().await,
            Shutdown::Deadline(at) => timeout_at(at, self.join()).await.unwrap_or(Ok(())),
        };
        self.shared.locked(|state, wakes| {
            let handed_back = state.stop(wakes);
            let stats = state.stats();
            Receipt { acked: stats.acked, failed: stats.failed, handed_back, in_flight: stats.in_flight }
        })
    }
}
