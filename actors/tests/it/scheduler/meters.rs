use actors::scheduler::{Overlap, Scheduler};
use tokio::time::{Duration, Instant, advance, sleep};

use super::{millis, secs, settle, start_with};
use crate::recorder::{Spans, Sums};

#[tokio::test(start_paused = true)]
async fn the_metrics_say_what_the_counts_say() {
    let sums = Sums::default();
    let recorder = sums.clone();
    let _here = metrics::set_default_local_recorder(&recorder);
    let scheduler = start_with(Scheduler::builder().name("watch"));
    let slow = scheduler.every("slow", secs(1)).overlap(Overlap::Queue(1)).run(async || sleep(millis(2_500)).await);
    let slow = slow.await.unwrap();
    let mut nth = 0;
    let mixed = move || {
        nth += 1;
        let nth = nth;
        async move {
            assert!(nth != 2, "ouch");
            if nth == 3 { Err(std::io::Error::other("no")) } else { Ok(()) }
        }
    };
    scheduler.every("mixed", secs(1)).run(mixed).await.unwrap();
    let paused = scheduler.every("paused", secs(1)).run(async || {}).await.unwrap();
    assert!(paused.pause().await.unwrap());
    sleep(millis(6_500)).await;
    // The thread was blocked.
    settle().await;
    advance(secs(10)).await;
    settle().await;
    assert!(paused.resume().await.unwrap() && slow.cancel().await.unwrap());
    let receipt = scheduler.drain(Instant::now() + Duration::from_secs(10)).await;

    let counts = receipt.counts;
    assert!(counts.balances() && counts.waiting == 0 && counts.running == 0, "{counts:?}");
    let expected = [
        ("actors_schedule_instants_total{scheduler=watch,outcome=run}", counts.runs),
        ("actors_schedule_instants_total{scheduler=watch,outcome=skipped}", counts.skipped),
        ("actors_schedule_instants_total{scheduler=watch,outcome=missed}", counts.missed),
        ("actors_schedule_runs_total{scheduler=watch,outcome=done}", counts.done),
        ("actors_schedule_runs_total{scheduler=watch,outcome=failed}", counts.failed),
        ("actors_schedule_runs_total{scheduler=watch,outcome=panicked}", counts.panicked),
        ("actors_schedule_runs_total{scheduler=watch,outcome=cancelled}", counts.cancelled),
        ("actors_schedule_runs_late_total{scheduler=watch}", counts.late),
    ];
    for (key, count) in expected {
        assert!(count > 0, "{key}: this shows nothing: {counts:?}");
        assert_eq!(sums.get(key), count as f64, "{key}");
    }
    assert_eq!(sums.unexplained("actors_"), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn each_run_has_a_span() {
    let spans = Spans::default();
    let _here = spans.listen();
    let scheduler = start_with(Scheduler::builder().name("watch"));
    let beat = scheduler.every("beat", secs(1)).times(2).run(async || {}).await.unwrap();
    beat.ended().await.unwrap();
    let runs = spans.named("run");
    assert_eq!(runs.len(), 2, "{runs:?}");
    for (run, number) in runs.iter().zip(1..) {
        assert!(run.starts_with("run scheduler=\"watch\" schedule=\"beat\" instant="), "{run}");
        assert!(run.ends_with(&format!(" number={number}")), "{run}");
    }
}
