//! The wall clock, and what happens when somebody sets it.

use std::collections::HashSet;

use actors::scheduler::{CatchUp, Scheduler, SchedulerConfig, VirtualClock, WallClock};
use actors::system::System;
use jiff::{SignedDuration, Timestamp, Zoned};
use tokio::time::{Instant, advance, sleep};

use super::{Instants, Starts, at, instants, millis, secs, settle, start_at, start_with};

#[tokio::test(start_paused = true)]
async fn an_instant_of_the_wall_clock_comes_when_the_wall_clock_reads_it() {
    let (scheduler, clock) = start_at("2026-05-01T12:00:00Z");
    let starts = Starts::default();
    let begun = Instant::now();
    for (name, moment) in [("a", "2026-05-01T12:10:00Z"), ("b", "2026-05-01T12:10:00.0005Z")] {
        let starts = starts.clone();
        scheduler.at(name, at(moment)).run(async move || starts.note()).await.unwrap();
    }
    let there: Zoned = "2026-05-01T14:20:00[Europe/Berlin]".parse().unwrap();
    let zoned = scheduler.at("zoned", &there).run(async || {}).await.unwrap();
    assert_eq!(zoned.status().next_at, Some(at("2026-05-01T12:20:00Z")));
    assert_eq!(zoned.status().next, Some(begun + secs(1200)));
    sleep(secs(599)).await;
    assert_eq!(starts.count(), 0);
    sleep(secs(2)).await;
    let since = starts.since(begun);
    assert!(since.len() == 2 && since.iter().all(|since| *since >= secs(600) && *since < secs(600) + millis(4)));
    // Set to the very instant.
    clock.set(at("2026-05-01T12:20:00Z"));
    sleep(secs(1)).await;
    assert_eq!(zoned.ended().await.unwrap().counts.done, 1);
}

