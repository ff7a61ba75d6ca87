use super::*;

/// Its clock goes on while a thread is in quarantine, so its end is waited for without one.
async fn ended(handle: &JobHandle<()>) {
    until(|| handle.is_finished()).await;
}

/// A pool with one thread, and a job on it that doesn't stop although its deadline passed a grace ago.
async fn stuck() -> (WorkerPool, JobHandle<()>, mpsc::Sender<()>) {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let (job, let_go, has_begun) = held();
    let context = Context::current().named("parse");
    let handle = context.scope(workers.submit_cpu(job).key("big.html").deadline_in(secs(5)).spawn()).await.unwrap();
    has_begun.recv().unwrap();
    settle().await;
    // The clock stands still while the thread works, so it is moved by hand.
    tokio::time::advance(secs(5)).await;
    settle().await;
    assert!(workers.status().quarantined.is_empty(), "it is asked first");
    tokio::time::advance(secs(1)).await;
    settle().await;
    (workers, handle, let_go)
}

#[tokio::test(start_paused = true)]
async fn a_stuck_thread_is_written_off_and_named_and_another_takes_its_place() {
    let (workers, handle, let_go) = stuck().await;
    let status = workers.status();
    assert_eq!((status.cpu.width, status.cpu.running, status.running.len()), (1, 0, 0));
    let [stuck] = &status.quarantined[..] else { panic!("one thread is stuck: {status:?}") };
    assert_eq!((stuck.thread.as_str(), stuck.job.path.to_string()), ("workers-cpu-0", "parse".to_owned()));
    assert_eq!((stuck.job.place.file(), stuck.job.key.as_deref()), (file!(), Some("big.html")));
    assert_eq!((stuck.job.age, stuck.asked_for), (secs(6), secs(1)));
    assert!(stuck.to_string().starts_with("workers-cpu-0: cpu job from "), "{stuck}");

    let name = workers.submit_cpu(|| std::thread::current().name().map(str::to_owned)).await.unwrap();
    assert_eq!(name.as_deref(), Some("workers-cpu-1"));
    let start = Instant::now();
    sleep(secs(60)).await;
    assert_eq!(start.elapsed(), secs(60), "a paused clock does not wait for it either");

    assert_eq!(workers.status().counts.in_flight(), 1);
    let_go.send(()).unwrap();
    ended(&handle).await;
    handle.await.expect("nobody had given up on it, so its value counts");
    until(|| workers.status().quarantined.is_empty()).await;
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.counts.done, receipt.threads_joined), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_stuck_job_keeps_its_key_until_it_returns() {
    let (workers, handle, let_go) = stuck().await;
    let next = workers.submit_cpu(|| ()).key("big.html").spawn().await.unwrap();
    workers.submit_cpu(|| ()).key("small.html").await.unwrap();
    assert!(!next.is_finished());
    let_go.send(()).unwrap();
    ended(&handle).await;
    handle.await.unwrap();
    next.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_detached_job_whose_submitter_is_cancelled_is_written_off_too() {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let (job, let_go, has_begun) = held();
    drop(context.scope(workers.submit_cpu(job).spawn()).await.unwrap());
    has_begun.recv().unwrap();
    settle().await;
    token.cancel("the user left");
    // It is noticed within a grace, and has another one.
    for _ in 0..2 {
        tokio::time::advance(secs(1)).await;
        settle().await;
    }
    assert_eq!(workers.status().quarantined.len(), 1);
    workers.submit_cpu(|| ()).await.unwrap();
    let_go.send(()).unwrap();
    until(|| workers.status().counts.done == 2).await;
    let receipt = workers.drain(in_secs(10)).await;
    assert_eq!((receipt.is_complete(), receipt.counts.done), (true, 2));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_stops_in_time_costs_no_thread() {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let (begun, has_begun) = mpsc::channel();
    let job = move || {
        begun.send(()).unwrap();
        while !context::is_cancelled() {
            std::thread::yield_now();
        }
    };
    // Detached: nobody but the pool sees to its deadline.
    drop(workers.submit_cpu(job).deadline_in(secs(5)).spawn().await.unwrap());
    has_begun.recv().unwrap();
    settle().await;
    tokio::time::advance(secs(5)).await;
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.counts.done, receipt.threads_joined), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn every_thread_may_be_stuck_and_the_pool_keeps_its_width() {
    let workers = start(WorkerPool::builder().cpu_threads(2).grace(secs(1)));
    let mut let_go_all = Vec::new();
    let mut handles = Vec::new();
    for round in 1..=3 {
        for _ in 0..2 {
            let (job, let_go, has_begun) = held();
            let handle = workers.submit_cpu(job).spawn().await.unwrap();
            has_begun.recv().unwrap();
            handle.cancel("enough");
            let_go_all.push(let_go);
            handles.push(handle);
        }
        settle().await;
        tokio::time::advance(secs(1)).await;
        settle().await;
        assert_eq!(workers.status().quarantined.len(), 2 * round);
    }
    assert_eq!(workers.submit_cpu(|| 1).await.unwrap(), 1);
    drop(let_go_all);
    for handle in handles {
        ended(&handle).await;
        handle.await.unwrap();
    }
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!(receipt.threads_joined, 8);
}

#[tokio::test(start_paused = true)]
async fn a_drain_names_what_is_in_quarantine_and_joins_it_when_it_comes_back() {
    let (workers, handle, let_go) = stuck().await;
    let receipt = workers.drain(in_secs(2)).await;
    assert!(!receipt.is_complete());
    assert_eq!((receipt.stragglers.len(), receipt.threads_joined), (1, 1));
    assert_eq!(receipt.stragglers[0].path.to_string(), "parse");
    let_go.send(()).unwrap();
    ended(&handle).await;
    handle.await.unwrap();
    assert_eq!(workers.drain(in_secs(2)).await.threads_joined, 2);
}
