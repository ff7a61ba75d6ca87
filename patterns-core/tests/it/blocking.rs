//! `blocking`: what a pool does with jobs and their callers. Its end is in `ending`, the law in `laws`, every
//! interruption in `explored`.
//!
//! Threads are stepped by channels, and never slept for. A paused clock jumps to the next timer whenever the loop has
//! nothing to do, whatever the threads do: where that must not be, a test holds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod ending;
mod explored;
mod laws;

use std::collections::HashSet;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use patterns_core::blocking::{BlockingError, BlockingPool, BuildError, JobContext};
use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::support::{Log, polled, secs};

fn pool(threads: usize, queue: usize) -> BlockingPool {
    BlockingPool::builder().threads(threads).queue(queue).build().unwrap()
}

/// Keeps a paused clock still until it is dropped; but not for ever, so that what hangs then runs into its timeout.
fn hold_clock() -> mpsc::Sender<()> {
    let (let_go, held) = mpsc::channel();
    drop(tokio::task::spawn_blocking(move || held.recv_timeout(secs(30))));
    let_go
}

/// A job's gate: it says when it has begun, and then waits until this is opened or dropped.
struct Gate {
    begun: oneshot::Receiver<()>,
    open: mpsc::Sender<()>,
}

impl Gate {
    /// An error if the job never begins.
    async fn begun(&mut self) -> Result<(), oneshot::error::RecvError> {
        (&mut self.begun).await
    }

    fn open(self) {
        drop(self.open);
    }
}

