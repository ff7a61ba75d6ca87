//! What the scenarios with connection pools share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use actors::connection_pool::ConnectionPoolStatus;
use actors::connection_pool::postgres::Session;
use integration_tests::{Postgres, skip_or_fail};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Runs a scenario, which fails if it hangs.
pub(crate) async fn bounded<F: Future>(scenario: F) -> F::Output {
    timeout(Duration::from_secs(90), scenario).await.expect("the scenario hangs")
}

/// Does something that blocks.
pub(crate) async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(f).await.expect("it does not panic")
}

/// An empty PostgreSQL; without one the test is skipped, or fails where it must not be.
pub(crate) async fn postgres(test: &str) -> Option<Postgres> {
    let started = blocking(Postgres::start).await.expect("it starts");
    if started.is_none() {
        skip_or_fail(test, "postgres");
    }
    started
}

pub(crate) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What must hold at any time.
#[track_caller]
pub(crate) fn assert_books(status: &ConnectionPoolStatus) {
    let counts = status.counts;
    assert_eq!(counts.requests, counts.acquired + counts.gave_up + status.waiting as u64, "{status:?}");
    let there = status.size() - status.opening;
    assert_eq!(counts.opened, counts.closed + there as u64, "{status:?}");
}

/// Waits until something holds, for ten seconds at most.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        sleep(millis(10)).await;
    }
    panic!("not within ten seconds: {what}");
}

/// Whether a PostgreSQL server has written all that it was told to its disk.
pub(crate) async fn is_all_on_disk(session: &Session) -> bool {
    let ask = "select pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";
    session.query_one(ask, &[]).await.expect("it answers").get(0)
}

/// Asks a server again and again how many connections it has, and remembers the most.
pub(crate) struct Watch {
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    most: AtomicUsize,
    looks: AtomicUsize,
    stop: AtomicBool,
}

impl Watch {
    pub(crate) fn start<F, Fut>(mut count: F) -> Self
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = usize> + Send,
    {
        let seen = Arc::<Seen>::default();
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while !noted.stop.load(SeqCst) {
                noted.most.fetch_max(count().await, SeqCst);
                noted.looks.fetch_add(1, SeqCst);
                sleep(millis(1)).await;
            }
        });
        Self { seen, task }
    }

    /// The most that are seen from now on, for so long, and by ten looks at least.
    pub(crate) async fn most_during(&self, span: Duration) -> usize {
        // One that is under way may tell of what was before.
        self.looks(1).await;
        self.most();
        tokio::join!(sleep(span), self.looks(10));
        self.most()
    }

    async fn looks(&self, more: usize) {
        let before = self.seen.looks.load(SeqCst);
        eventually("it is looked at", || self.seen.looks.load(SeqCst) >= before + more).await;
    }

    fn most(&self) -> usize {
        self.seen.most.swap(0, SeqCst)
    }

    /// The most that were seen since somebody last asked, and no more looks.
    pub(crate) async fn stop(mut self) -> usize {
        self.seen.stop.store(true, SeqCst);
        (&mut self.task).await.expect("the watch does not fail");
        let looks = self.seen.looks.load(SeqCst);
        assert!(looks > 5, "the watch has looked {looks} times only");
        self.most()
    }
}
