//! Worker pools: a million jobs that do nothing, each with a future for its end; and how long one job takes.
//!
//! Two threads, or two workers of the runtime, and 1,024 jobs that have been submitted and not been awaited.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use actors::worker_pool::WorkerPoolBuilder;
use actors::{System, WorkerPool};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::mt2;
use crate::harness::{Row, Skipped, Target};

const THREADS: usize = 2;
const IN_FLIGHT: usize = 1_024;
const JOBS: usize = 1_000_000;
/// One after the other, for their latency.
const ALONE: usize = 20_000;

pub(super) fn cpu_throughput() -> Result<Row, Skipped> {
    Ok(Row::new("workers_cpu_throughput", "ns/job", Target::Ratio(0.6))
        .ours("WorkerPool::submit_cpu", submit_cpu(Measure::Throughput))
        .peer("threadpool + oneshot", threadpool(Measure::Throughput))
        .peer("rayon::spawn + oneshot", rayon(Measure::Throughput))
        .peer("spawn_blocking", spawn_blocking(Measure::Throughput)))
}

/// From the submission until the answer is there, one job at a time, so that a thread has to be woken for each.
fn cpu_latency(name: &'static str, percent: usize) -> Result<Row, Skipped> {
    let latency = Measure::Latency(percent);
    Ok(Row::new(name, "us", Target::Ratio(1.0))
        .ours("WorkerPool::submit_cpu", submit_cpu(latency))
        .peer("rayon::spawn + oneshot", rayon(latency))
        .peer("threadpool + oneshot", threadpool(latency))
        .peer("spawn_blocking", spawn_blocking(latency)))
}

pub(super) fn cpu_latency_p50() -> Result<Row, Skipped> {
    cpu_latency("workers_cpu_latency_p50", 50)
}

pub(super) fn cpu_latency_p99() -> Result<Row, Skipped> {
    cpu_latency("workers_cpu_latency_p99", 99)
}

/// Jobs that are tasks, on the two workers that also submit and await them.
pub(super) fn io_throughput() -> Result<Row, Skipped> {
    Ok(Row::new("workers_io_throughput", "ns/job", Target::Ratio(1.1))
        .ours("WorkerPool::submit_io", submit_io())
        .peer("tokio::spawn", tokio_spawn()))
}

fn submit_cpu(measure: Measure) -> impl FnMut() -> f64 {
    let runtime = mt2();
    let workers = runtime.block_on(async { start(WorkerPool::builder().cpu_threads(THREADS)) });
    measure.repeated(runtime, move || {
        let job = workers.submit_cpu(|| ()).try_spawn().expect("there is room");
        async move { job.await.expect("it does nothing") }
    })
}

fn submit_io() -> impl FnMut() -> f64 {
    let runtime = mt2();
    let workers = runtime.block_on(async { start(WorkerPool::builder().io_tasks(IN_FLIGHT)) });
    Measure::Throughput.repeated(runtime, move || {
        let job = workers.submit_io(async {}).try_spawn().expect("there is room");
        async move { job.await.expect("it does nothing") }
    })
}

fn start(workers: WorkerPoolBuilder) -> WorkerPool {
    // It lives as long as the pool.
    let system = System::start().expect("a system starts");
    workers.queue(IN_FLIGHT).start(&system).expect("threads are to be had")
}

fn threadpool(measure: Measure) -> impl FnMut() -> f64 {
    let workers = threadpool::ThreadPool::new(THREADS);
    measure.repeated(mt2(), move || {
        let (done, job) = oneshot::channel();
        workers.execute(move || _ = done.send(()));
        async move { job.await.expect("it does nothing") }
    })
}

fn rayon(measure: Measure) -> impl FnMut() -> f64 {
    let workers = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads are to be had");
    let workers = Arc::new(workers);
    measure.repeated(mt2(), move || {
        let (done, job) = oneshot::channel();
        workers.spawn(move || _ = done.send(()));
        async move { job.await.expect("it does nothing") }
    })
}

fn spawn_blocking(measure: Measure) -> impl FnMut() -> f64 {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(THREADS).enable_time().build();
    measure.repeated(runtime.expect("the system gives a runtime"), || {
        let job = tokio::task::spawn_blocking(|| ());
        async move { job.await.expect("it does nothing") }
    })
}

fn tokio_spawn() -> impl FnMut() -> f64 {
    Measure::Throughput.repeated(mt2(), || {
        let job = tokio::spawn(async {});
        async move { job.await.expect("it does nothing") }
    })
}

/// What a repetition tells.
#[derive(Clone, Copy)]
enum Measure {
    /// Nanoseconds per job.
    Throughput,
    /// Microseconds that so many percent of the jobs take at most.
    Latency(usize),
}

impl Measure {
    /// Submits and awaits in one task of the runtime; `submit` returns what waits for the end of its job.
    fn repeated<S, F>(self, runtime: Runtime, submit: S) -> impl FnMut() -> f64
    where
        S: Fn() -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        move || {
            let submit = submit.clone();
            runtime.block_on(async {
                let measured = tokio::spawn(async move {
                    match self {
                        Self::Throughput => throughput(submit).await,
                        Self::Latency(percent) => latency(submit, percent).await,
                    }
                });
                measured.await.expect("no job panics")
            })
        }
    }
}

async fn throughput<F: Future<Output = ()>>(submit: impl Fn() -> F) -> f64 {
    let mut in_flight = VecDeque::with_capacity(IN_FLIGHT);
    let started = Instant::now();
    for _ in 0..JOBS {
        if in_flight.len() == IN_FLIGHT
            && let Some(oldest) = in_flight.pop_front()
        {
            oldest.await;
        }
        in_flight.push_back(submit());
    }
    for job in in_flight {
        job.await;
    }
    started.elapsed().as_nanos() as f64 / JOBS as f64
}

async fn latency<F: Future<Output = ()>>(submit: impl Fn() -> F, percent: usize) -> f64 {
    let mut all = Vec::with_capacity(ALONE);
    for _ in 0..ALONE {
        let started = Instant::now();
        submit().await;
        all.push(started.elapsed());
    }
    all.sort_unstable();
    all[ALONE * percent / 100].as_nanos() as f64 / 1_000.0
}
