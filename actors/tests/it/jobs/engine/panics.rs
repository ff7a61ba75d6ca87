//! Code of a user's that panics costs the attempt of its own job, and nothing else.

use std::error::Error;
use std::fmt;
use std::future::Ready;
use std::time::Duration;

use actors::jobs::driver::{DeadReason, JobDriver, JobState, NewJob};
use actors::jobs::{Delivery, Failure, Job, JobQueue, Retries, Run};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::book::Act;
use super::support::{World, deed, done, drain, end, id, law, put, secs, soon};

/// Where it panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    Reading,
    Running,
    /// With what panics when it is dropped.
    Payload,
    Writing,
    Explaining,
    /// When what it holds is dropped at its end.
    Ending,
    /// When it is dropped, as it did not stop in time.
    Dropped,
}

impl Place {
    const ALL: [Self; 7] =
        [Self::Reading, Self::Running, Self::Payload, Self::Writing, Self::Explaining, Self::Ending, Self::Dropped];
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Place", into = "Place")]
struct Rude(Place);

impl From<Place> for Rude {
    fn from(place: Place) -> Self {
        assert!(place != Place::Reading, "it panics when it is read");
        Self(place)
    }
}

impl From<Rude> for Place {
    fn from(rude: Rude) -> Self {
        rude.0
    }
}

/// What comes of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Place", into = "Place")]
struct Told(Place);

impl From<Place> for Told {
    fn from(place: Place) -> Self {
        Self(place)
    }
}

impl From<Told> for Place {
    fn from(told: Told) -> Self {
        assert!(told.0 != Place::Writing, "it panics when it is written");
        told.0
    }
}

/// An error that panics when it is asked what it is.
#[derive(Debug)]
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it panics when it is asked why")
    }
}

impl Error for Mute {}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("it panics when it is dropped")
    }
}

#[async_trait]
impl Job for Rude {
    const KIND: &'static str = "rude";
    const TIMEOUT: Duration = Duration::from_secs(3);
    type Output = Told;
    type State = ();

    async fn run(self, _: &(), _: &mut Run) -> Result<Told, Failure> {
        match self.0 {
            Place::Running => panic!("it panics when it runs"),
            Place::Payload => std::panic::panic_any(Bomb),
            Place::Explaining => return Err(Failure::from(Mute)),
            Place::Ending => drop(Bomb),
            Place::Dropped => {
                let _bomb = Bomb;
                sleep(secs(1_000_000)).await;
            }
            Place::Reading | Place::Writing => {}
        }
        Ok(Told(self.0))
    }

    fn retries() -> Retries {
        Retries::new(2).delay(secs(1))
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_a_job_panics_it_costs_its_own_attempts_alone() {
    let world = World::new();
    let queue = world.start(world.queue("a", world.memory.clone()).handle::<Rude>(())).await;
    let long = put(&queue, deed("long", [Act::Nap(30_000)])).await;
    for place in Place::ALL {
        // As it is kept, without being read here.
        let payload = serde_json::to_string(&place).unwrap();
        let name = format!("{place:?}");
        world.memory.enqueue(None, &[NewJob::new(id(&name), Rude::QUEUE, Rude::KIND, payload)]).await.unwrap();
    }
    for place in Place::ALL {
        let record = world.over(&format!("{place:?}")).await;
        let ended = (record.state, record.dead, record.attempt, record.crashes);
        assert_eq!(ended, (JobState::Dead, Some(DeadReason::Exhausted), 2, 0), "{record:?}");
        let error = record.error.unwrap();
        // One that is dropped has already failed, as it took too long.
        assert!(error.contains("panicked") || place == Place::Dropped, "{place:?}: {error}");
    }
    assert_eq!(end(&long).await, done("long"));
    assert_eq!(world.book.attempts("long"), [1]);
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.done, counts.dead, counts.retried, counts.held, counts.lost), (1, 7, 7, 0, 0));
    assert_eq!((queue.actor().status().panics, world.owners().await.len()), (0, 1));
    // All workers are as they were.
    for n in 0..100 {
        put(&queue, deed(&n.to_string(), [Act::Nap(1000)])).await;
    }
    world.over("99").await;
    assert!(drain(&queue, 30).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_before_it_begins_costs_an_attempt() {
    let world = World::new();
    let early = |_: Delivery| -> Ready<()> { panic!("it panics before it begins") };
    let builder = world.queue("a", world.memory.clone()).deliver("early", "raws", secs(60), early);
    let queue = world.start(builder).await;
    world.memory.enqueue(None, &[NewJob::new(id("1"), "raws", "early", "{}")]).await.unwrap();
    sleep(secs(60)).await;
    let record = world.record("1").await;
    assert!(record.attempt >= 3 && record.crashes <= 1, "{record:?}");
    assert!(record.error.as_deref().is_some_and(|error| error.contains("it panics before it begins")), "{record:?}");
    assert_eq!(u64::from(record.attempt), law(queue.status().deliveries).taken);
    assert_eq!((law(queue.status().deliveries).lost, queue.actor().status().panics), (0, 0));
    assert_eq!(end(&put(&queue, deed("2", [])).await).await, done("2"));
}

#[tokio::test(start_paused = true)]
async fn who_panics_while_he_leads_disturbs_no_job() {
    let world = World::new();
    let queue = world.worker("a").await;
    let leader = queue.leader();
    let led = tokio::spawn(async move { leader.lead(|_| async { panic!("a leader that panics") }).await });
    assert!(soon(led).await.unwrap_err().is_panic());
    assert_eq!(queue.leader().term().map(|term| term.number()), Some(1));
    assert_eq!(end(&put(&queue, deed("1", [])).await).await, done("1"));
    assert_eq!(queue.actor().status().panics, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_when_it_is_written_is_not_put() {
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(from = "Place", into = "Place")]
    struct Unwritable(Place);

    impl From<Place> for Unwritable {
        fn from(place: Place) -> Self {
            Self(place)
        }
    }

    impl From<Unwritable> for Place {
        fn from(_: Unwritable) -> Self {
            panic!("it panics when it is written")
        }
    }

    #[async_trait]
    impl Job for Unwritable {
        const KIND: &'static str = "unwritable";
        type Output = ();
        type State = ();

        async fn run(self, _: &(), _: &mut Run) -> Result<(), Failure> {
            assert!(self.0 != Place::Running, "it panics when it runs");
            Ok(())
        }
    }

    let world = World::new();
    let queue = world.start(JobQueue::builder(world.memory.clone())).await;
    let put = tokio::spawn({
        let queue = queue.clone();
        async move { queue.put(Unwritable(Place::Ending).entry()).await.map(drop) }
    });
    assert!(soon(put).await.unwrap_err().is_panic());
    assert!(soon(queue.counts()).await.unwrap().is_empty());
    assert!(drain(&queue, 10).await.is_complete());
}
