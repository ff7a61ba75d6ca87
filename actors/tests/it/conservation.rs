//! `sent = handled + rejected + dead + in flight`, whatever happens, at any time.

use std::time::Duration;

use actors::prelude::*;
use actors::supervision::RestartConfig;
use proptest::prelude::*;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Forget, Hold, Later, Quit, note};

mod mass;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
enum What {
    Add,
    Note,
    Boom,
    /// A panic for every incarnation that gets to it. Asked, it is the same as `Boom`.
    Retried,
    Later(u64),
    Beside(u64),
    Hold(u64),
    Forget,
    Quit,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    TryTell(usize, Lane, What),
    Tell(usize, Lane, What),
    Ask(usize, Lane, What),
    TryAsk(usize, Lane, What),
    /// Drops the task that was started so many steps ago.
    Abort(usize),
    Yield,
    Wait(u64),
    Stop(usize, u64),
    Close(usize),
    Replace(usize),
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => Just(What::Add),
        4 => Just(What::Note),
        2 => Just(What::Boom),
        1 => Just(What::Retried),
        2 => (0..4_000_u64).prop_map(What::Later),
        2 => (0..4_000_u64).prop_map(What::Beside),
        1 => (0..4_000_u64).prop_map(What::Hold),
        1 => Just(What::Forget),
        1 => Just(What::Quit),
    ]
}

fn lane() -> impl Strategy<Value = Lane> {
    proptest::sample::select(Lane::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_usize, lane(), what()).prop_map(|(n, lane, what)| Step::TryTell(n, lane, what)),
        8 => (0..3_usize, lane(), what()).prop_map(|(n, lane, what)| Step::Tell(n, lane, what)),
        8 => (0..3_usize, lane(), what()).prop_map(|(n, lane, what)| Step::Ask(n, lane, what)),
        4 => (0..3_usize, lane(), what()).prop_map(|(n, lane, what)| Step::TryAsk(n, lane, what)),
        4 => (0..20_usize).prop_map(Step::Abort),
        6 => Just(Step::Yield),
        4 => (0..3_000_u64).prop_map(Step::Wait),
        1 => (0..3_usize, 0..5_000_u64).prop_map(|(n, limit)| Step::Stop(n, limit)),
        1 => (0..3_usize).prop_map(Step::Close),
        1 => (0..3_usize).prop_map(Step::Replace),
    ]
}

