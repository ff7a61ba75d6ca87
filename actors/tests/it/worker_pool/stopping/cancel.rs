//! Jobs that are cancelled, by whoever submitted them or by their handle.

use super::*;

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

#[test]
fn the_wait_for_a_running_io_job_that_nobody_polls_has_an_end() {
    let stalled = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (workers, handle) = stalled.block_on(async {
        let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
        let handle = workers.submit_io(pending::<()>()).spawn().await.unwrap();
        settle().await;
        assert_eq!(workers.status().io.running, 1);
        (workers, handle)
    });
    let other = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    other.block_on(async {
        let start = Instant::now();
        handle.cancel("not needed");
        let error = tokio::time::timeout(secs(60), handle).await.expect("the wait has an end").unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(start.elapsed(), secs(2));
    });
    assert_eq!(workers.status().counts.in_flight(), 1, "it still is there");
    drop(stalled);
    let counts = workers.status().counts;
    assert_eq!((counts.cancelled, counts.in_flight()), (1, 0));
}
