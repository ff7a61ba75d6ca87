use actix::{Actor, Addr};
use tokio::runtime::Runtime;
use tokio::task::{LocalSet, spawn_local};

use super::counter::{Add, Counter, Sum};
use super::{Summing, give_way};

#[derive(Clone)]
pub(super) struct ByActix(Addr<Counter>);

impl Summing for ByActix {
    async fn start(actors: usize, capacity: usize) -> Vec<Self> {
        let start = |_| {
            Self(Counter::create(|context| {
                context.set_mailbox_capacity(capacity);
                Counter::default()
            }))
        };
        (0..actors).map(start).collect()
    }

    async fn tell(&self, n: u64) {
        self.0.do_send(Add(n));
        give_way(n).await;
    }

    async fn ask(&self, n: u64) -> u64 {
        self.0.send(Sum(n)).await.expect("the actor is there")
    }

    /// As a task of the arbiter, which costs half as much per question as its main future.
    fn here<T: Send + 'static>(runtime: &Runtime, flow: impl Future<Output = T> + Send + 'static) -> T {
        LocalSet::new().block_on(runtime, async { spawn_local(flow).await.expect("a flow doesn't panic") })
    }
}
