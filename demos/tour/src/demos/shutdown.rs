//! Stopping a program so that nothing in flight is lost.
use std::io;

use futures_util::{StreamExt as _, stream};
use patterns_core::cancel::{CancelCause, CancelKind, CancelToken, shield};
use patterns_core::context::Context;
use patterns_core::outcome::BoxError;
use patterns_core::queue::{self, WorkQueue};
use patterns_core::shutdown::{Shutdown, Signal};
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "shutdown",
    "SIGTERM with work in flight: it is finished or handed back, what is left is named, and a second signal forces.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)))
.own_signals();

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("SIGTERM, with three pages in work and many that wait");
    let queue = WorkQueue::bounded(100);
    for page in 1..=20 {
        queue.put(page).await?;
    }
    // ANCHOR: run
    let shutdown = signals(&stage, [250, 60_000])?;
    let report = shutdown.run(ms(2000), service(&stage, &queue)).await;
    let receipt = report.value.as_ref().expect("it has come to its end");
    say!(
        stage,
        "{} pages are done; handed back, for the next run: {:?}",
        queue.stats().acked,
        receipt.handed_back
    );
    say!(stage, "{report}");
    say!(stage, "exit code {}", report.exit_code());
    // ANCHOR_END: run
    // Nothing is lost, and nothing was cut in half.
    assert_eq!(queue.stats().acked as usize + receipt.handed_back.len(), 20);
    assert_eq!((queue.stats().in_flight, report.exit_code()), (0, 0));

    stage.scene("a program that does not listen, and a second SIGTERM");
    let start = Instant::now();
    // ANCHOR: deaf
    let shutdown = signals(&stage, [50, 500])?;
    stage.works("deaf", "works");
    let report = shutdown.run(ms(10_000), sleep(ms(60_000))).await;
    stage.stops("deaf", "forced");
    say!(stage, "{report}");
    // ANCHOR_END: deaf
    say!(
        stage,
        "exit code {}: what a shell expects of a program that SIGTERM has ended",
        report.exit_code()
    );
    // Within 300 ms it would count as an echo of the first, as some terminals send it twice.
    stage.assert_took(start, ms(500));
    assert_eq!((report.forced, report.exit_code()), (true, 143));
    Ok(())
}

// ANCHOR: service
/// Three workers on a queue, until it is asked to stop.
async fn service(stage: &Stage, queue: &WorkQueue<u32>) -> queue::Receipt<u32> {
    let settled = TaskGroup::new("service")
        .policy(CollectAll)
        .run(async |group| {
            for name in ["worker 1", "worker 2", "worker 3"] {
                // A token of its own: it goes on until the queue is closed.
                let worker = worker(stage.clone(), queue.clone(), name);
                group.spawn(
                    name,
                    Context::current()
                        .with_token(CancelToken::new())
                        .scope(worker),
                );
            }
            let cause = Context::current().token().cancelled().await;
            say!(stage, "the service: {cause}");
            stage.cleans_up("service", "drains");
            // No new ones come in, and for 300 ms those that wait are still
            // handed out.
            let (queue, end) = (
                queue.clone(),
                queue::Shutdown::Deadline(Instant::now() + ms(300)),
            );
            let drain = async move { queue.shutdown(end).await };
            let receipt = shield(ms(1500), drain).await?;
            stage.rests("service");
            Ok(receipt)
        })
        .await;
    settled.value.expect("the body succeeds")
}
// ANCHOR_END: service

// ANCHOR: worker
async fn worker(
    stage: Stage,
    queue: WorkQueue<u32>,
    me: &'static str,
) -> Result<(), BoxError> {
    while let Ok(job) = queue.get().await {
        let work = stage.busy(me, format!("page {}", *job));
        sleep(ms(100)).await;
        work.done();
        say!(stage, "{me} has checked page {}", *job);
        job.ack();
    }
    say!(stage, "{me} goes home");
    Ok(())
}
// ANCHOR_END: worker

/// A SIGTERM after each of these times: real ones on real time.
fn signals(stage: &Stage, after: [u64; 2]) -> io::Result<Shutdown> {
    let on = stage.clone();
    let signals = stream::iter(after).scan(0, |before, after| {
        let wait = after - *before;
        *before = after;
        std::future::ready(Some(wait))
    });
    let signals = signals.then(move |wait| {
        let on = on.clone();
        async move {
            sleep(ms(wait)).await;
            say!(on, "SIGTERM");
            Signal::Terminate
        }
    });
    if stage.is_virtual() || !cfg!(unix) {
        return Ok(Shutdown::from_signals(signals));
    }
    let shutdown = Shutdown::on_signals()?;
    let (over, mut signals) = (shutdown.clone(), Box::pin(signals));
    tokio::spawn(async move {
        let me = std::process::id().to_string();
        while let Some(_signal) = signals.next().await {
            // Every shell has it built in.
            let mut kill = Command::new("sh");
            let sent = kill.args(["-c", "kill -TERM \"$0\"", &me]).status();
            if !sent.await.is_ok_and(|status| status.success()) {
                over.trigger(CancelCause::new(
                    CancelKind::Shutdown,
                    "no signal could be sent",
                ));
            }
            if over.is_forced() {
                return;
            }
        }
    });
    Ok(shutdown)
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the same, and the signal just ends main");
    let queue = WorkQueue::bounded(100);
    for page in 1..=20 {
        queue.put(page).await?;
    }
    // ANCHOR: broken
    let work = async {
        tokio::join!(
            biased;
            worker(stage.clone(), queue.clone(), "worker 1"),
            worker(stage.clone(), queue.clone(), "worker 2"),
            worker(stage.clone(), queue.clone(), "worker 3"),
        )
    };
    tokio::select! {
        biased;
        _ = work => unreachable!("the queue is not closed"),
        () = sleep(ms(250)) => say!(stage, "SIGTERM: main returns"),
    }
    // ANCHOR_END: broken
    let stats = queue.stats();
    say!(
        stage,
        "{} pages are done; three were cut in half, and {} are forgotten",
        stats.acked,
        stats.depth
    );
    assert!(stats.acked < 20);
    Ok(())
}
