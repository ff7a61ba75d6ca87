use crate::outcome::TaskFailed;

/// A snapshot of a background: what became of everything that was ever spawned into it.
///
/// `spawned = ok + failed + panicked + cancelled + live`. A loop is one task, whatever the number of its rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Tasks that were ever spawned.
    pub spawned: u64,
    /// Returned a value; or were loops that ended between two rounds.
    pub ok: u64,
    /// Returned an error, which went to the sink.
    pub failed: u64,
    /// Panicked, of which the sink was told.
    pub panicked: u64,
    /// Were cancelled: had not begun, stopped when asked, or were aborted.
    pub cancelled: u64,
    /// Are still there.
    pub live: usize,
    /// The most that may be live.
    pub limit: usize,
    /// Rounds of loops that failed or panicked, which went to the sink as well. Their loops go on.
    pub failed_rounds: u64,
    /// Whether nothing new is taken any more.
    pub closed: bool,
}

impl Status {
    /// What the fields say about where tasks are: `spawned`, at any time.
    #[must_use]
    pub fn accounted_for(&self) -> u64 {
        self.ok + self.failed + self.panicked + self.cancelled + self.live as u64
    }
}

/// What became of everything, once a background was shut down: nothing is live, so that
/// `spawned = ok + failed + panicked + cancelled`.
#[derive(Clone, Debug)]
#[must_use = "it names what did not stop"]
#[non_exhaustive]
pub struct Receipt {
    /// The last snapshot.
    pub status: Status,
    /// Who did not stop within the grace and was aborted, by name and age. They count as cancelled.
    pub stragglers: Vec<TaskFailed>,
}

impl Receipt {
    /// Whether every task returned a value, and every round of every loop.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.status.ok == self.status.spawned && self.status.failed_rounds == 0
    }
}
