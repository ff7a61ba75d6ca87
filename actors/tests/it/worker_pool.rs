mod laws;

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use actors::worker_pool::{
    JobError, PoolState, Reject, Rejection, StartError, WorkerPool, WorkerPoolBuilder, WorkerPoolConfig,
};
use actors::{Component, System};
use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::settings::Settings;
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

fn start(builder: WorkerPoolBuilder) -> WorkerPool {
    let system = System::start().expect("it lives on this test's thread");
    builder.start(&system).expect("the settings are fine and there are threads")
}

fn small() -> WorkerPool {
    start(WorkerPool::builder().cpu_threads(2).io_tasks(4).queue(8))
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn in_secs(n: u64) -> Instant {
    Instant::now() + secs(n)
}

/// A job that sleeps from when it is started.
async fn nap(n: u64) {
    sleep(secs(n)).await;
}

/// A CPU job that runs until it is let go, and says when it has begun.
fn held() -> (impl FnOnce() + Send, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (let_go, wait) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    let job = move || {
        begun.send(()).ok();
        wait.recv().ok();
    };
    (job, let_go, has_begun)
}

/// Lets everything run that can run without time passing.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cpu_job_runs_on_a_thread_of_the_pool_and_returns_its_value() {
    let workers = small();
    let name = workers.submit_cpu(|| std::thread::current().name().map(str::to_owned)).await.unwrap();
    assert!(name.unwrap().starts_with("workers-cpu-"));
    assert_eq!(workers.status().counts.done, 1);
}