fn spawn(system: &System, n: usize) -> Handle<Desk> {
    let config = ActorConfig::named(format!("desk {n}"))
        .capacity(Lane::Control, 1)
        .capacity(Lane::Interactive, 1 + n)
        .capacity(Lane::Batch, 3)
        .ask_timeout(SECOND * 2)
        .stop_timeout(SECOND * 3)
        .restart(RestartConfig::default().max_restarts(2).window(SECOND * 2).backoff(SECOND / 10, SECOND));
    system.spawn(config, Desk::new)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Whether it was taken in.
fn try_tell(desk: &Handle<Desk>, what: What) -> bool {
    match what {
        What::Add => desk.try_tell(Add(1)).is_ok(),
        What::Note => desk.try_tell(note("x")).is_ok(),
        What::Boom => desk.try_tell(Boom("boom")).is_ok(),
        What::Retried => desk.try_tell_retried(Boom("boom")).is_ok(),
        What::Later(n) => desk.try_tell(Later(millis(n))).is_ok(),
        What::Beside(n) => desk.try_tell(Beside(millis(n))).is_ok(),
        What::Hold(n) => desk.try_tell(Hold(millis(n))).is_ok(),
        What::Forget => desk.try_tell(Forget).is_ok(),
        What::Quit => desk.try_tell(Quit).is_ok(),
    }
}

async fn tell(desk: Handle<Desk>, what: What) {
    // Whether it went in is in the books.
    match what {
        What::Add => drop(desk.tell(Add(1)).await),
        What::Note => drop(desk.tell(note("x")).await),
        What::Boom => drop(desk.tell(Boom("boom")).await),
        What::Retried => drop(desk.tell_retried(Boom("boom")).await),
        What::Later(n) => drop(desk.tell(Later(millis(n))).await),
        What::Beside(n) => drop(desk.tell(Beside(millis(n))).await),
        What::Hold(n) => drop(desk.tell(Hold(millis(n))).await),
        What::Forget => drop(desk.tell(Forget).await),
        What::Quit => drop(desk.tell(Quit).await),
    }
}

async fn ask(desk: Handle<Desk>, what: What, wait: bool) {
    macro_rules! ask {
        ($message:expr) => {
            if wait { desk.ask($message).await.map(drop) } else { desk.try_ask($message).await.map(drop) }
        };
    }
    let answer = match what {
        What::Add => ask!(Add(1)),
        What::Note => ask!(note("x")),
        What::Boom | What::Retried => ask!(Boom("boom")),
        What::Later(n) => ask!(Later(millis(n))),
        What::Beside(n) => ask!(Beside(millis(n))),
        What::Hold(n) => ask!(Hold(millis(n))),
        What::Forget => ask!(Forget),
        What::Quit => ask!(Quit),
    };
    match (what, answer) {
        (What::Boom | What::Retried, Ok(())) => panic!("a panic was answered"),
        (What::Forget, Ok(())) => panic!("a forgotten reply was answered"),
        _ => {}
    }
}

async fn play(steps: Vec<Step>) {
    let system = System::start().unwrap();
    let mut desks: Vec<_> = (0..3).map(|n| spawn(&system, n)).collect();
    let mut tasks: Vec<JoinHandle<()>> = Vec::new();
    let mut sent = 0_u64;
    for step in steps {
        match step {
            Step::TryTell(n, lane, what) => {
                let before = system.audit().rejected;
                let taken = try_tell(&desks[n].lane(lane), what);
                assert_eq!(system.audit().rejected - before, u64::from(!taken), "{step:?}");
                sent += 1;
            }
            Step::Tell(n, lane, what) => tasks.push(tokio::spawn(tell(desks[n].lane(lane), what))),
            Step::Ask(n, lane, what) => tasks.push(tokio::spawn(ask(desks[n].lane(lane), what, true))),
            Step::TryAsk(n, lane, what) => tasks.push(tokio::spawn(ask(desks[n].lane(lane), what, false))),
            Step::Abort(back) => {
                if let Some(task) = tasks.iter().rev().nth(back) {
                    task.abort();
                }
            }
            Step::Yield => yield_now().await,
            Step::Wait(n) => sleep(millis(n)).await,
            Step::Stop(n, limit) => {
                let deadline = Instant::now() + millis(limit);
                let receipt = desks[n].stop_by(deadline).await;
                assert_eq!(receipt, desks[n].stopped().await);
                assert!(Instant::now() <= deadline, "{step:?}");
                assert_eq!(desks[n].audit().in_flight, 0, "{step:?}");
            }
            Step::Close(n) => desks[n].close(),
            Step::Replace(n) => desks[n] = spawn(&system, n),
        }
        let audit = system.audit();
        assert!(audit.balances(), "after {step:?}: {audit:?}");
        for desk in &desks {
            assert!(desk.status().lanes.iter().all(|lane| lane.depth <= lane.capacity));
        }
    }
    let began = Instant::now();
    let receipt = system.shutdown(SECOND * 10).await;
    assert!(receipt.joined && began.elapsed() <= SECOND * 10, "{receipt:?}");
    // Everybody who waited has heard; nobody is left waiting.
    for task in tasks {
        if let Err(error) = tokio::time::timeout(SECOND * 3, task).await.unwrap() {
            assert!(error.is_cancelled(), "{error}");
        }
    }
    let audit = system.audit();
    assert!(audit.balances() && audit.in_flight == 0 && audit.sent >= sent, "{audit:?}");
    assert_eq!(system.dead_letters().counts().total(), audit.dead);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_accounted_for_at_any_time(steps in proptest::collection::vec(step(), 1..120)) {
        silence();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(play(steps));
    }
}

/// The panics here are on purpose, by the thousand: they are not printed.
fn silence() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let on_purpose = ["boom", "forgot"];
            if !info.payload().downcast_ref::<&str>().is_some_and(|text| on_purpose.contains(text)) {
                previous(info);
            }
        }));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_books_balance_after_a_storm_from_many_threads_with_panics_and_a_stop() {
    silence();
    let system = System::start().unwrap();
    for round in 0..20_u64 {
        let desk = spawn(&system, 2);
        let storm = (0..6_u64).map(|thread| {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0..200 {
                    let what = match (n + thread) % 40 {
                        7 => What::Beside(1),
                        13 if round % 2 == 0 => What::Boom,
                        n if n % 2 == 0 => What::Note,
                        _ => What::Add,
                    };
                    match n % 3 {
                        0 => ask(desk.clone(), what, true).await,
                        1 => tell(desk.lane(Lane::Batch), what).await,
                        _ => drop(try_tell(&desk, what)),
                    }
                }
            })
        });
        let storm: Vec<_> = storm.collect();
        sleep(Duration::from_millis(round % 5)).await;
        let receipt = desk.stop_by(Instant::now() + Duration::from_millis(round * 2)).await;
        for task in storm {
            tokio::time::timeout(SECOND * 30, task).await.unwrap().unwrap();
        }
        let audit = desk.audit();
        assert!(audit.balances() && audit.in_flight == 0, "{audit:?} {receipt:?}");
    }
    let audit = system.audit();
    assert!(audit.balances() && audit.in_flight == 0, "{audit:?}");
    assert_eq!(system.dead_letters().counts().total(), audit.dead);
    assert!(system.shutdown(SECOND * 10).await.is_clean());
}
