//! `Scheduler` on the real clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use actors::{Scheduler, System};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant};

use crate::pool_support::{bounded, eventually};

const EACH: u32 = 200;

#[derive(Default)]
struct Seen {
    early: AtomicUsize,
    all: AtomicUsize,
}

impl Seen {
    fn note(&self, is_early: bool) {
        self.early.fetch_add(usize::from(is_early), SeqCst);
        self.all.fetch_add(1, SeqCst);
    }
}

// tokio-cron-scheduler 0.15.1 starts one-shots up to 1.5 s before they are due.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_neither_clock_a_job_begins_before_its_instant() {
    bounded(async {
        let system = System::start().unwrap();
        let scheduler = Scheduler::builder().start(&system).unwrap();
        let seen = Arc::<Seen>::default();
        let begun = Instant::now();
        for n in 0..EACH {
            // Spread over one and a half seconds, to the microsecond.
            let later = Duration::from_micros(200_000 + 7_919 * u64::from(n));
            let (due, noted) = (begun + later, Arc::clone(&seen));
            let job = async move || noted.note(Instant::now() < due);
            scheduler.at(format!("tokio {n}"), due).run(job).await.unwrap();
            let due = Timestamp::now() + SignedDuration::try_from(later).unwrap();
            let noted = Arc::clone(&seen);
            let job = async move || noted.note(Timestamp::now() < due);
            scheduler.at(format!("wall {n}"), due).run(job).await.unwrap();
        }
        eventually("all have run", || seen.all.load(SeqCst) == 2 * EACH as usize).await;
        assert_eq!(seen.early.load(SeqCst), 0, "so many began early");
        eventually("all have ended", || scheduler.status().schedules.is_empty()).await;
        let counts = scheduler.status().counts;
        assert!(counts.balances() && counts.done == u64::from(2 * EACH), "{counts}");
        assert!(system.shutdown(Duration::from_secs(10)).await.is_clean());
    })
    .await;
}
