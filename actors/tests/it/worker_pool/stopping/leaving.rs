//! Submissions and handles that are dropped or interrupted: nothing is left behind.

use super::*;

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
async fn dropping_a_submission_at_any_poll_leaves_nothing_behind() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1).queue(1).grace(secs(1)));
    for polls in 0..6 {
        for spawned in [false, true] {
            let _running = workers.submit_io(nap(1)).spawn().await.unwrap();
            let _queued = workers.submit_io(nap(1)).key("k").spawn().await.unwrap();
            let starts = Arc::new(AtomicUsize::new(0));
            let counted = {
                let starts = starts.clone();
                async move {
                    starts.fetch_add(1, Ordering::SeqCst);
                    nap(1).await;
                }
            };
            let job = workers.submit_io(counted).key("k").deadline_in(secs(60));
            let mut job: std::pin::Pin<Box<dyn Future<Output = ()>>> = match spawned {
                true => Box::pin(async move { drop(job.spawn().await) }),
                false => Box::pin(async move { drop(job.await) }),
            };
            let mut done = false;
            for _ in 0..polls {
                done = done || futures_util::poll!(job.as_mut()).is_ready();
                sleep(Duration::from_millis(600)).await;
            }
            let before = starts.load(Ordering::SeqCst);
            drop(job);
            sleep(secs(10)).await;
            assert!(done || starts.load(Ordering::SeqCst) == before, "it must not start: {polls} polls, {spawned}");
            let status = workers.status();
            assert_eq!(status.counts.in_flight(), 0, "{polls} polls, spawned: {spawned}: {status:?}");
            assert_eq!((status.io.queued, status.io.held, status.io.waiting), (0, 0, 0));
        }
    }
    assert!(workers.drain(in_secs(1)).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_submission_that_is_dropped_before_it_knows_of_its_place_is_cancelled() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1));
    let busy = workers.submit_io(nap(1)).spawn().await.unwrap();
    let queued = workers.submit_io(nap(1)).spawn().await.unwrap();
    let log = Log::default();
    let mut waiting = Box::pin(workers.submit_io(noted(note(&log, "it must not run"))).spawn());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    assert_eq!(workers.status().io.waiting, 1);
    sleep(Duration::from_millis(1_500)).await;
    let status = workers.status();
    assert_eq!((status.io.queued, status.io.waiting), (1, 0), "it has got its place");
    drop(waiting);
    busy.await.unwrap();
    queued.await.unwrap();
    let receipt = workers.drain(in_secs(10)).await;
    assert_eq!((receipt.counts.done, receipt.counts.cancelled), (2, 1));
    assert!(log.lock().is_empty());
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
