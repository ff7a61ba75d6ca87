//! What becomes of each instant of a durable schedule: a firing, or a reason that its store is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actors::scheduler::store::{
    Claim, Finished, FiringOutcome, Lease, MemoryStore, Passed, Recovered, Registered, Registration, ScheduleStore,
    StoreError, Unclaimed, Verdict,
};
use actors::scheduler::{CatchUp, Firing, OnInterrupted, Overlap, SchedulerBuilder};
use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tokio::time::{Instant, sleep};

use super::durable::{World, begin};
use super::{at, millis, secs};

/// A store that keeps what passes without a claim, too.
#[derive(Clone, Default)]
struct Book {
    inner: MemoryStore,
    passed: Arc<Mutex<BTreeMap<(Unclaimed, Timestamp), Passed>>>,
}

impl Book {
    fn of(world: &World) -> Self {
        Self { inner: world.store.clone(), passed: Arc::default() }
    }

    fn passed(&self) -> Vec<(Unclaimed, Timestamp, Timestamp, u64)> {
        self.passed.lock().values().map(|it| (it.why, it.first, it.through, it.count)).collect()
    }
}

#[async_trait]
impl ScheduleStore for Book {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        self.inner.register(registration).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        sleep(millis(1)).await;
        self.inner.claim(lease, claims).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        sleep(millis(1)).await;
        self.inner.pass(now, passed).await?;
        self.passed.lock().extend(passed.iter().map(|it| ((it.why, it.first), it.clone())));
        Ok(())
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        sleep(millis(1)).await;
        self.inner.finish(lease, finished).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        self.inner.recover(lease, now, schedules).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        self.inner.forget(schedule).await
    }
}

#[test]
fn a_store_is_told_what_was_missed_and_what_came_in_a_pause_also_where_that_goes_on_over_a_crash() {
    let mut world = World::new();
    let book = Book::of(&world);
    world.live(40, async |builder| {
        let scheduler = begin(builder.store(book.clone()));
        let schedule = scheduler.every("x", secs(10)).durable().run(async || {}).await.unwrap();
        sleep(secs(12)).await;
        assert!(schedule.pause().await.unwrap());
        sleep(secs(20)).await;
        // It is 12:00:32; 20 and 30 came in the pause, in which it crashes.
        assert_eq!(schedule.status().counts.skipped, 2);
    });
    assert_eq!(book.passed(), []);
    world.live(35, async |builder| {
        let scheduler = begin(builder.store(book.clone()));
        let schedule = scheduler.every("x", secs(10)).durable().paused().run(async || {}).await.unwrap();
        sleep(secs(3)).await;
        // It is 12:01:15, and nothing has run.
        assert_eq!(schedule.status().counts.runs, 0);
        assert!(schedule.resume().await.unwrap());
        sleep(secs(1)).await;
    });
    let second = |second| at("2026-05-01T12:00:00Z") + jiff::SignedDuration::from_secs(second);
    let paused = (Unclaimed::Paused, second(20), second(70), 6);
    assert_eq!(book.passed(), [paused]);
    world.live(0, async |builder| {
        let scheduler = begin(builder.store(book.clone()));
        // It is 12:01:51: of 80, 90, 100 and 110 the latest runs.
        scheduler.every("x", secs(10)).durable().run(async || {}).await.unwrap();
        sleep(millis(500)).await;
    });
    assert_eq!(book.passed(), [(Unclaimed::Missed, second(80), second(100), 3), paused]);
}

#[test]
fn what_a_scheduler_left_and_is_too_late_for_the_next_is_skipped_for_that_reason() {
    let mut world = World::new();
    world.live(3_600, async |builder| {
        let scheduler = begin(builder);
        let queued = scheduler.every("x", secs(10)).overlap(Overlap::Queue(1)).durable();
        queued.run(async || sleep(secs(25)).await).await.unwrap();
        sleep(secs(32)).await;
        drop(scheduler.drain(Instant::now() + secs(10)).await);
    });
    world.live(0, async |builder| {
        let scheduler = begin(builder);
        scheduler.every("x", secs(10)).durable().run(async || {}).await.unwrap();
        sleep(secs(2)).await;
    });
    let late = "a scheduler that was closed had left it, and it was too late for the next one".to_owned();
    let full = "1 others waited for the run before to end".to_owned();
    let [late, full] = [late, full].map(|why| Some(FiringOutcome::Skipped(why)));
    let done = Some(FiringOutcome::Done);
    // 20 waited when it was closed, and 30 found no place.
    assert_eq!(world.outcomes("x"), [done.clone(), late, full, done]);
}

