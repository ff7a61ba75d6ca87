use std::sync::Arc;
use std::time::Duration;

use actors::prelude::*;
use actors::supervision::StopReason;
use actors::system::{End, SystemConfig};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Hold, Later, Log, note};

const SECOND: Duration = Duration::from_secs(1);

fn config(name: &str) -> ActorConfig {
    ActorConfig::named(name)
}

/// What works anywhere.
async fn exercise(system: &System) {
    let desk = system.spawn(config("desk"), Desk::new);
    assert_eq!(desk.ask(Add(2)).await.unwrap(), 2);
    assert!(desk.ask(Boom("x")).await.unwrap_err().panic().unwrap().place().is_some());
    assert_eq!(desk.ask(Add(3)).await.unwrap(), 3);
    assert_eq!(desk.ask(Later(Duration::from_millis(1))).await.unwrap(), 3);
    assert_eq!(desk.ask(Beside(Duration::from_millis(1))).await.unwrap(), 7);
    let receipt = desk.stop().await;
    assert_eq!((receipt.handled, receipt.dead), (4, 1));
    assert!(desk.ask(Add(1)).await.unwrap_err().is_stopped());
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn actors_run_on_a_paused_clock() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    let started = Instant::now();
    let real = std::time::SystemTime::now();
    desk.ask(Later(SECOND * 29)).await.unwrap();
    assert_eq!(started.elapsed(), SECOND * 29);
    assert!(real.elapsed().unwrap() < SECOND * 20);
    exercise(&system).await;
    assert!(system.shutdown(SECOND).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actors_run_in_a_multi_thread_program() {
    let system = System::start().unwrap();
    exercise(&system).await;
    let there = system.spawn(config("where"), || Where);
    assert_eq!(there.ask(Whereabouts).await.unwrap(), (Some("actors".to_owned()), true));
    assert!(system.shutdown(SECOND * 10).await.is_clean());
}

#[tokio::test]
async fn actors_can_be_given_a_thread_of_their_own() {
    let system = System::builder().own_thread().name("theirs").start().unwrap();
    let there = system.spawn(config("where"), || Where);
    assert_eq!(there.ask(Whereabouts).await.unwrap(), (Some("theirs".to_owned()), true));
    exercise(&system).await;
    assert!(system.shutdown(SECOND * 10).await.joined);
}

/// Says on which thread it lives, and whether an actix system is there.
struct Where;

impl Actor for Where {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "(Option<String>, bool)")]
struct Whereabouts;

impl Handler<Whereabouts> for Where {
    type Result = MessageResult<Whereabouts>;

    fn handle(&mut self, _: Whereabouts, _: &mut Context<Self>) -> Self::Result {
        let thread = std::thread::current().name().map(ToOwned::to_owned);
        MessageResult((thread, actors::actix::System::try_current().is_some()))
    }
}

#[test]
fn actors_run_in_a_program_without_a_runtime() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk").ask_timeout(Duration::from_millis(50)), Desk::new);
    // An executor that knows nothing of tokio, with timeouts all the same.
    futures_executor(async {
        assert_eq!(desk.ask(Add(2)).await.unwrap(), 2);
        assert!(desk.ask(Later(SECOND * 3600)).await.unwrap_err().is_timeout());
        let _ = desk.stop_by(Instant::now()).await;
        assert!(system.shutdown(SECOND * 10).await.joined);
    });
}

/// Parks the thread until the future is done.
fn futures_executor<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}

#[test]
fn actors_run_in_an_actix_program() {
    actors::actix::System::new().block_on(async {
        let system = System::start().unwrap();
        exercise(&system).await;
        assert!(system.shutdown(SECOND * 10).await.is_clean());
    });
}

