//! Schedules that outlive their scheduler.

use std::sync::Arc;

use actors::System;
use actors::scheduler::store::{FiringOutcome, MemoryStore};
use actors::scheduler::{
    CatchUp, Explanation, Firing, OnInterrupted, Overlap, ScheduleState, Scheduler, SchedulerBuilder, VirtualClock,
    WallClock,
};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::{Instants, at, instants, millis, secs};

/// A process: a runtime of its own on a paused clock, a wall clock that begins where the last life has ended, and a
/// store that survives. In the end it crashes: nothing that is under way is finished, or written.
pub(super) struct World {
    pub(super) store: MemoryStore,
    pub(super) wall: Timestamp,
}

impl World {
    pub(super) fn new() -> Self {
        Self { store: MemoryStore::new(), wall: at("2026-05-01T12:00:00Z") }
    }

    /// One life; then the process is down for a while.
    pub(super) fn live<R>(&mut self, down: u64, life: impl AsyncFnOnce(SchedulerBuilder) -> R) -> R {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (result, wall) = runtime.block_on(async {
            let clock = VirtualClock::starting_at(self.wall);
            let builder = Scheduler::builder().clock(clock.clone()).store(self.store.clone()).lease(secs(30));
            let result = life(builder).await;
            (result, clock.now())
        });
        drop(runtime);
        self.wall = wall + SignedDuration::from_secs(down.cast_signed());
        result
    }

    pub(super) fn outcomes(&self, schedule: &str) -> Vec<Option<FiringOutcome>> {
        self.store.firings(schedule).into_iter().map(|row| row.outcome).collect()
    }
}

pub(super) fn begin(builder: SchedulerBuilder) -> Scheduler {
    builder.start(&System::start().unwrap()).unwrap()
}

#[test]
fn what_passed_while_the_process_was_down_is_a_matter_of_the_catch_up_policy() {
    let all = |at_most| CatchUp::All { within: secs(150 * 60), at_most };
    // Five hours have passed; the last of them twelve minutes ago.
    for (catch_up, runs, missed) in [(CatchUp::Skip, 0, 5), (CatchUp::Latest, 1, 4), (all(2), 2, 3), (all(9), 3, 2)] {
        let mut world = World::new();
        let life = async |builder: SchedulerBuilder| {
            let scheduler = begin(builder);
            let hourly = scheduler.cron("hourly", "0 * * * *", "UTC").overlap(Overlap::Allow).catch_up(catch_up);
            let hourly = hourly.durable().run(async || {}).await.unwrap();
            sleep(secs(65 * 60)).await;
            hourly.status().counts
        };
        let counts = world.live(5 * 3_600 + 7 * 60, life);
        assert_eq!(instants(counts), (1, 1, 0, 0));
        // It is 18:12 now, and the life lasts until 19:17.
        let counts = world.live(0, life);
        assert_eq!(instants(counts), (6, runs + 1, 0, missed), "{catch_up:?}");
        let done = world.outcomes("hourly").iter().filter(|row| **row == Some(FiringOutcome::Done)).count();
        assert_eq!(done as u64, runs + 2);
    }
}

#[test]
fn what_was_decided_is_not_decided_again_in_the_next_life() {
    let mut world = World::new();
    // Missed by its policy, skipped as it overlapped, failed: none of it comes again.
    world.live(5, async |builder| {
        let scheduler = begin(builder);
        let schedule = scheduler.every("x", secs(10)).catch_up(CatchUp::Skip).durable();
        let schedule = schedule.run(async || sleep(secs(15)).await).await.unwrap();
        sleep(secs(22)).await;
        tokio::time::advance(secs(35)).await;
        sleep(millis(100)).await;
        // 10 ran; 20 was skipped; 30, 40 and 50 were missed.
        assert_eq!(instants(schedule.status().counts), (5, 1, 1, 3));
    });
    world.live(0, async |builder| {
        let scheduler = begin(builder);
        let schedule = scheduler.every("x", secs(10)).durable().run(async || {}).await.unwrap();
        sleep(millis(500)).await;
        // It is 12:01:02; 60 passed a moment ago, and has been decided by nobody.
        assert_eq!(instants(schedule.status().counts), (1, 1, 0, 0));
        assert_eq!(schedule.preview(1)[0].instant, at("2026-05-01T12:01:10Z"));
    });
    let rows = world.outcomes("x");
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1], Some(FiringOutcome::Skipped("the run before had not ended".to_owned())));
}

