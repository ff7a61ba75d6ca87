use std::task::Wake;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_cpu_job_runs_on_a_thread_of_the_pool_and_returns_its_value() {
    let workers = small();
    let name = workers.submit_cpu(|| std::thread::current().name().map(str::to_owned)).await.unwrap();
    assert!(name.unwrap().starts_with("workers-cpu-"));
    assert_eq!(workers.status().counts.done, 1);
}

#[tokio::test(start_paused = true)]
async fn an_io_job_runs_as_a_task_on_virtual_time() {
    let workers = small();
    let start = Instant::now();
    let value = workers
        .submit_io(async {
            sleep(secs(3600)).await;
            7
        })
        .await
        .unwrap();
    assert_eq!((value, start.elapsed()), (7, secs(3600)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_multi_threaded_runtime() {
    let workers = small();
    let mut handles = Vec::new();
    for n in 0..1_000_u64 {
        handles.push(workers.submit_cpu(move || n).spawn().await.unwrap());
    }
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.unwrap();
    }
    assert_eq!(sum, 499_500);
    let receipt = workers.drain(in_secs(10)).await;
    assert!(receipt.is_complete());
    assert_eq!((receipt.counts.done, receipt.threads_joined), (1_000, 2));
}

#[tokio::test(start_paused = true)]
async fn a_panicking_job_fails_alone_with_its_text_and_place() {
    let workers = start(WorkerPool::builder().cpu_threads(1));
    let cpu = workers.submit_cpu(|| panic!("no table {}", "users")).await.unwrap_err();
    assert_eq!(cpu.panic().unwrap().message(), "no table users");
    assert!(cpu.panic().unwrap().place().unwrap().contains(file!()));
    let io = workers.submit_io(async { panic!("no socket") }).await.unwrap_err();
    assert_eq!(io.panic().unwrap().message(), "no socket");

    assert_eq!(workers.submit_cpu(|| 1).await.unwrap(), 1);
    assert_eq!(workers.status().counts.panicked, 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_destructor_does_not_cost_a_thread() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let workers = start(WorkerPool::builder().cpu_threads(1));
    // The message of the panic, a value that nobody takes, and a closure that is never run.
    let error = workers.submit_cpu(|| std::panic::panic_any(Bomb)).await.unwrap_err();
    assert!(error.panic().is_some());
    let (let_go, wait) = mpsc::channel();
    let unwanted = move || {
        wait.recv().ok();
        Bomb
    };
    drop(workers.submit_cpu(unwanted).spawn().await.unwrap());
    let_go.send(()).unwrap();
    let bomb = Bomb;
    let expired = workers.submit_cpu(move || drop(bomb)).deadline_in(Duration::ZERO).spawn().await.unwrap();
    assert!(expired.await.unwrap_err().is_expired());

    assert_eq!(workers.submit_cpu(|| 1).await.unwrap(), 1);
    let receipt = workers.drain(in_secs(1)).await;
    assert_eq!(receipt.threads_joined, 1);
}

#[tokio::test(start_paused = true)]
async fn a_waker_that_panics_costs_the_pool_nothing() {
    struct Rude;
    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic!("as ever");
        }
    }
    let rude = Waker::from(Arc::new(Rude));
    let workers = start(WorkerPool::builder().cpu_threads(1).io_tasks(1));
    let mut io = workers.submit_io(nap(1)).spawn().await.unwrap();
    assert!(pin!(&mut io).poll(&mut TaskContext::from_waker(&rude)).is_pending());
    sleep(secs(2)).await;
    workers.submit_io(async {}).await.expect("there still is a runner");
    io.await.unwrap();

    let (job, let_go, has_begun) = held();
    let mut cpu = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    assert!(pin!(&mut cpu).poll(&mut TaskContext::from_waker(&rude)).is_pending());
    let_go.send(()).unwrap();
    until(|| cpu.is_finished()).await;
    workers.submit_cpu(|| ()).await.expect("there still is a thread");
    cpu.await.unwrap();
    let receipt = workers.drain(in_secs(1)).await;
    assert_eq!((receipt.counts.done, receipt.threads_joined), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn on_a_system_that_was_shut_down_it_does_not_start() {
    let system = System::start().unwrap();
    assert!(system.shutdown(secs(1)).await.is_clean());
    let refused = WorkerPool::builder().cpu_threads(2).start(&system).unwrap_err();
    assert!(matches!(refused, StartError::SystemStopped), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn senseless_settings_are_refused_by_name() {
    let refused = |builder: WorkerPoolBuilder| match builder.start(&System::start().unwrap()).unwrap_err() {
        StartError::Config { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(refused(WorkerPool::builder().cpu_threads(0)), "cpu_threads");
    assert_eq!(refused(WorkerPool::builder().cpu_threads(1 << 20)), "cpu_threads");
    assert_eq!(refused(WorkerPool::builder().io_tasks(0)), "io_tasks");
    assert_eq!(refused(WorkerPool::builder().io_tasks(usize::MAX)), "io_tasks");
    assert_eq!(refused(WorkerPool::builder().grace(Duration::ZERO)), "grace");
    assert_eq!(refused(WorkerPool::builder().queue(0)), "queue");
    assert_eq!(refused(WorkerPool::builder().per_key(0)), "per_key");
    let error = WorkerPool::builder().queue(0).start(&System::start().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "worker pool: `queue` must be at least 1");
}

#[test]
fn outside_of_a_runtime_it_does_not_start() {
    let system = System::start().unwrap();
    assert!(matches!(WorkerPool::builder().start(&system), Err(StartError::NoRuntime)));
}

#[test]
fn settings_that_make_no_sense_are_all_reported_with_their_source() {
    let settings = Settings::new().set("queue", "0", "--queue").set("per_key", "0", "--per-key");
    let refused = settings.load_valid::<WorkerPoolConfig>().unwrap_err().to_string();
    assert!(refused.contains("--queue: queue = \"0\": must be at least 1"), "{refused}");
    assert!(refused.contains("--per-key"), "{refused}");
}