/// A job that ends as `end` does, once its gate is open. It doesn't look whether it is cancelled.
fn gated<T: Send + 'static>(
    end: impl FnOnce() -> T + Send + 'static,
) -> (Gate, impl FnOnce(&JobContext) -> T + Send + 'static) {
    let (begins, begun) = oneshot::channel();
    let (open, opened) = mpsc::channel::<()>();
    let job = move |_: &JobContext| {
        let _ = begins.send(());
        let _ = opened.recv();
        end()
    };
    (Gate { begun, open }, job)
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_on_a_thread_of_the_pool_and_gives_its_value() {
    let pool = BlockingPool::builder().threads(1).name("sums").build().unwrap();
    let job = |_: &JobContext| (std::thread::current().name().map(String::from), (1..=100).sum::<u32>());
    let (thread, sum) = pool.run(job).await.unwrap();
    assert_eq!((thread.as_deref(), sum), (Some("sums-0"), 5_050));
}

#[tokio::test(start_paused = true)]
async fn the_loop_goes_on_while_every_thread_is_busy() {
    let pool = pool(2, 4);
    let ((mut one, first), (mut two, second)) = (gated(|| 1), gated(|| 2));
    let (first, second) = (pool.submit(first).await.unwrap(), pool.submit(second).await.unwrap());
    one.begun().await.unwrap();
    two.begun().await.unwrap();
    let start = Instant::now();
    for _ in 0..10 {
        sleep(secs(1)).await;
    }
    assert_eq!(start.elapsed(), secs(10));
    assert_eq!(pool.status().running.len(), 2);
    one.open();
    two.open();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn no_more_jobs_run_at_once_than_there_are_threads() {
    let pool = pool(3, 100);
    let (inside, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut jobs = Vec::new();
    for _ in 0..300 {
        let (inside, peak) = (Arc::clone(&inside), Arc::clone(&peak));
        let job = move |_: &JobContext| {
            peak.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
            std::thread::yield_now();
            inside.fetch_sub(1, SeqCst);
            std::thread::current().id()
        };
        jobs.push(pool.submit(job).await.unwrap());
    }
    let mut threads = HashSet::new();
    for job in jobs {
        threads.insert(job.await.unwrap());
    }
    assert!(peak.load(SeqCst) <= 3 && threads.len() <= 3, "{peak:?} at once on {threads:?}");
    let status = pool.status();
    assert!(status.threads <= 3);
    assert_eq!((status.ok, status.free_places), (300, 100));
}

#[tokio::test(start_paused = true)]
async fn threads_are_started_as_jobs_need_them() {
    let pool = pool(2, 4);
    assert_eq!(pool.status().threads, 0);
    for n in 0..5 {
        assert_eq!(pool.run(move |_| n).await.unwrap(), n);
    }
    assert_eq!(pool.status().threads, 1, "one after the other needs no second");
    let ((mut one, first), (mut two, second), (three, third)) = (gated(|| 1), gated(|| 2), gated(|| 3));
    let first = pool.submit(first).await.unwrap();
    one.begun().await.unwrap();
    assert_eq!(pool.status().threads, 1);
    let second = pool.submit(second).await.unwrap();
    two.begun().await.unwrap();
    let third = pool.submit(third).await.unwrap();
    let status = pool.status();
    assert_eq!((status.threads, status.running.len(), status.queued), (2, 2, 1));
    for gate in [one, two, three] {
        gate.open();
    }
    assert_eq!((first.await.unwrap(), second.await.unwrap(), third.await.unwrap()), (1, 2, 3));
}

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
async fn a_panic_is_an_error_with_its_text_and_place_and_costs_no_thread() {
    let pool = BlockingPool::builder().threads(1).name("parse").build().unwrap();
    let error = pool.run(|_| -> u8 { panic!("page {} is broken", 7) }).await.unwrap_err();
    let panic = error.panic().unwrap();
    assert_eq!(panic.message(), "page 7 is broken");
    assert!(panic.place().unwrap().contains("blocking.rs"));
    assert!(error.to_string().starts_with("the job panicked: page 7 is broken (at "));
    let thread = pool.run(|_| std::thread::current().name().map(String::from)).await.unwrap();
    assert_eq!(thread.as_deref(), Some("parse-0"));
    let status = pool.status();
    assert_eq!((status.panicked, status.ok, status.threads), (1, 1, 1));
}

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
    assert!(job.place.file().ends_with("blocking.rs"));

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

#[tokio::test(start_paused = true)]
async fn a_job_runs_in_its_callers_context_and_runtime() {
    let (pool, _held) = (pool(1, 1), hold_clock());
    let deadline = Instant::now() + secs(60);
    let context = Context::current().named("import").with_deadline(deadline);
    let job = pool.run(move |job| {
        let spawned = tokio::spawn(async { 7 });
        let path = Context::current().path().to_string();
        (spawned, path, job.path().to_string(), context::deadline() == job.deadline(), job.remaining())
    });
    let (spawned, ambient, path, same, remaining) = context.scope(job).await.unwrap();
    assert_eq!((ambient.as_str(), path.as_str(), same, remaining), ("import", "import", true, Some(secs(60))));
    assert_eq!(spawned.await.unwrap(), 7);
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a broken destructor");
    }
}

#[tokio::test(start_paused = true)]
async fn destructors_that_panic_do_no_harm() {
    let pool = pool(1, 4);
    let (mut gate, abandoned) = gated(|| Bomb);
    let abandoned = pool.submit(abandoned).await.unwrap();
    gate.begun().await.unwrap();
    let bomb = Bomb;
    let queued = pool.submit(move |_| drop(bomb)).await.unwrap();
    drop(queued);
    drop(abandoned);
    gate.open();
    assert_eq!(pool.run(|_| 7).await.unwrap(), 7);
    let status = pool.status();
    assert_eq!((status.cancelled, status.abandoned_ended, status.ok, status.threads), (1, 1, 1, 1));
}

#[test]
fn misuse_is_refused_at_build() {
    let build = |threads: usize, queue: usize, name: &'static str| {
        BlockingPool::builder().threads(threads).queue(queue).name(name).build()
    };
    assert_eq!(build(0, 1, "x").unwrap_err(), BuildError::ZeroThreads);
    assert_eq!(build(1, 0, "x").unwrap_err(), BuildError::ZeroQueue);
    let error = build(1, usize::MAX, "x").unwrap_err();
    assert_eq!(error, BuildError::QueueTooLong { asked: usize::MAX, most: 1 << 20 });
    assert_eq!(build(1, 1, "x\0y").unwrap_err(), BuildError::ZeroByteInName);
}

#[tokio::test(start_paused = true)]
async fn a_thread_that_drops_what_nobody_took_is_busy_and_another_one_is_started() {
    struct Waits(mpsc::Receiver<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.recv_timeout(secs(20)).unwrap();
        }
    }
    let (pool, _held) = (pool(2, 8), hold_clock());
    let (release, released) = mpsc::channel();
    let (began, begins) = oneshot::channel();
    let (go, goes) = mpsc::channel::<()>();
    let unheard = pool.submit(move |_| {
        began.send(()).unwrap();
        goes.recv().unwrap();
        Waits(released)
    });
    let unheard = unheard.await.unwrap();
    begins.await.unwrap();
    drop(unheard);
    go.send(()).unwrap();
    // It runs on the second thread, and lets the first one go.
    let second = pool.run(move |_| release.send(()).unwrap());
    second.await.expect("it is not kept waiting");
    assert!(pool.shutdown(secs(60)).await.is_complete());
}
