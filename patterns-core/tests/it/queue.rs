//! `queue`: what each operation does, one part per topic. The laws are in `laws`, dropping in `cancellation`, the end
//! of the queue in `ending`, what is said of failed jobs in `logging`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod answers;
mod cancellation;
mod ending;
mod explored;
mod interleavings;
mod keys;
mod laws;
mod logging;
mod order;
mod room;
mod waiting;
mod workers;

use patterns_core::queue::WorkQueue;

/// Takes and acknowledges all that waits.
fn drain<T>(queue: &WorkQueue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.try_get().ok()).map(|job| job.ack()).collect()
}
