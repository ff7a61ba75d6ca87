use super::*;

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
    // A job has its key for as long as anything of it is left.
    let keys: [Arc<str>; 2] = ["busy".into(), "other".into()];
    for n in 0..10_000 {
        let kept = alive.clone();
        let job = workers.submit_io(async move { drop(kept) }).key(keys[n % 2].clone());
        let mut waiting = pin!(job.spawn());
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending() || n == 0);
    }
    assert_eq!(Arc::strong_count(&alive), 2, "only the one that was held back with a place is left");
    for key in &keys {
        assert!(Arc::strong_count(key) < 200, "{}", Arc::strong_count(key));
    }
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
async fn a_submitter_is_told_that_its_job_is_accepted_as_soon_as_there_is_a_place() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let start = Instant::now();
    drop(workers.submit_io(nap(10)).spawn().await.unwrap());
    drop(workers.submit_io(nap(10)).spawn().await.unwrap());
    let third = workers.submit_io(nap(10)).spawn().await.unwrap();
    assert_eq!(start.elapsed(), secs(10), "one runs, one waits");
    third.await.unwrap();
    assert_eq!(start.elapsed(), secs(30));
}

#[tokio::test(start_paused = true)]
async fn so_it_is_when_only_its_key_holds_it_back() {
    let workers = start(WorkerPool::builder().io_tasks(4).queue(1));
    let start = Instant::now();
    drop(workers.submit_io(nap(10)).key("k").spawn().await.unwrap());
    drop(workers.submit_io(nap(10)).key("k").spawn().await.unwrap());
    let third = workers.submit_io(nap(10)).key("k").spawn().await.unwrap();
    assert_eq!(start.elapsed(), secs(10));
    third.await.unwrap();
    assert_eq!(start.elapsed(), secs(30));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_queue_of_one_and_many_submitters_no_job_is_lost_between_threads() {
    let workers = start(WorkerPool::builder().cpu_threads(2).io_tasks(2).queue(1).per_key(1));
    let ran = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..8_usize)
        .map(|submitter| {
            let (workers, ran) = (workers.clone(), ran.clone());
            tokio::spawn(async move {
                for n in 0..400 {
                    let count = {
                        let ran = ran.clone();
                        move || ran.fetch_add(1, Ordering::SeqCst)
                    };
                    let io = {
                        let count = count.clone();
                        async move { count() }
                    };
                    let key = format!("key {}", n % 3);
                    let done = match (submitter + n) % 4 {
                        0 => workers.submit_cpu(count).await,
                        1 => workers.submit_cpu(count).key(key).await,
                        2 => workers.submit_io(io).await,
                        _ => workers.submit_io(io).key(key).await,
                    };
                    done.expect("every job is run");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(ran.load(Ordering::SeqCst), 3_200);
    let status = workers.status();
    assert_eq!((status.counts.done, status.counts.in_flight()), (3_200, 0));
    assert!(workers.drain(in_secs(10)).await.is_complete());
}
