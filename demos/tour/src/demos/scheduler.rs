//! Jobs at their times.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use actors::{Scheduler, System};
use parking_lot::Mutex;
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "scheduler",
    "Jobs at their times: no drift, a choice for runs that overlap, a panic costs one run, each instant is counted.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: start
    let system = System::start()?;
    let scheduler = Scheduler::builder().start(&system)?;
    // ANCHOR_END: start

    stage.scene("every 100 ms, five times, with 30 ms of work: no drift");
    let (start, begun) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let (on, log) = (stage.clone(), Arc::clone(&begun));
    // ANCHOR: every
    let recheck = scheduler.every("recheck", ms(100)).times(5).run(move || {
        let (stage, log) = (on.clone(), Arc::clone(&log));
        async move {
            log.lock().push(start.elapsed());
            let run =
                stage.busy("recheck", format!("run {}", log.lock().len()));
            sleep(ms(30)).await;
            run.done();
            say!(stage, "recheck");
        }
    });
    let status = recheck.await?.ended().await?;
    say!(stage, "{}", status.counts);
    // ANCHOR_END: every
    for (n, begun) in (1..).zip(&*begun.lock()) {
        assert!(*begun >= ms(100) * n, "never early");
        assert!(
            !stage.is_virtual() || *begun < ms(100) * n + ms(2),
            "and no later for what was before"
        );
    }
    assert_eq!(status.counts.done, 5);

    stage.scene(
        "every 100 ms, with 250 ms of work: what would overlap is skipped",
    );
    let on = stage.clone();
    // ANCHOR: slow
    let slow = scheduler.every("slow", ms(100)).run(move || {
        let stage = on.clone();
        async move {
            let run = stage.busy("slow", "runs");
            sleep(ms(250)).await;
            run.done();
        }
    });
    let slow = slow.await?;
    sleep(ms(1050)).await;
    slow.close().await?;
    let counts = slow.ended().await?.counts;
    say!(stage, "{counts}");
    assert!(counts.balances());
    // ANCHOR_END: slow

    stage.scene("a run that panics, and one that fails, are runs like others");
    let runs = Arc::new(AtomicU32::new(0));
    // ANCHOR: flaky
    let flaky = scheduler.every("flaky", ms(50)).times(4).run(move || {
        let run = runs.fetch_add(1, SeqCst) + 1;
        async move {
            assert!(run != 2, "run {run} has a bug");
            if run == 3 { Err("no answer") } else { Ok(()) }
        }
    });
    let status = flaky.await?.ended().await?;
    say!(stage, "{}", status.counts);
    let failure = status.last_failure.expect("there were two");
    say!(stage, "the last failure: {}", failure.kind);
    // ANCHOR_END: flaky
    assert_eq!(
        (status.counts.done, status.counts.failed, status.counts.panicked),
        (2, 1, 1)
    );

    stage.scene("three thousand at the same instant: each runs, and once");
    let (at, ran) = (Instant::now() + ms(1500), Arc::new(AtomicU32::new(0)));
    for page in 0..3_000 {
        let ran = Arc::clone(&ran);
        let check = async move || {
            ran.fetch_add(1, SeqCst);
        };
        scheduler.at(format!("page {page}"), at).run(check).await?;
    }
    stage.waits("3,000 pages", "for their instant");
    tokio::time::sleep_until(at).await;
    while ran.load(SeqCst) < 3_000 {
        sleep(ms(1)).await;
    }
    stage.rests("3,000 pages");
    sleep(ms(20)).await;
    say!(stage, "{} have run", ran.load(SeqCst));
    assert_eq!(ran.load(SeqCst), 3_000);

    stage.scene(
        "the end: what is to come is cancelled, and all is accounted for",
    );
    // ANCHOR: end
    for name in ["tonight", "tomorrow"] {
        scheduler.after(name, ms(86_400_000)).run(async || ()).await?;
    }
    let cancelled = scheduler.cancel_all().await?;
    say!(stage, "{cancelled} schedules are cancelled");
    assert_eq!(cancelled, 2);
    let receipt = scheduler.drain(Instant::now() + ms(2000)).await;
    say!(stage, "{}", receipt.counts);
    assert!(receipt.is_complete() && receipt.counts.balances());
    // ANCHOR_END: end
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a loop, and a sleep of 100 ms after 30 ms of work");
    // ANCHOR: first_attempt
    let start = Instant::now();
    for run in 1..=5 {
        stage.waits("recheck", "for the next time");
        sleep(ms(100)).await;
        let late = start.elapsed().as_millis() - 100 * run;
        say!(stage, "run {run} is {late} ms late");
        let work = stage.busy("recheck", format!("run {run}"));
        sleep(ms(30)).await;
        work.done();
    }
    // ANCHOR_END: first_attempt
    say!(
        stage,
        "each run is later than the one before: what takes two minutes and runs at noon runs at one in a month"
    );
    assert!(start.elapsed() >= ms(650));
    Ok(())
}
