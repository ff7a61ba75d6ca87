//! Several schedulers with one store, and what their users can do to it.

use actors::scheduler::store::FiringOutcome;
use actors::scheduler::{Overlap, ScheduleError, ScheduleState, Scheduler, SkipReason, VirtualClock};
use tokio::time::{Instant, sleep};

use super::durable::{World, begin};
use super::{Instants, at, instants, secs};

/// One process, two schedulers, one store.
async fn two(world: &World) -> (Scheduler, Scheduler, VirtualClock) {
    let clock = VirtualClock::starting_at(world.wall);
    let start = || begin(Scheduler::builder().clock(clock.clone()).store(world.store.clone()));
    (start(), start(), clock)
}

#[tokio::test(start_paused = true)]
async fn of_two_schedulers_with_one_store_each_instant_runs_on_one() {
    let world = World::new();
    let (a, b, _) = two(&world).await;
    let runs = Instants::default();
    let make = async |scheduler: &Scheduler| {
        let minutely = scheduler.cron("x", "* * * * *", "UTC").durable();
        minutely.run(runs.job(secs(1))).await.unwrap()
    };
    let (on_a, on_b) = (make(&a).await, make(&b).await);
    sleep(secs(3_605)).await;
    let all = runs.all();
    let mut distinct = all.clone();
    distinct.dedup();
    assert_eq!((all.len(), distinct.len()), (60, 60));
    let (counts_a, counts_b) = (on_a.status().counts, on_b.status().counts);
    assert_eq!(counts_a.runs + counts_b.runs, 60);
    assert_eq!(counts_a.skipped, counts_b.runs);
    assert_eq!(counts_b.skipped, counts_a.runs);
    let skip = on_a.status().last_skip.or(on_b.status().last_skip).unwrap();
    assert_eq!(skip.reason, SkipReason::Elsewhere);
    // Nobody was taken for dead.
    assert_eq!((counts_a.interrupted, counts_b.interrupted), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_that_another_scheduler_runs_is_over_when_that_has_finished() {
    let world = World::new();
    let (a, b, _) = two(&world).await;
    let runs = Instants::default();
    let make = async |scheduler: &Scheduler| {
        let job = runs.job(secs(40));
        let once = scheduler.at("once", at("2026-05-01T12:01:00Z")).durable();
        once.run(job).await.unwrap()
    };
    let (on_a, on_b) = (make(&a).await, make(&b).await);
    sleep(secs(70)).await;
    let states = [&on_a, &on_b].map(|once| once.status().state);
    // Whoever runs it is ending; the other waits for what comes of it.
    assert!(states.contains(&ScheduleState::Ending) && states.contains(&ScheduleState::Waiting), "{states:?}");
    sleep(secs(50)).await;
    assert_eq!([&on_a, &on_b].map(|once| once.status().state), [ScheduleState::Ended; 2]);
    assert_eq!(runs.all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_one_scheduler_leaves_when_it_is_closed_the_other_takes_up() {
    let world = World::new();
    let (a, b, _) = two(&world).await;
    let runs = Instants::default();
    let long = a.every("x", secs(60)).overlap(Overlap::Queue(1)).durable().run(runs.job(secs(90))).await.unwrap();
    sleep(secs(123)).await;
    // The one of 12:02 is claimed, and waits for that of 12:01, which runs until half past.
    assert_eq!((long.status().counts.runs, long.status().counts.waiting), (1, 1));
    let other = b.every("x", secs(60)).overlap(Overlap::Queue(1)).durable().run(runs.job(secs(1))).await.unwrap();
    sleep(secs(2)).await;
    assert_eq!(instants(other.status().counts), (0, 0, 0, 0));
    let receipt = a.drain(Instant::now() + secs(40)).await;
    assert_eq!((receipt.counts.done, receipt.counts.skipped), (1, 1));
    sleep(secs(15)).await;
    assert_eq!(other.status().counts.runs, 1);
    assert_eq!(runs.times(), ["12:01:00", "12:02:00"]);
    assert!(world.outcomes("x").iter().all(|row| *row == Some(FiringOutcome::Done)));
}

#[tokio::test(start_paused = true)]
async fn cancelled_it_stays_in_the_store_and_forgotten_it_does_not() {
    let world = World::new();
    let (a, _, _) = two(&world).await;
    let make = async || a.every("x", secs(10)).durable().run(async || {}).await.unwrap();
    make().await;
    sleep(secs(25)).await;
    assert!(a.cancel("x").await.unwrap());
    sleep(secs(20)).await;
    // 30 and 40 have passed meanwhile.
    let again = make().await;
    sleep(secs(1)).await;
    assert_eq!(instants(again.status().counts), (2, 1, 0, 1));

    assert!(a.forget("x").await.unwrap());
    assert_eq!(again.status().state, ScheduleState::Ended);
    assert!(!a.forget("x").await.unwrap());
    assert!(world.store.schedules().is_empty());
    sleep(secs(20)).await;
    let anew = make().await;
    sleep(secs(1)).await;
    assert_eq!(instants(anew.status().counts), (0, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn forgotten_by_another_it_ends_at_its_next_instant() {
    let world = World::new();
    let (a, b, _) = two(&world).await;
    let schedule = a.every("x", secs(10)).durable().run(async || {}).await.unwrap();
    sleep(secs(15)).await;
    assert!(b.forget("x").await.unwrap());
    let status = schedule.ended().await.unwrap();
    assert_eq!(instants(status.counts), (2, 1, 1, 0));
    assert_eq!(status.last_skip.unwrap().reason, SkipReason::Forgotten);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_is_committed_too() {
    let world = World::new();
    let (a, _, _) = two(&world).await;
    let runs = Instants::default();
    let daily = a.cron("x", "0 3 * * *", "UTC").durable().run(runs.job(secs(5))).await.unwrap();
    assert!(daily.trigger().await.unwrap());
    sleep(secs(1)).await;
    assert_eq!(world.outcomes("x"), [None]);
    // It overlaps, which the store learns.
    assert!(daily.trigger().await.unwrap());
    sleep(secs(10)).await;
    assert_eq!(runs.all().len(), 1);
    let overlapped = FiringOutcome::Skipped("the run before had not ended".to_owned());
    assert_eq!(world.outcomes("x"), [Some(FiringOutcome::Done), Some(overlapped)]);
    // The next instant is what it was.
    assert_eq!(daily.preview(1)[0].instant, at("2026-05-02T03:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_durable_is_refused() {
    let world = World::new();
    let (a, _, _) = two(&world).await;
    let error = a.at("x", Instant::now() + secs(5)).durable().run(async || {}).await.unwrap_err();
    assert_eq!(error.to_string(), "schedule `x`: it is durable, and its instant is of this process alone");
    a.every("x", secs(5)).durable().run(async || {}).await.unwrap();
    let taken = a.every("x", secs(7)).durable().run(async || {}).await.unwrap_err();
    assert!(matches!(taken, ScheduleError::NameTaken { .. }));
    a.close();
    assert!(a.every("y", secs(5)).durable().run(async || {}).await.unwrap_err().is_closed());
}
