//! The store in memory, and what a scheduler does when its store fails.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use actors::scheduler::store::{
    Claim, Finished, FiringOutcome, Lease, MemoryStore, Passed, Recovered, Registered, Registration, ScheduleStore,
    StoreError, Verdict,
};
use actors::scheduler::{Explanation, ScheduleError, Scheduler, SkipReason, VirtualClock};
use async_trait::async_trait;
use jiff::Timestamp;
use patterns_core::cancel::timeout;
use tokio::time::{Instant, sleep};

use super::conformance::conforms;
use super::{Starts, at, instants, millis, secs, start, start_with};

#[tokio::test]
async fn the_store_in_memory_conforms() {
    let store = MemoryStore::new();
    conforms(async || store.clone()).await;
}

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Error,
    Hang,
    Panic,
    /// Does what it is asked to, and then fails.
    LostAnswer,
    /// Answers with too little.
    Short,
}

/// A store that fails while it is told to.
#[derive(Clone)]
struct Flaky {
    inner: MemoryStore,
    fault: Fault,
    fails: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
}

impl Flaky {
    fn new(fault: Fault) -> Self {
        Self { inner: MemoryStore::new(), fault, fails: Arc::default(), calls: Arc::default() }
    }

    fn set(&self, fails: bool) {
        self.fails.store(fails, SeqCst);
    }

    async fn answer<T>(&self, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.calls.fetch_add(1, SeqCst);
        // A store that is far away: there is time for a crash before and after.
        sleep(millis(1)).await;
        if self.fails.load(SeqCst) {
            match self.fault {
                Fault::Error | Fault::Short => return Err(StoreError::new("disk is full")),
                Fault::Hang => pending::<()>().await,
                Fault::Panic => panic!("no table"),
                Fault::LostAnswer => {
                    drop(asked.await);
                    return Err(StoreError::new("the connection was lost"));
                }
            }
        }
        let answer = asked.await;
        sleep(millis(1)).await;
        answer
    }
}

#[async_trait]
impl ScheduleStore for Flaky {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        self.answer(self.inner.register(registration)).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        if self.fault == Fault::Short && self.fails.load(SeqCst) {
            return Ok(Vec::new());
        }
        self.answer(self.inner.claim(lease, claims)).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        self.answer(self.inner.pass(now, passed)).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        self.answer(self.inner.finish(lease, finished)).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        self.answer(self.inner.recover(lease, now, schedules)).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        self.answer(self.inner.forget(schedule)).await
    }
}

fn start_on(store: &Flaky) -> Scheduler {
    let clock = VirtualClock::starting_at(at("2026-05-01T12:00:00Z"));
    start_with(Scheduler::builder().clock(clock).store(store.clone()).store_timeout(secs(1)))
}

