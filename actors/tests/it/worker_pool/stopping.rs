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

#[tokio::test(start_paused = true)]
async fn expired_work_is_never_started() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1));
    let busy = workers.submit_io(nap(60)).spawn().await.unwrap();
    let start = Instant::now();
    let late = workers.submit_io(async { panic!("it must not run") }).deadline_in(secs(5));
    let JobError::Expired(expired) = late.await.unwrap_err() else { panic!("it expired") };
    assert!(!expired.started);
    assert_eq!((start.elapsed(), expired.deadline), (secs(5), start + secs(5)));
    busy.await.unwrap();
    let counts = workers.status().counts;
    assert_eq!((counts.expired, counts.done), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_detached_job_that_expired_in_the_queue_is_not_started_either() {
    let workers = start(WorkerPool::builder().cpu_threads(1));
    let (job, let_go, has_begun) = held();
    let first = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    drop(workers.submit_cpu(|| panic!("it must not run")).deadline_in(secs(5)).spawn().await.unwrap());
    tokio::time::advance(secs(6)).await;
    let_go.send(()).unwrap();
    first.await.unwrap();
    let receipt = workers.drain(in_secs(10)).await;
    assert_eq!((receipt.counts.expired, receipt.counts.panicked), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_running_job_is_asked_to_stop_at_its_deadline_and_then_dropped() {
    let workers = start(WorkerPool::builder().grace(secs(1)));
    let start = Instant::now();
    let error = workers.submit_io(pending::<()>()).deadline_in(secs(5)).await.unwrap_err();
    assert!(matches!(error, JobError::Expired(expired) if expired.started));
    assert_eq!(start.elapsed(), secs(6));

    let polite = workers.submit_io(async {
        context::sleep(secs(3600)).await.unwrap_err();
        "cleaned up"
    });
    assert_eq!(polite.deadline_in(secs(5)).await.unwrap(), "cleaned up");
    let counts = workers.status().counts;
    assert_eq!((counts.expired, counts.done), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_ambient_deadline_ends_the_wait_for_a_cpu_job_that_cannot_be_stopped() {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let (job, let_go, has_begun) = held();
    let waiting = tokio::spawn({
        let workers = workers.clone();
        async move { workers.submit_cpu(job).deadline_in(secs(5)).await }
    });
    settle().await;
    has_begun.recv().unwrap();
    // The clock stands still while the thread works, so it is moved by hand.
    tokio::time::advance(secs(5)).await;
    settle().await;
    tokio::time::advance(secs(1)).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, JobError::Expired(expired) if expired.started));
    assert_eq!(workers.status().counts.in_flight(), 1, "it is still running");

    let_go.send(()).unwrap();
    until(|| workers.status().counts.in_flight() == 0).await;
    let receipt = workers.drain(in_secs(1)).await;
    assert_eq!((receipt.counts.expired, receipt.counts.done), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_a_thread_works() {
    let workers = small();
    let start = Instant::now();
    let job = || {
        let end = wall_clock() + Duration::from_millis(20);
        while wall_clock() < end {
            std::thread::yield_now();
        }
        42
    };
    let value = tokio::time::timeout(secs(1), workers.submit_cpu(job).into_future()).await;
    assert_eq!(value.expect("no virtual time passed").unwrap(), 42);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[expect(clippy::disallowed_methods, reason = "shows that real time passes while virtual time does not")]
fn wall_clock() -> std::time::Instant {
    std::time::Instant::now()
}

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

#[tokio::test(start_paused = true)]
async fn the_deadline_of_whoever_awaits_is_reported_alike_by_both_classes() {
    let workers = start(WorkerPool::builder().cpu_threads(1).grace(secs(1)));
    let start = Instant::now();
    let io = workers.submit_io(pending::<()>()).spawn().await.unwrap();
    let error = Context::current().with_deadline(start + secs(5)).scope(io).await.unwrap_err();
    let JobError::Expired(expired) = error else { panic!("it expired: {error}") };
    assert_eq!((expired.started, expired.deadline, start.elapsed()), (true, start + secs(5), secs(6)));

    let (job, let_go, has_begun) = held();
    let cpu = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    let waiting = tokio::spawn(Context::current().with_deadline(start + secs(10)).scope(cpu));
    settle().await;
    // The clock stands still while the thread works, so it is moved by hand.
    tokio::time::advance(secs(4)).await;
    settle().await;
    tokio::time::advance(secs(1)).await;
    let error = waiting.await.unwrap().unwrap_err();
    let JobError::Expired(expired) = error else { panic!("it expired: {error}") };
    assert_eq!((expired.started, expired.deadline), (true, start + secs(10)));
    let_go.send(()).unwrap();
    until(|| workers.status().counts.in_flight() == 0).await;
    assert_eq!(workers.status().counts.expired, 2);
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
