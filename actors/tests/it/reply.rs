use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actors::DeadReason;
use actors::prelude::*;
use actors::system::End;
use patterns_core::context;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// Answers by futures of its own, and counts those that are alive.
struct Oracle {
    alive: Arc<AtomicU64>,
    finished: Arc<AtomicU64>,
}

impl Actor for Oracle {
    type Context = Context<Self>;
}

struct Alive(Arc<AtomicU64>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers after a while with what was left of the deadline.
#[derive(Message)]
#[rtype(result = "Option<Duration>")]
struct Ponder(Duration);

impl Handler<Ponder> for Oracle {
    type Result = Reply<Option<Duration>>;

    fn handle(&mut self, Ponder(time): Ponder, _: &mut Context<Self>) -> Self::Result {
        self.alive.fetch_add(1, Ordering::Relaxed);
        let (alive, finished) = (Alive(self.alive.clone()), self.finished.clone());
        Reply::new(async move {
            let _alive = alive;
            sleep(time).await;
            assert!(time != SECOND * 13, "bad luck");
            finished.fetch_add(1, Ordering::Relaxed);
            context::remaining()
        })
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Crash;

impl Handler<Crash> for Oracle {
    type Result = Reply<()>;

    fn handle(&mut self, _: Crash, _: &mut Context<Self>) -> Self::Result {
        panic!("crash");
    }
}

#[derive(Clone, Default)]
struct Counts {
    alive: Arc<AtomicU64>,
    finished: Arc<AtomicU64>,
}

impl Counts {
    fn get(&self) -> (u64, u64) {
        (self.alive.load(Ordering::Relaxed), self.finished.load(Ordering::Relaxed))
    }
}

fn oracle(system: &System) -> (Handle<Oracle>, Counts) {
    let counts = Counts::default();
    let inner = counts.clone();
    let factory = move || Oracle { alive: inner.alive.clone(), finished: inner.finished.clone() };
    (system.spawn(ActorConfig::named("oracle"), factory), counts)
}

#[tokio::test(start_paused = true)]
async fn a_reply_ends_with_its_asker() {
    let system = System::start().unwrap();
    let (oracle, counts) = oracle(&system);
    let gone = tokio::time::timeout(SECOND, oracle.ask(Ponder(SECOND * 60))).await;
    assert!(gone.is_err());
    yield_now().await;
    assert_eq!(counts.get(), (0, 0));
    // The actor's own limit of 30 s.
    assert!(oracle.ask(Ponder(SECOND * 60)).await.unwrap_err().is_timeout());
    yield_now().await;
    assert_eq!(counts.get(), (0, 0));
    assert_eq!(system.audit().in_flight, 0);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn a_reply_runs_under_its_askers_deadline() {
    let system = System::start().unwrap();
    let (oracle, _) = oracle(&system);
    assert_eq!(oracle.ask(Ponder(SECOND)).await.unwrap(), None);
    let limited = context::Context::current().with_deadline(Instant::now() + SECOND * 10);
    assert_eq!(limited.scope(oracle.ask(Ponder(SECOND))).await.unwrap(), Some(SECOND * 9));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_reply_fails_its_own_ask_only() {
    let system = System::start().unwrap();
    let (oracle, _) = oracle(&system);
    // One that is told leaves no trace that a later ask could take for its own.
    oracle.tell(Ponder(SECOND * 13)).await.unwrap();
    let (fine, bad) = tokio::join!(oracle.ask(Ponder(SECOND * 14)), oracle.ask(Ponder(SECOND * 13)));
    assert_eq!(fine.unwrap(), None);
    let Err(AskError::Panicked(panic)) = bad else { panic!("{bad:?}") };
    assert_eq!(panic.message(), "bad luck");
    assert!(panic.place().unwrap().contains("reply.rs"));
    let status = oracle.status();
    assert_eq!((status.panics, status.restarts, status.dead), (0, 0, 1));
    assert!(matches!(system.dead_letters().recent()[0].reason(), DeadReason::Panicked(_)));
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn replies_outlive_a_restart_of_the_actor() {
    let system = System::start().unwrap();
    let (oracle, counts) = oracle(&system);
    let (answer, crash) = tokio::join!(oracle.ask(Ponder(SECOND * 5)), oracle.ask(Crash));
    assert_eq!(answer.unwrap(), None);
    assert!(crash.is_err());
    assert_eq!(counts.get(), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_replies_even_where_nobody_asked() {
    let system = System::start().unwrap();
    let (oracle, counts) = oracle(&system);
    oracle.tell(Ponder(SECOND * 5)).await.unwrap();
    let (answer, receipt) = tokio::join!(oracle.ask(Ponder(SECOND * 3)), oracle.stop());
    assert!(answer.is_ok() && receipt.is_clean());
    assert_eq!(receipt.elapsed, SECOND * 5);
    assert_eq!(counts.get(), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn replies_that_take_too_long_end_with_the_actor() {
    let system = System::start().unwrap();
    let (oracle, counts) = oracle(&system);
    oracle.tell(Ponder(SECOND * 60)).await.unwrap();
    let (answer, receipt) = tokio::join!(oracle.ask(Ponder(SECOND * 60)), oracle.stop_by(Instant::now() + SECOND));
    assert!(answer.unwrap_err().is_stopped());
    assert_eq!((receipt.end, receipt.elapsed, receipt.dead), (End::CutShort, SECOND, 1));
    yield_now().await;
    assert_eq!(counts.get(), (0, 0));
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_an_actor_that_actix_started_works_too() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let counts = Counts::default();
            let address = Oracle { alive: counts.alive.clone(), finished: counts.finished.clone() }.start();
            assert_eq!(address.send(Ponder(SECOND)).await.unwrap(), None);
            assert_eq!(counts.get(), (0, 1));
        })
        .await;
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Known;

impl Handler<Known> for Oracle {
    type Result = Reply<u64>;

    fn handle(&mut self, _: Known, _: &mut Context<Self>) -> Self::Result {
        Reply::now(42)
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_can_be_known_at_once() {
    let system = System::start().unwrap();
    let (oracle, _) = oracle(&system);
    assert_eq!(oracle.ask(Known).await.unwrap(), 42);
}
