use super::*;

#[tokio::test(start_paused = true)]
async fn never_more_jobs_of_both_classes_run_than_the_global_limit() {
    let workers = start(WorkerPool::builder().cpu_threads(4).io_tasks(8).global(3).queue(100));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let enter = || {
        let (now, most) = (now.clone(), most.clone());
        move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            now
        }
    };
    let start = Instant::now();
    let mut handles = Vec::new();
    for _ in 0..30 {
        let io = enter();
        let job = async move {
            let now = io();
            nap(1).await;
            now.fetch_sub(1, Ordering::SeqCst);
        };
        handles.push(workers.submit_io(job).spawn().await.unwrap());
        let cpu = enter();
        let job = move || {
            let now = cpu();
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        handles.push(workers.submit_cpu(job).spawn().await.unwrap());
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert!((secs(10)..=secs(15)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_classes_take_turns_at_the_global_limit() {
    let workers = start(WorkerPool::builder().cpu_threads(2).io_tasks(8).global(1).queue(100));
    let start = Instant::now();
    let mut io = Vec::new();
    for _ in 0..10 {
        io.push(workers.submit_io(nap(1)).spawn().await.unwrap());
    }
    settle().await;
    for n in 1..=5 {
        let at = workers.submit_cpu(move || start.elapsed().as_secs()).await.unwrap();
        assert_eq!(at, n, "the next permit is the other class's");
    }
    for job in io {
        job.await.unwrap();
    }
    assert_eq!(start.elapsed(), secs(10));
    // The permit that nobody needs is anybody's.
    workers.submit_cpu(|| ()).await.unwrap();
    workers.submit_io(async {}).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_was_meant_for_cancelled_work_is_not_lost() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(4).global(1));
    let busy = workers.submit_io(nap(1)).spawn().await.unwrap();
    settle().await;
    let cancelled = workers.submit_cpu(|| panic!("it must not run")).spawn().await.unwrap();
    // The thread has come for a permit, in vain.
    sleep(Duration::from_millis(500)).await;
    cancelled.cancel("not needed");
    busy.await.unwrap();
    workers.submit_io(async {}).await.unwrap();
    workers.submit_cpu(|| ()).await.unwrap();
    assert!(cancelled.await.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_thread_in_quarantine_has_no_permit() {
    let workers = start(WorkerPool::builder().cpu_threads(1).global(1).grace(secs(1)));
    let (job, let_go, has_begun) = held();
    let stuck = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let waiting = workers.submit_io(async { 1 }).spawn().await.unwrap();
    settle().await;
    assert!(!waiting.is_finished());
    stuck.cancel("enough");
    settle().await;
    tokio::time::advance(secs(1)).await;
    assert_eq!(waiting.await.unwrap(), 1);
    assert_eq!(workers.submit_cpu(|| 2).await.unwrap(), 2);
    let_go.send(()).unwrap();
    until(|| stuck.is_finished()).await;
    // It gave none back that it hadn't.
    let (first, second) = (workers.submit_io(nap(1)), workers.submit_io(nap(1)));
    let start = Instant::now();
    let handles = [first.spawn().await.unwrap(), second.spawn().await.unwrap()];
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_was_meant_for_a_worker_that_leaves_is_not_lost() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(2).global(2));
    let _deaf = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    settle().await;
    let (job, let_go, has_begun) = held();
    let _cpu = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    // It has to wait for a permit, and gets the one of the CPU job.
    let _queued = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let_go.send(()).unwrap();
    let is_on_its_way = |_| {
        std::thread::yield_now();
        tasks() > before
    };
    assert!((0..10_000_000).any(is_on_its_way), "a task is started for it, which can't have come yet");
    // Before it has come, it is one too many.
    workers.resize(JobClass::Io, 1).unwrap();
    let next = tokio::time::timeout(secs(60), workers.submit_cpu(|| 1).into_future()).await;
    assert_eq!(next.expect("the permit is free").unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn workers_that_can_have_no_permit_are_no_places() {
    let workers = start(WorkerPool::builder().io_tasks(8).global(1).queue(2).rejection(Rejection::Fail));
    drop(workers.submit_io(pending::<()>()).spawn().await.unwrap());
    settle().await;
    for _ in 0..2 {
        drop(workers.submit_io(pending::<()>()).spawn().await.unwrap());
    }
    assert!(workers.submit_io(async {}).await.unwrap_err().is_rejected());
    assert_eq!(workers.status().io.queued, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_global_limit_no_job_is_lost_between_the_classes() {
    let workers = start(WorkerPool::builder().cpu_threads(2).io_tasks(4).global(2).queue(2));
    let tasks: Vec<_> = (0..6_usize)
        .map(|submitter| {
            let workers = workers.clone();
            tokio::spawn(async move {
                for n in 0..300 {
                    let done = match (submitter + n) % 4 {
                        0 => workers.submit_cpu(move || n).await,
                        1 => workers.submit_cpu(move || n).key("k").await,
                        2 => workers.submit_io(async move { n }).await,
                        _ => workers.submit_io(async move { n }).key("k").await,
                    };
                    assert_eq!(done.unwrap(), n);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!(receipt.counts.done, 1_800);
}

#[tokio::test(start_paused = true)]
async fn no_global_limit_at_all_is_refused() {
    let refused = WorkerPool::builder().global(0).start(&System::start().unwrap()).unwrap_err();
    assert_eq!(refused.to_string(), "worker pool: `global` must be at least 1");
}
