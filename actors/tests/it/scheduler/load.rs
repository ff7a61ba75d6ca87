//! Many schedules, and many runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use actors::scheduler::SchedulerState;
use tokio::time::{Duration, Instant, sleep};

use super::{Instants, Starts, at, instants, millis, secs, start, start_at};

#[tokio::test(start_paused = true)]
async fn a_day_of_seconds_does_not_drift() {
    let scheduler = start();
    let begun = Instant::now();
    let (runs, worst) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let job = {
        let (runs, worst) = (runs.clone(), worst.clone());
        move || {
            let n = runs.fetch_add(1, SeqCst) + 1;
            let late = (begun.elapsed() - secs(n)).as_micros();
            worst.fetch_max(u64::try_from(late).unwrap(), SeqCst);
            std::future::ready(())
        }
    };
    let every = scheduler.every("second", secs(1)).run(job).await.unwrap();
    sleep(secs(86_400) + millis(500)).await;
    let counts = every.status().counts;
    // One that was early would have panicked.
    assert_eq!((runs.load(SeqCst), counts.done, instants(counts)), (86_400, 86_400, (86_400, 86_400, 0, 0)));
    assert!(worst.load(SeqCst) < 2_000, "{} µs late", worst.load(SeqCst));
    assert_eq!(every.status().next, Some(begun + secs(86_401)));
}

#[tokio::test(start_paused = true)]
async fn three_thousand_schedules_of_one_minute_all_run_once() {
    let (scheduler, _) = start_at("2026-05-01T11:59:00Z");
    let runs = Instants::default();
    for n in 0..1_500 {
        scheduler.cron(format!("cron {n}"), "0 12 * * *", "UTC").run(runs.job(secs(0))).await.unwrap();
        let job = runs.job(secs(0));
        scheduler.at(format!("at {n}"), at("2026-05-01T12:00:00Z")).run(job).await.unwrap();
    }
    sleep(secs(62)).await;
    let all = runs.all();
    assert!(all.len() == 3_000 && all.iter().all(|instant| *instant == at("2026-05-01T12:00:00Z")));
    let status = scheduler.status();
    assert_eq!((instants(status.counts), status.counts.done), ((3_000, 3_000, 0, 0), 3_000));
    assert_eq!(status.schedules.len(), 1_500);
}

#[tokio::test(start_paused = true)]
async fn very_many_schedules_are_made_listed_and_cancelled() {
    let scheduler = start();
    let year = Duration::from_secs(86_400 * 365);
    // In a release build a million.
    let many: u32 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
    for n in 0..many {
        let once = scheduler.after(format!("job {n}"), year * (1 + n % 10));
        once.run(async || {}).await.unwrap();
    }
    let names = scheduler.status().schedules;
    assert_eq!(names.len(), many as usize);
    assert!(names.iter().zip(0..).all(|(schedule, n)| *schedule.name == *format!("job {n}")));
    assert_eq!(scheduler.cancel_all().await.unwrap(), many as usize);
    let status = scheduler.status();
    assert!(status.schedules.is_empty() && status.next.is_none() && status.state == SchedulerState::Open);
}

#[tokio::test(start_paused = true)]
async fn ten_years_ahead_is_not_too_far_on_either_clock() {
    let (scheduler, _) = start_at("2026-05-01T12:00:00Z");
    let begun = Instant::now();
    let starts = Starts::default();
    let (a, b) = (starts.clone(), starts.clone());
    let after = scheduler.after("after", secs(86_400 * 3_653)).run(async move || a.note()).await.unwrap();
    assert_eq!(after.ended().await.unwrap().counts.done, 1);
    // The wall clock is looked at so often that ten years of it take too long here: the last hour will do.
    let wall = scheduler.at("at", at("2036-05-01T13:00:00Z")).run(async move || b.note()).await.unwrap();
    assert_eq!(wall.ended().await.unwrap().counts.done, 1);
    let since = starts.since(begun);
    for (since, due) in since.iter().zip([secs(86_400 * 3_653), secs(86_400 * 3_653 + 3_600)]) {
        assert!(*since >= due && *since < due + millis(4), "{since:?}, and not {due:?}");
    }
}
