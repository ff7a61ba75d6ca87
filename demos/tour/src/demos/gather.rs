//! Futures side by side in one task.
use patterns_core::gather::{
    gather, gather_settled, map_concurrent, try_gather,
};
use patterns_core::outcome::{BoxError, Outcome};
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
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

    stage.scene("three pages, half a second each (page 2 is faster)");
    let start = Instant::now();
    let pages = [1, 2, 3]; // borrowed below: nothing is spawned, so nothing must be 'static
    let fetched =
        gather(pages.iter().map(|page| fetch(&stage, &host, *page))).await;
    say!(stage, "together they took half a second: {fetched:?}");
    stage.assert_took(start, ms(500));
    assert_eq!(
        fetched,
        [Ok(1), Ok(2), Ok(3)],
        "in the order of the input, though page 2 came first"
    );

    stage.scene("gather_settled: page 4 is missing, the others go on");
    let outcomes =
        gather_settled([4, 5, 6].map(|page| fetch(&stage, &host, page))).await;
    for (page, outcome) in (4..).zip(&outcomes) {
        match outcome {
            Outcome::Ok(page) => say!(stage, "page {page} is there"),
            Outcome::Err(error) => say!(stage, "page {page} is not: {error}"),
            other => say!(stage, "page {page}: {other:?}"),
        }
    }
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);

    stage.scene("try_gather: the first error ends it, and drops the others");
    let answered = host.answered();
    let start = Instant::now();
    let failed = try_gather([7, 4, 8].map(|page| fetch(&stage, &host, page)))
        .await
        .expect_err("page 4 is missing");
    say!(stage, "input {} failed: {}", failed.index, failed.error);
    stage.assert_took(start, ms(200));
    assert_eq!(host.answered() - answered, 1, "7 and 8 were not waited for");

    stage.scene("map_concurrent: six pages, at most two at once");
    let host = Host::new("blog.example", ms(100));
    stage.bound("open requests", 2);
    let start = Instant::now();
    let fetched =
        map_concurrent(11..=16, 2, |page| counted(&stage, &host, page)).await;
    say!(
        stage,
        "{} pages, never more than {} at once",
        fetched.len(),
        host.most_open()
    );
    stage.assert_took(start, ms(300));
    assert_eq!(host.most_open(), 2);
    Ok(())
}

async fn fetch(
    stage: &Stage,
    host: &Host,
    page: u32,
) -> Result<u32, FetchError> {
    let work = stage.busy(format!("page {page}"), "is fetched");
    work.ended(host.get(page).await)
}

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

    stage.scene("one after another");
    let start = Instant::now();
    for page in 1..=3 {
        fetch(&stage, &host, page).await?;
        say!(stage, "page {page}");
    }
    say!(stage, "a second and a half for what takes half a second");
    stage.assert_took(start, ms(1500));

    stage.scene("calling is not starting");
    let start = Instant::now();
    let early = [4, 5].map(|page| fetch(&stage, &host, page)); // a Python reader would expect tasks here
    sleep(ms(500)).await;
    say!(
        stage,
        "half a second later the host has seen {} requests for them",
        host.requests() - 3
    );
    assert_eq!(host.requests(), 3, "a future does nothing until it is awaited");
    for page in early {
        page.await?;
    }
    say!(stage, "so they come one after the other, after all");
    stage.assert_took(start, ms(1500));
    Ok(())
}
