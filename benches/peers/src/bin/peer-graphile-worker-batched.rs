//! graphile_worker with its local queue, which takes 100 jobs in advance, and with jobs that are done written together,
//! at most 2 ms later. What a process has taken in advance no other process can do.

use std::time::{Duration, Instant};

use graphile_worker::LocalQueueConfig;
use peers::Load;

#[path = "../graphile.rs"]
mod graphile;

fn main() {
    peers::run(load);
}

async fn load(load: &Load) -> Instant {
    graphile::load(load, |options| {
        options.local_queue(LocalQueueConfig::default()).complete_job_batch_delay(Duration::from_millis(2))
    })
    .await
}
