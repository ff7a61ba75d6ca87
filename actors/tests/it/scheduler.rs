mod accounts;
mod clocks;
pub(crate) mod conformance;
mod control;
mod crashes;
mod cron;
mod durable;
mod ending;
mod explain;
mod faults;
mod interruptions;
mod jitter;
mod laws;
mod load;
mod meters;
mod policies;
mod sharing;
mod stores;
mod stores_sqlite;
mod times;
mod wheel;

use std::sync::Arc;
use std::time::Duration;

use actors::System;
use actors::scheduler::{Firing, FiringCounts, Scheduler, SchedulerBuilder, VirtualClock};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

fn start_with(builder: SchedulerBuilder) -> Scheduler {
    let system = System::start().expect("it lives on this test's thread");
    builder.start(&system).expect("the settings are fine")
}

fn start() -> Scheduler {
    start_with(Scheduler::builder())
}

/// A scheduler whose wall clock reads this.
fn start_at(wall: &str) -> (Scheduler, VirtualClock) {
    let clock = VirtualClock::starting_at(at(wall));
    (start_with(Scheduler::builder().clock(clock.clone())), clock)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
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

/// For which instants the runs of a job began.
#[derive(Clone, Default)]
struct Instants(Arc<Mutex<Vec<Timestamp>>>);

impl Instants {
    fn all(&self) -> Vec<Timestamp> {
        self.0.lock().clone()
    }

    /// Their times of day.
    fn times(&self) -> Vec<String> {
        self.all().iter().map(|at| at.to_string()[11..19].to_owned()).collect()
    }

    /// A job that notes its instant and then takes `long`.
    fn job(&self, long: Duration) -> impl FnMut() -> NoteThenSleep + Send + use<> {
        let instants = self.clone();
        move || {
            let instants = instants.clone();
            Box::pin(async move {
                instants.0.lock().push(Firing::current().expect("this is a run").instant);
                sleep(long).await;
            })
        }
    }
}

type NoteThenSleep = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The parts of `counts` that say what became of instants: due, runs, skipped, missed. None waits.
fn instants(counts: FiringCounts) -> (u64, u64, u64, u64) {
    assert!(counts.balances() && counts.waiting == 0, "{counts:?}");
    (counts.due, counts.runs, counts.skipped, counts.missed)
}
