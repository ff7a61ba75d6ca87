use metrics::{Counter, Unit, counter, describe_counter, describe_gauge, gauge};
use parking_lot::Mutex;
use patterns_core::outcome::catch_panic;

use super::DeliveryCounts;
use super::driver::QueueCounts;

const DELIVERIES: &str = "actors_durable_jobs_deliveries_total";
const JOBS: &str = "actors_durable_jobs";
const LAG: &str = "actors_durable_jobs_lag_seconds";

/// What is shown of a queue. Without a recorder each of these is empty, and costs a branch.
///
/// Queues of one name are counted together. A recorder is foreign code, so it is called under no lock of the desk.
pub(super) struct Meters {
    queue: String,
    told: Mutex<DeliveryCounts>,
    outcomes: [Counter; 6],
}

/// As labels have them, in the order of [`parts`].
const OUTCOMES: [&str; 6] = ["done", "retried", "dead", "cancelled", "released", "lost"];

fn parts(counts: &DeliveryCounts) -> [u64; 6] {
    [counts.done, counts.retried, counts.dead, counts.cancelled, counts.released, counts.lost]
}

impl Meters {
    pub(super) fn new(queue: &str) -> Self {
        describe_counter!(DELIVERIES, Unit::Count, "deliveries of durable jobs that ended, by outcome");
        describe_gauge!(JOBS, Unit::Count, "durable jobs, by queue and state, as the leader counts them");
        describe_gauge!(LAG, Unit::Seconds, "how long the oldest job that could be taken has been due");
        let outcomes = OUTCOMES.map(|outcome| counter!(DELIVERIES, "queue" => queue.to_owned(), "outcome" => outcome));
        Self { queue: queue.to_owned(), told: Mutex::default(), outcomes }
    }

    /// Adds what is new.
    pub(super) fn tell(&self, counts: DeliveryCounts) {
        let before = {
            let mut told = self.told.lock();
            if parts(&told).iter().zip(parts(&counts)).all(|(told, now)| *told >= now) {
                return;
            }
            std::mem::replace(&mut *told, counts)
        };
        // A recorder that panics costs its numbers, and nothing else.
        drop(catch_panic(|| {
            for ((counter, before), now) in self.outcomes.iter().zip(parts(&before)).zip(parts(&counts)) {
                counter.increment(now.saturating_sub(before));
            }
        }));
    }

    /// Shows how many jobs there are.
    pub(super) fn gauge(&self, all: &[QueueCounts]) {
        drop(catch_panic(|| self.set(all)));
    }

    fn set(&self, all: &[QueueCounts]) {
        for counts in all {
            let states = [
                ("waiting", counts.waiting),
                ("ready", counts.ready),
                ("running", counts.running),
                ("done", counts.done),
                ("dead", counts.dead),
                ("cancelled", counts.cancelled),
            ];
            for (state, count) in states {
                let labels =
                    [("jobs", self.queue.clone()), ("queue", counts.queue.clone()), ("state", state.to_owned())];
                #[allow(clippy::cast_precision_loss, reason = "nobody has so many jobs")]
                gauge!(JOBS, &labels).set(count as f64);
            }
            let labels = [("jobs", self.queue.clone()), ("queue", counts.queue.clone())];
            gauge!(LAG, &labels).set(counts.lag.unwrap_or_default().as_secs_f64());
        }
    }
}
