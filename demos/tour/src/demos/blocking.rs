//! Blocking and CPU work off the loop.
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;

use patterns_core::blocking::{BlockingError, BlockingPool};
use patterns_core::cancel::timeout;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::testing::hold_time;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "blocking",
    "What computes or blocks runs on a bounded number of threads; the loop goes on, and unwanted jobs learn of it.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let pool =
        BlockingPool::builder().threads(2).queue(4).name("parser").build()?;

    stage.scene(
        "six pages are counted on two threads, and the loop goes on meanwhile",
    );
    let beats = AtomicU32::new(0);
    let pages =
        gather((1..=6).map(|page| pool.run(move |_| count_links(page))));
    let counted = beside(pages, &beats).await;
    for (page, links) in (1..).zip(counted) {
        say!(stage, "page {page} has {} links", links?);
    }
    say!(
        stage,
        "the heart of the loop went on beating: {}",
        beats.load(SeqCst) > 1
    );
    assert!(beats.load(SeqCst) > 1);
    assert!(pool.status().threads <= 2);

    stage.scene("a panic is an error of its job, and costs no thread");
    let failed = beside(
        pool.run(|_| {
            u32::from(b"no digit"[0]).checked_sub(200).expect("a number")
        }),
        &beats,
    )
    .await;
    let error = failed.expect_err("it panics");
    say!(
        stage,
        "{}",
        error.panic().map_or("no panic", |panic| panic.message())
    );
    assert!(matches!(error, BlockingError::Panicked(_)));

    stage.scene("a job that nobody waits for any more is told, if it looks");
    let (begins, begun) = oneshot::channel();
    stage.works("caller", "waits for a search");
    let search = pool.submit(move |job| {
        let _ = begins.send(());
        (2..u64::MAX).find(|_| job.is_cancelled())
    });
    let search = search.await.map_err(|error| error.to_string())?;
    // Threads take real time: a paused clock has to be held meanwhile.
    hold_time(begun).await?;
    let elapsed = timeout(ms(100), search.into_future())
        .await
        .expect_err("it would search for ages");
    stage.stops("caller", elapsed);
    say!(stage, "the caller: {elapsed}");
    while pool.status().abandoned > 0 {
        yield_now().await;
    }
    say!(stage, "the search has seen that nobody wants it, and ended");
    assert_eq!(pool.status().abandoned_ended, 1);

    stage.scene("a bounded line: what has no place comes back at once");
    let small = BlockingPool::builder().threads(1).queue(1).build()?;
    let (open, gate) = mpsc::channel::<()>();
    let (begins, begun) = oneshot::channel();
    let first = small.try_submit(move |_| {
        let _ = begins.send(());
        let _ = gate.recv();
    });
    let first = first.map_err(|error| error.to_string())?;
    hold_time(begun).await?;
    let second = small.try_submit(|_| ()).map_err(|error| error.to_string())?;
    let third =
        small.try_submit(|_| ()).map(|_| ()).expect_err("one runs, one waits");
    say!(stage, "the third: {third}");
    assert!(third.is_full());
    drop(open);
    let (first, second) =
        hold_time(async { (first.await, second.await) }).await;
    first?;
    second?;

    stage.scene(
        "shutdown waits for what is in, up to a limit, and gives a receipt",
    );
    let receipt = hold_time(pool.shutdown(ms(5_000))).await;
    say!(
        stage,
        "{} ok, {} panicked, {} still running",
        receipt.ok,
        receipt.panicked,
        receipt.stuck.len()
    );
    assert!(receipt.is_complete());
    assert_eq!((receipt.ok, receipt.panicked), (6, 1));
    Ok(())
}

/// A loop's heart beats whenever it may. While it does, a paused clock stands still, too.
async fn beside<F: Future>(work: F, beats: &AtomicU32) -> F::Output {
    let heart = async {
        loop {
            beats.fetch_add(1, SeqCst);
            yield_now().await;
        }
    };
    tokio::select! {
        biased;
        output = work => output,
        () = heart => unreachable!("it beats for ever"),
    }
}

/// Reads a large page, without an await.
fn count_links(page: u32) -> usize {
    let html = format!("<a href=\"/{page}\">").repeat(10_000 + page as usize);
    (0..20).map(|_| html.matches("href").count()).max().unwrap_or_default()
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the same in async functions: they never await");
    let beats = AtomicU32::new(0);
    let pages = gather((1..=6).map(async |page| count_links(page)));
    let counted = beside(pages, &beats).await;
    say!(
        stage,
        "{} pages are counted, and the heart has beaten {} times",
        counted.len(),
        beats.load(SeqCst)
    );
    assert_eq!(beats.load(SeqCst), 0);
    say!(
        stage,
        "no timer, no signal and no other request had a chance meanwhile; `async` alone makes no room"
    );
    Ok(())
}
