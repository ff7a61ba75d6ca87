use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::worker_pool::{JobCounts, JobError, Reject};

/// Where a job that ended is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket {
    Done,
    Failed,
    Panicked,
    Cancelled,
    Expired,
    Rejected,
    Dropped,
}

impl Bucket {
    pub(crate) const ALL: [Self; 7] =
        [Self::Done, Self::Failed, Self::Panicked, Self::Cancelled, Self::Expired, Self::Rejected, Self::Dropped];

    /// As it stands in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Dropped => "dropped",
        }
    }
}

impl From<&JobError> for Bucket {
    fn from(error: &JobError) -> Self {
        match error {
            JobError::Panicked(_) => Self::Panicked,
            JobError::Cancelled(_) => Self::Cancelled,
            JobError::Expired(_) => Self::Expired,
            JobError::Rejected(Reject::Dropped { .. }) => Self::Dropped,
            JobError::Rejected(_) => Self::Rejected,
            JobError::Lost => Self::Failed,
        }
    }
}

/// What became of the jobs, counted by each thread for itself: one line of memory that all threads write
/// to for each job would cost more than such a job.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    shards: [Shard; SHARDS],
}

const SHARDS: usize = 8;

/// Two lines of memory, as processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    submitted: AtomicU64,
    buckets: [AtomicU64; Bucket::ALL.len()],
}

thread_local! {
    static SHARD: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS
    };
}

impl Counts {
    fn shard(&self) -> &Shard {
        // A destructor of a thread's locals may still end a job.
        &self.shards[SHARD.try_with(|shard| *shard).unwrap_or(0)]
    }

    /// In one total order with the pool's `closed` flag: see `Plane::admit`.
    pub(crate) fn submitted(&self) {
        self.shard().submitted.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn ended(&self, bucket: Bucket) {
        self.shard().buckets[bucket as usize].fetch_add(1, Ordering::SeqCst);
    }

    /// All that ended is read before all that was submitted, so no job is ever seen to end unsubmitted, and
    /// equality means that between the two readings there was an instant at which nothing was in flight.
    pub(crate) fn snapshot(&self) -> JobCounts {
        let read = |bucket: Bucket| -> u64 {
            self.shards.iter().map(|shard| shard.buckets[bucket as usize].load(Ordering::SeqCst)).sum()
        };
        let [done, failed, panicked, cancelled, expired, rejected, dropped] = Bucket::ALL.map(read);
        let submitted = self.shards.iter().map(|shard| shard.submitted.load(Ordering::SeqCst)).sum();
        JobCounts { submitted, done, failed, panicked, cancelled, expired, rejected, dropped }
    }
}
