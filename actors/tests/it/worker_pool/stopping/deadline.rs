//! Jobs whose time is up, and the clock that says so.

use super::*;

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
    let receipt = workers.drain(in_secs(10)).await;
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
    until(|| workers.status().counts.in_flight() == 0).await;
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
async fn the_deadline_of_whoever_awaits_is_reported_alike_by_both_classes() {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let start = Instant::now();
    let io = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let error = Context::current().with_deadline(start + secs(5)).scope(io).await.unwrap_err();
    let JobError::Expired(expired) = error else { panic!("it expired: {error}") };
    assert_eq!((expired.started, expired.deadline, start.elapsed()), (true, start + secs(5), secs(6)));

    let (job, let_go, has_begun) = held();
    let cpu = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let waiting = tokio::spawn(Context::current().with_deadline(start + secs(10)).scope(cpu));
    settle().await;
    // The clock stands still while the thread works, so it is moved by hand.
    tokio::time::advance(secs(4)).await;
    settle().await;
    tokio::time::advance(secs(1)).await;
    let error = waiting.await.unwrap().unwrap_err();
    let JobError::Expired(expired) = error else { panic!("it expired: {error}") };
    assert_eq!((expired.started, expired.deadline), (true, start + secs(10)));
    let_go.send(()).unwrap();
    until(|| workers.status().counts.in_flight() == 0).await;
    assert_eq!(workers.status().counts.expired, 2);
}
