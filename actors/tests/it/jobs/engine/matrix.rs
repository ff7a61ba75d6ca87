//! Each answer for a job, with an engine in each state: what is known of the job in the end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actors::jobs::driver::{DeadReason, JobDriver, JobState, NewJob};
use actors::jobs::{Delivery, JobQueue};
use patterns_core::context;
use tokio::time::sleep;

use super::flaky::{Call, Flaky, How};
use super::support::{World, drain, id, law, millis, owner, secs, soon, until};

/// What becomes of the first delivery; each later one is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Ack,
    Nak,
    Term,
    Dropped,
    Panics,
    /// It takes longer than it may.
    Late,
    /// Somebody cancels the job.
    Cancelled,
    /// Its process is given up meanwhile.
    Lost,
}

impl First {
    const ALL: [Self; 8] =
        [Self::Ack, Self::Nak, Self::Term, Self::Dropped, Self::Panics, Self::Late, Self::Cancelled, Self::Lost];

    async fn say(self, delivery: Delivery) {
        sleep(secs(1)).await;
        match self {
            // Whether it counts is for the engine to tell.
            Self::Ack | Self::Lost => drop(delivery.ack(Some("1".to_owned())).await),
            Self::Nak => drop(delivery.nak(secs(1), "not today").await),
            Self::Term => drop(delivery.term("never").await),
            Self::Dropped => {}
            Self::Panics => panic!("the first one panics"),
            Self::Late => sleep(secs(1_000_000)).await,
            Self::Cancelled => drop(context::sleep(secs(1_000_000)).await),
        }
    }

    /// State, attempts and error, if the engine keeps what it is told.
    fn expected(self) -> (JobState, u32, Option<&'static str>) {
        match self {
            Self::Ack | Self::Dropped => (JobState::Done, 1, None),
            Self::Nak => (JobState::Done, 2, Some("not today")),
            Self::Term => (JobState::Dead, 1, Some("never")),
            Self::Panics => (JobState::Done, 2, Some("the first one panics")),
            Self::Late => (JobState::Done, 2, Some("it took longer than 10s")),
            Self::Cancelled => (JobState::Cancelled, 1, None),
            Self::Lost => (JobState::Done, 2, None),
        }
    }
}

/// How the engine is while the job runs, and when it is answered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Well,
    Slow,
    /// It keeps no output of this job.
    Refusing,
    /// It can't be reached, and then it can.
    Away(How),
    /// It does what it is told, but nobody hears of it; and then he does.
    Deaf,
}

impl Engine {
    const ALL: [Self; 7] = [
        Self::Well,
        Self::Slow,
        Self::Refusing,
        Self::Away(How::Fail),
        Self::Away(How::Hang),
        Self::Away(How::Panic),
        Self::Deaf,
    ];

    fn begin(self, flaky: &Flaky) {
        match self {
            Self::Well => {}
            Self::Slow => flaky.all(Some(How::Slow(millis(700)))),
            Self::Refusing => flaky.refuse(id("1")),
            Self::Away(how) => flaky.all(Some(how)),
            Self::Deaf => flaky.all(Some(How::Lose)),
        }
    }
}

/// A process in which the first delivery becomes this.
async fn start(world: &World, flaky: &Flaky, first: First) -> JobQueue {
    let is_first = Arc::new(AtomicBool::new(true));
    let work = move |delivery: Delivery| -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if is_first.swap(false, Ordering::Relaxed) {
            Box::pin(first.say(delivery))
        } else {
            Box::pin(async move { drop(delivery.ack(Some("2".to_owned())).await) })
        }
    };
    let builder = JobQueue::builder(flaky.clone()).name("a").deliver("raw", "raws", secs(10), work);
    world.start(builder).await
}

async fn is_as_expected(first: First, engine: Engine) {
    let what = format!("{first:?}, {engine:?}");
    let world = World::new();
    let flaky = world.flaky();
    let queue = start(&world, &flaky, first).await;
    world.memory.enqueue(None, &[NewJob::new(id("1"), "raws", "raw", "{}")]).await.unwrap();
    until(|| queue.status().running.iter().any(|job| job.begun)).await;
    let was = owner(&queue);
    engine.begin(&flaky);
    sleep(millis(500)).await;
    match first {
        First::Cancelled => assert_eq!(world.memory.cancel(id("1")).await.unwrap(), Some(JobState::Running)),
        First::Lost => drop(world.memory.leave(&was).await.unwrap()),
        _ => {}
    }
    // It is back before the next sign of life is due.
    sleep(millis(3500)).await;
    if engine != Engine::Slow {
        flaky.all(None);
    }
    let record = world.over("1").await;
    until(|| law(queue.status().deliveries).held == 0).await;

    let (state, attempt, error) = first.expected();
    let is_refused = engine == Engine::Refusing && state == JobState::Done;
    let (state, error) =
        if is_refused { (JobState::Dead, Some("what came of it can't be kept")) } else { (state, error) };
    let dead = (state == JobState::Dead).then_some(DeadReason::Terminated);
    assert_eq!((record.state, record.attempt, record.dead), (state, attempt, dead), "{what}: {record:?}");
    assert_eq!(record.crashes, u32::from(first == First::Lost), "{what}");
    assert_eq!(record.owner, None, "{what}");
    let found = record.error.as_deref();
    let is_right = error.map_or(found.is_none(), |error| found.is_some_and(|found| found.contains(error)));
    assert!(is_right, "{what}: {found:?}, expected {error:?}");
    let output = (state == JobState::Done).then_some(if first == First::Ack { "1" } else { "2" });
    assert_eq!(record.output.as_deref(), output, "{what}");

    // The books of the process say the same, and nothing comes of it later.
    let of = law(queue.status().deliveries);
    let ends = (of.done, of.dead, of.cancelled, of.lost);
    let of_state = |one| u64::from(state == one);
    let lost = u64::from(first == First::Lost);
    let expected = (of_state(JobState::Done), of_state(JobState::Dead), of_state(JobState::Cancelled), lost);
    assert_eq!(ends, expected, "{what}: {of}");
    let answers = flaky.count(Call::Answer);
    sleep(secs(300)).await;
    assert_eq!(world.record("1").await, record, "{what}");
    assert_eq!(flaky.count(Call::Answer), answers, "{what}");
    assert!(drain(&queue, 30).await.is_complete(), "{what}");
}

#[tokio::test(start_paused = true)]
async fn whatever_is_said_of_a_job_the_engine_has_it_in_the_end_once() {
    for first in First::ALL {
        for engine in Engine::ALL {
            soon(is_as_expected(first, engine)).await;
        }
    }
}
