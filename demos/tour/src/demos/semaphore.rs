//! So many at once, and everybody in turn.
use std::pin::pin;

use parking_lot::Mutex;
use patterns_core::cancel::timeout;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::semaphore::{AcquireError, Semaphore};
use tokio::time::{Instant, sleep};

use crate::site::Host;
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "semaphore",
    "Never more than so many at once, first come, first served, by weight, and with a limit that can change.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const IN_USE: &str = "permits in use";

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("nine pages of a host that bears three requests at once");
    let host = Host::new("docs.example", ms(100));
    let permits = Semaphore::new(3);
    let entered = Mutex::new(Vec::new());
    let start = Instant::now();
    let check = |page| check(&stage, &permits, &host, &entered, page, 1);
    for ended in gather((1..=9).map(check)).await {
        ended?;
    }
    say!(
        stage,
        "all nine are fetched, and the host never saw more than {} at once",
        host.most_open()
    );
    stage.assert_took(start, ms(300));
    assert_eq!(host.most_open(), 3);
    assert_eq!(
        *entered.lock(),
        (1..=9).collect::<Vec<_>>(),
        "first come, first served"
    );

    // ANCHOR: weight
    stage.scene("by weight: page 11 is a video, and takes all three permits");
    entered.lock().clear();
    let start = Instant::now();
    let check = |(page, weight)| {
        self::check(&stage, &permits, &host, &entered, page, weight)
    };
    for ended in gather([(10, 1), (11, 3), (12, 1)].map(check)).await {
        ended?;
    }
    say!(
        stage,
        "page 12 came last and would have fitted in before, but nobody overtakes: {:?}",
        entered.lock()
    );
    stage.assert_took(start, ms(300));
    assert_eq!(*entered.lock(), [10, 11, 12]);
    let never = permits.acquire_many(4).await.expect_err("there are three");
    say!(stage, "and what can never be had is an error at once: {never}");
    assert!(never.is_exceeds_limit());
    // ANCHOR_END: weight

    stage.scene("the host is busy: one at a time, please");
    permits.resize(1);
    let start = Instant::now();
    let check = |page| self::check(&stage, &permits, &host, &entered, page, 1);
    for ended in gather([13, 14].map(check)).await {
        ended?;
    }
    stage.assert_took(start, ms(200));

    // ANCHOR: unpolled
    stage.scene("a waiter that nobody polls keeps no permit from others");
    let held = permits.acquire().await?;
    let mut first = pin!(permits.acquire());
    tokio::select! {
        biased;
        _ = &mut first => unreachable!("the permit is held"),
        () = sleep(ms(20)) => say!(
            stage,
            "the first waiter has lost a select!, and is still alive"
        ),
    }
    drop(held);
    let second = timeout(ms(300), permits.acquire()).await??;
    say!(stage, "the second gets the permit all the same");
    drop(second);
    drop(first.await?);
    say!(stage, "and the first has kept its place in line");
    // ANCHOR_END: unpolled
    Ok(())
}

// ANCHOR: check
/// Fetches a page while it holds so many permits.
async fn check(
    stage: &Stage,
    permits: &Semaphore,
    host: &Host,
    entered: &Mutex<Vec<u32>>,
    page: u32,
    weight: usize,
) -> Result<(), AcquireError> {
    let me = format!("page {page}");
    stage.waits(me.clone(), "for a permit");
    let permit = permits.acquire_many(weight).await?;
    entered.lock().push(page);
    stage.bound(IN_USE, 3);
    stage.level(IN_USE, permits.status().taken);
    let work = stage.busy(me, "is fetched");
    host.get(page).await.expect("this host has all pages");
    work.done();
    drop(permit);
    stage.level(IN_USE, permits.status().taken);
    say!(stage, "page {page} is fetched");
    Ok(())
}
// ANCHOR_END: check

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the same with tokio's semaphore: a freed permit is given, and not offered");
    // ANCHOR: given
    let permits = tokio::sync::Semaphore::new(1);
    let held = permits.acquire().await?;
    stage.waits("first", "for a permit");
    let mut first = pin!(permits.acquire());
    tokio::select! {
        biased;
        _ = &mut first => unreachable!("the permit is held"),
        () = sleep(ms(20)) => say!(
            stage,
            "the first waiter has lost a select!, and is still alive"
        ),
    }
    drop(held);
    say!(stage, "the permit is free; the same task asks for one again");
    stage.waits("second", "for a permit");
    let second = timeout(ms(300), permits.acquire()).await;
    assert!(second.is_err());
    // ANCHOR_END: given
    stage.stops("second", "gives up");
    say!(
        stage,
        "and waits for ever: the permit belongs to the first, which only this task could poll"
    );
    Ok(())
}
