use std::fmt;
use std::time::Duration;

use patterns_core::reaper::Straggler;

use super::FiringCounts;

/// What came of a [drain](super::Scheduler::drain).
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct DrainReceipt {
    /// How long it took.
    pub took: Duration,
    /// What became of every instant that the scheduler ever had.
    pub counts: FiringCounts,
    /// What could not be made to stop: runs that block their thread, and what runs handed over to the reaper.
    pub stragglers: Vec<Straggler>,
}

impl DrainReceipt {
    /// Whether everything ended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stragglers.is_empty() && self.counts.running == 0
    }
}

impl fmt::Display for DrainReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "drained in {:?}: {}", self.took, self.counts)?;
        for straggler in &self.stragglers {
            write!(f, "; left behind: {}, running for {:?}", straggler.path, straggler.age)?;
        }
        Ok(())
    }
}
