use std::sync::atomic::{AtomicU64, Ordering};

use crate::worker_pool::{JobCounts, JobError};

/// Where a job that ended is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket {
    Done,
    Failed,
    Panicked,
    Cancelled,
    Expired,
    Rejected,
}

impl From<&JobError> for Bucket {
    fn from(error: &JobError) -> Self {
        match error {
            JobError::Panicked(_) => Self::Panicked,
            JobError::Cancelled(_) => Self::Cancelled,
            JobError::Expired(_) => Self::Expired,
            JobError::Rejected(_) => Self::Rejected,
            JobError::Lost => Self::Failed,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    submitted: AtomicU64,
    buckets: [AtomicU64; 6],
}

impl Counts {
    /// In one total order with the pool's `closed` flag: see `Plane::submit`.
    pub(crate) fn submitted(&self) {
        self.submitted.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn ended(&self, bucket: Bucket) {
        self.buckets[bucket as usize].fetch_add(1, Ordering::SeqCst);
    }

    /// What ended is read before what was submitted, so no job is ever seen to end unsubmitted, and
    /// equality means that at the second reading nothing was in flight.
    pub(crate) fn snapshot(&self) -> JobCounts {
        let read = |bucket: Bucket| self.buckets[bucket as usize].load(Ordering::SeqCst);
        JobCounts {
            done: read(Bucket::Done),
            failed: read(Bucket::Failed),
            panicked: read(Bucket::Panicked),
            cancelled: read(Bucket::Cancelled),
            expired: read(Bucket::Expired),
            rejected: read(Bucket::Rejected),
            submitted: self.submitted.load(Ordering::SeqCst),
        }
    }
}