#[test]
fn a_run_that_a_crash_cut_off_is_reported_when_its_lease_is_over_and_does_not_run_again() {
    let mut world = World::new();
    let instant = world.live(3, async |builder| {
        let scheduler = begin(builder);
        let schedule = scheduler.every("x", secs(10)).durable().run(async || sleep(secs(60)).await).await.unwrap();
        let instant = schedule.preview(1)[0].instant;
        sleep(secs(12)).await;
        assert_eq!(schedule.status().counts.running, 1);
        instant
    });
    assert_eq!(world.outcomes("x"), [None]);
    let runs = Instants::default();
    world.live(0, async |builder| {
        let scheduler = begin(builder);
        let schedule = scheduler.every("x", secs(10)).durable().run(runs.job(secs(0))).await.unwrap();
        // It is 12:00:15, and the lease is until 12:00:40.
        sleep(secs(20)).await;
        assert_eq!(schedule.status().counts.interrupted, 0);
        assert_eq!(schedule.explain(instant), Explanation::Earlier { ended: None });
        sleep(secs(20)).await;
        let status = schedule.status();
        assert_eq!(status.counts.interrupted, 1);
        assert!(status.counts.to_string().ends_with(", 1 interrupted before"), "{}", status.counts);
        assert_eq!(schedule.explain(instant), Explanation::Interrupted { again: false });
        assert_eq!(schedule.explain(instant).to_string(), "a crash cut it off");
    });
    assert!(!runs.all().contains(&instant));
    assert_eq!(world.outcomes("x")[0], Some(FiringOutcome::Interrupted));
}

#[test]
fn a_run_that_a_crash_cut_off_runs_again_if_the_schedule_says_so_also_if_it_was_the_last() {
    let mut world = World::new();
    let told: Arc<Mutex<Vec<Firing>>> = Arc::default();
    let life = async |builder: SchedulerBuilder| {
        let scheduler = begin(builder);
        let told = told.clone();
        let job = async move || {
            told.lock().push(Firing::current().unwrap());
            sleep(secs(20)).await;
        };
        let once = scheduler.at("once", at("2026-05-01T12:00:10Z")).durable().on_interrupted(OnInterrupted::RunAgain);
        let once = once.run(job).await.unwrap();
        (scheduler, once)
    };
    world.live(5, async |builder| {
        let _alive = life(builder).await;
        sleep(secs(12)).await;
    });
    // Twice it is cut off, and the third time it is not.
    world.live(5, async |builder| {
        let (_scheduler, once) = life(builder).await;
        sleep(secs(35)).await;
        let status = once.status();
        assert_eq!((status.state, status.counts.interrupted, status.counts.running), (ScheduleState::Ending, 1, 1));
    });
    world.live(5, async |builder| {
        let (_scheduler, once) = life(builder).await;
        sleep(secs(80)).await;
        let counts = once.ended().await.unwrap().counts;
        assert_eq!((instants(counts), counts.done, counts.interrupted), ((1, 1, 0, 0), 1, 1));
    });
    // And once it has ended, making it again changes nothing.
    world.live(0, async |builder| {
        let (_scheduler, once) = life(builder).await;
        assert_eq!(once.status().state, ScheduleState::Ended);
        assert_eq!(instants(once.ended().await.unwrap().counts), (0, 0, 0, 0));
    });
    let told = told.lock();
    assert_eq!(told.iter().map(|firing| firing.again).collect::<Vec<_>>(), [false, true, true]);
    assert!(told.iter().all(|firing| firing.instant == at("2026-05-01T12:00:10Z")));
    assert_eq!(world.outcomes("once"), [Some(FiringOutcome::Done)]);
}

