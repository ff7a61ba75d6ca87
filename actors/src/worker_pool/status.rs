use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::TaskPath;

/// A plain snapshot of a [`WorkerPool`](super::WorkerPool).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerPoolStatus {
    /// Whether it takes work.
    pub state: PoolState,
    /// The class with threads of its own.
    pub cpu: ClassStatus,
    /// The class of tasks on the runtime.
    pub io: ClassStatus,
    /// What became of every job so far.
    pub counts: JobCounts,
    /// The jobs that run now, longest first; without those that are in quarantine.
    pub running: Vec<RunningJob>,
    /// The threads that are written off, longest first: their jobs were asked to stop, did not within
    /// the pool's grace, and are still in flight. With them a pool has at most 4,096 threads; beyond, it gets narrower.
    pub quarantined: Vec<Quarantined>,
}

/// Whether a pool takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PoolState {
    /// It takes new jobs.
    Open,
    /// It takes none, and finishes what it has.
    Draining,
    /// Nothing is left in it.
    Closed,
}

/// One class of jobs in a [`WorkerPoolStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStatus {
    /// How many jobs can run at the same time.
    pub width: usize,
    /// How many run now: on the workers, and, by [`Rejection::CallerRuns`](super::Rejection::CallerRuns), at
    /// their submitters.
    pub running: usize,
    /// Accepted and not started, and not held back by their key when they came.
    pub queued: usize,
    /// Accepted, and held back by the limit or the rate of their key.
    pub held: usize,
    /// Jobs whose submitters still wait for a place.
    pub waiting: usize,
}

/// Which kind of worker runs a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobClass {
    /// A thread of the pool.
    Cpu,
    /// A task on the runtime.
    Io,
}

impl fmt::Display for JobClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Io => "io",
        })
    }
}

/// What became of the jobs of a pool: each is in exactly one of the counts.
///
/// `submitted = done + failed + panicked + cancelled + expired + rejected + dropped + in flight` at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobCounts {
    /// Everything that was ever submitted.
    pub submitted: u64,
    /// Returned a value.
    pub done: u64,
    /// [Lost](super::JobError::Lost) with the runtime that ran them.
    pub failed: u64,
    /// Panicked.
    pub panicked: u64,
    /// Cancelled without a value, or finished after everybody had given up on them.
    pub cancelled: u64,
    /// Not started in time, or not finished in time and given up.
    pub expired: u64,
    /// Not taken.
    pub rejected: u64,
    /// Taken, and dropped from the queue to make room for others.
    pub dropped: u64,
}

impl JobCounts {
    /// Jobs that are queued, waiting for a place, or running.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.submitted - self.ended()
    }

    /// Jobs that ended in any way.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.panicked + self.cancelled + self.expired + self.rejected + self.dropped
    }
}

/// A job that runs now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunningJob {
    /// What runs it.
    pub class: JobClass,
    /// The names of the task that submitted it.
    pub path: TaskPath,
    /// Where in the source it was submitted.
    pub place: &'static Location<'static>,
    /// Its key, if it has one.
    pub key: Option<Arc<str>>,
    /// How long it has been running.
    pub age: Duration,
}

impl fmt::Display for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} job from {}", self.class, self.place)?;
        if !self.path.is_root() {
            write!(f, " ({})", self.path)?;
        }
        write!(f, ", running for {:?}", self.age)
    }
}

/// A thread that was written off, and what it does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Quarantined {
    /// The thread's name.
    pub thread: String,
    /// The job that it is stuck in.
    pub job: RunningJob,
    /// How long ago the job was asked to stop.
    pub asked_for: Duration,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, asked to stop {:?} ago", self.thread, self.job, self.asked_for)
    }
}

/// What came of a [drain](super::WorkerPool::drain).
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct DrainReceipt {
    /// How long it took.
    pub took: Duration,
    /// What became of every job that the pool ever got.
    pub counts: JobCounts,
    /// The jobs that could not be made to stop: CPU jobs that don't look at their token.
    pub stragglers: Vec<RunningJob>,
    /// Threads that ended and were joined.
    pub threads_joined: usize,
}

impl DrainReceipt {
    /// Whether everything ended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stragglers.is_empty() && self.counts.in_flight() == 0
    }
}

impl fmt::Display for DrainReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JobCounts { done, failed, panicked, cancelled, expired, rejected, dropped, .. } = self.counts;
        write!(
            f,
            "drained in {:?}: {done} done, {failed} lost, {panicked} panicked, {cancelled} cancelled, \
             {expired} expired, {rejected} rejected, {dropped} dropped",
            self.took
        )?;
        for straggler in &self.stragglers {
            write!(f, "; left behind: {straggler}")?;
        }
        Ok(())
    }
}
