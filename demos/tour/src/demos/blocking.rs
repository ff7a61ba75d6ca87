//! Blocking and CPU work off the loop.
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;

use patterns_core::blocking::{BlockingError, BlockingPool};
use patterns_core::cancel::timeout;
use patterns_core::context::Context;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::testing::hold_time;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "blocking",
    "What computes or blocks runs on a bounded number of threads; the loop goes on, and unwanted jobs learn of it.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: pool
    let pool =
        BlockingPool::builder().threads(2).queue(4).name("parser").build()?;
    // ANCHOR_END: pool

    stage.scene(
        "six pages are counted on two threads, and the loop goes on meanwhile",
    );
    // ANCHOR: run
    let beats = AtomicU32::new(0);
    let pages =
        gather((1..=6).map(|page| pool.run(move |_| count_links(page))));
    let counted = beside(pages, &beats).await;
    for (page, links) in (1..).zip(counted) {
        say!(stage, "page {page} has {} links", links?);
    }
    // ANCHOR_END: run
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
    let ticker = tokio::spawn(ticks(stage.clone()));
    // ANCHOR: search
    let (begins, begun) = oneshot::channel();
    stage.waits("caller", "for a search");
    let search = pool.submit(move |job| {
        let _ = begins.send(());
        (2..u64::MAX).find(|_| job.is_cancelled())
    });
    let search = search.await.map_err(|error| error.to_string())?;
    // Threads take real time: a paused clock has to be held meanwhile.
    hold_time(begun).await?;
    stage.works("thread", "searches");
    let elapsed = timeout(ms(100), search.into_future())
        .await
        .expect_err("it would search for ages");
    stage.stops("caller", elapsed);
    say!(stage, "the caller: {elapsed}");
    while pool.status().abandoned > 0 {
        yield_now().await;
    }
    stage.rests("thread");
    say!(stage, "the search has seen that nobody wants it, and ended");
    // ANCHOR_END: search
    assert_eq!(pool.status().abandoned_ended, 1);

    stage.scene("one that doesn't look keeps its thread, and is named");
    // ANCHOR: lookup
    let (returns, call) = mpsc::channel::<()>();
    let (begins, begun) = oneshot::channel();
    stage.waits("caller", "for an address");
    let lookup = pool.submit(move |_| {
        let _ = begins.send(());
        // A call into the system: it looks at nothing until it returns.
        let _ = call.recv();
    });
    let lookup = Context::current().named("docs.example").scope(lookup);
    let lookup = lookup.await.map_err(|error| error.to_string())?;
    hold_time(begun).await?;
    stage.works("thread", "looks up an address");
    let elapsed = timeout(ms(100), lookup.into_future())
        .await
        .expect_err("the call takes longer");
    stage.stops("caller", elapsed);
    say!(stage, "the caller: {elapsed}");
    sleep(ms(100)).await;
    for job in pool.status().running {
        let (age, gone) = (job.age, job.abandoned.unwrap_or_default());
        say!(
            stage,
            "{}: runs for {} ms, and for {} ms nobody has waited for it",
            job.path,
            age.as_millis(),
            gone.as_millis()
        );
    }
    // ANCHOR_END: lookup
    assert_eq!(pool.status().abandoned, 1);
    sleep(ms(50)).await;
    drop(returns);
    while pool.status().abandoned > 0 {
        yield_now().await;
    }
    stage.rests("thread");
    ticker.abort();
    say!(stage, "the call has returned, and its thread is free again");
    assert_eq!(pool.status().abandoned_ended, 2);

    stage.scene("a bounded line: what has no place comes back at once");
    // ANCHOR: full
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
    // ANCHOR_END: full
    drop(open);
    let (first, second) =
        hold_time(async { (first.await, second.await) }).await;
    first?;
    second?;

    stage.scene(
        "shutdown waits for what is in, up to a limit, and gives a receipt",
    );
    // ANCHOR: shutdown
    let receipt = hold_time(pool.shutdown(ms(5_000))).await;
    say!(
        stage,
        "{} ok, {} panicked, {} still running",
        receipt.ok,
        receipt.panicked,
        receipt.stuck.len()
    );
    assert!(receipt.is_complete());
    // ANCHOR_END: shutdown
    assert_eq!((receipt.ok, receipt.panicked), (6, 1));
    Ok(())
}

/// The loop has more to do than to wait for threads: now and then it ticks.
async fn ticks(stage: Stage) {
    for tick in 0.. {
        stage.level("ticks of the loop", tick);
        sleep(ms(30)).await;
    }
}

// ANCHOR: beside
/// A loop's heart beats whenever it may. While it does, a paused clock stands
/// still, too.
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
// ANCHOR_END: beside

// ANCHOR: count_links
/// Reads a large page, without an await.
fn count_links(page: u32) -> usize {
    let html = format!("<a href=\"/{page}\">").repeat(10_000 + page as usize);
    (0..20).map(|_| html.matches("href").count()).max().unwrap_or_default()
}
// ANCHOR_END: count_links

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the same in async functions: they never await");
    // ANCHOR: broken
    let beats = AtomicU32::new(0);
    let pages = gather((1..=6).map(async |page| count_links(page)));
    let counted = beside(pages, &beats).await;
    say!(
        stage,
        "{} pages are counted, and the heart has beaten {} times",
        counted.len(),
        beats.load(SeqCst)
    );
    // ANCHOR_END: broken
    assert_eq!(beats.load(SeqCst), 0);
    say!(
        stage,
        "no timer, no signal and no other request had a chance meanwhile; `async` alone makes no room"
    );
    Ok(())
}
