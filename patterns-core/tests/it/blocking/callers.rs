//! Callers who go, run out of time or cancel while their job runs.

use std::error::Error;

use patterns_core::blocking::BlockingError;
use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{Context, Interrupt};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{gated, hold_clock, pool};
use crate::support::secs;

#[tokio::test(start_paused = true)]
async fn a_running_job_learns_that_its_caller_has_gone() {
    let pool = pool(1, 1);
    let (begins, begun) = oneshot::channel();
    let (learns, learned) = oneshot::channel();
    let job = pool.submit(move |job| {
        let _ = begins.send(());
        while !job.is_cancelled() {
            std::thread::yield_now();
        }
        learns.send(job.token().cause().cloned())
    });
    let job = job.await.unwrap();
    begun.await.unwrap();
    assert!(timeout(secs(1), job.into_future()).await.is_err());
    assert_eq!(learned.await.unwrap().unwrap().kind(), CancelKind::ScopeDropped);
}

#[tokio::test(start_paused = true)]
async fn a_running_job_learns_that_its_time_is_up() {
    let pool = pool(1, 1);
    let (begins, begun) = oneshot::channel();
    let (learns, learned) = oneshot::channel();
    let held = hold_clock();
    let work = timeout(secs(1), async {
        let job = pool.submit(move |job| {
            let _ = begins.send(());
            while !job.is_cancelled() {
                std::thread::yield_now();
            }
            learns.send((job.token().cause().cloned(), job.check()))
        });
        let job = job.await.unwrap();
        begun.await.unwrap();
        drop(held);
        job.await.map(drop)
    });
    assert_eq!(work.await.unwrap_err().limit(), secs(1));
    let (cause, check) = learned.await.unwrap();
    assert_eq!(cause.unwrap().kind(), CancelKind::Deadline);
    assert!(check.is_err());
}

/// Says so when it is dropped.
struct Says(Option<oneshot::Sender<()>>);

impl Drop for Says {
    fn drop(&mut self) {
        let _ = self.0.take().unwrap().send(());
    }
}

#[tokio::test(start_paused = true)]
async fn abandoned_work_is_counted_and_named_with_its_age_until_it_ends() {
    let pool = pool(1, 1);
    let (says, dropped) = oneshot::channel();
    let (mut gate, job) = gated(move || Says(Some(says)));
    let job = Context::current().named("import").scope(pool.submit(job)).await.unwrap();
    gate.begun().await.unwrap();
    sleep(secs(2)).await;
    drop(job);
    sleep(secs(3)).await;

    let status = pool.status();
    assert_eq!((status.abandoned, status.running.len()), (1, 1));
    let job = &status.running[0];
    assert_eq!((job.path.to_string().as_str(), job.age, job.abandoned), ("import", secs(5), Some(secs(3))));
    assert!(job.to_string().starts_with("import (") && job.to_string().ends_with("runs for 5s, abandoned for 3s"));
    assert!(job.place.file().ends_with("blocking/callers.rs"));

    let _held = hold_clock();
    gate.open();
    dropped.await.unwrap();
    // The job counts until its value is gone, so its end may be a moment away.
    assert!(pool.shutdown(secs(60)).await.is_complete());
    let status = pool.status();
    assert_eq!((status.abandoned, status.abandoned_ended, status.ok), (0, 1, 0));
    assert_eq!(status.accounted_for(), status.submitted);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_interrupted_abandons_the_job_and_may_be_resumed() {
    let (pool, token) = (pool(1, 1), CancelToken::new());
    let context = Context::current().with_token(token.clone());
    let (mut gate, job) = gated(|| 7);
    let mut job = context.scope(pool.submit(job)).await.unwrap();
    gate.begun().await.unwrap();
    token.cancel("enough");
    let error = context.scope(job.wait()).await.unwrap_err();
    let BlockingError::Abandoned(Interrupt::Cancelled(cause)) = &error else { panic!("{error:?}") };
    assert_eq!(cause.message(), "enough");
    assert!(!error.never_started() && error.source().is_some());
    assert_eq!(pool.status().abandoned, 1);
    gate.open();
    assert_eq!(job.wait().await.unwrap(), 7);
    assert_eq!((pool.status().abandoned, pool.status().abandoned_ended), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_wait_leaves_the_job_to_its_handle() {
    let pool = pool(1, 1);
    let (mut gate, job) = gated(|| 7);
    let mut job = pool.submit(job).await.unwrap();
    gate.begun().await.unwrap();
    assert!(timeout(secs(1), job.wait()).await.is_err());
    assert_eq!(pool.status().abandoned, 0);
    gate.open();
    assert_eq!(job.wait().await.unwrap(), 7);
    assert_eq!(pool.status().ok, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handle_cancels_its_job_wherever_that_is() {
    let pool = pool(1, 4);
    let (begins, begun) = oneshot::channel();
    let running = pool.submit(move |job| {
        let _ = begins.send(());
        loop {
            if let Err(interrupt) = job.check() {
                return interrupt;
            }
            std::thread::yield_now();
        }
    });
    let running = running.await.unwrap();
    begun.await.unwrap();
    let queued = pool.submit(|_| 2).await.unwrap();

    assert!(queued.cancel("not needed"));
    assert!(queued.is_finished() && !queued.cancel("again"));
    let BlockingError::NotStarted(Interrupt::Cancelled(cause)) = queued.await.unwrap_err() else { panic!() };
    assert_eq!(cause.message(), "not needed");

    assert!(running.cancel("enough") && !running.cancel("again"));
    assert_eq!(running.await.unwrap().cause().unwrap().message(), "enough", "it gives what it makes of it");
    let status = pool.status();
    assert_eq!((status.cancelled, status.ok, status.abandoned_ended), (1, 1, 0));
}