#[tokio::test(start_paused = true)]
async fn a_moment_of_the_wall_clock_that_has_passed_is_due_at_once_unless_late_ones_are_skipped() {
    let (scheduler, _) = start_at("2026-05-01T12:00:00Z");
    let yesterday = at("2026-04-30T12:00:00Z");
    let late = scheduler.at("late", yesterday).run(async || {}).await.unwrap();
    assert_eq!(instants(late.ended().await.unwrap().counts), (1, 1, 0, 0));
    let never = scheduler.at("never", yesterday).catch_up(CatchUp::Skip).run(async || {}).await.unwrap();
    // It is over, and did not run.
    assert_eq!(instants(never.ended().await.unwrap().counts), (1, 0, 0, 1));
    let now = at("2026-05-01T12:00:00Z");
    let in_time = scheduler.at("now", now).catch_up(CatchUp::Skip).run(async || {}).await.unwrap();
    assert_eq!(instants(in_time.ended().await.unwrap().counts), (1, 1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn set_forwards_it_is_noticed_within_a_second_and_the_latest_instant_runs() {
    let (scheduler, clock) = start_at("2026-05-01T12:00:30Z");
    let runs = Instants::default();
    let schedule = scheduler.cron("minutely", "* * * * *", "UTC").run(runs.job(secs(0))).await.unwrap();
    sleep(secs(60)).await;
    clock.step(SignedDuration::from_mins(10));
    sleep(secs(2)).await;
    assert_eq!(runs.times(), ["12:01:00", "12:11:00"]);
    assert_eq!((instants(schedule.status().counts), schedule.status().counts.late), ((11, 2, 0, 9), 1));
    let status = scheduler.status().clock;
    assert_eq!((status.steps_forwards, status.steps_backwards), (1, 0));
    assert!(status.last_step.unwrap().as_secs() >= 599);
    sleep(secs(30)).await;
    assert_eq!(runs.times().last().unwrap(), "12:12:00");
}

#[tokio::test(start_paused = true)]
async fn set_backwards_no_instant_runs_again() {
    let (scheduler, clock) = start_at("2026-05-01T12:00:30Z");
    let runs = Instants::default();
    let schedule = scheduler.cron("minutely", "* * * * *", "UTC").run(runs.job(secs(0))).await.unwrap();
    sleep(secs(120)).await;
    assert_eq!(runs.times(), ["12:01:00", "12:02:00"]);
    clock.step(SignedDuration::from_mins(-2));
    sleep(secs(149)).await;
    // The clock reads 12:02:59.
    assert_eq!((runs.all().len(), instants(schedule.status().counts)), (2, (2, 2, 0, 0)));
    sleep(secs(2)).await;
    assert_eq!(runs.times(), ["12:01:00", "12:02:00", "12:03:00"]);
    let status = scheduler.status().clock;
    assert_eq!((status.steps_forwards, status.steps_backwards), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn set_right_after_it_was_far_ahead_what_was_missed_comes_and_what_ran_does_not_come_again() {
    for jump in [SignedDuration::from_mins(10), SignedDuration::from_hours(72)] {
        let (scheduler, clock) = start_at("2026-05-01T12:00:30Z");
        let runs = Instants::default();
        let schedule = scheduler.cron("minutely", "* * * * *", "UTC").run(runs.job(secs(0))).await.unwrap();
        sleep(secs(60)).await;
        clock.step(jump);
        sleep(secs(20)).await;
        assert_eq!(runs.all().len(), 2);
        clock.step(-jump);
        // It reads 12:01:50.
        sleep(secs(640)).await;
        let all = runs.all();
        let distinct: HashSet<Timestamp> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len(), "an instant ran twice: {all:?}");
        for minute in 1..=12 {
            let instant = at("2026-05-01T12:00:00Z") + SignedDuration::from_mins(minute);
            assert!(distinct.contains(&instant), "{instant} did not run: {all:?}");
        }
        assert!(schedule.status().counts.balances());
        assert_eq!(scheduler.status().clock.steps_backwards, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_by_tokios_clock_does_not_care_about_the_wall() {
    let (scheduler, clock) = start_at("2026-05-01T12:00:00Z");
    let (starts, begun) = (Starts::default(), Instant::now());
    let every = scheduler.every("every", secs(10)).run(starts.job(secs(0))).await.unwrap();
    let after = scheduler.after("after", secs(45)).run(async || {}).await.unwrap();
    for hours in [3, -7, 100] {
        clock.step(SignedDuration::from_hours(hours));
        sleep(secs(10)).await;
    }
    sleep(secs(5)).await;
    assert_eq!(starts.since(begun).iter().map(|since| since.as_secs()).collect::<Vec<_>>(), [10, 20, 30]);
    assert_eq!(instants(every.status().counts), (3, 3, 0, 0));
    assert_eq!(after.status().next, Some(begun + secs(45)));
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_looked_at_as_often_as_was_asked_for() {
    let clock = VirtualClock::starting_at(at("2026-05-01T12:00:00Z"));
    let scheduler = start_with(Scheduler::builder().clock(clock.clone()).clock_poll(secs(60)));
    let starts = Starts::default();
    let job = starts.clone();
    scheduler.at("noon", at("2026-05-02T12:00:00Z")).run(async move || job.note()).await.unwrap();
    settle().await;
    let begun = Instant::now();
    sleep(secs(30)).await;
    clock.step(SignedDuration::from_hours(25));
    sleep(secs(60)).await;
    let since = starts.since(begun)[0];
    assert!(since > secs(30) && since <= secs(61), "{since:?}");
}

#[tokio::test(start_paused = true)]
async fn jumps_of_both_clocks_at_once_cost_all_but_the_last() {
    let (scheduler, _) = start_at("2026-05-01T12:00:30Z");
    let runs = Instants::default();
    let schedule = scheduler.cron("minutely", "* * * * *", "UTC").run(runs.job(secs(0))).await.unwrap();
    settle().await;
    // The thread was blocked.
    advance(secs(600)).await;
    settle().await;
    assert_eq!((runs.times(), instants(schedule.status().counts)), (vec!["12:10:00".to_owned()], (10, 1, 0, 9)));
    assert_eq!(scheduler.status().clock.steps_forwards, 0);
}

#[derive(Debug)]
struct Broken;

impl WallClock for Broken {
    fn now(&self) -> Timestamp {
        panic!("no battery");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_panics_harms_nobody() {
    let scheduler = start_with(Scheduler::builder().clock(Broken));
    let every = scheduler.every("every", secs(1)).times(2).run(async || {}).await.unwrap();
    assert_eq!(every.ended().await.unwrap().counts.done, 2);
    assert_eq!(scheduler.actor().status().restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn the_system_clock_is_the_default() {
    let system = System::start().unwrap();
    let scheduler = Scheduler::builder().config(SchedulerConfig::default()).start(&system).unwrap();
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    let once = scheduler.at("soon", soon).run(async || {}).await.unwrap();
    let left = once.status().next.unwrap() - Instant::now();
    assert!(left > secs(3_590) && left <= secs(3_600), "{left:?}");
    assert!(once.cancel().await.unwrap());
}
