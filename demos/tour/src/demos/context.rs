//! What a task inherits.
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::outcome::BoxError;
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "context",
    "A deadline, a request to stop and a path of names travel by themselves: down to children, and over to servers.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("300 ms for all of it; nobody below has a parameter for that");
    let start = Instant::now();
    stage.waits("caller", "for both hosts");
    // ANCHOR: limit
    let checked = timeout(ms(300), async {
        TaskGroup::new("site")
            .run(async |group| {
                group.spawn("docs", check(stage.clone(), "docs"));
                group.spawn("blog", check(stage.clone(), "blog"));
                Ok(())
            })
            .await
    });
    // ANCHOR_END: limit
    match checked.await {
        Ok(ended) => say!(
            stage,
            "the group: {}",
            ended.expect_err("it can't be done in time")
        ),
        Err(elapsed) => {
            stage.stops("caller", elapsed);
            say!(stage, "the caller: {elapsed}");
        }
    }
    stage.assert_took(start, ms(300));

    stage.scene("nested limits only ever get shorter");
    // ANCHOR: nested
    let outer = Context::current().with_deadline(Instant::now() + ms(200));
    let inner = outer.with_deadline(Instant::now() + ms(900));
    let left = inner.remaining().expect("it has a deadline");
    say!(stage, "asked for 900 ms within 200: {} are left", left.as_millis());
    // ANCHOR_END: nested
    assert!(left <= ms(200));

    stage.scene("over to a server, in a header");
    let work = stage.busy("server", "serves");
    // ANCHOR: header
    let header = outer.timeout_header().expect("it has a deadline");
    say!(stage, "the client sends grpc-timeout: {header}");
    let server = Context::current().with_timeout_header(&header)?;
    let served = server
        .scope(context::sleep(ms(60_000)))
        .await
        .expect_err("the client waits no longer");
    // ANCHOR_END: header
    work.stopped(&served);
    say!(
        stage,
        "the server gives up when the client does: {}",
        served.is_deadline()
    );
    assert!(served.is_deadline());
    let refused =
        Context::current().with_timeout_header("soon").expect_err("no number");
    say!(stage, "and what makes no sense is refused: {refused}");

    stage.scene("a request to stop reaches everything below, with its cause");
    // ANCHOR: token
    let token = CancelToken::new();
    let below = Context::current()
        .with_token(token.clone())
        .named("crawl")
        .named("docs");
    let work = below.scope(async {
        let interrupt =
            wait(&stage, "docs", 60_000).await.expect_err("it is cancelled");
        say!(stage, "{}: {interrupt}", Context::current().path());
        interrupt
    });
    let user = async {
        sleep(ms(100)).await;
        token.cancel("the user closed the page");
    };
    let (interrupt, ()) = tokio::join!(work, user);
    // ANCHOR_END: token
    assert_eq!(
        interrupt.cause().map(|cause| cause.message()),
        Some("the user closed the page")
    );
    Ok(())
}

// ANCHOR: check
/// Reads a page, and then waits for a slow one, deep down.
async fn check(stage: Stage, name: &'static str) -> Result<(), Interrupt> {
    wait(&stage, name, 100).await?;
    let left = context::remaining().expect("the caller has a deadline");
    say!(
        stage,
        "{}: the first page is read; about {} ms are left",
        Context::current().path(),
        left.as_millis()
    );
    assert!(left <= ms(200));
    wait(&stage, name, 60_000).await
}
// ANCHOR_END: check

async fn wait(
    stage: &Stage,
    name: &'static str,
    time: u64,
) -> Result<(), Interrupt> {
    let work = stage.busy(name, "reads a page");
    match context::sleep(ms(time)).await {
        Ok(()) => {
            work.done();
            Ok(())
        }
        Err(interrupt) => {
            work.stopped(&interrupt);
            Err(interrupt)
        }
    }
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a bare tokio::spawn inherits nothing");
    let on = stage.clone();
    stage.waits("caller", "for the task");
    // ANCHOR: broken
    let outcome = timeout(ms(100), async {
        let task = tokio::spawn(async move {
            say!(on, "the task: time left: {:?}", context::remaining());
            assert_eq!(context::remaining(), None);
            wait(&on, "detached", 300)
                .await
                .map_err(|interrupt| interrupt.to_string())
        });
        task.await
    });
    if let Err(elapsed) = outcome.await {
        say!(stage, "the caller: {elapsed}");
    }
    // ANCHOR_END: broken
    stage.stops("caller", "not finished within 100ms");
    sleep(ms(250)).await;
    let bars = stage.recording().bars;
    let went_on = bars
        .iter()
        .any(|bar| bar.to.is_some_and(|to| to - bar.from >= ms(300)));
    say!(stage, "the task went on to its end, for nobody: {went_on}");
    assert!(went_on);
    Ok(())
}
