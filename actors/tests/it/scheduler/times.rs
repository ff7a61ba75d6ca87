//! When things run.

use std::sync::Arc;

use actors::scheduler::{Overlap, Scheduler, SkipReason};
use actors::system::System;
use parking_lot::Mutex;
use tokio::time::{Duration, Instant, advance, sleep};

use super::{Starts, instants, millis, secs, settle, start, start_with};

#[tokio::test(start_paused = true)]
async fn an_hour_of_runs_keeps_to_its_instants_to_the_millisecond() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    let every = scheduler.every("beat", secs(1)).run(starts.job(millis(300))).await.unwrap();
    sleep(secs(3600) + millis(500)).await;
    let since = starts.since(begun);
    assert_eq!(since.len(), 3600);
    for (since, n) in since.iter().zip(1..) {
        assert!(*since >= secs(n) && *since - secs(n) < millis(2), "run {n} was due after {n} s, not {since:?}");
    }
    assert_eq!(instants(every.status().counts), (3600, 3600, 0, 0));
    assert_eq!(every.status().next, Some(begun + secs(3601)));
}

#[tokio::test(start_paused = true)]
async fn the_first_run_is_due_after_one_period_or_immediately() {
    let scheduler = start();
    let begun = Instant::now();
    let (later, now) = (Starts::default(), Starts::default());
    scheduler.every("later", secs(10)).run(later.job(secs(0))).await.unwrap();
    scheduler.every("now", secs(10)).immediately().run(now.job(secs(0))).await.unwrap();
    sleep(secs(25)).await;
    let seconds = |starts: &Starts| starts.since(begun).iter().map(Duration::as_secs).collect::<Vec<_>>();
    assert_eq!((seconds(&later), seconds(&now)), (vec![10, 20], vec![0, 10, 20]));
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_runs_once_at_its_instant_and_never_early() {
    let scheduler = start();
    let begun = Instant::now();
    let due = [Duration::ZERO, Duration::from_nanos(1), Duration::from_micros(1500), secs(1), secs(86_400 * 365)];
    let mut schedules = Vec::new();
    let starts: Vec<_> = due.iter().map(|_| Starts::default()).collect();
    for (n, (due, starts)) in due.iter().zip(&starts).enumerate() {
        let starts = starts.clone();
        let once = scheduler.at(format!("at {n}"), begun + *due).run(async move || starts.note()).await.unwrap();
        schedules.push(once);
    }
    for ((due, starts), schedule) in due.iter().zip(&starts).zip(schedules) {
        let status = schedule.ended().await.unwrap();
        assert_eq!(instants(status.counts), (1, 1, 0, 0));
        let since = starts.since(begun);
        assert!(since.len() == 1 && since[0] >= *due && since[0] < *due + millis(2), "{due:?}: {since:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instant_that_has_passed_is_due_at_once() {
    let scheduler = start();
    let yesterday = Instant::now();
    advance(secs(86_400)).await;
    let (starts, now) = (Starts::default(), Instant::now());
    let job = starts.clone();
    scheduler.at("late", yesterday).run(async move || job.note()).await.unwrap().ended().await.unwrap();
    assert!(starts.since(now)[0] < millis(2));
}

/// tokio-cron-scheduler 0.15.1 loses about half of these.
#[tokio::test(start_paused = true)]
async fn three_thousand_jobs_due_at_the_same_instant_all_run_once_and_in_order() {
    let scheduler = start();
    let (order, due) = (Arc::new(Mutex::new(Vec::new())), Instant::now() + secs(3));
    for n in 0..3_000 {
        let order = order.clone();
        scheduler.at(format!("job {n}"), due).run(async move || order.lock().push(n)).await.unwrap();
    }
    assert_eq!(scheduler.status().next, Some(due));
    sleep(secs(4)).await;
    assert!(order.lock().iter().copied().eq(0..3_000));
    assert_eq!(instants(scheduler.status().counts), (3_000, 3_000, 0, 0));
    assert_eq!(scheduler.status().counts.done, 3_000);
    assert!(scheduler.status().schedules.is_empty());
}

/// Many that are due together don't keep the thread from everybody else.
#[tokio::test(start_paused = true)]
async fn other_tasks_get_their_turns_while_thousands_of_jobs_begin() {
    let scheduler = start();
    let due = Instant::now() + secs(1);
    for n in 0..2_000 {
        scheduler.at(format!("job {n}"), due).run(async || std::future::pending::<()>().await).await.unwrap();
    }
    advance(secs(1)).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&2_000) {
        tokio::task::yield_now().await;
        seen.push(scheduler.status().counts.runs);
    }
    seen.dedup();
    assert!(seen.windows(2).all(|pair| pair[1] - pair[0] <= 128), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_centuries_ahead_waits_and_does_no_harm() {
    let scheduler = start();
    let year = secs(86_400 * 365);
    let never = scheduler.after("never", Duration::MAX).run(async || {}).await.unwrap();
    let rarely = scheduler.every("rarely", Duration::MAX).immediately().run(async || {}).await.unwrap();
    scheduler.every("far", year * 300).run(async || {}).await.unwrap();
    scheduler.at("further", Instant::now() + year * 400).run(async || {}).await.unwrap();
    let begun = Instant::now();
    // Beyond the 2.18 years of tokio's timer wheel.
    let once = scheduler.after("in five years", year * 5).run(async || {}).await.unwrap();
    once.ended().await.unwrap();
    assert!(begun.elapsed() >= year * 5 && begun.elapsed() < year * 5 + secs(1));
    assert_eq!((never.status().next, instants(never.status().counts)), (None, (0, 0, 0, 0)));
    assert_eq!((rarely.status().next, instants(rarely.status().counts)), (None, (1, 1, 0, 0)));
    assert_eq!(scheduler.status().next, Some(begun + year * 300));
    assert_eq!(scheduler.cancel_all().await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_would_overlap_is_skipped_counted_and_explained() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    let slow = scheduler.every("slow", secs(1)).run(starts.job(millis(2500))).await.unwrap();
    sleep(millis(3200)).await;
    let status = slow.status();
    assert_eq!(instants(status.counts), (3, 1, 2, 0));
    let skip = status.last_skip.unwrap();
    assert_eq!(skip.due, begun + secs(3));
    let SkipReason::Overlap { running: 1, since } = skip.reason else { panic!("{skip:?}") };
    assert_eq!(since, starts.0.lock()[0]);
    assert_eq!(skip.to_string(), "skipped: the run before had been going for 2s");
    sleep(secs(1)).await;
    assert_eq!(instants(slow.status().counts), (4, 2, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn runs_that_may_overlap_do_so_up_to_the_limit() {
    let scheduler = start_with(Scheduler::builder().overlap_limit(3));
    let starts = Starts::default();
    let slow = scheduler.every("slow", secs(1)).overlap(Overlap::Allow).run(starts.job(millis(10_500))).await.unwrap();
    sleep(millis(6_500)).await;
    let status = slow.status();
    assert_eq!((instants(status.counts), status.counts.running), ((6, 3, 3, 0), 3));
    let text = status.last_skip.unwrap().to_string();
    assert_eq!(text, "skipped: 3 runs had not ended, the oldest of them going for 5s");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_over_several_instants_costs_all_but_the_last() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    let every = scheduler.every("beat", secs(1)).run(starts.job(secs(0))).await.unwrap();
    settle().await;
    advance(millis(10_500)).await;
    settle().await;
    assert_eq!(instants(every.status().counts), (10, 1, 0, 9));
    assert_eq!(every.status().next, Some(begun + secs(11)));
    sleep(secs(1)).await;
    assert_eq!(instants(every.status().counts), (11, 2, 0, 9));
}

#[tokio::test(start_paused = true)]
async fn a_period_below_the_timers_resolution_misses_instants_and_says_so() {
    let scheduler = start();
    let starts = Starts::default();
    let fast = scheduler.every("fast", Duration::from_nanos(1)).run(starts.job(secs(0))).await.unwrap();
    sleep(millis(100)).await;
    let (due, runs, skipped, missed) = instants(fast.status().counts);
    assert!((50..=110).contains(&runs) && starts.count() as u64 == runs, "{runs}");
    assert!(due >= 90_000_000 && skipped == 0 && missed == due - runs);
}

#[tokio::test(start_paused = true)]
async fn it_ends_after_so_many_runs_and_its_name_is_free_again() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    // What is skipped is no run.
    let thrice = scheduler.every("thrice", secs(1)).times(3).run(starts.job(millis(1500))).await.unwrap();
    let status = thrice.ended().await.unwrap();
    assert_eq!(instants(status.counts), (5, 3, 2, 0));
    assert!(begun.elapsed() >= millis(6_500) && begun.elapsed() < millis(6_510));
    assert_eq!(status.next, None);
    sleep(secs(60)).await;
    assert_eq!((starts.count(), instants(thrice.status().counts)), (3, (5, 3, 2, 0)));
    scheduler.every("thrice", secs(1)).run(starts.job(secs(0))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_run_on_the_runtime_that_the_scheduler_was_started_on() {
    let system = System::start().unwrap();
    let scheduler = Scheduler::builder().start(&system).unwrap();
    let here = tokio::runtime::Handle::current().id();
    let (tell, told) = tokio::sync::oneshot::channel();
    let job = async move || tell.send(tokio::runtime::Handle::current().id()).unwrap();
    let once = scheduler.after("soon", Duration::ZERO).run(job).await.unwrap();
    assert_eq!(told.await.unwrap(), here);
    assert_eq!(once.ended().await.unwrap().counts.done, 1);
    let many = scheduler.every("often", millis(1)).times(5).run(async || {}).await.unwrap();
    assert_eq!(many.ended().await.unwrap().counts.runs, 5);
    assert!(system.shutdown(secs(5)).await.is_clean());
}
