//! Nobody goes on before all are there.
use patterns_core::barrier::{Barrier, BarrierError};
use patterns_core::cancel::timeout;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "barrier",
    "Nobody goes on before all are there; who is dropped while waiting leaves, and one that fails tells the others.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("three crawlers, depth by depth: nobody reads depth 2 before depth 1 is done");
    let barrier = Barrier::new(3);
    let start = Instant::now();
    for ended in gather((1..=3).map(|n| crawl(&stage, &barrier, n))).await {
        ended?;
    }
    // The slowest decides: 80 ms at each depth.
    stage.assert_took(start, ms(160));

    // ANCHOR: gives_up
    stage.scene("one gives up, and another comes in its place");
    let impatient = async {
        stage.waits("impatient", "for the others");
        let waited = timeout(ms(50), barrier.wait()).await;
        stage.stops("impatient", "gives up");
        say!(
            stage,
            "the impatient one leaves; {} are there",
            barrier.status().arrived
        );
        waited
    };
    let patient = async |n: u32, after: u64| {
        sleep(ms(after)).await;
        stage.waits(format!("patient {n}"), "for the others");
        let passed = barrier.wait().await;
        stage.rests(format!("patient {n}"));
        passed
    };
    let start = Instant::now();
    let (left, a, b, c) = tokio::join!(
        impatient,
        patient(1, 10),
        patient(2, 70),
        patient(3, 100)
    );
    assert!(left.is_err(), "it was not counted any more");
    // ANCHOR_END: gives_up
    say!(
        stage,
        "the third comes, and all three go on: generation {}",
        a?.generation()
    );
    assert!(!b?.is_leader() && c?.is_leader(), "the last one leads");
    stage.assert_took(start, ms(100));

    // ANCHOR: fails
    stage.scene("one fails, and says so");
    let failing = async {
        sleep(ms(50)).await;
        barrier.break_with("crawler 3: the disk is full");
    };
    let ((), waited) =
        tokio::join!(failing, gather((1..=2).map(|_| barrier.wait())));
    for ended in waited {
        let error = ended.expect_err("the third never comes");
        say!(stage, "{error}");
        assert!(error.is_broken());
    }
    // ANCHOR_END: fails
    Ok(())
}

// ANCHOR: crawl
async fn crawl(
    stage: &Stage,
    barrier: &Barrier,
    n: u32,
) -> Result<(), BarrierError> {
    let me = format!("crawler {n}");
    for depth in 1..=2 {
        stage.works(me.clone(), format!("reads depth {depth}"));
        // The third is the slowest.
        sleep(ms(u64::from(n) * 20 + if n == 3 { 20 } else { 0 })).await;
        stage.waits(me.clone(), "for the others");
        let leads = barrier.wait().await?.is_leader();
        stage.rests(me.clone());
        if leads {
            say!(stage, "{me} was the last at depth {depth}, and leads");
        }
    }
    Ok(())
}
// ANCHOR_END: crawl

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("tokio's barrier counts whoever has given up");
    // ANCHOR: counted
    let barrier = tokio::sync::Barrier::new(2);
    stage.waits("first", "for another");
    let left = timeout(ms(50), barrier.wait()).await;
    assert!(left.is_err());
    stage.stops("first", "gives up");
    say!(stage, "the first has waited for 50 ms, and left");
    barrier.wait().await;
    stage.works("second", "goes on alone");
    say!(stage, "the second is let go at once, with nobody beside it");
    stage.waits("third", "for another");
    let third = timeout(ms(200), barrier.wait()).await;
    assert!(third.is_err());
    // ANCHOR_END: counted
    stage.stops("third", "gives up");
    stage.rests("second");
    say!(
        stage,
        "and the third, which would have been its partner, waits for ever"
    );
    Ok(())
}
