//! All of it around a call, in an order that makes sense.
use patterns_core::bulkhead::Bulkhead;
use patterns_core::circuit_breaker::{CircuitBreaker, State};
use patterns_core::fallback::{Fallback, fallback};
use patterns_core::outcome::BoxError;
use patterns_core::policy::Policy;
use patterns_core::retry::{Jitter, Retry};
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "policy",
    "Fallback, limits, retry and breaker around one call, in an order that makes sense, as no other compiles.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// What is shown where a page can't be had.
const YESTERDAY: u32 = 0;

async fn play(stage: Stage) -> Result<(), BoxError> {
    let breaker = CircuitBreaker::builder("docs.example")
        .consecutive_failures(4)
        .open_for(ms(400))
        .jitter(0.0)
        .probes(1)
        .on_change(stage.breaker())
        .build()?;
    // ANCHOR: policy
    // From the outside in. Any other order does not compile.
    let policy = Policy::new()
        .fallback(Fallback::value(YESTERDAY))
        .timeout(ms(1000))
        .bulkhead(Bulkhead::new(8))
        .retry(Retry::exponential(ms(50)).jitter(Jitter::None).max_attempts(3))
        .circuit_breaker(breaker.clone())
        .attempt_timeout(ms(100));
    // ANCHOR_END: policy

    stage.scene("a bad answer, and a good one: the caller doesn't notice");
    let host = Host::answering("docs.example", |nth, _| match nth {
        1 => (ms(20), 503),
        3.. => (ms(60_000), 200), // from its third request on it hangs
        _ => (ms(20), 200),
    });
    let page = policy.run(|| fetch(&stage, &host, 1)).await?;
    say!(stage, "page {page}, with {} requests", host.requests());
    assert_eq!((page, host.requests()), (1, 2));

    stage
        .scene("a host that hangs: three attempts of 100 ms, then the default");
    // ANCHOR: hangs
    let start = Instant::now();
    let page = policy.run(|| fetch(&stage, &host, 2)).await?;
    say!(stage, "what is shown is yesterday's: {}", page == YESTERDAY);
    assert_eq!((page, host.requests()), (YESTERDAY, 5));
    stage.assert_took(start, ms(100 + 50 + 100 + 100 + 100));
    // ANCHOR_END: hangs

    stage.scene("one failure more opens the breaker, and from then on the default comes at once");
    policy.run(|| fetch(&stage, &host, 3)).await?;
    assert_eq!(breaker.state(), State::Open);
    let (start, before) = (Instant::now(), host.requests());
    let page = policy.run(|| fetch(&stage, &host, 4)).await?;
    say!(
        stage,
        "after {} ms, and without a request: page {page}",
        start.elapsed().as_millis()
    );
    assert_eq!(host.requests(), before);

    stage.scene("the host is back: the next call is the probe");
    sleep(ms(400)).await;
    let host = Host::new("docs.example", ms(20));
    let page = policy.run(|| fetch(&stage, &host, 5)).await?;
    say!(stage, "page {page}");
    assert_eq!((page, breaker.state()), (5, State::Closed));
    Ok(())
}

async fn fetch(
    stage: &Stage,
    host: &Host,
    page: u32,
) -> Result<u32, FetchError> {
    let work = stage.busy(format!("page {page}"), "attempt");
    work.ended(host.get(page).await)
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("by hand: the fallback inside of the retry");
    let host = Host::answering("docs.example", |nth, _| {
        (ms(20), if nth == 1 { 503 } else { 200 })
    });
    // ANCHOR: by_hand
    let retry = Retry::fixed(ms(50)).max_attempts(3);
    let page =
        retry.run(|| fallback(fetch(&stage, &host, 1), YESTERDAY)).await?;
    say!(
        stage,
        "what is shown is yesterday's: {}; requests: {}",
        page == YESTERDAY,
        host.requests()
    );
    // ANCHOR_END: by_hand
    say!(
        stage,
        "the fallback made a success of every failure, so nothing was ever tried again"
    );
    assert_eq!((page, host.requests()), (YESTERDAY, 1));
    Ok(())
}
