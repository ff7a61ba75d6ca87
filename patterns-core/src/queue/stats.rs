/// What a queue holds and what has become of everything that was put into it.
///
/// One snapshot under one lock, so that this law holds in it at any time:
///
/// ```text
/// put = acked + failed + displaced + handed_back + depth + in_flight
/// ```
///
/// # Examples
///
/// ```
/// use patterns_core::queue::WorkQueue;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let queue = WorkQueue::bounded(8);
/// for n in 0..3 {
///     queue.put(n).await?;
/// }
/// queue.get().await?.ack();
/// let job = queue.get().await?;
///
/// let stats = queue.stats();
/// assert_eq!((stats.put, stats.acked, stats.in_flight, stats.depth), (3, 1, 1, 1));
/// assert_eq!(stats.accounted_for(), stats.put);
/// # job.ack(); Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Items that wait to be handed out now.
    pub depth: usize,
    /// Jobs that are handed out and not answered now.
    pub in_flight: usize,
    /// `depth + in_flight`: what [`join`](super::WorkQueue::join) waits for.
    pub unfinished: usize,
    /// The most items that ever waited at once.
    pub peak_depth: usize,
    /// Keys that are remembered for finding duplicates.
    pub keys: usize,
    /// Items that were let in, from outside or from a job.
    pub put: u64,
    /// Items that were turned away because their key was known.
    pub duplicates: u64,
    /// Items that were turned away because the queue was full or closed.
    pub rejected: u64,
    /// Jobs that were acknowledged.
    pub acked: u64,
    /// Jobs that failed: reported, or dropped too often without an answer.
    pub failed: u64,
    /// How often a job went back into the queue.
    pub requeued: u64,
    /// Items that gave way to a newer one when the queue was full.
    pub displaced: u64,
    /// Items that a shutdown handed back.
    pub handed_back: u64,
}

impl Stats {
    /// Everything that was put and whose whereabouts are known; always equal to [`put`](Self::put).
    #[must_use]
    pub fn accounted_for(&self) -> u64 {
        let here = self.depth as u64 + self.in_flight as u64;
        self.acked + self.failed + self.displaced + self.handed_back + here
    }
}
