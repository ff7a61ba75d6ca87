use super::*;

#[tokio::test(start_paused = true)]
async fn more_threads_start_at_once_with_what_is_queued() {
    let workers = start(WorkerPool::builder().cpu_threads(1));
    let (first, let_first_go, first_has_begun) = held();
    let (second, let_second_go, second_has_begun) = held();
    let handles = [workers.submit_cpu(first).spawn().await.unwrap(), workers.submit_cpu(second).spawn().await.unwrap()];
    first_has_begun.recv().unwrap();
    assert!(second_has_begun.try_recv().is_err());
    workers.resize(JobClass::Cpu, 2).unwrap();
    second_has_begun.recv().unwrap();
    assert_eq!((workers.status().cpu.width, workers.status().cpu.running), (2, 2));
    let_first_go.send(()).unwrap();
    let_second_go.send(()).unwrap();
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(workers.drain(in_secs(10)).await.threads_joined, 2);
}

#[tokio::test(start_paused = true)]
async fn threads_that_are_too_many_end_after_their_jobs() {
    let workers = start(WorkerPool::builder().cpu_threads(3).queue(100));
    let mut all = Vec::new();
    for _ in 0..3 {
        let (job, let_go, has_begun) = held();
        all.push((workers.submit_cpu(job).spawn().await.unwrap(), let_go));
        has_begun.recv().unwrap();
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut queued = Vec::new();
    for _ in 0..50 {
        let (now, most) = (now.clone(), most.clone());
        let job = move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        queued.push(workers.submit_cpu(job).spawn().await.unwrap());
    }
    workers.resize(JobClass::Cpu, 1).unwrap();
    assert_eq!((workers.status().cpu.width, workers.status().cpu.running), (1, 3));
    for (handle, let_go) in all {
        let_go.send(()).unwrap();
        handle.await.unwrap();
    }
    for job in queued {
        job.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    assert_eq!(workers.drain(in_secs(10)).await.threads_joined, 3);
}

#[tokio::test(start_paused = true)]
async fn io_jobs_become_more_at_once_and_fewer_as_they_end() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(100));
    let start = Instant::now();
    let mut jobs = Vec::new();
    for _ in 0..8 {
        jobs.push(workers.submit_io(nap(1)).spawn().await.unwrap());
    }
    settle().await;
    assert_eq!(workers.status().io.running, 1);
    workers.resize(JobClass::Io, 4).unwrap();
    settle().await;
    assert_eq!((workers.status().io.running, workers.status().io.width), (4, 4));
    workers.resize(JobClass::Io, 1).unwrap();
    assert_eq!(workers.status().io.running, 4, "what runs is not touched");
    for job in jobs {
        job.await.unwrap();
    }
    assert_eq!(start.elapsed(), secs(1 + 4));
}

#[tokio::test(start_paused = true)]
async fn the_bound_of_the_queue_follows_the_workers_that_are_free() {
    let workers = start(WorkerPool::builder().io_tasks(1).queue(1).rejection(Rejection::Fail));
    drop(workers.submit_io(pending::<()>()).spawn().await.unwrap());
    settle().await;
    drop(workers.submit_io(pending::<()>()).spawn().await.unwrap());
    assert!(workers.submit_io(async {}).await.unwrap_err().is_rejected());
    workers.resize(JobClass::Io, 3).unwrap();
    settle().await;
    // Two run, one more may, and one may wait.
    let (third, fourth) = (workers.submit_io(pending::<()>()), workers.submit_io(pending::<()>()));
    drop((third.spawn().await.unwrap(), fourth.spawn().await.unwrap()));
    assert!(workers.submit_io(async {}).await.unwrap_err().is_rejected());
}

#[tokio::test(start_paused = true)]
async fn sizes_that_make_no_sense_are_refused_and_so_is_any_of_a_closed_pool() {
    let workers = small();
    for (class, to) in [(JobClass::Cpu, 0), (JobClass::Io, 0), (JobClass::Cpu, 5_000)] {
        let refused = workers.resize(class, to).unwrap_err();
        assert!(matches!(refused, ResizeError::OutOfRange { asked, .. } if asked == to), "{refused}");
    }
    assert_eq!((workers.status().cpu.width, workers.status().io.width), (2, 4));
    workers.close();
    assert!(matches!(workers.resize(JobClass::Io, 2), Err(ResizeError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn its_actor_resizes_it_too() {
    use actors::worker_pool::messages::Resize;
    let workers = small();
    workers.actor().ask(Resize { class: JobClass::Io, to: 7 }).await.unwrap().unwrap();
    assert_eq!(workers.status().io.width, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_its_size_meanwhile_no_job_is_lost() {
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1).queue(8));
    let ran = Arc::new(AtomicUsize::new(0));
    let submitters: Vec<_> = (0..4_usize)
        .map(|submitter| {
            let (workers, ran) = (workers.clone(), ran.clone());
            tokio::spawn(async move {
                for n in 0..500_usize {
                    let count = {
                        let ran = ran.clone();
                        move || ran.fetch_add(1, Ordering::SeqCst)
                    };
                    let priority = [Priority::Low, Priority::Normal, Priority::High][n % 3];
                    let done = if (submitter + n) % 2 == 0 {
                        workers.submit_cpu(count).priority(priority).await
                    } else {
                        workers.submit_io(async move { count() }).priority(priority).await
                    };
                    done.expect("every job is run");
                }
            })
        })
        .collect();
    for n in 0..200 {
        workers.resize(JobClass::Cpu, 1 + n % 4).unwrap();
        workers.resize(JobClass::Io, 1 + n % 7).unwrap();
        tokio::task::yield_now().await;
    }
    for submitter in submitters {
        submitter.await.unwrap();
    }
    assert_eq!(ran.load(Ordering::SeqCst), 2_000);
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!(receipt.counts.done, 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_was_resized_with_work_in_flight_is_drained() {
    let workers = start(WorkerPool::builder().cpu_threads(2).io_tasks(8).queue(100));
    let (job, let_go, has_begun) = held();
    let cpu = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    for _ in 0..20 {
        drop(workers.submit_io(nap(1)).spawn().await.unwrap());
    }
    workers.resize(JobClass::Io, 4).unwrap();
    workers.resize(JobClass::Cpu, 1).unwrap();
    let_go.send(()).unwrap();
    cpu.await.unwrap();
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.counts.done, receipt.took, receipt.threads_joined), (21, secs(5), 2));
}
