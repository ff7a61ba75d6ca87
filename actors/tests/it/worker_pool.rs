mod ending;
mod keys;
mod laws;
mod limits;
mod meters;
mod priority;
mod quarantine;
mod queue;
mod rejection;
mod resize;
mod running;
mod stopping;

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use actors::worker_pool::{
    JobClass, JobError, JobHandle, KeyRate, PoolState, Priority, Reject, Rejection, ResizeError, StartError,
    WorkerPool, WorkerPoolBuilder, WorkerPoolConfig,
};
use actors::{Component, System};
use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::settings::Settings;
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

fn start(builder: WorkerPoolBuilder) -> WorkerPool {
    let system = System::start().expect("it lives on this test's thread");
    builder.start(&system).expect("the settings are fine and there are threads")
}

fn small() -> WorkerPool {
    start(WorkerPool::builder().cpu_threads(2).io_tasks(4).queue(8))
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn in_secs(n: u64) -> Instant {
    Instant::now() + secs(n)
}

/// A job that sleeps from when it is started.
async fn nap(n: u64) {
    sleep(secs(n)).await;
}

/// A CPU job that runs until it is let go, and says when it has begun.
fn held() -> (impl FnOnce() + Send, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (let_go, wait) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    let job = move || {
        begun.send(()).ok();
        wait.recv().ok();
    };
    (job, let_go, has_begun)
}

/// Lets everything run that can run without time passing.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// What happened, in order.
type Log<T> = Arc<parking_lot::Mutex<Vec<T>>>;

/// A job that only writes down that it was run.
fn note<T: Send + 'static>(log: &Log<T>, what: T) -> impl FnOnce() + Send + use<T> {
    let log = log.clone();
    move || log.lock().push(what)
}

/// The same as a future.
async fn noted(note: impl FnOnce()) {
    note();
}

/// Waits until `done`, which threads bring about without telling this runtime.
async fn until(done: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if done() {
            return;
        }
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    panic!("it never came about");
}