#[test]
fn a_one_shot_and_its_delay_are_of_all_lives_together() {
    let mut world = World::new();
    let runs = Instants::default();
    for (up, expected) in [(20, 0), (20, 0), (20, 1), (20, 1)] {
        world.live(5, async |builder| {
            let scheduler = begin(builder);
            let job = runs.job(secs(0));
            let once = scheduler.after("once", secs(60)).durable().run(job).await.unwrap();
            sleep(secs(up)).await;
            assert_eq!(runs.all().len(), expected);
            let state = if expected == 1 { ScheduleState::Ended } else { ScheduleState::Waiting };
            assert_eq!(once.status().state, state);
        });
    }
    assert_eq!(runs.times(), ["12:01:00"]);
}

#[test]
fn runs_are_counted_over_all_lives() {
    let mut world = World::new();
    let runs = Instants::default();
    let mut left = Vec::new();
    for _ in 0..4 {
        let status = world.live(2, async |builder| {
            let scheduler = begin(builder);
            let schedule = scheduler.every("x", secs(10)).times(5).durable().run(runs.job(secs(0))).await.unwrap();
            left.push(schedule.preview(9).len());
            sleep(secs(22)).await;
            schedule.status()
        });
        assert!(status.counts.balances());
    }
    assert_eq!((runs.all().len(), left), (5, vec![5, 3, 1, 0]));
}

#[test]
fn a_schedule_keeps_to_the_instants_of_its_first_life() {
    let mut world = World::new();
    let runs = Instants::default();
    for down in [13, 6, 0] {
        world.live(down, async |builder| {
            let scheduler = begin(builder);
            let schedule = scheduler.every("x", secs(10)).immediately().catch_up(CatchUp::Skip).durable();
            schedule.run(runs.job(secs(0))).await.unwrap();
            sleep(secs(12)).await;
        });
    }
    // Up until 12, from 25 until 37, and from 43 until 55.
    assert_eq!(runs.times(), ["12:00:00", "12:00:10", "12:00:30", "12:00:50"]);
}

#[test]
fn what_waits_when_a_scheduler_is_closed_is_left_to_the_next() {
    let mut world = World::new();
    let runs = Instants::default();
    world.live(1, async |builder| {
        let scheduler = begin(builder);
        let queued = scheduler.every("x", secs(10)).overlap(Overlap::Queue(5)).durable();
        let queued = queued.run(runs.job(secs(25))).await.unwrap();
        sleep(secs(32)).await;
        assert_eq!((queued.status().counts.running, queued.status().counts.waiting), (1, 2));
        let receipt = scheduler.drain(Instant::now() + secs(10)).await;
        assert!(receipt.is_complete() && receipt.counts.balances(), "{receipt}");
        assert_eq!((receipt.counts.done, receipt.counts.skipped), (1, 2));
    });
    let released = Some(FiringOutcome::Released);
    assert_eq!(world.outcomes("x"), [Some(FiringOutcome::Done), released.clone(), released]);
    world.live(0, async |builder| {
        let scheduler = begin(builder);
        let all = CatchUp::All { within: secs(60), at_most: 5 };
        let queued = scheduler.every("x", secs(10)).overlap(Overlap::Queue(5)).catch_up(all).durable();
        queued.run(runs.job(millis(10))).await.unwrap();
        sleep(secs(2)).await;
    });
    // It was down at 12:00:35 only, when nothing was due.
    assert_eq!(runs.times(), ["12:00:10", "12:00:20", "12:00:30"]);
    assert!(world.outcomes("x").iter().all(|row| *row == Some(FiringOutcome::Done)));
}
