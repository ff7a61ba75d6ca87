use metrics::{Counter, Unit, counter, describe_counter};
use patterns_core::outcome::catch_panic;

use super::counts::Bucket;

const SUBMITTED: &str = "actors_jobs_submitted_total";
const ENDED: &str = "actors_jobs_ended_total";
const QUARANTINED: &str = "actors_threads_quarantined_total";

/// What is shown of a pool. Without a recorder each of these is empty, and costs a branch.
///
/// A recorder is foreign code, so it is called under no lock, and a panic in it harms no worker.
pub(super) struct Meters {
    pub(super) submitted: Counter,
    quarantined: Counter,
    ended: [Counter; Bucket::ALL.len()],
}

fn count(counter: &Counter) {
    drop(catch_panic(|| counter.increment(1)));
}

impl Meters {
    pub(super) fn new(pool: &str) -> Self {
        describe_counter!(SUBMITTED, Unit::Count, "jobs that were submitted to a worker pool");
        describe_counter!(ENDED, Unit::Count, "jobs of a worker pool that ended, by outcome");
        describe_counter!(QUARANTINED, Unit::Count, "threads of a worker pool that were written off");
        Self {
            submitted: counter!(SUBMITTED, "pool" => pool.to_owned()),
            quarantined: counter!(QUARANTINED, "pool" => pool.to_owned()),
            ended: Bucket::ALL.map(|bucket| counter!(ENDED, "pool" => pool.to_owned(), "outcome" => bucket.as_str())),
        }
    }

    pub(super) fn ended(&self, bucket: Bucket) {
        count(&self.ended[bucket as usize]);
    }

    pub(super) fn quarantined(&self) {
        count(&self.quarantined);
    }
}
