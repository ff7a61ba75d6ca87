use super::*;

/// Occupies the only IO worker of a pool for a second.
async fn busy(workers: &WorkerPool) -> JobHandle<()> {
    let busy = workers.submit_io(nap(1)).spawn().await.unwrap();
    settle().await;
    busy
}

#[tokio::test(start_paused = true)]
async fn keys_take_turns_and_so_do_the_jobs_without_one() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(100).per_key(100));
    let log = Log::default();
    let mut handles = vec![busy(&workers).await];
    for n in 0..6 {
        handles.push(workers.submit_io(noted(note(&log, ("a", n)))).key("a").spawn().await.unwrap());
    }
    for n in 0..2 {
        handles.push(workers.submit_io(noted(note(&log, ("b", n)))).key("b").spawn().await.unwrap());
        handles.push(workers.submit_io(noted(note(&log, ("none", n)))).spawn().await.unwrap());
    }
    for handle in handles {
        handle.await.unwrap();
    }
    let expected =
        [("a", 0), ("b", 0), ("none", 0), ("a", 1), ("b", 1), ("none", 1), ("a", 2), ("a", 3), ("a", 4), ("a", 5)];
    assert_eq!(*log.lock(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_key_with_many_jobs_does_not_make_a_key_with_one_wait_for_all_of_them() {
    let workers = start(WorkerPool::builder().cpu_threads(1).queue(1_000).per_key(1));
    let (job, let_go, has_begun) = held();
    let mut handles = vec![workers.submit_cpu(job).spawn().await.unwrap()];
    has_begun.recv().unwrap();
    let log = Log::default();
    for n in 0..500 {
        handles.push(workers.submit_cpu(note(&log, ("many", n))).key("many").spawn().await.unwrap());
    }
    handles.push(workers.submit_cpu(note(&log, ("one", 0))).key("one").spawn().await.unwrap());
    let_go.send(()).unwrap();
    for handle in handles {
        handle.await.unwrap();
    }
    let log = log.lock();
    assert_eq!(log.iter().position(|(key, _)| *key == "one"), Some(1));
    assert!(log.iter().filter(|(key, _)| *key == "many").map(|(_, n)| *n).eq(0..500), "the order of a key is kept");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_for_its_rate_holds_up_nobody() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(4).per_key(8).rate(KeyRate::per_second(1)));
    let start = Instant::now();
    let log: Log<(&str, u64)> = Log::default();
    let job = |key: &'static str| {
        let log = log.clone();
        async move { log.lock().push((key, start.elapsed().as_millis() as u64)) }
    };
    // More than have a place: the last submitters wait for one.
    let slow: Vec<_> =
        (0..12).map(|_| tokio::spawn(workers.submit_io(job("slow")).key("slow").into_future())).collect();
    settle().await;
    for key in ["other", "another"] {
        workers.submit_io(job(key)).key(key).await.unwrap();
    }
    workers.submit_io(job("none")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "none of them waited");
    for task in slow {
        task.await.unwrap().unwrap();
    }
    let log = log.lock();
    let of = |wanted| log.iter().filter(|(key, _)| *key == wanted).map(|(_, at)| *at).collect::<Vec<_>>();
    assert_eq!(of("slow"), (0..12).map(|n| n * 1_000).collect::<Vec<_>>());
    assert_eq!((of("other"), of("another"), of("none")), (vec![0], vec![0], vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_rate_has_bursts_and_is_one_for_each_key() {
    let rate = KeyRate::new(2, secs(10)).burst(3);
    let workers = start(WorkerPool::builder().per_key(100).rate(rate));
    let start = Instant::now();
    let started = move || start.elapsed().as_secs();
    let mut handles = Vec::new();
    for key in ["a", "b"] {
        for _ in 0..5 {
            handles.push(workers.submit_io(async move { started() }).key(key).spawn().await.unwrap());
        }
    }
    let mut times = Vec::new();
    for handle in handles {
        times.push(handle.await.unwrap());
    }
    assert_eq!(times, [0, 0, 0, 5, 10, 0, 0, 0, 5, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_cpu_job_that_waits_for_its_rate_lets_a_paused_clock_go_on() {
    let workers = start(WorkerPool::builder().cpu_threads(1).rate(KeyRate::per_second(1)));
    let start = Instant::now();
    for _ in 0..3 {
        workers.submit_cpu(|| ()).key("k").await.unwrap();
    }
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn what_is_late_uses_up_nothing_of_its_keys_rate() {
    let workers = start(WorkerPool::builder().per_key(10).rate(KeyRate::new(1, secs(10))));
    let start = Instant::now();
    workers.submit_io(async {}).key("k").await.unwrap();
    let late = workers.submit_io(async { panic!("it must not run") }).key("k").deadline_in(secs(1));
    let late = late.spawn().await.unwrap();
    let cancelled = workers.submit_io(async { panic!("it must not run") }).key("k").spawn().await.unwrap();
    cancelled.cancel("not needed");
    let last = workers.submit_io(async {}).key("k").spawn().await.unwrap();
    last.await.unwrap();
    assert_eq!(start.elapsed(), secs(10));
    assert!(late.await.unwrap_err().is_expired());
    assert!(cancelled.await.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn jobs_that_wait_for_their_rate_are_cancelled_by_a_drain() {
    let workers = start(WorkerPool::builder().per_key(10).rate(KeyRate::new(1, secs(3_600))));
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(workers.submit_io(async {}).key("k").spawn().await.unwrap());
    }
    let receipt = workers.drain(in_secs(5)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.counts.done, receipt.counts.cancelled), (1, 2));
    assert_eq!(workers.status().io.held + workers.status().io.queued, 0);
}

#[tokio::test(start_paused = true)]
async fn senseless_rates_are_refused_by_name() {
    let refused = |rate: KeyRate| {
        let settings = WorkerPool::builder().rate(rate).start(&System::start().unwrap());
        match settings.unwrap_err() {
            StartError::Config { field, .. } => field,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(KeyRate::per_second(0)), "rate.starts");
    assert_eq!(refused(KeyRate::new(1, Duration::ZERO)), "rate.per");
    assert_eq!(refused(KeyRate::new(1, secs(1 << 40))), "rate.per");
    assert_eq!(refused(KeyRate::per_second(1).burst(0)), "rate.burst");
    assert_eq!(refused(KeyRate::per_second(1).burst(u32::MAX)), "rate.burst");
}
