//! Trying again.
use patterns_core::cancel::timeout;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::retry::{Jitter, Retry, RetryBudget, StopReason, Verdict};
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "retry",
    "Trying again what may succeed, with growing and random pauses, and never when there is no time left for it.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("two bad answers, and a good one");
    let host = Host::answering("docs.example", |nth, _| {
        (ms(50), if nth < 3 { 503 } else { 200 })
    });
    let retry = Retry::exponential(ms(100)).jitter(Jitter::None);
    let start = Instant::now();
    let page = retry.run(|| fetch(&stage, &host, 1)).await?;
    say!(
        stage,
        "page {page} is here, after {} requests; the pauses were 100 ms and 200 ms",
        host.requests()
    );
    stage.assert_took(start, ms(3 * 50 + 100 + 200));

    // ANCHOR: log
    stage.scene("with jitter, and in vain: the error has the log");
    let down = Host::answering("down.example", |_, _| (ms(20), 503));
    let retry = Retry::exponential(ms(100)).max_attempts(4).seed(stage.seed());
    let error =
        retry.run(|| fetch(&stage, &down, 2)).await.expect_err("it is down");
    for attempt in error.log() {
        let pause = attempt.delay.map_or("none".to_owned(), |delay| {
            format!("{} ms", delay.as_millis())
        });
        say!(stage, "attempt {}: pause after it: {pause}", attempt.number);
        let most = ms(100) * 2_u32.pow(attempt.number - 1);
        assert!(
            attempt.delay.unwrap_or_default() <= most,
            "a random part of what it would be without jitter"
        );
    }
    say!(
        stage,
        "{}, the last time by \"{}\"",
        error.reason(),
        error.error().expect("there were attempts")
    );
    // ANCHOR_END: log
    assert_eq!(error.attempts(), 4);

    stage.scene(
        "what can't succeed is not tried again, and who says when is believed",
    );
    // ANCHOR: verdicts
    let retry = Retry::fixed(ms(50)).classify(|error: &FetchError| match error
        .status
    {
        429 => Verdict::RetryAfter(ms(300)),
        500.. => Verdict::Retry,
        _ => Verdict::Stop,
    });
    // ANCHOR_END: verdicts
    let host = Host::answering("blog.example", |nth, page| match (page, nth) {
        (3, _) => (ms(20), 404),
        (_, 2) => (ms(20), 429),
        _ => (ms(20), 200),
    });
    let error = retry
        .run(|| fetch(&stage, &host, 3))
        .await
        .expect_err("page 3 is missing");
    say!(stage, "page 3: {error}");
    assert_eq!(error.attempts(), 1);
    let start = Instant::now();
    retry.run(|| fetch(&stage, &host, 4)).await?;
    say!(stage, "page 4 is here, as late as the host asked for");
    stage.assert_took(start, ms(20 + 300 + 20));

    stage.scene(
        "250 ms are left, and the next attempt could not begin within them",
    );
    // ANCHOR: deadline
    let start = Instant::now();
    let retry = Retry::fixed(ms(300));
    let error = timeout(ms(250), retry.run(|| fetch(&stage, &down, 5)))
        .await?
        .expect_err("it is down");
    say!(stage, "page 5: {error}");
    assert!(matches!(error.reason(), StopReason::DeadlineTooClose));
    stage.assert_took(start, ms(20));
    // ANCHOR_END: deadline

    stage.scene("a budget for all callers together: three retries, and then only what successes earn");
    // ANCHOR: budget
    let before = down.requests();
    let retry =
        Retry::fixed(ms(30)).max_attempts(10).budget(RetryBudget::new(3));
    let (retry, host, here) = (&retry, &down, &stage);
    let ended =
        gather((6..=8).map(|page| retry.run(move || fetch(here, host, page))))
            .await;
    assert!(ended.iter().all(Result::is_err));
    say!(
        stage,
        "three callers made {} requests, and not thirty",
        down.requests() - before
    );
    assert_eq!(down.requests() - before, 6);
    // ANCHOR_END: budget
    Ok(())
}

async fn fetch(
    stage: &Stage,
    host: &Host,
    page: u32,
) -> Result<u32, FetchError> {
    let work = stage.busy(format!("page {page}"), "is fetched");
    let fetched = work.ended(host.get(page).await);
    match &fetched {
        Ok(page) => say!(stage, "page {page}"),
        Err(error) => say!(stage, "{error}"),
    }
    fetched
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("five clients, each with a loop and a sleep, and a host that bears four");
    let host = Host::answering("docs.example", |_, _| (ms(50), 503));
    stage.bound("open requests", 4);
    // ANCHOR: loop
    let clients = (1..=5).map(|page| {
        let (stage, host) = (&stage, &host);
        async move {
            for attempt in 1..=3 {
                stage.level("open requests", host.open() + 1);
                let fetched = fetch(stage, host, page).await;
                stage.level("open requests", host.open());
                match fetched {
                    Ok(_) => return,
                    Err(_) => sleep(ms(100) * attempt).await,
                }
            }
        }
    });
    gather(clients).await;
    // ANCHOR_END: loop
    say!(
        stage,
        "each time all {} came back at the same moment: 15 requests in three blows",
        host.most_open()
    );
    assert_eq!(host.requests(), 15);
    assert_eq!(host.most_open(), 5);
    Ok(())
}