#[tokio::test(start_paused = true)]
async fn an_io_job_runs_as_a_task_on_virtual_time() {
    let workers = small();
    let start = Instant::now();
    let value = workers
        .submit_io(async {
            sleep(secs(3600)).await;
            7
        })
        .await
        .unwrap();
    assert_eq!((value, start.elapsed()), (7, secs(3600)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_multi_threaded_runtime() {
    let workers = small();
    let mut handles = Vec::new();
    for n in 0..1_000_u64 {
        handles.push(workers.submit_cpu(move || n).spawn().await.unwrap());
    }
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.unwrap();
    }
    assert_eq!(sum, 499_500);
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete());
    assert_eq!((receipt.counts.done, receipt.threads_joined), (1_000, 2));
}

#[tokio::test(start_paused = true)]
async fn never_more_jobs_of_a_class_run_than_it_is_wide() {
    let workers = small();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut handles = Vec::new();
    for _ in 0..50 {
        let (now, most) = (now.clone(), most.clone());
        let job = async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(secs(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        };
        handles.push(workers.submit_io(job).spawn().await.unwrap());
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_job_fails_alone_with_its_text_and_place() {
    let workers = start(WorkerPool::builder().cpu_threads(1));
    let cpu = workers.submit_cpu(|| panic!("no table {}", "users")).await.unwrap_err();
    assert_eq!(cpu.panic().unwrap().message(), "no table users");
    assert!(cpu.panic().unwrap().place().unwrap().contains("worker_pool.rs"));
    let io = workers.submit_io(async { panic!("no socket") }).await.unwrap_err();
    assert_eq!(io.panic().unwrap().message(), "no socket");

    assert_eq!(workers.submit_cpu(|| 1).await.unwrap(), 1);
    assert_eq!(workers.status().counts.panicked, 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_destructor_does_not_cost_a_thread() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let workers = start(WorkerPool::builder().cpu_threads(1));
    // The message of the panic, a value that nobody takes, and a closure that is never run.
    let error = workers.submit_cpu(|| std::panic::panic_any(Bomb)).await.unwrap_err();
    assert!(error.panic().is_some());
    drop(workers.submit_cpu(|| Bomb).spawn().await.unwrap());
    let bomb = Bomb;
    let expired = workers.submit_cpu(move || drop(bomb)).deadline_in(Duration::ZERO).spawn().await.unwrap();
    assert!(expired.await.unwrap_err().is_expired());

    assert_eq!(workers.submit_cpu(|| 1).await.unwrap(), 1);
    let receipt = workers.drain(in_secs(1)).await;
    assert_eq!(receipt.threads_joined, 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_inherits_path_token_and_deadline_of_its_submitter() {
    let workers = small();
    let token = CancelToken::new();
    let context = Context::current().named("import").with_token(token.clone()).with_deadline(in_secs(60));
    let seen = || {
        let context = Context::current();
        (context.path().to_string(), context.remaining(), context.token().is_cancelled())
    };
    let (cpu, io) = context
        .scope(async {
            let cpu = workers.submit_cpu(seen).await.unwrap();
            let io = workers.submit_io(async move { seen() }).deadline_in(secs(5)).await.unwrap();
            (cpu, io)
        })
        .await;
    assert_eq!(cpu, ("import".to_owned(), Some(secs(60)), false));
    assert_eq!(io, ("import".to_owned(), Some(secs(5)), false));
}

#[tokio::test(start_paused = true)]
async fn cancelling_the_submitter_asks_the_job_to_stop() {
    let workers = small();
    let token = CancelToken::new();
    let job = workers.submit_io(async { context::sleep(secs(3600)).await.unwrap_err().cause().cloned() });
    let context = Context::current().with_token(token.clone());
    let task = tokio::spawn(context.scope(job.into_future()));
    settle().await;
    token.cancel("the user left");
    let cause = task.await.unwrap().expect("it stops in time, so its value counts").unwrap();
    assert_eq!(cause.message(), "the user left");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ignores_its_cancellation_is_dropped_after_the_grace() {
    let workers = start(WorkerPool::builder().grace(secs(2)));
    let start = Instant::now();
    let handle = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    settle().await;
    handle.cancel("not needed");
    let error = handle.await.unwrap_err();
    assert!(matches!(&error, JobError::Cancelled(cause) if cause.message() == "not needed"));
    assert_eq!(start.elapsed(), secs(2));
    assert_eq!(workers.status().counts.cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cpu_job_sees_its_cancellation() {
    let workers = small();
    let (begun, has_begun) = mpsc::channel();
    let job = move || {
        begun.send(()).unwrap();
        while !context::is_cancelled() {
            std::thread::yield_now();
        }
        "stopped half way"
    };
    let handle = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    handle.cancel("enough");
    assert_eq!(handle.await.unwrap(), "stopped half way");
    assert_eq!(workers.status().counts.done, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_that_was_not_started_never_is() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1));
    let (job, let_go, has_begun) = held();
    let first = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let busy = workers.submit_io(nap(9)).spawn().await.unwrap();

    let cpu = workers.submit_cpu(|| panic!("it must not run")).spawn().await.unwrap();
    let io = workers.submit_io(async { panic!("it must not run") }).spawn().await.unwrap();
    cpu.cancel("changed my mind");
    io.cancel("changed my mind");
    assert!(cpu.is_finished() && io.is_finished());
    assert!(cpu.await.unwrap_err().is_cancelled());
    assert!(io.await.unwrap_err().is_cancelled());

    let_go.send(()).unwrap();
    first.await.unwrap();
    busy.await.unwrap();
    let counts = workers.status().counts;
    assert_eq!((counts.done, counts.cancelled, counts.panicked, counts.in_flight()), (2, 2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn expired_work_is_never_started() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1));
    let busy = workers.submit_io(nap(60)).spawn().await.unwrap();
    let start = Instant::now();
    let late = workers.submit_io(async { panic!("it must not run") }).deadline_in(secs(5));
    let JobError::Expired(expired) = late.await.unwrap_err() else { panic!("it expired") };
    assert!(!expired.started);
    assert_eq!((start.elapsed(), expired.deadline), (secs(5), start + secs(5)));
    busy.await.unwrap();
    let counts = workers.status().counts;
    assert_eq!((counts.expired, counts.done), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_detached_job_that_expired_in_the_queue_is_not_started_either() {
    let workers = start(WorkerPool::builder().cpu_threads(1));
    let (job, let_go, has_begun) = held();
    let first = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    drop(workers.submit_cpu(|| panic!("it must not run")).deadline_in(secs(5)).spawn().await.unwrap());
    tokio::time::advance(secs(6)).await;
    let_go.send(()).unwrap();
    first.await.unwrap();
    let receipt = workers.drain(in_secs(1)).await;
    assert_eq!((receipt.counts.expired, receipt.counts.panicked), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_running_job_is_asked_to_stop_at_its_deadline_and_then_dropped() {
    let workers = start(WorkerPool::builder().grace(secs(1)));
    let start = Instant::now();
    let error = workers.submit_io(pending::<()>()).deadline_in(secs(5)).await.unwrap_err();
    assert!(matches!(error, JobError::Expired(expired) if expired.started));
    assert_eq!(start.elapsed(), secs(6));

    let polite = workers.submit_io(async {
        context::sleep(secs(3600)).await.unwrap_err();
        "cleaned up"
    });
    assert_eq!(polite.deadline_in(secs(5)).await.unwrap(), "cleaned up");
    let counts = workers.status().counts;
    assert_eq!((counts.expired, counts.done), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_ambient_deadline_ends_the_wait_for_a_cpu_job_that_cannot_be_stopped() {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let (job, let_go, has_begun) = held();
    let waiting = tokio::spawn({
        let workers = workers.clone();
        async move { workers.submit_cpu(job).deadline_in(secs(5)).await }
    });
    settle().await;
    has_begun.recv().unwrap();
    // The clock stands still while the thread works, so it is moved by hand.
    tokio::time::advance(secs(5)).await;
    settle().await;
    tokio::time::advance(secs(1)).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, JobError::Expired(expired) if expired.started));
    assert_eq!(workers.status().counts.in_flight(), 1, "it is still running");

    let_go.send(()).unwrap();
    let receipt = workers.drain(in_secs(1)).await;
    assert_eq!((receipt.counts.expired, receipt.counts.done), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_a_thread_works() {
    let workers = small();
    let start = Instant::now();
    let job = || {
        let end = wall_clock() + Duration::from_millis(20);
        while wall_clock() < end {
            std::thread::yield_now();
        }
        42
    };
    let value = tokio::time::timeout(secs(1), workers.submit_cpu(job).into_future()).await;
    assert_eq!(value.expect("no virtual time passed").unwrap(), 42);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[expect(clippy::disallowed_methods, reason = "shows that real time passes while virtual time does not")]
fn wall_clock() -> std::time::Instant {
    std::time::Instant::now()
}

#[tokio::test(start_paused = true)]
async fn dropping_an_awaited_submission_cancels_the_job() {
    let workers = start(WorkerPool::builder().grace(secs(1)));
    let late = timeout(secs(5), workers.submit_io(pending::<()>()).into_future()).await;
    // The ambient deadline is the job's too, and its own grace comes on top of it.
    assert!(late.is_err());
    sleep(secs(2)).await;
    let counts = workers.status().counts;
    assert_eq!((counts.expired + counts.cancelled, counts.in_flight()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_handle_detaches_the_job_unless_told_otherwise() {
    let workers = small();
    let ran = Arc::new(AtomicUsize::new(0));
    let job = |ran: &Arc<AtomicUsize>| {
        let ran = ran.clone();
        async move {
            sleep(secs(1)).await;
            ran.fetch_add(1, Ordering::SeqCst);
        }
    };
    drop(workers.submit_io(job(&ran)).spawn().await.unwrap());
    drop(workers.submit_io(job(&ran)).spawn().await.unwrap().cancel_on_drop());
    let receipt = workers.drain(in_secs(60)).await;
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    assert_eq!((receipt.counts.done, receipt.counts.cancelled), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn with_the_policy_to_fail_a_full_queue_gives_the_job_back() {
    let workers = start(WorkerPool::builder().io_tasks(1).cpu_threads(1).queue(2).rejection(Rejection::Fail));
    let (job, let_go, has_begun) = held();
    let running = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let queued: Vec<_> =
        [workers.submit_cpu(|| 1).spawn().await.unwrap(), workers.submit_cpu(|| 2).spawn().await.unwrap()].into();
    let refused = workers.submit_cpu(|| 3).spawn().await.unwrap_err();
    assert!(matches!(refused.error(), JobError::Rejected(Reject::Full { queue: 2 })));
    assert_eq!(refused.into_job()(), 3);

    for _ in 0..3 {
        drop(workers.submit_io(pending::<()>()).spawn().await.unwrap());
    }
    assert!(workers.submit_io(pending::<()>()).await.unwrap_err().is_rejected());

    let_go.send(()).unwrap();
    running.await.unwrap();
    for handle in queued {
        handle.await.unwrap();
    }
    assert_eq!(workers.status().counts.rejected, 2);
}

#[tokio::test(start_paused = true)]
async fn with_the_policy_to_wait_submitters_are_served_in_order() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for n in 0..10 {
        let (order, workers) = (order.clone(), workers.clone());
        let job = async move {
            sleep(secs(1)).await;
            order.lock().push(n);
        };
        tasks.push(tokio::spawn(async move { workers.submit_io(job).await }));
        settle().await;
    }
    let status = workers.status();
    assert_eq!((status.io.running, status.io.queued, status.io.waiting), (1, 1, 8));
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(*order.lock(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn try_spawn_never_waits() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let _running = workers.submit_io(pending::<()>()).try_spawn().unwrap();
    let _queued = workers.submit_io(pending::<()>()).try_spawn().unwrap();
    let refused = workers.submit_io(pending::<()>()).try_spawn().unwrap_err();
    assert!(refused.error().is_rejected());
}

#[tokio::test(start_paused = true)]
async fn a_submitter_that_is_not_polled_holds_up_nobody() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let _running = workers.submit_io(nap(1)).spawn().await.unwrap();
    let _queued = workers.submit_io(nap(1)).spawn().await.unwrap();
    // Polled once, so that it stands in line, and then never again.
    let mut stalled = pin!(workers.submit_io(nap(1)).spawn());
    assert!(stalled.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    let start = Instant::now();
    workers.submit_io(async {}).await.unwrap();
    assert_eq!(start.elapsed(), secs(3), "the stalled one's job ran in its turn");
    assert!(stalled.await.unwrap().is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_submitter_gets_its_job_back() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let _running = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let _queued = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let expired = workers.submit_io(std::future::ready(5)).deadline_in(secs(1)).spawn().await.unwrap_err();
    assert!(expired.error().is_expired());
    assert_eq!(expired.into_job().await, 5);

    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let mut waiting = pin!(context.scope(workers.submit_io(std::future::ready(6)).spawn()));
    assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    token.cancel("shutdown");
    let cancelled = waiting.await.unwrap_err();
    assert!(cancelled.error().is_cancelled());
    assert_eq!(cancelled.into_job().await, 6);
    assert_eq!(workers.status().io.waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn what_callers_gave_up_does_not_pile_up() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let _running = workers.submit_io(pending::<()>()).key("busy").spawn().await.unwrap();
    let _queued = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let alive = Arc::new(());
    for n in 0..10_000 {
        let kept = alive.clone();
        let job = workers.submit_io(async move { drop(kept) });
        let job = if n % 2 == 0 { job.key("busy") } else { job };
        let mut waiting = pin!(job.spawn());
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending() || n == 0);
    }
    assert_eq!(Arc::strong_count(&alive), 2, "only the one that was held back with a place is left");
    let status = workers.status();
    assert_eq!((status.io.waiting, status.counts.cancelled), (0, 9_999));
}

#[tokio::test(start_paused = true)]
async fn jobs_with_one_key_run_one_after_the_other_and_hold_up_no_other_key() {
    let workers = start(WorkerPool::builder().io_tasks(4).queue(100));
    let start = Instant::now();
    let log = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut handles = Vec::new();
    for (key, n) in (0..10).map(|n| ("slow.org", n)).chain([("quick.org", 0), ("quick.org", 1)]) {
        let log = log.clone();
        let job = async move {
            sleep(secs(1)).await;
            log.lock().push((key, n, start.elapsed().as_secs()));
        };
        handles.push(workers.submit_io(job).key(key).spawn().await.unwrap());
    }
    assert_eq!(workers.status().io.held, 10);
    for handle in handles {
        handle.await.unwrap();
    }
    let log = log.lock();
    let of = |wanted| log.iter().filter(|(key, ..)| *key == wanted).map(|&(_, n, at)| (n, at)).collect::<Vec<_>>();
    assert_eq!(of("quick.org"), [(0, 1), (1, 2)]);
    assert_eq!(of("slow.org"), (0..10).map(|n| (n, n + 1)).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_busy_key_does_not_take_the_places_of_the_others() {
    let workers = start(WorkerPool::builder().io_tasks(4).queue(2).per_key(2));
    let mut busy = Vec::new();
    for _ in 0..8 {
        let workers = workers.clone();
        busy.push(tokio::spawn(async move { workers.submit_io(nap(10)).key("busy").await }));
        settle().await;
    }
    let status = workers.status();
    assert_eq!((status.io.running, status.io.held, status.io.waiting), (2, 2, 4));
    let start = Instant::now();
    // Two more than its own limit, so these wait for their key as well.
    let others: Vec<_> = (0..4)
        .map(|_| {
            let workers = workers.clone();
            tokio::spawn(async move { workers.submit_io(nap(1)).key("other").await })
        })
        .collect();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(start.elapsed(), secs(2));
    for task in busy {
        task.await.unwrap().unwrap();
    }
    assert_eq!(start.elapsed(), secs(40));
}

#[tokio::test(start_paused = true)]
async fn a_cpu_job_with_a_key_waits_for_its_turn() {
    let workers = start(WorkerPool::builder().cpu_threads(2));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut handles = Vec::new();
    for _ in 0..200 {
        let (now, most) = (now.clone(), most.clone());
        let job = move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        handles.push(workers.submit_cpu(job).key("example.org").spawn().await.unwrap());
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    assert_eq!(workers.status().cpu.held, 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_takes_nothing_and_finishes_what_it_has() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let running = workers
        .submit_io(async {
            sleep(secs(1)).await;
            1
        })
        .spawn()
        .await
        .unwrap();
    let queued = workers.submit_io(async { 2 }).spawn().await.unwrap();
    let waiting = tokio::spawn(workers.submit_io(async { 3 }).spawn());
    settle().await;
    workers.close();
    assert_eq!(workers.status().state, PoolState::Draining);
    assert!(waiting.await.unwrap().unwrap_err().error().is_rejected());
    assert!(workers.submit_io(async {}).await.unwrap_err().is_rejected());
    assert_eq!((running.await.unwrap(), queued.await.unwrap()), (1, 2));
    assert_eq!(workers.status().state, PoolState::Closed);
}

#[tokio::test(start_paused = true)]
async fn drain_finishes_what_is_in_and_joins_the_threads() {
    let workers = small();
    for _ in 0..8 {
        drop(workers.submit_io(nap(1)).spawn().await.unwrap());
        drop(workers.submit_cpu(|| ()).spawn().await.unwrap());
    }
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.took, receipt.counts.done, receipt.threads_joined), (secs(2), 16, 2));
    let again = workers.drain(in_secs(10)).await;
    assert_eq!((again.took, again.threads_joined), (Duration::ZERO, 2));
}

#[tokio::test(start_paused = true)]
async fn drain_cancels_what_is_left_at_its_deadline_and_names_what_cannot_be_stopped() {
    let workers = start(WorkerPool::builder().cpu_threads(2).io_tasks(1).grace(secs(1)));
    let (job, let_go, has_begun) = held();
    let stuck = Context::current().named("crawl").scope(workers.submit_cpu(job).spawn()).await.unwrap();
    has_begun.recv().unwrap();
    let held_back = workers.submit_io(pending::<()>()).key("host").spawn().await.unwrap();
    let queued = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let of_key = workers.submit_io(pending::<()>()).key("host").spawn().await.unwrap();

    let draining = tokio::spawn({
        let workers = workers.clone();
        async move { workers.drain(in_secs(5)).await }
    });
    for _ in 0..8 {
        settle().await;
        tokio::time::advance(secs(1)).await;
    }
    let receipt = draining.await.unwrap();
    assert!(!receipt.is_complete());
    assert_eq!(receipt.stragglers.len(), 1);
    assert_eq!(receipt.stragglers[0].path.to_string(), "crawl");
    assert!(receipt.stragglers[0].place.file().ends_with("worker_pool.rs"));
    assert_eq!((receipt.threads_joined, receipt.counts.cancelled), (1, 3));
    for handle in [held_back, queued, of_key] {
        let error = handle.await.unwrap_err();
        assert!(matches!(error, JobError::Cancelled(cause) if cause.kind() == CancelKind::Shutdown));
    }

    let_go.send(()).unwrap();
    stuck.await.expect("it was left behind, but its value is not lost");
    let receipt = workers.drain(in_secs(5)).await;
    assert!(receipt.is_complete());
    assert_eq!(receipt.threads_joined, 2);
}

#[test]
fn jobs_of_a_runtime_that_is_shut_down_are_lost_and_counted() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (workers, handles) = runtime.block_on(async {
        let workers = start(WorkerPool::builder().io_tasks(2).queue(100));
        let mut handles = Vec::new();
        for n in 0..50 {
            let job = workers.submit_io(pending::<()>());
            let job = if n % 3 == 0 { job.key("k") } else { job };
            handles.push(job.spawn().await.unwrap());
        }
        tokio::task::yield_now().await;
        (workers, handles)
    });
    drop(runtime);
    // Those that the pool's actor could cancel before it went are cancelled.
    let counts = workers.status().counts;
    assert_eq!((counts.failed + counts.cancelled, counts.in_flight()), (50, 0));
    let other = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    other.block_on(async {
        for handle in handles {
            assert!(matches!(handle.await.unwrap_err(), JobError::Lost | JobError::Cancelled(_)));
        }
        let late = workers.submit_io(async {}).await.unwrap_err();
        assert!(late.is_rejected());
    });
}

#[tokio::test(start_paused = true)]
async fn senseless_settings_are_refused_by_name() {
    let refused = |builder: WorkerPoolBuilder| match builder.start(&System::start().unwrap()).unwrap_err() {
        StartError::Config { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(refused(WorkerPool::builder().cpu_threads(0)), "cpu_threads");
    assert_eq!(refused(WorkerPool::builder().cpu_threads(1 << 20)), "cpu_threads");
    assert_eq!(refused(WorkerPool::builder().io_tasks(0)), "io_tasks");
    assert_eq!(refused(WorkerPool::builder().queue(0)), "queue");
    assert_eq!(refused(WorkerPool::builder().per_key(0)), "per_key");
    let error = WorkerPool::builder().queue(0).start(&System::start().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "worker pool: `queue` must be at least 1");
}

#[test]
fn outside_of_a_runtime_it_does_not_start() {
    let system = System::start().unwrap();
    assert!(matches!(WorkerPool::builder().start(&system), Err(StartError::NoRuntime)));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_submission_at_any_poll_leaves_nothing_behind() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1).queue(1).grace(secs(1)));
    for polls in 0..6 {
        for spawned in [false, true] {
            let _running = workers.submit_io(nap(1)).spawn().await.unwrap();
            let _queued = workers.submit_io(nap(1)).key("k").spawn().await.unwrap();
            let job = workers.submit_io(nap(1)).key("k").deadline_in(secs(60));
            let mut job: std::pin::Pin<Box<dyn Future<Output = ()>>> = match spawned {
                true => Box::pin(async move { drop(job.spawn().await) }),
                false => Box::pin(async move { drop(job.await) }),
            };
            let mut done = false;
            for _ in 0..polls {
                done = done || futures_util::poll!(job.as_mut()).is_ready();
                sleep(Duration::from_millis(600)).await;
            }
            drop(job);
            sleep(secs(10)).await;
            let status = workers.status();
            assert_eq!(status.counts.in_flight(), 0, "{polls} polls, spawned: {spawned}: {status:?}");
            assert_eq!((status.io.queued, status.io.held, status.io.waiting), (0, 0, 0));
        }
    }
    assert!(workers.drain(in_secs(1)).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn shutting_the_system_down_finishes_the_jobs_and_joins_the_threads() {
    let system = System::start().unwrap();
    let workers = WorkerPool::builder().cpu_threads(2).start(&system).unwrap();
    let io = workers
        .submit_io(async {
            nap(5).await;
            1
        })
        .spawn()
        .await
        .unwrap();
    let cpu = workers.submit_cpu(|| 2).spawn().await.unwrap();
    let receipt = system.shutdown(secs(60)).await;
    assert!(receipt.is_clean(), "{receipt:?}");
    assert_eq!((io.await.unwrap(), cpu.await.unwrap()), (1, 2));
    assert!(workers.submit_io(async {}).await.unwrap_err().is_rejected());
    assert_eq!(workers.drain(in_secs(1)).await.threads_joined, 2);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_too_short_cancels_the_rest() {
    let system = System::start().unwrap();
    let workers = WorkerPool::builder().cpu_threads(1).io_tasks(1).start(&system).unwrap();
    let deaf = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let queued = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let receipt = system.shutdown(secs(5)).await;
    assert!(!receipt.is_clean());
    assert!(queued.await.unwrap_err().is_cancelled());
    assert!(deaf.await.unwrap_err().is_cancelled());
    assert_eq!(workers.status().state, PoolState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_last_handle_is_dropped_finishes_its_detached_jobs() {
    let system = System::start().unwrap();
    let workers = WorkerPool::builder().cpu_threads(1).drain_timeout(secs(10)).start(&system).unwrap();
    let soon = workers
        .submit_io(async {
            nap(9).await;
            "soon"
        })
        .spawn()
        .await
        .unwrap();
    let late = workers
        .submit_io(async {
            nap(15).await;
            "late"
        })
        .spawn()
        .await
        .unwrap();
    let clone = workers.clone();
    drop(workers);
    assert_eq!(clone.submit_io(async { 1 }).await.unwrap(), 1);
    drop(clone);
    assert_eq!(soon.await.unwrap(), "soon");
    assert!(late.await.unwrap_err().is_cancelled(), "the drain timeout had passed");
}

#[tokio::test(start_paused = true)]
async fn its_actor_answers_messages() {
    use actors::worker_pool::messages::{Close, Drain, GetStatus};
    let workers = small();
    workers.submit_cpu(|| ()).await.unwrap();
    assert_eq!(workers.actor().ask(GetStatus).await.unwrap().counts.done, 1);
    workers.actor().ask(Close).await.unwrap();
    assert_eq!(workers.status().state, PoolState::Closed);
    let receipt = workers.actor().ask(Drain { deadline: in_secs(5) }).await.unwrap();
    assert!(receipt.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_asks_it_whether_it_is_ready_and_shuts_it_down() {
    let system = System::start().unwrap();
    let workers = WorkerPool::builder().cpu_threads(1).io_tasks(1).start(&system).unwrap();
    assert!(workers.ready().await.is_ready());
    workers.submit_cpu(|| ()).await.unwrap();
    drop(workers.submit_io(nap(2)).spawn().await.unwrap());
    drop(workers.submit_io(pending::<()>()).spawn().await.unwrap());
    let start = Instant::now();
    let receipt = workers.shut_down(in_secs(10)).await;
    assert!(start.elapsed() <= secs(10));
    assert!(receipt.is_clean(), "{receipt}");
    assert_eq!((receipt.handled, receipt.dead), (2, 1));
    assert!(!workers.ready().await.is_ready());
    assert!(system.status().is_empty());
}

#[test]
fn settings_that_make_no_sense_are_all_reported_with_their_source() {
    let settings = Settings::new().set("queue", "0", "--queue").set("per_key", "0", "--per-key");
    let refused = settings.load_valid::<WorkerPoolConfig>().unwrap_err().to_string();
    assert!(refused.contains("--queue: queue = \"0\": must be at least 1"), "{refused}");
    assert!(refused.contains("--per-key"), "{refused}");
}

#[test]
fn no_interruption_of_a_submitter_leaves_anything_behind() {
    let explored = explore_cancellation(
        async || {
            let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1).queue(1).grace(secs(1)));
            let busy = workers.submit_io(nap(1)).try_spawn().expect("there is room").cancel_on_drop();
            let queued = workers.submit_io(nap(1)).try_spawn().expect("there is room").cancel_on_drop();
            (workers, Arc::new((busy, queued)))
        },
        |(workers, _others)| async move {
            let spawned = workers.submit_io(nap(1)).key("k").spawn().await?;
            let second = workers.submit_io(nap(1)).key("k").await;
            spawned.await.and(second)
        },
        async |(workers, _others)| {
            sleep(secs(10)).await;
            let status = workers.status();
            assert_eq!(status.counts.in_flight(), 0, "{status:?}");
            assert_eq!((status.io.queued, status.io.held, status.io.waiting), (0, 0, 0));
            assert_eq!(workers.submit_io(async { 1 }).key("k").await.expect("the pool works"), 1);
        },
    );
    assert!(explored.polls >= 3 && explored.unreached == 0, "{explored:?}");
}
