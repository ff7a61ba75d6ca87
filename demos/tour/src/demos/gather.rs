//! Futures side by side in one task.
use patterns_core::gather::{
    gather, gather_settled, map_concurrent, try_gather,
};
use patterns_core::outcome::{BoxError, Outcome};
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host, fetch};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "gather",
    "Futures side by side in one task: results in the order of the input, borrows allowed, errors as you like them.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let host = Host::answering("docs.example", |_, page| match page {
        2 => (ms(300), 200),
        4 => (ms(200), 404),
        _ => (ms(500), 200),
    });
    at_once(&stage, &host).await;
    settled(&stage, &host).await;
    first_error(&stage, &host).await;
    bounded(&stage).await;
    Ok(())
}

// ANCHOR: at_once
async fn at_once(stage: &Stage, host: &Host) {
    stage.scene("three pages, half a second each (page 2 is faster)");
    let start = Instant::now();
    // Borrowed below: nothing is spawned, so nothing must be 'static.
    let pages = [1, 2, 3];
    let fetches = pages.iter().map(|page| fetch(stage, host, *page));
    let fetched = gather(fetches).await;
    say!(stage, "together they took half a second: {fetched:?}");
    stage.assert_took(start, ms(500));
    // In the order of the input, though page 2 came first.
    assert_eq!(fetched, [Ok(1), Ok(2), Ok(3)]);
}
// ANCHOR_END: at_once

// ANCHOR: settled
async fn settled(stage: &Stage, host: &Host) {
    stage.scene("gather_settled: page 4 is missing, the others go on");
    let fetches = [4, 5, 6].map(|page| fetch(stage, host, page));
    let outcomes = gather_settled(fetches).await;
    for (page, outcome) in (4..).zip(&outcomes) {
        match outcome {
            Outcome::Ok(_) => say!(stage, "page {page} is there"),
            Outcome::Err(error) => say!(stage, "page {page} is not: {error}"),
            Outcome::Cancelled(why) => say!(stage, "page {page}: {why}"),
            Outcome::Panicked(panic) => say!(stage, "page {page}: {panic}"),
        }
    }
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
}
// ANCHOR_END: settled

// ANCHOR: first_error
async fn first_error(stage: &Stage, host: &Host) {
    stage.scene("try_gather: the first error ends it, and drops the others");
    let answered = host.answered();
    let start = Instant::now();
    let fetches = [7, 4, 8].map(|page| fetch(stage, host, page));
    let failed = try_gather(fetches).await.expect_err("page 4 is missing");
    say!(stage, "input {} failed: {}", failed.index, failed.error);
    stage.assert_took(start, ms(200));
    assert_eq!(host.answered() - answered, 1, "7 and 8 were not waited for");
}
// ANCHOR_END: first_error

// ANCHOR: bounded
async fn bounded(stage: &Stage) {
    stage.scene("map_concurrent: six pages, at most two at once");
    let host = Host::new("blog.example", ms(100));
    stage.bound("open requests", 2);
    let start = Instant::now();
    let fetched =
        map_concurrent(11..=16, 2, |page| counted(stage, &host, page)).await;
    let (pages, most) = (fetched.len(), host.most_open());
    say!(stage, "{pages} pages, never more than {most} at once");
    stage.assert_took(start, ms(300));
    assert_eq!(most, 2);
}
// ANCHOR_END: bounded

async fn counted(
    stage: &Stage,
    host: &Host,
    page: u32,
) -> Result<u32, FetchError> {
    stage.level("open requests", host.open() + 1);
    let fetched = fetch(stage, host, page).await;
    stage.level("open requests", host.open());
    fetched
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    let host = Host::new("docs.example", ms(500));
    one_by_one(&stage, &host).await?;
    too_early(&stage, &host).await?;
    Ok(())
}

// ANCHOR: one_by_one
async fn one_by_one(stage: &Stage, host: &Host) -> Result<(), FetchError> {
    stage.scene("one after another");
    let start = Instant::now();
    for page in 1..=3 {
        fetch(stage, host, page).await?;
        say!(stage, "page {page}");
    }
    say!(stage, "a second and a half for what takes half a second");
    stage.assert_took(start, ms(1500));
    Ok(())
}
// ANCHOR_END: one_by_one

// ANCHOR: too_early
async fn too_early(stage: &Stage, host: &Host) -> Result<(), FetchError> {
    stage.scene("calling is not starting");
    let start = Instant::now();
    // Whoever comes from JavaScript expects two requests on their way now.
    let early = [4, 5].map(|page| fetch(stage, host, page));
    sleep(ms(500)).await;
    let seen = host.requests() - 3;
    say!(
        stage,
        "half a second later the host has seen {seen} requests for them"
    );
    assert_eq!(seen, 0, "a future does nothing until it is awaited");
    for page in early {
        page.await?;
    }
    say!(stage, "so they come one after the other, after all");
    stage.assert_took(start, ms(1500));
    Ok(())
}
// ANCHOR_END: too_early
