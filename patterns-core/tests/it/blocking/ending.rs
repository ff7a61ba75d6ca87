//! The end of a pool: closed, shut down, dropped.

use std::sync::mpsc;

use patterns_core::blocking::{BlockingError, BlockingPool, JobContext};
use patterns_core::cancel::{CancelKind, CancelToken};
use patterns_core::context::{Context, Interrupt};
use patterns_core::reaper::Reaper;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::{gated, hold_clock, pool};
use crate::support::{polled, secs};

/// A job that runs until it is asked to stop, and says when it has begun.
fn obedient() -> (oneshot::Receiver<()>, impl FnOnce(&JobContext) -> Interrupt + Send + 'static) {
    let (begins, begun) = oneshot::channel();
    let job = move |job: &JobContext| {
        let _ = begins.send(());
        loop {
            match job.check() {
                Ok(()) => std::thread::yield_now(),
                Err(interrupt) => return interrupt,
            }
        }
    };
    (begun, job)
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_runs_what_it_has_taken_and_nothing_else() {
    let pool = pool(1, 1);
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let second = pool.submit(|_| 2).await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.run(|_| 3).await }
    });
    tokio::task::yield_now().await;
    pool.close();
    assert!(matches!(waiting.await.unwrap(), Err(BlockingError::Closed)));
    let error = pool.try_submit(|_| 4).unwrap_err();
    assert!(error.is_closed() && pool.is_closed());
    gate.open();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
    assert_eq!((pool.status().submitted, pool.status().rejected), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_finishes_what_was_taken_and_waits_for_the_threads() {
    let (pool, _held) = (pool(2, 8), hold_clock());
    let mut jobs = Vec::new();
    for n in 0..8 {
        jobs.push(pool.submit(move |_| n).await.unwrap());
    }
    let receipt = pool.shutdown(secs(60)).await;
    assert!(receipt.is_complete(), "{receipt:?}");
    assert_eq!((receipt.ok, pool.status().threads), (8, 0));
    for (n, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.await.unwrap(), n);
    }
    assert!(pool.run(|_| ()).await.unwrap_err().never_started());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_out_of_time_discards_the_queue_and_names_who_is_stuck() {
    let (pool, start) = (pool(1, 4), Instant::now());
    let (mut gate, first) = gated(|| 1);
    let first = Context::current().named("import").scope(pool.submit(first)).await.unwrap();
    gate.begun().await.unwrap();
    let second = pool.submit(|_| 2).await.unwrap();

    let receipt = pool.shutdown(secs(5)).await;
    assert_eq!(start.elapsed(), secs(5));
    assert!(!receipt.is_complete());
    assert_eq!((receipt.discarded, receipt.stuck.len()), (1, 1));
    assert_eq!((receipt.stuck[0].path.to_string().as_str(), receipt.stuck[0].age), ("import", secs(5)));
    assert!(matches!(second.await, Err(BlockingError::Closed)));

    gate.open();
    assert_eq!(first.await.unwrap(), 1, "its caller has not gone");
    let _held = hold_clock();
    let receipt = pool.shutdown_now(secs(60)).await;
    assert_eq!((receipt.ok, receipt.discarded, receipt.stuck.len()), (1, 1, 0));
    let status = pool.status();
    assert_eq!((status.accounted_for(), status.threads, status.free_places), (2, 0, 4));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_now_asks_what_runs_to_stop() {
    let (pool, _held) = (pool(1, 4), hold_clock());
    let (begun, job) = obedient();
    let running = pool.submit(job).await.unwrap();
    begun.await.unwrap();
    let queued = pool.submit(|_| 2).await.unwrap();
    let receipt = pool.shutdown_now(secs(60)).await;
    assert_eq!((receipt.ok, receipt.discarded, receipt.stuck.len()), (1, 1, 0));
    assert_eq!(running.await.unwrap().cause().unwrap().kind(), CancelKind::Shutdown);
    assert!(queued.await.unwrap_err().never_started());
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_draining_and_not_the_shutdown() {
    let (pool, token, start) = (pool(1, 4), CancelToken::new(), Instant::now());
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let context = Context::current().with_token(token.clone());
    let (receipt, ()) = tokio::join!(context.scope(pool.shutdown(secs(60))), async {
        sleep(secs(1)).await;
        token.cancel("no time");
    });
    assert_eq!((start.elapsed(), receipt.stuck.len()), (secs(1), 1));
    gate.open();
    assert_eq!(first.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_leaves_the_pool_closed_and_draining() {
    let pool = pool(1, 4);
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let second = pool.submit(|_| 2).await.unwrap();
    assert!(polled(1, pool.shutdown(secs(60))).await.is_none());
    assert!(pool.is_closed());
    gate.open();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pool_discards_its_queue_and_the_reaper_waits_for_its_threads() {
    let reaper = Reaper::new();
    let build = || BlockingPool::builder().threads(1).queue(4).name("files").build().unwrap();
    let pool = Context::root(reaper.clone()).named("app").sync_scope(build);
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let second = pool.submit(|_| 2).await.unwrap();

    let clone = pool.clone();
    drop(pool);
    assert!(reaper.live().is_empty() && !clone.is_closed(), "the last clone counts");
    drop(clone);
    assert!(matches!(second.await, Err(BlockingError::Closed)));
    assert_eq!(reaper.live()[0].path.to_string(), "app/files");
    assert!(polled(1, reaper.drained()).await.is_none());

    gate.open();
    assert_eq!(first.await.unwrap(), 1, "what ran goes on, and its caller gets the value");
    reaper.drained().await;
}

#[tokio::test(start_paused = true)]
async fn the_threads_of_a_dropped_pool_end_also_if_they_idle_or_never_were() {
    let reaper = Reaper::new();
    let context = Context::root(reaper.clone());
    drop(context.sync_scope(|| pool(2, 1)));
    assert!(reaper.live().is_empty());

    let idle = context.sync_scope(|| pool(2, 1));
    idle.run(|_| ()).await.unwrap();
    drop(idle);
    reaper.drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_may_be_the_last_to_hold_its_pool() {
    let reaper = Reaper::new();
    let pool = Context::root(reaper.clone()).sync_scope(|| pool(1, 1));
    let inside = pool.clone();
    let (mut gate, job) = gated(move || drop(inside));
    let job = pool.submit(job).await.unwrap();
    gate.begun().await.unwrap();
    drop(pool);
    gate.open();
    job.await.unwrap();
    reaper.drained().await;
}

#[test]
fn the_end_of_the_runtime_does_not_wait_for_the_threads() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pool = pool(1, 1);
    let (open, gate) = mpsc::channel::<()>();
    let (ends, ended) = mpsc::channel();
    let job = runtime.block_on(pool.submit(move |_| {
        let _ = gate.recv();
        let _ = ends.send(());
    }));
    // tokio would wait here for a blocking task of its own, and so for ever.
    drop(runtime);
    drop(open);
    ended.recv().unwrap();
    drop(job.unwrap());
}