#[tokio::test(start_paused = true)]
async fn while_the_store_fails_no_durable_job_begins_and_all_others_do() {
    for fault in [Fault::Error, Fault::Hang, Fault::Panic, Fault::LostAnswer, Fault::Short] {
        let store = Flaky::new(fault);
        let scheduler = start_on(&store);
        let (durable, plain) = (Starts::default(), Starts::default());
        let kept = scheduler.every("kept", secs(1)).durable().run(durable.job(secs(0))).await.unwrap();
        scheduler.every("plain", secs(1)).run(plain.job(secs(0))).await.unwrap();
        sleep(millis(3_500)).await;
        assert_eq!((durable.count(), plain.count()), (3, 3), "{fault:?}");
        assert!(scheduler.status().store.unwrap().failing.is_none());

        store.set(true);
        sleep(secs(10)).await;
        assert_eq!((durable.count(), plain.count()), (3, 13), "{fault:?}");
        let counts = kept.status().counts;
        // It waits with the first that it could not commit, and nothing comes behind it.
        assert!(counts.balances() && (counts.due, counts.waiting) == (4, 1), "{fault:?}: {counts:?}");
        let status = scheduler.status().store.unwrap();
        let failing = status.failing.unwrap();
        assert!(failing.attempts >= 3 && failing.since.elapsed() >= secs(7), "{fault:?}: {failing:?}");
        assert!(status.unclaimed == 1 && status.lost == 0, "{fault:?}");
        let text = failing.error.to_string();
        match fault {
            Fault::Error => assert_eq!(text, "the store failed: disk is full"),
            Fault::Hang => assert!(failing.error.is_timeout()),
            Fault::Panic => assert!(text.starts_with("the store panicked: no table (at "), "{text}"),
            Fault::LostAnswer => assert_eq!(text, "the store failed: the connection was lost"),
            Fault::Short => assert_eq!(text, "the store failed: it gave 0 answers to 1 questions"),
        }

        store.set(false);
        sleep(secs(12)).await;
        let counts = kept.status().counts;
        // What passed meanwhile is a matter of the catch-up policy: the latest runs.
        assert!(counts.balances() && counts.waiting <= 1 && counts.missed >= 9, "{fault:?}: {counts:?}");
        assert_eq!(durable.count() as u64, counts.runs, "{fault:?}");
        assert!(scheduler.status().store.unwrap().failing.is_none(), "{fault:?}");
        let rows = store.inner.firings("kept");
        let done = rows.iter().filter(|row| row.outcome == Some(FiringOutcome::Done)).count();
        assert_eq!(done as u64, counts.done, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_firing_is_committed_before_its_job_begins_and_finished_after_it() {
    let store = Flaky::new(Fault::Error);
    let scheduler = start_on(&store);
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let job = {
        let (store, seen) = (store.clone(), seen.clone());
        move || {
            seen.lock().push(store.inner.firings("x"));
            async { sleep(secs(5)).await }
        }
    };
    let schedule = scheduler.every("x", secs(10)).durable().run(job).await.unwrap();
    let instant = schedule.preview(1)[0].instant;
    sleep(secs(12)).await;
    let rows = seen.lock()[0].clone();
    assert_eq!((rows.len(), rows[0].instant, rows[0].outcome.clone()), (1, instant, None));
    sleep(secs(5)).await;
    let rows = store.inner.firings("x");
    assert_eq!(rows[0].outcome, Some(FiringOutcome::Done));
    let took = rows[0].finished_at.unwrap().duration_since(rows[0].claimed_at);
    assert!(took.as_secs() == 5, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn while_it_is_committed_it_can_be_explained() {
    let store = Flaky::new(Fault::Hang);
    let scheduler = start_on(&store);
    let schedule = scheduler.every("x", secs(10)).durable().run(async || {}).await.unwrap();
    let next = schedule.preview(1)[0];
    store.set(true);
    sleep(secs(11)).await;
    assert_eq!(schedule.explain(next.instant), Explanation::Committing);
    // Ended by its user, it is not committed any more, unless it was just then.
    assert!(schedule.cancel().await.unwrap());
    store.set(false);
    let status = schedule.ended().await.unwrap();
    assert_eq!(instants(status.counts), (1, 0, 1, 0));
    assert_eq!(status.last_skip.unwrap().reason, SkipReason::Ended);
    assert!(schedule.explain(next.instant).to_string().starts_with("it was skipped: the schedule had ended"));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_is_not_made_if_the_store_fails() {
    for fault in [Fault::Error, Fault::Hang, Fault::Panic] {
        let store = Flaky::new(fault);
        let scheduler = start_on(&store);
        store.set(true);
        let error = scheduler.every("x", secs(1)).durable().run(async || {}).await.unwrap_err();
        assert!(error.is_store(), "{error}");
        assert!(scheduler.forget("x").await.unwrap_err().is_store());
        assert!(scheduler.status().schedules.is_empty());
        store.set(false);
        scheduler.every("x", secs(1)).durable().run(async || {}).await.unwrap();
        assert!(scheduler.forget("x").await.unwrap());
    }
    assert!(matches!(start().forget("x").await, Err(ScheduleError::NoStore { .. })));
}

#[tokio::test(start_paused = true)]
async fn who_makes_a_schedule_waits_for_the_store_no_longer_than_his_deadline() {
    let store = Flaky::new(Fault::Hang);
    let scheduler = start_on(&store);
    store.set(true);
    let begun = Instant::now();
    let made = timeout(millis(300), scheduler.every("x", secs(1)).durable().run(async || {})).await;
    assert!(made.is_err() && begun.elapsed() < millis(310));
    assert!(scheduler.status().schedules.is_empty());
    // What it had begun to ask is over by the store's own limit, and a drain waits for that.
    let receipt = scheduler.drain(Instant::now() + secs(5)).await;
    assert!(receipt.is_complete() && receipt.took <= secs(2), "{receipt}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_writes_what_is_to_be_written_and_gives_up_in_time_if_it_cannot() {
    for fails in [false, true] {
        let store = Flaky::new(Fault::Error);
        let scheduler = start_on(&store);
        let schedule = scheduler.every("x", secs(10)).durable().run(async || sleep(secs(3)).await).await.unwrap();
        sleep(secs(11)).await;
        assert_eq!(schedule.status().counts.running, 1);
        store.set(fails);
        let receipt = scheduler.drain(Instant::now() + secs(20)).await;
        assert!(receipt.is_complete() && receipt.counts.done == 1, "{receipt}");
        let outcome = store.inner.firings("x")[0].outcome.clone();
        let lost = scheduler.status().store.unwrap().lost;
        if fails {
            // It was asked until the last grace.
            assert!(receipt.took >= secs(19) && receipt.took <= secs(22), "{receipt}");
            assert_eq!((outcome, lost), (None, 1));
        } else {
            assert!(receipt.took <= secs(3), "{receipt}");
            assert_eq!((outcome, lost), (Some(FiringOutcome::Done), 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_firings_of_one_instant_are_committed_in_few_batches() {
    let store = Flaky::new(Fault::Error);
    let scheduler = start_on(&store);
    let noon = at("2026-05-01T13:00:00Z");
    let starts = Starts::default();
    for n in 0..1_000 {
        let starts = starts.clone();
        scheduler.at(format!("job {n}"), noon).durable().run(async move || starts.note()).await.unwrap();
    }
    sleep(secs(3_000)).await;
    let before = store.calls.load(SeqCst);
    sleep(secs(601)).await;
    assert_eq!(starts.count(), 1_000);
    assert_eq!(scheduler.status().counts.done, 1_000);
    // A sign of life every ten seconds, in two batches each, and as many claims and ends as it takes.
    let calls = store.calls.load(SeqCst) - before;
    assert!(calls < 200, "{calls} calls");
}
