use xtra::{Actor, Address, Context, Handler, Mailbox};

use super::Summing;

#[derive(Clone)]
pub(super) struct ByXtra(Address<Counter>);

pub(super) struct Counter(u64);

impl Actor for Counter {
    type Stop = ();

    async fn started(&mut self, _: &Mailbox<Self>) -> Result<(), ()> {
        super::started();
        Ok(())
    }

    async fn stopped(self) {}
}

struct Add(u64);

impl Handler<Add> for Counter {
    type Return = ();

    async fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) {
        self.0 += n;
    }
}

struct Sum(u64);

impl Handler<Sum> for Counter {
    type Return = u64;

    async fn handle(&mut self, Sum(n): Sum, _: &mut Context<Self>) -> u64 {
        self.0 += n;
        self.0
    }
}

impl Summing for ByXtra {
    async fn start(actors: usize, capacity: usize) -> Vec<Self> {
        let start = |_| Self(xtra::spawn_tokio(Counter(0), Mailbox::bounded(capacity)));
        (0..actors).map(start).collect()
    }

    async fn tell(&self, n: u64) {
        // Detached: nobody waits for the answer.
        drop(self.0.send(Add(n)).detach().await.expect("the actor is there"));
    }

    async fn ask(&self, n: u64) -> u64 {
        self.0.send(Sum(n)).await.expect("the actor is there")
    }
}
