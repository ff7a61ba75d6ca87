//! Jobs on their threads: how many, whose context they run in, and what panics.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use patterns_core::blocking::{BlockingPool, BuildError, JobContext};
use patterns_core::context::{self, Context};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::{gated, hold_clock, pool};
use crate::support::secs;

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
async fn a_panic_is_an_error_with_its_text_and_place_and_costs_no_thread() {
    let pool = BlockingPool::builder().threads(1).name("parse").build().unwrap();
    let error = pool.run(|_| -> u8 { panic!("page {} is broken", 7) }).await.unwrap_err();
    let panic = error.panic().unwrap();
    assert_eq!(panic.message(), "page 7 is broken");
    assert!(panic.place().unwrap().contains("blocking/threads.rs"));
    assert!(error.to_string().starts_with("the job panicked: page 7 is broken (at "));
    let thread = pool.run(|_| std::thread::current().name().map(String::from)).await.unwrap();
    assert_eq!(thread.as_deref(), Some("parse-0"));
    let status = pool.status();
    assert_eq!((status.panicked, status.ok, status.threads), (1, 1, 1));
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
