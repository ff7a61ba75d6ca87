//! Pools that end before their jobs have.

use super::*;

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
    assert!(receipt.stragglers[0].place.file() == file!());
    assert_eq!((receipt.threads_joined, receipt.counts.cancelled), (1, 3));
    for handle in [held_back, queued, of_key] {
        let error = handle.await.unwrap_err();
        assert!(matches!(error, JobError::Cancelled(cause) if cause.kind() == CancelKind::Shutdown));
    }

    let_go.send(()).unwrap();
    // A paused clock doesn't wait for a thread that is written off.
    until(|| stuck.is_finished()).await;
    stuck.await.expect("it was left behind, but its value is not lost");
    let receipt = workers.drain(in_secs(5)).await;
    assert!(receipt.is_complete());
    assert_eq!(receipt.threads_joined, 2);
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
async fn a_shutdown_without_any_time_closes_the_pool_and_cancels_everything() {
    let system = System::start().unwrap();
    let workers = WorkerPool::builder().cpu_threads(1).io_tasks(1).grace(secs(1)).start(&system).unwrap();
    let deaf = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    settle().await;
    let receipt = system.shutdown(Duration::ZERO).await;
    assert!(!receipt.is_clean());
    assert!(workers.submit_io(async {}).await.unwrap_err().is_rejected());
    assert!(deaf.await.unwrap_err().is_cancelled());
    assert_eq!(workers.status().state, PoolState::Closed);
    tokio::time::timeout(secs(60), system.reaper().drained()).await.expect("nothing waits for the pool any more");
}

#[tokio::test(start_paused = true)]
async fn a_handle_of_its_actor_does_not_keep_a_pool() {
    let workers = start(WorkerPool::builder().cpu_threads(1).drain_timeout(secs(10)).grace(secs(1)));
    let actor = workers.actor().clone();
    let deaf = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    drop(workers);
    let end = tokio::time::timeout(secs(60), deaf).await.expect("the drain timeout had passed");
    assert!(end.unwrap_err().is_cancelled());
    assert!(actor.stop_reason().is_some());
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