#[test]
fn a_schedule_that_has_another_rule_in_its_next_life_has_missed_nothing_of_that() {
    let mut world = World::new();
    let book = Book::of(&world);
    world.live(3_600, async |builder| {
        let scheduler = begin(builder.store(book.clone()));
        scheduler.cron("x", "0 3 * * *", "UTC").durable().run(async || {}).await.unwrap();
    });
    world.live(0, async |builder| {
        let scheduler = begin(builder.store(book.clone()));
        let often = scheduler.every("x", secs(10)).durable().run(async || {}).await.unwrap();
        sleep(millis(500)).await;
        assert_eq!((often.status().counts.due, often.status().counts.missed), (0, 0));
        sleep(secs(10)).await;
        assert_eq!(often.status().counts.runs, 1);
    });
    assert_eq!(book.passed(), []);
}

#[test]
fn a_trigger_that_a_crash_cut_off_is_one_still_when_it_runs_again() {
    let mut world = World::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    for life in 0..2 {
        let seen = Arc::clone(&seen);
        world.live(60, async |builder| {
            let scheduler = begin(builder);
            let job = move || {
                seen.lock().extend(Firing::current().map(|firing| (firing.again, firing.triggered)));
                sleep(secs(5))
            };
            let schedule = scheduler.every("x", secs(3_600)).durable().on_interrupted(OnInterrupted::RunAgain);
            let schedule = schedule.run(job).await.unwrap();
            if life == 0 {
                assert!(schedule.trigger().await.unwrap());
            }
            sleep(secs(2)).await;
        });
    }
    assert_eq!(*seen.lock(), [(false, true), (true, true)]);
}

#[test]
fn a_run_knows_whether_it_was_triggered() {
    let mut world = World::new();
    world.live(0, async |builder| {
        let scheduler = begin(builder);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let see = Arc::clone(&seen);
        let job = move || {
            let see = Arc::clone(&see);
            async move { see.lock().extend(Firing::current().map(|firing| firing.triggered)) }
        };
        let schedule = scheduler.every("x", secs(10)).durable().run(job).await.unwrap();
        sleep(secs(11)).await;
        assert!(schedule.trigger().await.unwrap());
        sleep(secs(1)).await;
        assert_eq!(*seen.lock(), [false, true]);
    });
}

/// What happens to a process.
#[derive(Clone, Copy, Debug)]
enum Step {
    Run(u64),
    Pause,
    Resume,
    Trigger,
    Close(u64),
    Crash(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..90_u64).prop_map(Step::Run),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        1 => Just(Step::Trigger),
        1 => (0..90_u64).prop_map(Step::Close),
        1 => (0..90_u64).prop_map(Step::Crash),
    ]
}

fn overlap() -> impl Strategy<Value = Overlap> {
    prop_oneof![
        Just(Overlap::Skip),
        Just(Overlap::Allow),
        (1..4_usize).prop_map(Overlap::Queue),
        Just(Overlap::CancelOther)
    ]
}

fn catch_up() -> impl Strategy<Value = CatchUp> {
    let all = (1..90_u64, 1..5_u32).prop_map(|(within, at_most)| CatchUp::All { within: secs(within), at_most });
    prop_oneof![Just(CatchUp::Skip), Just(CatchUp::Latest), all]
}

