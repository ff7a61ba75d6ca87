use tokio::time::Instant;

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
