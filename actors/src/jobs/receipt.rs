use std::fmt;
use std::time::Duration;

use patterns_core::reaper::Straggler;

use super::DeliveryCounts;

/// What came of a [drain](super::JobQueue::drain).
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct DrainReceipt {
    /// How long it took.
    pub took: Duration,
    /// What became of all that the queue ever took. What is still held was given up: another process has it as soon as
    /// this one is given up, too.
    pub counts: DeliveryCounts,
    /// Whether the engine was told that this process is gone, so that nobody need wait for its lease to end.
    pub left: bool,
    /// What could not be made to stop.
    pub stragglers: Vec<Straggler>,
}

impl DrainReceipt {
    /// Whether everything ended, and the engine knows.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left && self.stragglers.is_empty() && self.counts.held == 0
    }
}

impl fmt::Display for DrainReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "drained in {:?}: {}", self.took, self.counts)?;
        if !self.left {
            write!(f, "; the engine was not told")?;
        }
        for straggler in &self.stragglers {
            write!(f, "; left behind: {}, running for {:?}", straggler.path, straggler.age)?;
        }
        Ok(())
    }
}
