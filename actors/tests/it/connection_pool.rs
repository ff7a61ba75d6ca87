mod checkout;
mod ending;
mod failing;
mod laws;
mod meters;
mod resize;
mod server;
mod sqlite;
mod upkeep;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use actors::connection_pool::{
    AcquireError, ConnectionPool, ConnectionPoolBuilder, ConnectionPoolConfig, ConnectionPoolStatus, Pooled,
    ResizeError, StartError,
};
use actors::{Component, Readiness, System};
use futures_util::poll;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::settings::Settings;
use patterns_core::testing::explore_cancellation;
use server::{Answer, Manager, Server};
use tokio::time::{Instant, sleep};

type Pool = ConnectionPool<Manager>;

fn builder(server: &Arc<Server>) -> ConnectionPoolBuilder<Manager> {
    ConnectionPool::builder(Manager(server.clone())).lifetime_jitter(0.0)
}

async fn start(builder: ConnectionPoolBuilder<Manager>) -> Pool {
    let system = System::start().expect("it lives on this test's thread");
    builder.start(&system).await.expect("the server answers")
}

async fn small(server: &Arc<Server>, max_size: usize) -> Pool {
    start(builder(server).max_size(max_size)).await
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn in_secs(n: u64) -> Instant {
    Instant::now() + secs(n)
}

/// Lets everything run that can run without time passing.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// What must hold at any time.
#[track_caller]
fn assert_books(status: &ConnectionPoolStatus) {
    assert!(status.size() <= status.max_size, "{status:?}");
    assert_counts(status);
}

/// What must hold also after the limit was lowered.
#[track_caller]
fn assert_counts(status: &ConnectionPoolStatus) {
    let counts = status.counts;
    assert_eq!(counts.requests, counts.acquired + counts.gave_up + status.waiting as u64, "{status:?}");
    let there = status.size() - status.opening;
    assert_eq!(counts.opened, counts.closed + there as u64, "{status:?}");
}
