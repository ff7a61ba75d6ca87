use super::*;
use crate::recorder::{Spans, Sums};

#[tokio::test(start_paused = true)]
async fn the_metrics_say_what_the_counts_say() {
    let sums = Sums::default();
    let recorder = sums.clone();
    let _here = metrics::set_default_local_recorder(&recorder);
    let workers = start(WorkerPool::builder().name("pool").cpu_threads(1).io_tasks(1).queue(1).grace(secs(1)));
    workers.submit_cpu(|| ()).await.unwrap();
    workers.submit_io(async {}).await.unwrap();
    workers.submit_cpu(|| panic!("ouch")).await.unwrap_err();
    let (job, let_go, has_begun) = held();
    let stuck = workers.submit_cpu(job).spawn().await.unwrap();
    has_begun.recv().unwrap();
    stuck.cancel("enough");
    settle().await;
    tokio::time::advance(secs(1)).await;
    settle().await;
    let_go.send(()).unwrap();
    until(|| stuck.is_finished()).await;
    workers.close();
    workers.submit_io(async {}).await.unwrap_err();
    let counts = workers.drain(in_secs(10)).await.counts;
    let get = |key: &str| sums.get(key) as u64;
    assert_eq!(get("actors_jobs_submitted_total{pool=pool}"), counts.submitted);
    assert_eq!(get("actors_jobs_ended_total{pool=pool,outcome=done}"), counts.done);
    assert_eq!(get("actors_jobs_ended_total{pool=pool,outcome=panicked}"), counts.panicked);
    assert_eq!(get("actors_jobs_ended_total{pool=pool,outcome=rejected}"), counts.rejected);
    assert_eq!((counts.submitted, counts.done, counts.panicked, counts.rejected), (5, 3, 1, 1));
    assert_eq!(get("actors_threads_quarantined_total{pool=pool}"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_panics_costs_the_pool_nothing() {
    let sums = Sums::rude_about("actors_jobs_ended_total");
    let recorder = sums.clone();
    let _here = metrics::set_default_local_recorder(&recorder);
    let workers = start(WorkerPool::builder().name("rude").cpu_threads(1).io_tasks(1));
    for _ in 0..2 {
        workers.submit_io(async {}).await.unwrap();
    }
    for _ in 0..2 {
        workers.submit_cpu(|| ()).await.unwrap();
    }
    let receipt = workers.drain(in_secs(10)).await;
    assert_eq!((receipt.counts.done, receipt.threads_joined), (4, 1));
    assert_eq!(sums.get("actors_jobs_ended_total{pool=rude,outcome=done}"), 4.0);
}

// Of an IO job, as it runs on the thread that listens.
#[tokio::test(start_paused = true)]
async fn a_job_has_a_span_for_whoever_looks() {
    let spans = Spans::default();
    let _here = spans.listen();
    let workers = start(WorkerPool::builder().name("pages"));
    workers.submit_io(async {}).key("example.org").await.unwrap();
    workers.submit_io(async {}).await.unwrap();
    let seen = spans.named("job");
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].starts_with("job pool=\"pages\" class=Io key=\"example.org\" place="), "{seen:?}");
    assert!(seen[1].starts_with("job pool=\"pages\" class=Io place=") && seen[1].contains("meters.rs:"), "{seen:?}");
}
