//! What the chapter `jobs` says of what holds, and of mistakes.

use std::sync::Arc;
use std::time::Duration;

use actors::System;
use actors::jobs::driver::{DeadReason, JobDriver, JobFilter, JobState, MemoryDriver, Owner, QueueLimits, Take};
use actors::jobs::{Ended, Failure, Job, JobId, JobQueue, JobQueueBuilder, PutError, Retries, Run, Stop, Ticket};
use actors::scheduler::VirtualClock;
use actors::worker_pool::Priority;
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::context::interruptible;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(15);

/// What a job does.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Does {
    /// It takes so many seconds.
    Nap(u64),
    Fail,
    Panic,
}

/// What comes of it is which attempt it was.
#[derive(Serialize, Deserialize)]
struct Work {
    name: String,
    does: Does,
}

fn work(name: &str, does: Does) -> Work {
    Work { name: name.to_owned(), does }
}

#[async_trait]
impl Job for Work {
    const KIND: &'static str = "work";
    const QUEUE: &'static str = "work";
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Output = u32;
    type State = Arc<Ledger>;

    async fn run(self, ledger: &Arc<Ledger>, run: &mut Run) -> Result<u32, Failure> {
        let _inside = ledger.enter(self.name);
        match self.does {
            Does::Nap(seconds) => match interruptible(sleep(SECOND * u32::try_from(seconds)?)).await {
                Ok(()) => Ok(run.attempt()),
                Err(interrupt) => {
                    ledger.stops.lock().extend(run.stopping());
                    Err(interrupt.into())
                }
            },
            Does::Fail => Err(Failure::retry("it fails")),
            Does::Panic => panic!("it has a bug"),
        }
    }

    fn retries() -> Retries {
        Retries::new(2).delay(SECOND)
    }
}

/// What was done, by whichever process.
#[derive(Default)]
struct Ledger {
    begun: Mutex<Vec<String>>,
    /// How many run, and ran at most.
    inside: Mutex<(usize, usize)>,
    stops: Mutex<Vec<Stop>>,
}

impl Ledger {
    fn enter(&self, name: String) -> Inside<'_> {
        self.begun.lock().push(name);
        let mut inside = self.inside.lock();
        *inside = (inside.0 + 1, inside.1.max(inside.0 + 1));
        Inside(self)
    }

    fn most(&self) -> usize {
        self.inside.lock().1
    }
}

struct Inside<'a>(&'a Ledger);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.lock().0 -= 1;
    }
}

/// An engine, and processes on it.
struct Shop {
    system: System,
    engine: MemoryDriver,
    ledger: Arc<Ledger>,
}

impl Shop {
    fn open() -> Self {
        let clock = VirtualClock::starting_at("2026-05-01T00:00:00Z".parse().unwrap());
        let engine = MemoryDriver::with_clock(clock);
        Self { system: System::start().unwrap(), engine, ledger: Arc::default() }
    }

    /// A process that does jobs, unless more is said of it.
    fn process(&self) -> JobQueueBuilder {
        JobQueue::builder(self.engine.clone()).handle::<Work>(Arc::clone(&self.ledger))
    }

    async fn start(&self) -> JobQueue {
        self.process().start(&self.system).await.unwrap()
    }

    /// A process that only puts.
    async fn lead(&self) -> JobQueue {
        JobQueue::builder(self.engine.clone()).name("lead").start(&self.system).await.unwrap()
    }

    /// What is left of a process that has taken a job and was killed.
    async fn ghost(&self, owner: &str, instance: Option<&str>, poison: u32) {
        let (owner, instance) = (owner.to_owned(), instance.map(str::to_owned));
        self.engine.enter(&Owner { owner: owner.clone(), instance, poison }).await.unwrap();
        let queues = vec![Work::QUEUE.to_owned()];
        let take = Take { owner, serial: 1, queues, most: 1, suspect: true, ageing: SECOND };
        assert_eq!(self.engine.take(&take).await.unwrap().unwrap().jobs.len(), 1);
    }

    fn begun(&self) -> Vec<String> {
        self.ledger.begun.lock().clone()
    }
}

async fn all_done(tickets: Vec<Ticket<Work>>) {
    for ticket in tickets {
        assert!(matches!(ticket.ended().await.unwrap(), Ended::Done(_)));
    }
}

