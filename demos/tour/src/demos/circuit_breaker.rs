//! Not calling what fails anyway.
use patterns_core::cancel::timeout;
use patterns_core::circuit_breaker::{BreakerError, CircuitBreaker, State};
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "circuit_breaker",
    "A host that fails is left alone for a while, then asked by exactly so many probes, and used again when it is up.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: breaker
    let breaker = CircuitBreaker::builder("shop.example")
        .consecutive_failures(3)
        .open_for(ms(300))
        .jitter(0.0)
        .probes(1)
        .on_change(stage.breaker())
        .build()?;
    // ANCHOR_END: breaker

    stage.scene("a host breaks down, and comes back: a call every 50 ms");
    // Its fourth to seventh answers are bad.
    let host = Host::answering("shop.example", |nth, _| {
        (ms(20), if (4..=7).contains(&nth) { 500 } else { 200 })
    });
    let mut turned_away = 0;
    // ANCHOR: calls
    for page in 1..=28 {
        match call(&stage, &breaker, &host, page).await {
            Ok(()) => say!(stage, "page {page}"),
            Err(BreakerError::Open(open)) => {
                turned_away += 1;
                say!(
                    stage,
                    "page {page} is not asked for; again in {} ms",
                    open.retry_after.as_millis()
                );
            }
            Err(error) => say!(stage, "page {page}: {error}"),
        }
        sleep(ms(50)).await;
    }
    // ANCHOR_END: calls
    say!(
        stage,
        "{turned_away} calls were turned away; the host saw {} requests",
        host.requests()
    );
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(
        breaker.status().opened,
        2,
        "the first probe failed, and it was left alone for twice as long"
    );
    assert_eq!(turned_away + host.requests(), 28);

    stage.scene("five callers at the moment of the probe: exactly one gets in");
    let host = Host::answering("shop.example", |nth, _| {
        (ms(20), if nth <= 3 { 500 } else { 200 })
    });
    for page in 1..=3 {
        let failed = call(&stage, &breaker, &host, page).await;
        assert!(failed.is_err());
    }
    // ANCHOR: probe
    sleep(ms(300)).await;
    let ended =
        gather((1..=5).map(|page| call(&stage, &breaker, &host, page))).await;
    let got_in = ended.iter().filter(|ended| ended.is_ok()).count();
    say!(stage, "{got_in} got in, {} were turned away", ended.len() - got_in);
    assert_eq!(got_in, 1);
    // ANCHOR_END: probe

    // ANCHOR: impatient
    stage.scene("callers who give up say nothing about the host");
    for page in 1..=5 {
        let impatient =
            timeout(ms(10), call(&stage, &breaker, &host, page)).await;
        assert!(impatient.is_err());
    }
    say!(
        stage,
        "five callers had only 10 ms each; the breaker is {:?}",
        breaker.state()
    );
    assert_eq!(breaker.state(), State::Closed);
    // ANCHOR_END: impatient
    Ok(())
}

// ANCHOR: call
async fn call(
    stage: &Stage,
    breaker: &CircuitBreaker,
    host: &Host,
    page: u32,
) -> Result<(), BreakerError<FetchError>> {
    let fetch = || async {
        let work = stage.busy("requests", format!("page {page}"));
        work.ended(host.get(page).await)
    };
    breaker.run(fetch).await.map(|_| ())
}
// ANCHOR_END: call

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage
        .scene("ten pages of a host that is down, with a limit of 200 ms each");
    // ANCHOR: down
    let host = Host::new("down.example", ms(60_000));
    let start = Instant::now();
    for page in 1..=10 {
        let work = stage.busy("requests", format!("page {page}"));
        if let Err(elapsed) = timeout(ms(200), host.get(page)).await {
            say!(stage, "page {page}: {elapsed}");
            work.failed(elapsed);
        }
    }
    // ANCHOR_END: down
    say!(
        stage,
        "two seconds have gone by, and a host in trouble was asked {} times",
        host.requests()
    );
    stage.assert_took(start, ms(2000));
    Ok(())
}
