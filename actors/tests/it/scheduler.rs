mod control;
mod ending;
mod faults;
mod interruptions;
mod laws;
mod times;

use std::sync::Arc;
use std::time::Duration;

use actors::System;
use actors::scheduler::{FiringCounts, Scheduler, SchedulerBuilder};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

fn start_with(builder: SchedulerBuilder) -> Scheduler {
    let system = System::start().expect("it lives on this test's thread");
    builder.start(&system).expect("the settings are fine")
}

fn start() -> Scheduler {
    start_with(Scheduler::builder())
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Lets everything run that can run without time passing.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// When the runs of a job began.
#[derive(Clone, Default)]
struct Starts(Arc<Mutex<Vec<Instant>>>);

impl Starts {
    fn note(&self) {
        self.0.lock().push(Instant::now());
    }

    /// How long after `start` each was.
    fn since(&self, start: Instant) -> Vec<Duration> {
        self.0.lock().iter().map(|at| *at - start).collect()
    }

    fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// A job that notes its start and then takes `long`.
    fn job(&self, long: Duration) -> impl FnMut() -> NoteThenSleep + Send + use<> {
        let starts = self.clone();
        move || {
            let starts = starts.clone();
            Box::pin(async move {
                starts.note();
                sleep(long).await;
            })
        }
    }
}

type NoteThenSleep = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The parts of `counts` that say what became of instants: due, runs, skipped, missed.
fn instants(counts: FiringCounts) -> (u64, u64, u64, u64) {
    assert!(counts.balances(), "{counts:?}");
    (counts.due, counts.runs, counts.skipped, counts.missed)
}
