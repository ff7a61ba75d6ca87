//! So much per time.
use parking_lot::Mutex;
use patterns_core::cancel::timeout;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::rate_limit::{
    AcquireError, KeyedRateLimiter, Quota, RateLimiter,
};
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "rate_limit",
    "Never more than a quota in any window of time, in turn, per host, and nothing lost on those who give up.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const SENT: &str = "requests so far";
const IN_A_SECOND: &str = "in one second";

async fn play(stage: Stage) -> Result<(), BoxError> {
    let sent = Mutex::new(Vec::new());
    // ANCHOR: request
    let request = |limiter: RateLimiter, page: u32| {
        let (stage, sent) = (&stage, &sent);
        async move {
            let me = format!("page {page}");
            stage.waits(me.clone(), "for its turn");
            limiter.acquire().await?;
            stage.works(me.clone(), "is asked for");
            sent.lock().push(page);
            stage.level(SENT, sent.lock().len());
            say!(stage, "page {page} is asked for");
            sleep(ms(20)).await;
            stage.rests(me);
            Ok::<_, AcquireError>(())
        }
    };
    // ANCHOR_END: request

    stage.scene("ten per second: six requests, all at once, go out one by one");
    let limiter = RateLimiter::new(Quota::per_second(10));
    let start = Instant::now();
    for ended in
        gather((1..=6).map(|page| request(limiter.clone(), page))).await
    {
        ended?;
    }
    stage.assert_took(start, ms(520));
    assert_eq!(*sent.lock(), [1, 2, 3, 4, 5, 6], "first come, first served");

    stage.scene("with a burst of three: after a quiet time, three at once");
    let limiter = RateLimiter::new(Quota::per_second(10).burst(3));
    let start = Instant::now();
    for ended in
        gather((7..=11).map(|page| request(limiter.clone(), page))).await
    {
        ended?;
    }
    stage.assert_took(start, ms(220));

    stage.scene("who gives up takes nothing with him");
    let limiter = RateLimiter::new(Quota::per_second(10));
    let start = Instant::now();
    limiter.acquire().await?;
    let (gave_up, patient) = tokio::join!(
        timeout(ms(50), limiter.acquire()),
        request(limiter.clone(), 12)
    );
    assert!(gave_up.is_err(), "its turn would have been after 100 ms");
    patient?;
    say!(stage, "the next in line has moved up by one");
    stage.assert_took(start, ms(120));

    // ANCHOR: hosts
    stage.scene("for each host its own: one is slow, one is busy");
    let hosts: KeyedRateLimiter<String> =
        KeyedRateLimiter::new(Quota::per_second(10));
    // As its robots.txt asks for.
    hosts.set_quota("slow.example", Quota::one_per(ms(300)))?;
    // As its Retry-After asks for.
    hosts.pause_until("busy.example", Instant::now() + ms(250))?;
    let start = Instant::now();
    let visit = |host: &'static str| {
        let (stage, hosts) = (&stage, &hosts);
        async move {
            hosts.acquire(host).await?;
            say!(
                stage,
                "{host} is asked, after {} ms",
                start.elapsed().as_millis()
            );
            Ok::<_, AcquireError>(())
        }
    };
    // ANCHOR_END: hosts
    let visits = [
        "docs.example",
        "slow.example",
        "busy.example",
        "docs.example",
        "slow.example",
    ]
    .map(visit);
    for ended in gather(visits).await {
        ended?;
    }
    stage.assert_took(start, ms(300));

    stage.scene("five hundred wait, each with one timer of its own");
    let limiter = RateLimiter::new(Quota::per_second(1_000));
    let start = Instant::now();
    for ended in gather((0..500).map(|_| limiter.acquire())).await {
        ended?;
    }
    say!(stage, "they went through in {} ms", start.elapsed().as_millis());
    stage.assert_took(start, ms(499));
    Ok(())
}

// ANCHOR: window
/// Counts calls per second, and begins anew each second.
struct PerSecond {
    since: Instant,
    count: u32,
}

impl PerSecond {
    fn lets_through(&mut self) -> bool {
        if self.since.elapsed() >= ms(1000) {
            self.since += ms(1000);
            self.count = 0;
        }
        self.count += 1;
        self.count <= 10
    }
}
// ANCHOR_END: window

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("ten per second, by counting and beginning anew each second");
    let mut limiter = PerSecond { since: Instant::now(), count: 0 };
    stage.bound(IN_A_SECOND, 10);
    stage.works("limiter", "counts second 1");
    sleep(ms(895)).await;
    let start = Instant::now();
    let mut sent = 0;
    for page in 1..=20 {
        if limiter.lets_through() {
            if limiter.count == 1 && page > 1 {
                stage.works("limiter", "counts second 2");
            }
            sent += 1;
            stage.level(IN_A_SECOND, sent);
            say!(stage, "page {page} is asked for");
        } else {
            say!(stage, "page {page} is turned away");
        }
        sleep(ms(10)).await;
    }
    say!(
        stage,
        "{sent} requests in {} ms, around the turn of the second",
        start.elapsed().as_millis()
    );
    assert!(sent > 15, "nearly twice what the host asked for");
    Ok(())
}
