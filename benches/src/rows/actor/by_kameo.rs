use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Summing, started};

#[derive(Clone)]
pub(super) struct ByKameo(ActorRef<Counter>);

pub(super) struct Counter(u64);

impl Actor for Counter {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(counter: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        started();
        Ok(counter)
    }
}

struct Add(u64);

impl Message<Add> for Counter {
    type Reply = ();

    async fn handle(&mut self, Add(n): Add, _: &mut Context<Self, ()>) {
        self.0 += n;
    }
}

struct Sum(u64);

impl Message<Sum> for Counter {
    type Reply = u64;

    async fn handle(&mut self, Sum(n): Sum, _: &mut Context<Self, u64>) -> u64 {
        self.0 += n;
        self.0
    }
}

impl Summing for ByKameo {
    async fn start(actors: usize, capacity: usize) -> Vec<Self> {
        let start = |_| Self(Counter::spawn_with_mailbox(Counter(0), mailbox::bounded(capacity)));
        (0..actors).map(start).collect()
    }

    async fn tell(&self, n: u64) {
        // `send` saves the box that awaiting the request itself would take.
        self.0.tell(Add(n)).send().await.expect("the actor is there");
    }

    async fn ask(&self, n: u64) -> u64 {
        self.0.ask(Sum(n)).send().await.expect("the actor is there")
    }
}