fn each_instant_is_accounted_for(
    steps: &[Step],
    overlap: Overlap,
    catch_up: CatchUp,
    takes: u64,
    jitter: u64,
) -> TestCaseResult {
    const PERIOD: u64 = 7;
    let mut world = World::new();
    let (book, began) = (Book::of(&world), world.wall);
    let runs: Arc<Mutex<Vec<(Timestamp, bool)>>> = Arc::default();
    let job = || {
        let runs = Arc::clone(&runs);
        move || {
            runs.lock().extend(Firing::current().map(|firing| (firing.instant, firing.triggered)));
            sleep(secs(takes))
        }
    };
    let mut steps = steps.iter().copied().peekable();
    let mut paused = false;
    while steps.peek().is_some() {
        let mut down = 0;
        // Moments apart from whole seconds, as nothing is to be due while it ends.
        world.live(0, async |builder: SchedulerBuilder| {
            let scheduler = begin(builder.store(book.clone()).history(10_000));
            let schedule = scheduler.every("x", secs(PERIOD)).overlap(overlap).catch_up(catch_up).jitter(secs(jitter));
            let schedule = schedule.durable().on_interrupted(OnInterrupted::RunAgain);
            let schedule = if paused { schedule.paused() } else { schedule };
            let schedule = schedule.run(job()).await.unwrap();
            for step in steps.by_ref() {
                match step {
                    Step::Run(seconds) => sleep(secs(seconds) + millis(100)).await,
                    Step::Pause => paused |= schedule.pause().await.unwrap(),
                    Step::Resume => paused &= !schedule.resume().await.unwrap(),
                    Step::Trigger => drop(schedule.trigger().await.unwrap()),
                    Step::Close(seconds) => {
                        drop(scheduler.drain(Instant::now() + secs(100)).await);
                        down = seconds;
                        break;
                    }
                    Step::Crash(seconds) => {
                        down = seconds;
                        break;
                    }
                }
            }
        });
        world.wall += jiff::SignedDuration::from_secs(down.cast_signed());
    }
    // A last life, until all that was left is decided.
    let last = world.wall;
    let lived = world.live(0, async |builder: SchedulerBuilder| {
        let since = Instant::now();
        let scheduler = begin(builder.store(book.clone()).history(10_000));
        let schedule = scheduler.every("x", secs(PERIOD)).overlap(overlap).catch_up(catch_up).jitter(secs(jitter));
        let schedule = schedule.durable().on_interrupted(OnInterrupted::RunAgain);
        let schedule = schedule.run(job()).await.unwrap();
        sleep(secs(60)).await;
        schedule.pause().await.unwrap();
        // What waits for the runs before it may take a while.
        sleep(secs(60)).await;
        schedule.resume().await.unwrap();
        schedule.close().await.unwrap();
        let lived = since.elapsed();
        drop(scheduler.drain(Instant::now() + secs(100)).await);
        lived
    });
    let firings = world.store.firings("x");
    prop_assert!(firings.iter().all(|firing| firing.outcome.is_some()), "{firings:?}");
    let instant = |n: u64| began + jiff::SignedDuration::from_secs((n * PERIOD).cast_signed());
    let until = last + jiff::SignedDuration::try_from(lived).unwrap();
    let mut due: BTreeSet<Timestamp> = (1..).map(instant).take_while(|at| *at <= until).collect();
    let all = due.clone();
    let is_due = |at: &Timestamp| all.contains(at);
    let claimed: BTreeSet<_> = firings.iter().map(|firing| firing.instant).filter(is_due).collect();
    let passed = book.passed();
    let is_passed = |at: &Timestamp| passed.iter().any(|(_, first, through, _)| first <= at && at <= through);
    let count = claimed.len() as u64 + passed.iter().map(|(_, _, _, count)| count).sum::<u64>();
    let (total, of_last) = (due.len() as u64, due.last().copied());
    due.retain(|at| !claimed.contains(at) && !is_passed(at));
    // The last may have come without its jitter being over.
    let to_come = u64::from(jitter > 0 && due.len() == 1 && due.last().copied() == of_last);
    prop_assert!(
        due.len() as u64 == to_come && count + to_come == total,
        "{due:?} {count} of {total}: {firings:?} {passed:?}"
    );
    // Nobody takes a trigger for an instant of the rule, also in a later life.
    let runs = runs.lock();
    prop_assert!(runs.iter().all(|(at, triggered)| *triggered != all.contains(at)), "{runs:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn each_instant_is_a_firing_or_was_told_of_and_none_is_both(
        steps in prop::collection::vec(step(), 1..12),
        overlap in overlap(),
        catch_up in catch_up(),
        takes in 0..30_u64,
        jitter in 0..5_u64,
    ) {
        each_instant_is_accounted_for(&steps, overlap, catch_up, takes, jitter)?;
    }
}
