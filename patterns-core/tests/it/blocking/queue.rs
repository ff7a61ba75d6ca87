//! Jobs in the queue, and callers who wait for a place in it.

use std::error::Error;
use std::pin::pin;
use std::sync::mpsc;

use patterns_core::blocking::{BlockingError, JobContext};
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::{gated, pool};
use crate::support::{Log, polled, secs};

#[tokio::test(start_paused = true)]
async fn a_full_pool_makes_run_wait_and_gives_the_closure_of_try_submit_back() {
    let pool = pool(1, 1);
    let (mut gate, first) = gated(|| "first");
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let second = pool.try_submit(|_| "second").unwrap();
    let error = pool.try_submit(|_| "third").unwrap_err();
    assert!(error.is_full());
    assert_eq!(pool.status().rejected, 1);

    let mut third = pin!(pool.run(error.into_inner()));
    assert!(polled(1, third.as_mut()).await.is_none());
    gate.open();
    let all = (first.await.unwrap(), second.await.unwrap(), third.await.unwrap());
    assert_eq!(all, ("first", "second", "third"));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_obeys_the_ambient_deadline_and_token() {
    let pool = pool(1, 1);
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let second = pool.submit(|_| 2).await.unwrap();

    let start = Instant::now();
    let late = Context::current().with_deadline(start + secs(2));
    let error = late.scope(pool.run(|_| 3)).await.unwrap_err();
    assert!(error.never_started() && error.interrupt().unwrap().is_deadline());
    assert_eq!(start.elapsed(), secs(2));

    let token = CancelToken::new();
    let cancelled = Context::current().with_token(token.clone());
    let (result, ()) = tokio::join!(cancelled.scope(pool.submit(|_| 4)), async {
        sleep(secs(1)).await;
        token.cancel("enough");
    });
    let error = result.unwrap_err();
    assert!(error.is_interrupted() && error.source().is_some_and(|source| source.is::<Interrupt>()));

    gate.open();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
    assert_eq!(pool.run(error.into_inner()).await.unwrap(), 4, "the closure came back");
    assert_eq!(pool.status().submitted, 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_deadline_passes_in_the_queue_never_starts() {
    let (pool, log) = (pool(1, 4), Log::default());
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let job = || {
        let log = log.clone();
        move |_: &JobContext| log.add("started")
    };
    // One whose caller looks at the clock, and one for which the thread has to.
    let late = Context::current().with_deadline(Instant::now() + secs(1));
    let unwatched = late.scope(pool.submit(job())).await.unwrap();
    let error = late.scope(pool.run(job())).await.unwrap_err();
    assert!(matches!(error, BlockingError::NotStarted(Interrupt::DeadlinePassed(_))));
    assert_eq!((pool.status().expired, pool.status().queued), (1, 1));

    gate.open();
    let error = unwatched.await.unwrap_err();
    assert!(matches!(error, BlockingError::NotStarted(Interrupt::DeadlinePassed(_))));
    assert_eq!((first.await.unwrap(), pool.status().expired), (1, 2));
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_caller_leaves_the_queue_never_starts_and_is_dropped_at_once() {
    let (pool, log) = (pool(1, 4), Log::default());
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let (inside, log_inside) = (log.on_drop("dropped"), log.clone());
    let job = pool.submit(move |_| {
        log_inside.add("started");
        drop(inside);
    });
    drop(job.await.unwrap());
    assert_eq!(log.all(), ["dropped"]);
    let status = pool.status();
    assert_eq!((status.cancelled, status.queued, status.free_places), (1, 0, 3), "its place comes back later");

    gate.open();
    assert_eq!((first.await.unwrap(), pool.run(|_| 2).await.unwrap()), (1, 2));
    assert_eq!(pool.status().free_places, 4);
    assert_eq!(log.all(), ["dropped"]);
}

#[test]
fn a_job_that_nobody_waits_for_never_starts_where_spawn_blocking_runs_it_all_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (open, gate) = mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || gate.recv().is_err());
        let (runs, ran) = oneshot::channel();
        drop(tokio::task::spawn_blocking(move || runs.send(())));
        drop(open);
        assert!(busy.await.unwrap());
        assert!(ran.await.is_ok(), "tokio 1.54");

        let pool = pool(1, 4);
        let (mut gate, busy) = gated(|| true);
        let busy = pool.submit(busy).await.unwrap();
        gate.begun().await.unwrap();
        let (runs, ran) = oneshot::channel();
        drop(pool.submit(move |_| runs.send(())).await.unwrap());
        gate.open();
        assert!(busy.await.unwrap());
        assert!(ran.await.is_err());
    });
}

#[tokio::test(start_paused = true)]
async fn the_callers_cancellation_reaches_a_job_in_the_queue_that_nobody_awaits() {
    let (pool, token) = (pool(1, 4), CancelToken::new());
    let (mut gate, first) = gated(|| 1);
    let first = pool.submit(first).await.unwrap();
    gate.begun().await.unwrap();
    let queued = Context::current().with_token(token.clone()).scope(pool.submit(|_| 2)).await.unwrap();
    token.cancel("enough");
    gate.open();
    let error = queued.await.unwrap_err();
    assert_eq!(error.interrupt().unwrap().cause().unwrap().message(), "enough");
    assert_eq!((first.await.unwrap(), pool.status().cancelled), (1, 1));
}
