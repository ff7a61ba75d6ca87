use std::task::Poll;
use std::thread;

use super::*;

fn dropped_by(error: &JobError) -> Option<Rejection> {
    match error {
        JobError::Rejected(Reject::Dropped { policy, .. }) => Some(*policy),
        _ => None,
    }
}

/// A pool with one IO worker, which is occupied for so many seconds.
async fn occupied(builder: WorkerPoolBuilder, seconds: u64) -> WorkerPool {
    let workers = start(builder.io_tasks(1));
    drop(workers.submit_io(nap(seconds)).spawn().await.unwrap());
    settle().await;
    workers
}

#[tokio::test(start_paused = true)]
async fn the_oldest_waiting_job_is_dropped_for_a_newer_one() {
    let workers = occupied(WorkerPool::builder().queue(2).rejection(Rejection::DropOldest), 1).await;
    let mut jobs = Vec::new();
    for n in 0..5 {
        jobs.push(workers.submit_io(async move { n }).spawn().await.expect("there is always a place"));
    }
    assert_eq!(workers.status().io.queued, 2);
    let mut ends = Vec::new();
    for job in jobs {
        ends.push(job.await);
    }
    assert!(ends[..3].iter().all(|end| dropped_by(end.as_ref().unwrap_err()) == Some(Rejection::DropOldest)));
    assert_eq!((ends[3].as_ref().unwrap(), ends[4].as_ref().unwrap()), (&3, &4));
    assert!(ends[0].as_ref().unwrap_err().is_rejected());
    let text = "job refused: dropped from the queue in favour of a newer job";
    assert_eq!(ends[0].as_ref().unwrap_err().to_string(), text);
    let counts = workers.status().counts;
    assert_eq!((counts.done, counts.dropped, counts.rejected, counts.in_flight()), (3, 3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_least_urgent_waiting_job_is_dropped_for_a_more_urgent_one() {
    let workers = occupied(WorkerPool::builder().queue(3).rejection(Rejection::DropLowest), 1).await;
    let submit = |priority| workers.submit_io(async {}).priority(priority);
    let low = submit(Priority::Low).spawn().await.unwrap();
    let later_low = submit(Priority::Low).spawn().await.unwrap();
    let normal = submit(Priority::Normal).spawn().await.unwrap();
    let high = submit(Priority::High).spawn().await.expect("the later of the low ones makes room");
    let refused = submit(Priority::Low).spawn().await.unwrap_err();
    assert!(matches!(refused.error(), JobError::Rejected(Reject::Full { queue: 3 })));
    let higher = submit(Priority::High).spawn().await.expect("the other one makes room");
    assert!(submit(Priority::Normal).await.unwrap_err().is_rejected(), "there is none below it");

    for dropped in [low, later_low] {
        assert_eq!(dropped_by(&dropped.await.unwrap_err()), Some(Rejection::DropLowest));
    }
    for kept in [normal, high, higher] {
        kept.await.unwrap();
    }
    let counts = workers.status().counts;
    assert_eq!((counts.done, counts.dropped, counts.rejected), (4, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn jobs_that_their_key_holds_back_are_dropped_among_themselves() {
    let workers = start(WorkerPool::builder().io_tasks(4).queue(1).rejection(Rejection::DropOldest));
    let mut of_key = Vec::new();
    for n in 0..3 {
        let job = async move {
            nap(1).await;
            n
        };
        of_key.push(workers.submit_io(job).key("k").spawn().await.unwrap());
        settle().await;
    }
    let other = workers.submit_io(async {}).key("other").spawn().await.unwrap();
    other.await.unwrap();
    let mut ends = Vec::new();
    for job in of_key {
        ends.push(job.await.ok());
    }
    assert_eq!(ends, [Some(0), None, Some(2)]);
    assert_eq!(workers.status().counts.dropped, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_cancelled_makes_room_before_anybody_is_dropped() {
    let workers = occupied(WorkerPool::builder().queue(2).rejection(Rejection::DropOldest), 1).await;
    let first = workers.submit_io(async { 1 }).spawn().await.unwrap();
    let second = workers.submit_io(async { 2 }).spawn().await.unwrap();
    second.cancel("not needed");
    let third = workers.submit_io(async { 3 }).spawn().await.unwrap();
    assert_eq!((first.await.unwrap(), third.await.unwrap()), (1, 3));
    assert_eq!(workers.status().counts.dropped, 0);
}

#[tokio::test(start_paused = true)]
async fn try_spawn_applies_no_policy() {
    for policy in [Rejection::CallerRuns, Rejection::DropOldest, Rejection::DropLowest] {
        let workers = occupied(WorkerPool::builder().queue(1).rejection(policy), 1).await;
        let waiting = workers.submit_io(async {}).priority(Priority::Low).try_spawn().unwrap();
        let refused = workers.submit_io(async {}).priority(Priority::High).try_spawn().unwrap_err();
        assert!(matches!(refused.error(), JobError::Rejected(Reject::Full { queue: 1 })));
        waiting.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_io_job_runs_in_its_submitters_task_if_the_policy_is_that() {
    let workers = occupied(WorkerPool::builder().queue(1).rejection(Rejection::CallerRuns), 60).await;
    let queued = workers.submit_io(async {}).spawn().await.unwrap();
    let start = Instant::now();
    let caller = tokio::spawn({
        let workers = workers.clone();
        async move {
            let job = async {
                nap(1).await;
                tokio::task::id()
            };
            (workers.submit_io(job).await.unwrap(), tokio::task::id())
        }
    });
    settle().await;
    let status = workers.status();
    assert_eq!((status.io.running, status.io.queued, status.io.waiting), (2, 1, 0));
    let (there, here) = caller.await.unwrap();
    assert_eq!(there, here);
    // By a handle too: it is there when the job is over.
    let handle = workers.submit_io(nap(2)).spawn().await.unwrap();
    assert!(handle.is_finished());
    assert_eq!(start.elapsed(), secs(3));
    queued.await.unwrap();
    assert_eq!(workers.status().counts.done, 4);
}

#[tokio::test(start_paused = true)]
async fn a_submitter_that_runs_its_job_obeys_deadline_and_panics_alone() {
    let workers = occupied(WorkerPool::builder().queue(1).rejection(Rejection::CallerRuns).grace(secs(1)), 600).await;
    drop(workers.submit_io(async {}).spawn().await.unwrap());
    let start = Instant::now();
    let late = workers.submit_io(pending::<()>()).deadline_in(secs(5)).await.unwrap_err();
    assert!(matches!(late, JobError::Expired(expired) if expired.started));
    assert_eq!(start.elapsed(), secs(6));
    let error = workers.submit_io(async { panic!("no socket") }).await.unwrap_err();
    assert_eq!(error.panic().unwrap().message(), "no socket");
}

#[tokio::test(start_paused = true)]
async fn a_submitter_that_goes_away_takes_the_job_that_it_runs_with_it() {
    let workers = occupied(WorkerPool::builder().queue(1).rejection(Rejection::CallerRuns), 10).await;
    drop(workers.submit_io(async {}).spawn().await.unwrap());
    for spawned in [false, true] {
        let job = workers.submit_io(pending::<()>()).key("k");
        let mut job: std::pin::Pin<Box<dyn Future<Output = ()>>> = match spawned {
            true => Box::pin(async move { drop(job.spawn().await) }),
            false => Box::pin(async move { drop(job.await) }),
        };
        assert!(futures_util::poll!(job.as_mut()).is_pending());
        assert_eq!(workers.status().io.running, 2);
        drop(job);
        assert_eq!(workers.status().io.running, 1);
    }
    assert_eq!(workers.status().counts.cancelled, 2);
    workers.submit_io(async {}).key("k").await.expect("its key is free again");
}

#[tokio::test(start_paused = true)]
async fn a_submitter_runs_no_job_whose_key_is_at_its_limit() {
    let workers = start(WorkerPool::builder().io_tasks(2).queue(1).rejection(Rejection::CallerRuns));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (now, most) = (now.clone(), most.clone());
            let job = async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(secs(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            };
            tokio::spawn(workers.submit_io(job).key("k").into_future())
        })
        .collect();
    let start = Instant::now();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!((most.load(Ordering::SeqCst), start.elapsed()), (1, secs(6)));
}

#[tokio::test(start_paused = true)]
async fn on_a_current_thread_runtime_the_submitter_of_a_cpu_job_waits_instead_of_running_it() {
    let workers = start(WorkerPool::builder().cpu_threads(1).queue(1).rejection(Rejection::CallerRuns));
    let (job, let_go, has_begun) = held();
    let running = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let queued = workers.submit_cpu(|| thread::current().id()).spawn().await.unwrap();
    let waiting = tokio::spawn(workers.submit_cpu(|| thread::current().id()).into_future());
    settle().await;
    assert_eq!((waiting.is_finished(), workers.status().cpu.waiting), (false, 1));
    let_go.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(queued.await.unwrap(), waiting.await.unwrap().unwrap(), "the pool's one thread");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_multi_threaded_runtime_the_submitter_of_a_cpu_job_runs_it_on_its_thread() {
    let workers = start(WorkerPool::builder().cpu_threads(1).queue(1).rejection(Rejection::CallerRuns));
    let (job, let_go, has_begun) = held();
    let running = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let queued = workers.submit_cpu(|| thread::current().id()).spawn().await.unwrap();
    let submission = workers.submit_cpu(|| thread::current().id());
    let (here, there) = tokio::spawn(async move { (thread::current().id(), submission.await.unwrap()) }).await.unwrap();
    assert_eq!(here, there);
    let panicked = workers.submit_cpu(|| panic!("here")).await.unwrap_err();
    assert_eq!(panicked.panic().unwrap().message(), "here");
    let_go.send(()).unwrap();
    running.await.unwrap();
    assert_ne!(queued.await.unwrap(), here);
    let counts = workers.drain(in_secs(10)).await.counts;
    assert_eq!((counts.done, counts.panicked), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cpu_job_that_its_submitter_runs_is_asked_to_stop_at_its_deadline() {
    let pool = WorkerPool::builder().cpu_threads(1).queue(1).rejection(Rejection::CallerRuns).grace(secs(1));
    let workers = start(pool);
    let (job, let_go, has_begun) = held();
    let running = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let queued = workers.submit_cpu(|| ()).spawn().await.unwrap();

    let (begun, has_begun) = mpsc::channel();
    // It ends with this test, whatever happens.
    let (_alive, test) = mpsc::channel::<()>();
    let job = move || {
        begun.send(()).unwrap();
        while test.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            if context::is_cancelled() {
                return true;
            }
            thread::yield_now();
        }
        false
    };
    let submission = workers.submit_cpu(job).deadline_in(secs(5));
    // On a thread that is of no runtime.
    let caller = thread::spawn(move || {
        pin!(submission.into_future()).as_mut().poll(&mut TaskContext::from_waker(Waker::noop()))
    });
    has_begun.recv().unwrap();
    settle().await;
    tokio::time::advance(secs(5)).await;
    until(|| caller.is_finished()).await;
    let Poll::Ready(was_asked) = caller.join().unwrap() else { panic!("it runs in that poll") };
    assert!(was_asked.unwrap());
    let_go.send(()).unwrap();
    running.await.unwrap();
    queued.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_job_that_its_submitter_cannot_run_uses_up_nothing_of_its_keys_rate() {
    let pool = WorkerPool::builder().global(1).queue(1).rejection(Rejection::CallerRuns);
    let workers = occupied(pool.rate(KeyRate::new(1, secs(60))), 5).await;
    drop(workers.submit_io(async {}).spawn().await.unwrap());
    let start = Instant::now();
    workers.submit_io(async {}).key("k").await.unwrap();
    assert_eq!(start.elapsed(), secs(5), "it waited for the permit only");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_for_its_keys_rate_stays_as_old_as_it_is() {
    let pool = WorkerPool::builder().io_tasks(4).queue(2).per_key(2).rejection(Rejection::DropOldest);
    let workers = start(pool.rate(KeyRate::new(1, secs(10))));
    drop(workers.submit_io(nap(60)).key("k").spawn().await.unwrap());
    settle().await;
    // The first could be started, but for the rate.
    let oldest = workers.submit_io(async {}).key("k").spawn().await.unwrap();
    let second = workers.submit_io(async {}).key("k").spawn().await.unwrap();
    settle().await;
    assert_eq!(workers.status().io.held, 2);
    let third = workers.submit_io(async {}).key("k").spawn().await.unwrap();
    assert_eq!(dropped_by(&oldest.await.unwrap_err()), Some(Rejection::DropOldest));
    second.await.unwrap();
    third.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_jobs_that_their_submitters_drop() {
    let pool = WorkerPool::builder().queue(1).rejection(Rejection::CallerRuns).grace(secs(1));
    let workers = occupied(pool, 3).await;
    drop(workers.submit_io(async {}).spawn().await.unwrap());
    let guest = tokio::spawn(workers.submit_io(pending::<()>()).into_future());
    settle().await;
    assert_eq!(workers.status().io.running, 2);
    let receipt = workers.drain(in_secs(5)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.took, receipt.counts.done, receipt.counts.cancelled), (secs(5), 2, 1));
    assert!(guest.await.unwrap().unwrap_err().is_cancelled());
}

#[test]
fn policies_are_read_from_settings_by_name() {
    for (name, policy) in [
        ("wait", Rejection::Wait),
        ("fail", Rejection::Fail),
        ("caller_runs", Rejection::CallerRuns),
        ("drop_oldest", Rejection::DropOldest),
        ("drop_lowest", Rejection::DropLowest),
    ] {
        let settings = Settings::new().set("rejection", name, "--rejection");
        assert_eq!(settings.load_valid::<WorkerPoolConfig>().unwrap().rejection, policy);
    }
    let refused = Settings::new().set("rejection", "drop_all", "--rejection").load_valid::<WorkerPoolConfig>();
    assert!(refused.unwrap_err().to_string().contains("--rejection"));
}
