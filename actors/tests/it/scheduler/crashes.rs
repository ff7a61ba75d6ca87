//! Crashes at any moment: nothing is run twice, and nothing is missed in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actors::scheduler::store::{
    Claim, Finished, FiringOutcome, Lease, MemoryStore, Passed, Recovered, Registered, Registration, ScheduleStore,
    StoreError, Verdict,
};
use actors::scheduler::{CatchUp, Firing, OnInterrupted, Overlap, SchedulerBuilder};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::time::sleep;

use super::durable::{World, begin};
use super::{millis, secs};

/// A store that takes its time, so that a crash can come before it has done what it was asked to, and between that and
/// its answer.
#[derive(Clone)]
struct Slow(MemoryStore);

impl Slow {
    async fn slowly<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        sleep(millis(2)).await;
        let answer = asked.await;
        sleep(millis(2)).await;
        answer
    }
}

#[async_trait]
impl ScheduleStore for Slow {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        Self::slowly(self.0.register(registration)).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        Self::slowly(self.0.claim(lease, claims)).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        Self::slowly(self.0.pass(now, passed)).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        Self::slowly(self.0.finish(lease, finished)).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        Self::slowly(self.0.recover(lease, now, schedules)).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        Self::slowly(self.0.forget(schedule)).await
    }
}

/// What the jobs themselves know, in all lives: how often one began for an instant, again or not, and how often it
/// ended.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    begun: u32,
    again: u32,
    ended: u32,
}

type Book = Arc<Mutex<BTreeMap<Timestamp, Seen>>>;

#[derive(Clone, Copy, Debug)]
struct Policies {
    overlap: Overlap,
    on_interrupted: OnInterrupted,
}

/// Ups and downs.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// Milliseconds until the crash.
    up: u64,
    /// And so many turns of the runtime, in which no time passes.
    turns: u32,
    /// Seconds until the next life.
    down: u64,
}

const PERIOD: u64 = 10;

async fn live(builder: SchedulerBuilder, store: MemoryStore, book: &Book, policies: Policies, life: Life) {
    let scheduler = begin(builder.store(Slow(store)).lease(secs(5)).overlap_limit(1_000).history(100_000));
    let job = {
        let book = book.clone();
        move || {
            let book = book.clone();
            async move {
                let firing = Firing::current().expect("this is a run");
                let seen = |change: fn(&mut Seen)| change(book.lock().entry(firing.instant).or_default());
                seen(|seen| seen.begun += 1);
                if firing.again {
                    seen(|seen| seen.again += 1);
                }
                // Long enough to be cut off, and short enough for a queue to get empty.
                sleep(secs(3)).await;
                seen(|seen| seen.ended += 1);
            }
        }
    };
    let all = CatchUp::All { within: secs(86_400), at_most: 10_000 };
    let every = scheduler.every("x", secs(PERIOD)).overlap(policies.overlap).catch_up(all).durable();
    let made = every.on_interrupted(policies.on_interrupted).run(job).await.unwrap();
    sleep(millis(life.up)).await;
    for _ in 0..life.turns {
        tokio::task::yield_now().await;
    }
    assert!(made.status().counts.balances());
}

fn check(world: &World, book: &Book, policies: Policies, made: Timestamp) {
    let rows = world.store.firings("x");
    let instants: BTreeSet<Timestamp> = rows.iter().map(|row| row.instant).collect();
    // Nothing is missed in silence: every instant up to shortly before the end is in the books of the store.
    let until = world.wall - SignedDuration::from_secs(2);
    let mut expected = made + SignedDuration::from_secs(PERIOD.cast_signed());
    while expected <= until {
        assert!(instants.contains(&expected), "{expected} is in no book: {rows:?}");
        expected += SignedDuration::from_secs(PERIOD.cast_signed());
    }
    let book = book.lock();
    for row in &rows {
        let seen = book.get(&row.instant).copied().unwrap_or_default();
        let first = seen.begun - seen.again;
        // Nothing runs twice, unless it says that it runs again, because a crash cut the one before off.
        assert!(first <= 1, "{}: {seen:?}", row.instant);
        // A crash may come after its end and before that is written.
        assert!(seen.ended <= 1 + seen.again, "{}: {seen:?}", row.instant);
        let again = policies.on_interrupted == OnInterrupted::RunAgain;
        assert!(again || seen.again == 0, "{}: {seen:?}", row.instant);
        match &row.outcome {
            Some(FiringOutcome::Done) => assert!(seen.ended >= 1, "{}: {seen:?}", row.instant),
            // It was cut off, perhaps before it began.
            Some(FiringOutcome::Interrupted) => assert!(!again, "{}: {seen:?}", row.instant),
            // It was under way when the last life ended.
            Some(FiringOutcome::Released) if row.instant > until => assert_eq!(seen.begun, 0),
            // The last life was long enough for everything else to be decided.
            other => panic!("{}: {other:?}, {seen:?}", row.instant),
        }
    }
    // Nothing ran of which the store knows nothing.
    assert!(book.keys().all(|instant| instants.contains(instant)));
}

fn play(policies: Policies, lives: &[Life]) {
    let mut world = World::new();
    let (book, made) = (Book::default(), world.wall);
    for life in lives {
        let store = world.store.clone();
        world.live(life.down, async |builder| live(builder, store, &book, policies, *life).await);
    }
    // One without a crash: it ends in order.
    let store = world.store.clone();
    let last = Life { up: 400_000, turns: 0, down: 0 };
    world.live(0, async |builder| {
        live(builder, store, &book, policies, last).await;
        // `live` has dropped its scheduler: that closes it, and what runs may finish.
        sleep(secs(20)).await;
    });
    world.wall -= SignedDuration::from_secs(20);
    check(&world, &book, policies, made);
}

fn policies() -> impl Strategy<Value = Policies> {
    let overlap = prop_oneof![Just(Overlap::Allow), Just(Overlap::Queue(10_000))];
    let on_interrupted = prop_oneof![Just(OnInterrupted::Report), Just(OnInterrupted::RunAgain)];
    (overlap, on_interrupted).prop_map(|(overlap, on_interrupted)| Policies { overlap, on_interrupted })
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    // Often close to an instant, where there is most to be cut off.
    let up = prop_oneof![0..40_000_u64, (1..4_u64, 0..30_u64).prop_map(|(n, ms)| n * PERIOD * 1_000 + ms)];
    let down = prop_oneof![Just(0), 0..5_u64, 0..100_u64];
    let life = (up, 0..30_u32, down).prop_map(|(up, turns, down)| Life { up, turns, down });
    prop::collection::vec(life, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn crashes_double_nothing_and_lose_nothing_in_silence(policies in policies(), lives in lives()) {
        play(policies, &lives);
    }
}

/// The moments around the first instant, one by one: before and after its claim, its answer, its start, its end, and
/// the writing of that.
#[test]
fn a_crash_at_each_turn_around_an_instant_doubles_nothing_and_loses_nothing() {
    for on_interrupted in [OnInterrupted::Report, OnInterrupted::RunAgain] {
        let policies = Policies { overlap: Overlap::Allow, on_interrupted };
        for up in [0, 9_994, 9_996, 9_998, 10_000, 10_002, 12_998, 13_000, 13_002, 13_004, 13_006] {
            for turns in 0..8 {
                play(policies, &[Life { up, turns, down: 0 }]);
            }
        }
    }
}
