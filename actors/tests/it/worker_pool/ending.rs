use super::*;

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
async fn a_destructor_that_blocks_does_not_hold_up_a_drain() {
    /// A value that is dropped when it is let go, or after some seconds.
    struct Slow(mpsc::Receiver<()>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.recv_timeout(secs(10)).ok();
        }
    }
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(Duration::from_millis(20)));
    let (let_go, wait) = mpsc::channel();
    let value = Slow(wait);
    let (go_on, may_end) = mpsc::channel::<()>();
    let job = move || {
        may_end.recv().ok();
        value
    };
    // Nobody takes the value, so the thread drops it.
    drop(workers.submit_cpu(job).spawn().await.unwrap());
    go_on.send(()).unwrap();
    until(|| workers.status().counts.done == 1).await;
    let receipt = workers.drain(in_secs(5)).await;
    assert_eq!((receipt.counts.done, receipt.threads_joined), (1, 0));
    let_go.send(()).unwrap();
    for _ in 0..1_000 {
        if workers.drain(in_secs(5)).await.threads_joined == 1 {
            return;
        }
    }
    panic!("the thread was lost");
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
