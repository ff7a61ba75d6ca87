//! Limits of time, and asking work to stop.
use patterns_core::cancel::{CancelToken, move_on_after, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::outcome::{BoxError, FailureKind};
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::time::{Instant, sleep};

use crate::site::{Host, fetch};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "cancel",
    "Limits of time that know whose they are, and work that is asked to stop, cleans up, and says why it stopped.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let host = Host::new("slow.example", ms(500));
    limit(&stage, &host).await;
    or_default(&stage, &host).await;
    whose(&stage, &host).await;
    asked(&stage).await;
    Ok(())
}

// ANCHOR: limit
async fn limit(stage: &Stage, host: &Host) {
    stage.scene("a limit of 200 ms on a page that takes 500");
    let start = Instant::now();
    let page = timeout(ms(200), fetch(stage, host, 1)).await;
    let elapsed = page.expect_err("the page takes longer");
    say!(stage, "page 1: {elapsed}");
    stage.assert_took(start, ms(200));
    // The request was dropped, and nothing is left of it.
    assert_eq!(host.open(), 0);
}
// ANCHOR_END: limit

// ANCHOR: default
async fn or_default(stage: &Stage, host: &Host) {
    stage.scene("the same, with a default");
    let links = move_on_after(ms(200), fetch(stage, host, 2)).await;
    let links = links.map_or("those of the last crawl", |_| "fresh ones");
    say!(stage, "page 2: no answer in time; its links are {links}");
    assert_eq!(links, "those of the last crawl");
}
// ANCHOR_END: default

// ANCHOR: whose
async fn whose(stage: &Stage, host: &Host) {
    stage.scene("a limit within an earlier one: whoever set it ends the work");
    let outer = timeout(ms(150), async {
        let left = context::remaining().expect("there is a limit");
        let left = left.as_millis();
        say!(stage, "inside, {left} ms are left, whatever is asked for");
        timeout(ms(400), fetch(stage, host, 3)).await
    });
    // The outer limit comes first, and is told from the inner one.
    let elapsed = outer.await.expect_err("the page takes longer");
    say!(stage, "page 3: {elapsed}");
    assert_eq!(elapsed.limit(), ms(150));
}
// ANCHOR_END: whose

// ANCHOR: asked
async fn asked(stage: &Stage) {
    stage.scene("asked to stop, and not cut off");
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let crawl = context.scope(crawl(stage));
    let user = async {
        sleep(ms(250)).await;
        say!(stage, "the user closes the page");
        token.cancel("the user closed the page");
    };
    let (stopped, ()) = tokio::join!(crawl, user);
    let interrupt = stopped.expect_err("it was cancelled");
    say!(stage, "the crawl returns: {interrupt}");
    // Passed on and not swallowed: whoever called it knows why, too.
    let cause = interrupt.cause().expect("it was no deadline");
    assert_eq!(cause.message(), "the user closed the page");
}
// ANCHOR_END: asked

// ANCHOR: crawl
/// Fetches page after page until it is asked to stop.
async fn crawl(stage: &Stage) -> Result<(), Interrupt> {
    loop {
        let page = stage.busy("crawl", "reads a page");
        // Waits of this crate end when the token is cancelled...
        if let Err(interrupt) = context::sleep(ms(100)).await {
            page.stopped(&interrupt);
            // ...and after that there is time for cleanup, with awaits in it.
            stage.cleans_up("crawl", "saves");
            sleep(ms(80)).await;
            stage.rests("crawl");
            say!(stage, "the crawl has saved where it was");
            return Err(interrupt);
        }
        page.done();
        say!(stage, "the crawl has read a page");
    }
}
// ANCHOR_END: crawl

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a worker that takes every error for a bad connection");
    let settled = TaskGroup::new("site")
        .grace(ms(400))
        .policy(CollectAll)
        .run(async |group| {
            let worker = group.spawn("worker", stubborn(stage.clone()));
            sleep(ms(250)).await;
            say!(stage, "the user closes the page: the worker is asked to stop, and has 400 ms to do so");
            worker.cancel("the user closed the page");
            let failed = worker.await.expect_err("it never ends by itself");
            stage.stops("worker", "aborted");
            say!(stage, "{failed}");
            Ok(failed.kind())
        })
        .await;
    assert_eq!(settled.value, Some(FailureKind::Straggler));
    say!(
        stage,
        "whoever swallows the request to stop is cut off in the end, and its cleanup never runs"
    );
    Ok(())
}

// ANCHOR: stubborn
async fn stubborn(stage: Stage) -> Result<(), BoxError> {
    loop {
        let page = stage.busy("worker", "reads a page");
        match context::sleep(ms(100)).await {
            Ok(()) => {
                page.done();
                say!(stage, "the worker has read a page");
            }
            Err(error) => {
                // The mistake: this is no bad connection.
                // It should be returned.
                page.stopped(&error);
                say!(stage, "the worker: \"{error}\"; it tries again");
                stage.waits("worker", "until it tries again");
                sleep(ms(150)).await;
            }
        }
    }
}
// ANCHOR_END: stubborn
