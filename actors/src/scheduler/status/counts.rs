use std::fmt;
use std::ops::AddAssign;

/// What became of the instants of a schedule: each is in exactly one of `runs`, `skipped`, `missed` and `waiting`,
/// and each run in exactly one of `done`, `failed`, `panicked`, `cancelled` and `running`.
///
/// `due = runs + skipped + missed + waiting` and `runs = done + failed + panicked + cancelled + running`, at any time.
/// Nothing is waiting unless the schedule is durable or queues its runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FiringCounts {
    /// Instants that came, [triggers](super::super::ScheduleHandle::trigger), and runs for an instant that a crash cut
    /// off.
    pub due: u64,
    /// Runs that were started.
    pub runs: u64,
    /// Instants at which nothing was started on purpose; see [`SkipReason`](super::SkipReason).
    pub skipped: u64,
    /// Instants that had passed when somebody looked, and that the [`CatchUp`](super::super::CatchUp) did not let run.
    pub missed: u64,
    /// Instants that have come and wait to be committed to the store, or for an earlier run to end.
    pub waiting: u64,
    /// Runs that ended well.
    pub done: u64,
    /// Runs that returned an error.
    pub failed: u64,
    /// Runs that panicked.
    pub panicked: u64,
    /// Runs that were made to stop, or lost with the runtime that they ran on.
    pub cancelled: u64,
    /// Runs that have not ended.
    pub running: u64,
    /// Of the runs, those that began more than the [`tolerance`](super::super::SchedulerConfig::tolerance) after they
    /// were due.
    pub late: u64,
    /// Runs of an earlier life, or of another scheduler, that a crash cut off. Not among the runs: they were due there.
    pub interrupted: u64,
}

impl FiringCounts {
    /// Whether every instant and every run is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.due == self.runs + self.skipped + self.missed + self.waiting
            && self.runs == self.done + self.failed + self.panicked + self.cancelled + self.running
            && self.late <= self.runs
    }

    /// What was added since then to those that only grow.
    pub(in crate::scheduler) fn since(self, before: Self) -> Self {
        Self {
            due: self.due - before.due,
            runs: self.runs - before.runs,
            skipped: self.skipped - before.skipped,
            missed: self.missed - before.missed,
            waiting: 0,
            done: self.done - before.done,
            failed: self.failed - before.failed,
            panicked: self.panicked - before.panicked,
            cancelled: self.cancelled - before.cancelled,
            running: 0,
            late: self.late - before.late,
            interrupted: self.interrupted - before.interrupted,
        }
    }
}

impl AddAssign for FiringCounts {
    fn add_assign(&mut self, other: Self) {
        self.due += other.due;
        self.runs += other.runs;
        self.skipped += other.skipped;
        self.missed += other.missed;
        self.waiting += other.waiting;
        self.done += other.done;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.cancelled += other.cancelled;
        self.running += other.running;
        self.late += other.late;
        self.interrupted += other.interrupted;
    }
}

/// Shows the figures that are not zero: `3 due: 2 done, 1 skipped`.
impl fmt::Display for FiringCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} due", self.due)?;
        let parts = [
            (self.done, "done"),
            (self.failed, "failed"),
            (self.panicked, "panicked"),
            (self.cancelled, "cancelled"),
            (self.running, "running"),
            (self.waiting, "waiting"),
            (self.skipped, "skipped"),
            (self.missed, "missed"),
            (self.interrupted, "interrupted before"),
        ];
        for (n, (count, what)) in parts.into_iter().filter(|(count, _)| *count > 0).enumerate() {
            write!(f, "{} {count} {what}", if n == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