#[tokio::test(start_paused = true)]
async fn shutting_down_stops_the_last_started_first_and_has_a_receipt_for_each() {
    let system = System::start().unwrap();
    let log = Log::default();
    let handles: Vec<_> = ["db", "pool", "web"]
        .into_iter()
        .map(|name| {
            let log = log.clone();
            system.spawn(config(name), move || Named(name, log.clone()))
        })
        .collect();
    for handle in &handles {
        handle.tell(note("x")).await.unwrap();
    }
    let receipt = system.shutdown(SECOND).await;
    assert!(receipt.is_clean());
    let names: Vec<_> = receipt.actors.iter().map(|receipt| receipt.name.as_str()).collect();
    assert_eq!(names, ["web", "pool", "db"]);
    assert!(receipt.actors.iter().all(|receipt| receipt.handled == 1));
    assert_eq!(log.all(), ["stopped web", "stopped pool", "stopped db"]);
    assert_eq!(handles[0].stop_reason(), Some(StopReason::SystemShutdown));

    // Nothing can be started any more, and nobody waits in vain.
    let late = system.spawn(config("late"), Desk::new);
    assert!(late.ask(Add(1)).await.unwrap_err().is_stopped());
    assert!(late.stop().await.is_clean());
    assert!(system.shutdown(SECOND).await.is_clean());
    assert!(system.audit().balances());
}

struct Named(&'static str, Log);

impl Actor for Named {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        self.1.note(format!("stopped {}", self.0));
    }
}

impl Handler<crate::desk::Note> for Named {
    type Result = ();

    fn handle(&mut self, _: crate::desk::Note, _: &mut Context<Self>) {}
}

#[tokio::test(start_paused = true)]
async fn one_deadline_covers_the_whole_shutdown() {
    let system = System::start().unwrap();
    let handles = [0, 1, 2].map(|n| system.spawn(config(&n.to_string()), Desk::new));
    for handle in &handles {
        handle.tell(Hold(SECOND * 3600)).await.unwrap();
        handle.tell(note("never")).await.unwrap();
    }
    tokio::task::yield_now().await;
    let receipt = system.shutdown(SECOND * 5).await;
    assert!(!receipt.is_clean());
    assert_eq!(receipt.elapsed, SECOND * 5);
    assert!(receipt.actors.iter().all(|receipt| receipt.end == End::CutShort && receipt.dead == 1));
    assert_eq!(system.dead_letters().counts().drain_timeout, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_is_reported_and_does_not_block_the_shutdown() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("stuck"), || Stuck);
    let (release, held) = std::sync::mpsc::channel::<()>();
    desk.tell(Block(held)).await.unwrap();
    while desk.status().running == 0 {
        tokio::task::yield_now().await;
    }
    let receipt = system.shutdown(Duration::from_millis(10)).await;
    assert_eq!(receipt.actors[0].end, End::Unresponsive);
    assert!(!receipt.joined && !receipt.is_clean());
    drop(release);
    assert!(desk.stopped().await.end != End::Unresponsive);
    assert!(system.shutdown(SECOND * 10).await.joined);
}

struct Stuck;

impl Actor for Stuck {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Block(std::sync::mpsc::Receiver<()>);

impl Handler<Block> for Stuck {
    type Result = ();

    fn handle(&mut self, Block(held): Block, _: &mut Context<Self>) {
        let _ = held.recv();
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_half_way_can_be_finished() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    desk.tell(Hold(SECOND * 3)).await.unwrap();
    tokio::task::yield_now().await;
    assert!(tokio::time::timeout(SECOND, system.shutdown(SECOND * 10)).await.is_err());
    let receipt = system.shutdown(SECOND * 10).await;
    assert!(receipt.is_clean());
    assert_eq!(receipt.elapsed, SECOND * 2);
}

#[tokio::test(start_paused = true)]
async fn what_actors_leave_to_the_reaper_is_waited_for() {
    let system = System::start().unwrap();
    let actor = system.spawn(config("leaver"), || Leaver);
    actor.tell(note("go")).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(system.reaper().live()[0].path.to_string(), "actors/leaver/upload");
    let started = Instant::now();
    assert!(system.shutdown(SECOND * 10).await.is_clean());
    assert!(started.elapsed() >= SECOND * 2);

    let system = System::start().unwrap();
    let actor = system.spawn(config("leaver"), || Leaver);
    actor.tell(note("go")).await.unwrap();
    let receipt = system.shutdown(SECOND).await;
    assert_eq!(receipt.stragglers[0].path.name(), "upload");
    assert!(!receipt.is_clean());
}

/// Leaves a task behind.
struct Leaver;

impl Actor for Leaver {
    type Context = Context<Self>;
}

impl Handler<crate::desk::Note> for Leaver {
    type Result = ();