async fn naps(queue: &JobQueue, count: usize) {
    let mut tickets = Vec::new();
    for n in 0..count {
        tickets.push(queue.put(&work(&n.to_string(), Does::Nap(1))).await.unwrap());
    }
    all_done(tickets).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_has_no_more_jobs_than_it_has_room_for_and_all_together_no_more_than_the_limit() {
    let shop = Shop::open();
    let one = shop.process().concurrency(3).start(&shop.system).await.unwrap();
    naps(&one, 9).await;
    assert_eq!(shop.ledger.most(), 3);

    let _two = shop.process().name("two").concurrency(3).start(&shop.system).await.unwrap();
    one.limit(Work::QUEUE, QueueLimits { running: Some(4), rate: None }).await.unwrap();
    naps(&one, 20).await;
    assert_eq!(shop.ledger.most(), 4);
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_key_are_done_in_their_order_whatever_becomes_of_them() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let (fails, urgent) = (work("first", Does::Fail), work("third", Does::Nap(1)));
    queue.put(fails.entry().key("k")).await.unwrap();
    queue.put(work("second", Does::Nap(1)).entry().key("k")).await.unwrap();
    let last = queue.put(urgent.entry().key("k").priority(Priority::High)).await.unwrap();
    assert_eq!(last.ended().await.unwrap(), Ended::Done(1));
    // Also what is tried again is waited for.
    assert_eq!(shop.begun(), ["first", "first", "second", "third"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_is_tried_again_and_is_dead_after_its_last_attempt_until_it_is_put_back() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let ticket = queue.put(&work("a", Does::Fail)).await.unwrap();
    let dead = Ended::Dead { reason: DeadReason::Exhausted, error: Some("it fails".to_owned()) };
    assert_eq!(ticket.ended().await.unwrap(), dead);
    let filter = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    assert_eq!(queue.list(&filter).await.unwrap()[0].id, ticket.id());

    assert_eq!(queue.retry(ticket.id()).await.unwrap(), Some(JobState::Waiting));
    assert_eq!(ticket.ended().await.unwrap(), dead);
    assert_eq!(shop.begun().len(), 4, "it had all its attempts again");
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_a_job_an_attempt_and_its_text_is_kept() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let ticket = queue.put(&work("a", Does::Panic)).await.unwrap();
    let Ended::Dead { reason: DeadReason::Exhausted, error: Some(error) } = ticket.ended().await.unwrap() else {
        panic!("it has no attempts left");
    };
    assert!(error.contains("it has a bug"), "{error}");
    naps(&queue, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_is_cancelled_at_once_and_one_that_runs_is_asked_to_stop() {
    let shop = Shop::open();
    let queue = shop.process().concurrency(1).start(&shop.system).await.unwrap();
    let runs = queue.put(&work("a", Does::Nap(50))).await.unwrap();
    let waits = queue.put(&work("b", Does::Nap(50))).await.unwrap();
    sleep(SECOND).await;
    let start = Instant::now();
    assert_eq!(waits.cancel().await.unwrap(), Some(JobState::Cancelled));
    assert_eq!(waits.ended().await.unwrap(), Ended::Cancelled);
    assert!(start.elapsed() < SECOND);

    assert_eq!(runs.cancel().await.unwrap(), Some(JobState::Running));
    assert_eq!(runs.ended().await.unwrap(), Ended::Cancelled);
    assert!(start.elapsed() <= LEASE / 3 + SECOND, "its process is told with the next sign of life");
    assert_eq!(*shop.ledger.stops.lock(), [Stop::Cancelled]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_hands_back_what_does_not_end_in_time_which_is_no_attempt() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let id = queue.put(&work("a", Does::Nap(50))).await.unwrap().id();
    sleep(SECOND).await;
    let receipt = queue.drain(Instant::now() + 10 * SECOND).await;
    assert!(receipt.is_complete());
    assert_eq!((receipt.counts.released, receipt.counts.held), (1, 0));
    assert_eq!(*shop.ledger.stops.lock(), [Stop::Draining]);

    let next = shop.process().name("next").start(&shop.system).await.unwrap();
    assert_eq!(next.ticket::<Work>(id).ended().await.unwrap(), Ended::Done(1));
}

#[tokio::test(start_paused = true)]
async fn jobs_that_have_been_over_for_long_are_not_kept() {
    let shop = Shop::open();
    let queue = shop.process().keep(10 * SECOND, None).start(&shop.system).await.unwrap();
    naps(&queue, 3).await;
    queue.put(&work("dead", Does::Fail)).await.unwrap().ended().await.unwrap();
    sleep(180 * SECOND).await;
    let counts = queue.counts().await.unwrap().remove(0);
    assert_eq!((counts.done, counts.pruned, counts.dead, counts.entered()), (0, 3, 1, 4));
}

#[tokio::test(start_paused = true)]
async fn an_urgent_job_passes_others_but_none_that_has_waited_for_long() {
    let shop = Shop::open();
    let queue = shop.process().concurrency(1).ageing(10 * SECOND).start(&shop.system).await.unwrap();
    queue.put(&work("runs", Does::Nap(20))).await.unwrap();
    sleep(SECOND).await;
    queue.put(&work("old", Does::Nap(1))).await.unwrap();
    sleep(15 * SECOND).await;
    queue.put(&work("new", Does::Nap(1))).await.unwrap();
    queue.put(work("urgent", Does::Nap(1)).entry().priority(Priority::High)).await.unwrap();
    sleep(30 * SECOND).await;
    assert_eq!(shop.begun(), ["runs", "old", "urgent", "new"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_process_had_that_is_gone_is_done_by_another_after_a_lease() {
    let shop = Shop::open();
    let ticket = shop.lead().await.put(&work("a", Does::Nap(1))).await.unwrap();
    shop.ghost("a process", None, 3).await;
    let start = Instant::now();
    let queue = shop.start().await;
    assert_eq!(queue.ticket::<Work>(ticket.id()).ended().await.unwrap(), Ended::Done(2));
    let took = start.elapsed();
    assert!(LEASE <= took && took <= LEASE * 4 / 3 + 2 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_process_had_is_done_at_once_when_it_is_back_under_its_name() {
    let shop = Shop::open();
    let ticket = shop.lead().await.put(&work("a", Does::Nap(1))).await.unwrap();
    shop.ghost("a process", Some("host-1"), 3).await;
    let start = Instant::now();
    let queue = shop.process().instance("host-1").start(&shop.system).await.unwrap();
    assert_eq!(queue.ticket::<Work>(ticket.id()).ended().await.unwrap(), Ended::Done(2));
    assert!(start.elapsed() < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_processes_go_away_with_is_put_aside() {
    let shop = Shop::open();
    let lead = shop.lead().await;
    let ticket = lead.put(&work("a", Does::Nap(1))).await.unwrap();
    for owner in ["a process", "another"] {
        shop.ghost(owner, None, 2).await;
        let _ = shop.engine.leave(owner).await.unwrap();
    }
    let ended = ticket.ended().await.unwrap();
    assert!(matches!(ended, Ended::Dead { reason: DeadReason::Poisoned, .. }), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_entered_once_under_its_id_also_after_its_end() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let entry = || work("a", Does::Nap(1)).entry().id(JobId::of(&["a"]));
    let first = queue.put(entry()).await.unwrap();
    assert!(first.is_new());
    first.ended().await.unwrap();
    let second = queue.put(entry()).await.unwrap();
    assert!(!second.is_new());
    assert_eq!(second.ended().await.unwrap(), Ended::Done(1));
    assert_eq!(shop.begun(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_unique_key_is_free_again_when_its_job_is_over_unless_there_is_a_window() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let nap = work("a", Does::Nap(1));
    let first = queue.put(nap.entry().unique("k")).await.unwrap();
    let refused = queue.put(nap.entry().unique("k")).await.map(drop).unwrap_err();
    assert!(matches!(refused, PutError::Duplicate(id) if id == first.id()));
    first.ended().await.unwrap();
    let second = queue.put(nap.entry().unique_for("k", 60 * SECOND)).await.unwrap();
    second.ended().await.unwrap();
    assert!(queue.put(nap.entry().unique("k")).await.is_err());
    sleep(60 * SECOND).await;
    assert!(queue.put(nap.entry().unique("k")).await.is_ok());
}

/// A job that most processes have no code for.
#[derive(Serialize, Deserialize)]
struct News;

#[async_trait]
impl Job for News {
    const KIND: &'static str = "news";
    const QUEUE: &'static str = Work::QUEUE;
    type Output = u32;
    type State = ();

    async fn run(self, _: &(), run: &mut Run) -> Result<u32, Failure> {
        Ok(run.attempt())
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_a_process_has_no_code_for_waits_for_one_that_has() {
    let shop = Shop::open();
    let old = shop.start().await;
    let ticket = old.put(&News).await.unwrap();
    sleep(100 * SECOND).await;
    assert!(old.status().deliveries.released >= 2, "it is handed back again and again");
    assert!(old.drain(Instant::now() + SECOND).await.is_complete());
    let new = shop.process().name("new").handle::<News>(()).start(&shop.system).await.unwrap();
    let ended = new.ticket::<News>(ticket.id()).ended().await.unwrap();
    assert_eq!(ended, Ended::Done(1), "and that was no attempt");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_has_failed_and_there_is_none_without_a_limit() {
    let shop = Shop::open();
    let queue = shop.start().await;
    let start = Instant::now();
    let ended = queue.put(&work("a", Does::Nap(3_600))).await.unwrap().ended().await.unwrap();
    assert!(matches!(ended, Ended::Dead { reason: DeadReason::Exhausted, .. }), "{ended:?}");
    assert!(start.elapsed() < 3 * Work::TIMEOUT);
    assert_eq!(shop.begun(), ["a", "a"]);
}
