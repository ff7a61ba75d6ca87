use super::*;

#[tokio::test(start_paused = true)]
async fn the_more_urgent_job_is_started_first() {
    let workers = start(WorkerPool::builder().io_tasks(1));
    let log = Log::default();
    let mut handles = vec![workers.submit_io(nap(1)).spawn().await.unwrap()];
    settle().await;
    for priority in [Priority::Low, Priority::Normal, Priority::High, Priority::Normal, Priority::High] {
        let job = workers.submit_io(noted(note(&log, priority))).priority(priority);
        handles.push(job.spawn().await.unwrap());
    }
    for handle in handles {
        handle.await.unwrap();
    }
    use Priority::{High, Low, Normal};
    assert_eq!(*log.lock(), [High, High, Normal, Normal, Low]);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_job_overtakes_plain_ones_that_are_queued_already() {
    let workers = start(WorkerPool::builder().cpu_threads(1));
    let (job, let_go, has_begun) = held();
    let mut handles = vec![workers.submit_cpu(job).spawn().await.unwrap()];
    has_begun.recv().unwrap();
    let log = Log::default();
    for n in 0..3 {
        handles.push(workers.submit_cpu(note(&log, n)).spawn().await.unwrap());
    }
    handles.push(workers.submit_cpu(note(&log, 100)).priority(Priority::High).spawn().await.unwrap());
    handles.push(workers.submit_cpu(note(&log, 3)).spawn().await.unwrap());
    let_go.send(()).unwrap();
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(*log.lock(), [100, 0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_passed_over_only_by_those_that_came_within_the_ageing() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1_000).ageing(secs(10)));
    let start = Instant::now();
    let started = move || start.elapsed().as_secs();
    drop(workers.submit_io(nap(5)).spawn().await.unwrap());
    settle().await;
    let low = workers.submit_io(async move { started() }).priority(Priority::Low).spawn().await.unwrap();
    let normal = workers.submit_io(async move { started() }).priority(Priority::Normal).spawn().await.unwrap();
    // As much as one worker can do, for ever.
    let flood = tokio::spawn({
        let workers = workers.clone();
        async move {
            for _ in 0..60 {
                drop(workers.submit_io(nap(1)).priority(Priority::High).spawn().await.unwrap());
                sleep(secs(1)).await;
            }
        }
    });
    // Those that came at 0, 1, ... 10 go first, one each second from 5 on; for the low one up to 20.
    assert_eq!(normal.await.unwrap(), 5 + 11);
    assert_eq!(low.await.unwrap(), 5 + 21);
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_whole_backlog_ages_and_not_only_its_head() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1_000).ageing(secs(10)));
    let start = Instant::now();
    drop(workers.submit_io(nap(20)).spawn().await.unwrap());
    settle().await;
    // From now on not even plain jobs are queued past the clock.
    drop(workers.submit_io(nap(1)).priority(Priority::Low).spawn().await.unwrap());
    let mut backlog = Vec::new();
    for _ in 0..5 {
        let job = async move {
            let at = start.elapsed().as_secs();
            nap(1).await;
            at
        };
        backlog.push(workers.submit_io(job).spawn().await.unwrap());
    }
    sleep(secs(11)).await;
    for _ in 0..100 {
        drop(workers.submit_io(nap(1)).priority(Priority::High).spawn().await.unwrap());
    }
    let mut times = Vec::new();
    for job in backlog {
        times.push(job.await.unwrap());
    }
    assert_eq!(times, [20, 21, 22, 23, 24], "the urgent ones came a second too late for all of them");
}

#[tokio::test(start_paused = true)]
async fn plain_jobs_age_from_when_they_can_be_passed_over() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1_000).ageing(secs(10)));
    let start = Instant::now();
    drop(workers.submit_io(nap(20)).spawn().await.unwrap());
    settle().await;
    let plain = workers.submit_io(async move { start.elapsed().as_secs() }).spawn().await.unwrap();
    sleep(secs(11)).await;
    for _ in 0..40 {
        drop(workers.submit_io(nap(1)).priority(Priority::High).spawn().await.unwrap());
        sleep(secs(1)).await;
    }
    // Those that came at 11, 12, ... 21.
    assert_eq!(plain.await.unwrap(), 20 + 11);
}

#[tokio::test(start_paused = true)]
async fn without_ageing_jobs_are_started_as_they_came() {
    let workers = start(WorkerPool::builder().io_tasks(1).ageing(Duration::ZERO));
    let log = Log::default();
    let mut handles = vec![workers.submit_io(nap(10)).spawn().await.unwrap()];
    settle().await;
    for (n, priority) in [Priority::Low, Priority::Normal, Priority::High].into_iter().enumerate() {
        handles.push(workers.submit_io(noted(note(&log, n))).priority(priority).spawn().await.unwrap());
        sleep(secs(1)).await;
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(*log.lock(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn within_a_key_order_counts_and_not_priority() {
    let workers = start(WorkerPool::builder().io_tasks(1));
    let log = Log::default();
    let mut handles = vec![workers.submit_io(nap(1)).spawn().await.unwrap()];
    settle().await;
    for (n, priority) in [Priority::Low, Priority::High, Priority::Normal].into_iter().enumerate() {
        let job = workers.submit_io(noted(note(&log, ("k", n)))).key("k").priority(priority);
        handles.push(job.spawn().await.unwrap());
    }
    handles.push(workers.submit_io(noted(note(&log, ("other", 0)))).spawn().await.unwrap());
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(*log.lock(), [("other", 0), ("k", 0), ("k", 1), ("k", 2)]);
}

#[tokio::test(start_paused = true)]
async fn while_urgent_work_never_ends_every_job_is_run() {
    let workers = start(WorkerPool::builder().io_tasks(2).queue(10_000).ageing(secs(1)));
    let flood = tokio::spawn({
        let workers = workers.clone();
        async move {
            loop {
                drop(workers.submit_io(nap(1)).priority(Priority::High).spawn().await.unwrap());
                sleep(Duration::from_millis(400)).await;
            }
        }
    });
    sleep(secs(60)).await;
    let start = Instant::now();
    let mut patient = Vec::new();
    for n in 0..20 {
        let priority = if n % 2 == 0 { Priority::Low } else { Priority::Normal };
        patient.push(workers.submit_io(nap(1)).key(format!("key {n}")).priority(priority).spawn().await.unwrap());
    }
    for job in patient {
        tokio::time::timeout(secs(600), job).await.expect("it starves").unwrap();
    }
    // Two workers: some 30 of the flood were waiting before, 5 came within two ageings, and 20 are these.
    assert!(start.elapsed() <= secs((30 + 5 + 20) / 2 + 5), "{:?}", start.elapsed());
    flood.abort();
}
