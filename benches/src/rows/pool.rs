//! Connection pools: a checkout that finds a connection, and many tasks that share a few.
//!
//! A connection is a number and the managers do nothing, so that nothing but the pool is measured. All have the same
//! bound and are otherwise as they come; only mobc would close most connections that are not in use.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use actors::System;
use actors::connection_pool::{ConnectionManager, ConnectionPool};
use async_trait::async_trait;
use tokio::runtime::Runtime;
use tokio::task::yield_now;

use super::{ct, mt2};
use crate::harness::{Row, Skipped, Target, ns_per_future};

const UNCONTENDED: usize = 8;
const FEW: Load = Load { tasks: 64, connections: 8, each: 4_000, wait: None };
const MANY: Load = Load { tasks: 1_000, connections: 10, each: 200, wait: None };

/// Tasks that check connections out, so many times each.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) tasks: usize,
    pub(super) connections: usize,
    pub(super) each: usize,
    /// What counts: the wait that so many percent do not exceed, or else the cost.
    pub(super) wait: Option<usize>,
}

/// One task and eight connections, of which it has one at a time.
pub(super) fn uncontended() -> Result<Row, Skipped> {
    macro_rules! alone {
        ($open:ident, $get:ident) => {{
            let runtime = ct();
            let pool = runtime.block_on($open(UNCONTENDED));
            ns_per_future(runtime, async move || drop(black_box(pool.$get().await.expect("it is open"))))
        }};
    }
    Ok(Row::new("pool_uncontended", "ns/checkout", Target::Ratio(0.3))
        .ours("ConnectionPool", alone!(ours, acquire))
        .peer("deadpool managed", alone!(deadpool, get))
        .peer("bb8", alone!(bb8, get))
        .peer("mobc", alone!(mobc, get)))
}

/// A repetition in which every task lets others run while it has a connection.
macro_rules! shared {
    ($load:expr, $open:ident, $get:ident) => {{
        let (load, runtime): (Load, _) = ($load, mt2());
        let pool = runtime.block_on($open(load.connections));
        load.repeated(runtime, move |load| {
            let pool = pool.clone();
            async move {
                let mut waits = Vec::new();
                for _ in 0..load.each {
                    let asked = load.wait.is_some().then(Instant::now);
                    let held = pool.$get().await.expect("it is open");
                    waits.extend(asked.map(|asked| asked.elapsed()));
                    yield_now().await;
                    drop(held);
                }
                waits
            }
        })
    }};
}

pub(super) fn few() -> Result<Row, Skipped> {
    Ok(Row::new("pool_64_on_8", "ns/checkout", Target::Ratio(0.6))
        .ours("ConnectionPool", shared!(FEW, ours, acquire))
        .peer("deadpool managed", shared!(FEW, deadpool, get))
        .peer("bb8", shared!(FEW, bb8, get))
        .peer("mobc", shared!(FEW, mobc, get)))
}

pub(super) fn many() -> Result<Row, Skipped> {
    Ok(Row::new("pool_1000_on_10", "ns/checkout", Target::Ratio(0.7))
        .ours("ConnectionPool", shared!(MANY, ours, acquire))
        .peer("deadpool managed", shared!(MANY, deadpool, get))
        .peer("bb8", shared!(MANY, bb8, get)))
}

/// The longest that 99 of 100 checkouts of the thousand tasks had to wait.
pub(super) fn many_p99_wait() -> Result<Row, Skipped> {
    many_wait("pool_1000_on_10_p99_wait", 99)
}

/// The longest that any of the thousand tasks waited for a connection.
pub(super) fn many_max_wait() -> Result<Row, Skipped> {
    many_wait("pool_1000_on_10_max_wait", 100)
}

fn many_wait(name: &'static str, percent: usize) -> Result<Row, Skipped> {
    let load = Load { wait: Some(percent), ..MANY };
    Ok(Row::new(name, "us", Target::Ratio(1.0))
        .ours("ConnectionPool", shared!(load, ours, acquire))
        .peer("deadpool managed", shared!(load, deadpool, get))
        .peer("bb8", shared!(load, bb8, get)))
}

impl Load {
    /// All tasks at once; `task` makes one, which returns its waits. Nanoseconds per checkout, or microseconds of a wait.
    pub(super) fn repeated<F>(self, runtime: Runtime, task: impl Fn(Self) -> F + 'static) -> impl FnMut() -> f64
    where
        F: Future<Output = Vec<Duration>> + Send + 'static,
    {
        move || {
            let tasks: Vec<F> = (0..self.tasks).map(|_| task(self)).collect();
            let started = Instant::now();
            let mut waits = runtime.block_on(async {
                let all = tokio::spawn(async {
                    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
                    let mut waits = Vec::new();
                    for task in tasks {
                        waits.extend(task.await.expect("a task doesn't panic"));
                    }
                    waits
                });
                all.await.expect("a task doesn't panic")
            });
            let took = started.elapsed();
            let Some(percent) = self.wait else {
                return took.as_nanos() as f64 / (self.tasks * self.each) as f64;
            };
            waits.sort_unstable();
            waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_nanos() as f64 / 1_000.0
        }
    }
}

/// Has the pool open all of its connections.
macro_rules! filled {
    ($pool:ident, $get:ident, $size:expr) => {{
        let mut all = Vec::new();
        for _ in 0..$size {
            all.push($pool.$get().await.expect("it connects"));
        }
        drop(all);
        $pool
    }};
}

async fn ours(size: usize) -> ConnectionPool<Manager> {
    // It lives as long as the pool.
    let system = System::start().expect("a system starts");
    let pool = ConnectionPool::builder(Manager).max_size(size).start(&system).await.expect("it connects");
    filled!(pool, acquire, size)
}

async fn deadpool(size: usize) -> deadpool::managed::Pool<Manager> {
    let pool: deadpool::managed::Pool<Manager> =
        deadpool::managed::Pool::builder(Manager).max_size(size).build().expect("it has no timeouts");
    filled!(pool, get, size)
}

async fn bb8(size: usize) -> bb8::Pool<Manager> {
    let pool = bb8::Pool::builder().max_size(size as u32).build(Manager).await.expect("it connects");
    filled!(pool, get, size)
}

async fn mobc(size: usize) -> mobc::Pool<Manager> {
    let pool = mobc::Pool::builder().max_open(size as u64).max_idle(size as u64).build(Manager);
    filled!(pool, get, size)
}

struct Manager;

#[async_trait]
impl ConnectionManager for Manager {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn check(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

impl deadpool::managed::Manager for Manager {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

#[async_trait]
impl mobc::Manager for Manager {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn check(&self, number: u64) -> Result<u64, Infallible> {
        Ok(number)
    }
}