    fn handle(&mut self, _: crate::desk::Note, _: &mut Context<Self>) {
        let reaper = patterns_core::context::Context::current().reaper().clone();
        reaper.spawn("upload", sleep(SECOND * 3));
    }
}

#[test]
fn when_the_runtime_is_dropped_under_the_actors_everybody_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let log = Log::default();
    let (system, desk, late) = runtime.block_on(async {
        let system = System::start().unwrap();
        let desk = system.spawn(config("desk"), Desk::factory(&log));
        desk.ask(Add(1)).await.unwrap();
        desk.tell(note("never handled")).await.unwrap();
        // Never begun.
        let late = system.spawn(config("late"), Desk::new);
        late.tell(note("never handled")).await.unwrap();
        (system, desk, late)
    });
    drop(runtime);
    assert_eq!(desk.stop_reason(), Some(StopReason::RuntimeGone));
    assert_eq!(late.stop_reason(), Some(StopReason::RuntimeGone));
    assert_eq!(log.all().last().unwrap(), "stopped");
    assert_eq!(system.dead_letters().counts().stopped, 2);
    assert!(system.audit().balances());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert!(desk.ask(Add(1)).await.unwrap_err().is_stopped());
        assert_eq!(desk.stopped().await.dead, 1);
        // An actor can still be asked for; it is over before it began.
        let lost = system.spawn(config("lost"), Desk::new);
        assert!(lost.ask(Add(1)).await.unwrap_err().is_stopped());
        assert!(system.shutdown(SECOND).await.joined);
    });
}

#[test]
fn a_runtime_that_moves_to_another_thread_gives_the_actors_up_and_says_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (system, desk) = runtime.block_on(async {
        let system = System::start().unwrap();
        let desk = system.spawn(config("desk"), Desk::new);
        desk.ask(Add(1)).await.unwrap();
        (system, desk)
    });
    std::thread::spawn(move || {
        runtime.block_on(async {
            // Taken in, as nobody has noticed yet.
            let asked = desk.ask(Add(1)).await;
            assert!(asked.unwrap_err().is_stopped());
            assert_eq!(desk.stop_reason(), Some(StopReason::RuntimeGone));
            assert!(system.audit().balances());
        });
    })
    .join()
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_actors_thread_ends_with_the_last_actor_once_nobody_can_spawn() {
    let ended = Arc::new(Mutex::new(false));
    let system = System::start().unwrap();
    let flag = OnDrop(ended.clone());
    let desk = system.spawn(config("desk"), move || Keeper { _flag: OnDrop(flag.0.clone()) });
    drop(system);
    assert_eq!(desk.ask(Add(4)).await.unwrap(), 4);
    let weak = desk.downgrade();
    drop(desk);
    assert!(weak.upgrade().is_none());
    let limit = Instant::now() + SECOND * 10;
    while !*ended.lock() {
        assert!(Instant::now() < limit, "the actor is still there");
        sleep(Duration::from_millis(1)).await;
    }
}

struct OnDrop(Arc<Mutex<bool>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        *self.0.lock() = true;
    }
}

struct Keeper {
    _flag: OnDrop,
}

impl Actor for Keeper {
    type Context = Context<Self>;
}

impl Handler<Add> for Keeper {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        n
    }
}

#[tokio::test(start_paused = true)]
async fn the_status_lists_the_live_actors_in_the_order_of_their_start() {
    let system = System::builder().name("site").start().unwrap();
    let names = ["a", "b", "c"];
    let handles = names.map(|name| system.spawn(config(name), Desk::new));
    let _ = handles[1].stop().await;
    let status: Vec<_> = system.status().iter().map(|status| status.name.to_string()).collect();
    assert_eq!(status, ["a", "c"]);
    assert_eq!(system.name(), "site");
    assert_eq!(format!("{system:?}"), "System { name: \"site\", actors: 2, .. }");
}

#[test]
fn a_system_is_configured_from_a_file() {
    let config: SystemConfig = serde_json::from_str(r#"{"name": "site", "dead_letters": {"capacity": 5}}"#).unwrap();
    assert_eq!((config.name.as_str(), config.own_thread, config.dead_letters.capacity), ("site", false, 5));
    let unknown: Result<SystemConfig, _> = serde_json::from_str(r#"{"threads": 2}"#);
    assert!(unknown.unwrap_err().to_string().contains("threads"));
}
