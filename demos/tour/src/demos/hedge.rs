//! A second attempt when the first is slow.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use patterns_core::context::{self, Interrupt};
use patterns_core::hedge::Hedge;
use patterns_core::outcome::BoxError;
use patterns_core::reaper::Reaper;
use patterns_core::retry::RetryBudget;
use tokio::time::Instant;

use crate::site::Host;
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "hedge",
    "A second attempt when the first is slow: the first answer wins, the loser cleans up, and a budget bounds them.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene(
        "mirror 1 has a bad day; after 100 ms mirror 2 is asked as well",
    );
    // ANCHOR: hedge
    let start = Instant::now();
    // Waits for what is left when the answer is there: the loser's cleanup.
    Reaper::new()
        .run(async {
            let hedge = Hedge::after(ms(100));
            let winner = hedge
                .run(|n| attempt(stage.clone(), n))
                .await
                .expect("mirror 2 is well");
            say!(
                stage,
                "the answer is there, from mirror {winner}; \
                 nobody waits for the other"
            );
            stage.assert_took(start, ms(140));
            assert_eq!((winner, hedge.status().hedges), (2, 1));
        })
        .await;
    say!(stage, "now the loser has cleaned up, too");
    stage.assert_took(start, ms(170));
    // ANCHOR_END: hedge

    stage.scene("twenty calls, of which every fifth is slow, and a budget for two hedges");
    // ANCHOR: budget
    let nth = Arc::new(AtomicU32::new(0));
    let hedge = Hedge::after(ms(100)).budget(RetryBudget::with_ratio(2, 0.0));
    let mut slow = 0;
    for call in 1..=20 {
        let start = Instant::now();
        let answer = hedge.run(|_| {
            let nth = nth.fetch_add(1, SeqCst) + 1;
            async move {
                context::sleep(ms(if nth.is_multiple_of(5) {
                    300
                } else {
                    20
                }))
                .await?;
                Ok::<_, Interrupt>(())
            }
        });
        stage.works("calls", format!("call {call}"));
        answer.await?;
        stage.rests("calls");
        let took = start.elapsed();
        if took > ms(100) {
            say!(stage, "call {call} took {} ms", took.as_millis());
            slow += u32::from(took >= ms(300));
        }
    }
    // ANCHOR_END: budget
    let status = hedge.status();
    say!(
        stage,
        "{} calls, {} hedges, {} won by one",
        status.calls,
        status.hedges,
        status.hedge_wins
    );
    say!(
        stage,
        "{} more were refused by the budget; {slow} calls took 300 ms",
        status.refused
    );
    assert_eq!((status.hedges, status.hedge_wins), (2, 2));
    assert_eq!(u64::from(slow), status.refused);

    stage.scene(
        "what fails is not hedged, but returned: that is a retry's business",
    );
    let hedge = Hedge::after(ms(50));
    let failed = hedge
        .run(async |_| Err::<(), _>("404"))
        .await
        .expect_err("the page is missing");
    say!(
        stage,
        "after {} attempt: {:?}",
        failed.attempts().len(),
        failed.into_inner()
    );
    Ok(())
}

// ANCHOR: attempt
/// Asks mirror `n`, which gives its number; a loser takes a moment to clean up.
async fn attempt(stage: Stage, n: u32) -> Result<u32, Interrupt> {
    let me = format!("mirror {n}");
    let work = stage.busy(me.clone(), "is asked");
    say!(stage, "{me} is asked");
    if let Err(interrupt) =
        context::sleep(ms(if n == 1 { 400 } else { 40 })).await
    {
        work.stopped(&interrupt);
        stage.cleans_up(me.clone(), "cleans up");
        tokio::time::sleep(ms(30)).await;
        stage.rests(me.clone());
        say!(stage, "{me}: {interrupt}; its temporary file is removed");
        return Err(interrupt);
    }
    work.done();
    Ok(n)
}
// ANCHOR_END: attempt

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("asking both mirrors every time");
    // ANCHOR: both
    let mirrors =
        [Host::new("mirror 1", ms(40)), Host::new("mirror 2", ms(60))];
    for page in 1..=10 {
        let ask = async |mirror: &Host| {
            let work = stage.busy(mirror.name(), format!("page {page}"));
            work.ended(mirror.get(page).await)
        };
        tokio::select! {
            biased;
            page = ask(&mirrors[0]) => page?,
            page = ask(&mirrors[1]) => page?,
        };
        say!(stage, "page {page}");
    }
    // ANCHOR_END: both
    let requests: u32 = mirrors.iter().map(Host::requests).sum();
    let answered: u32 = mirrors.iter().map(Host::answered).sum();
    say!(
        stage,
        "ten pages, {requests} requests, and {} of them cut where they were",
        requests - answered
    );
    say!(
        stage,
        "a host that is slow because it is busy now has twice the load"
    );
    assert_eq!((requests, answered), (20, 10));
    Ok(())
}
