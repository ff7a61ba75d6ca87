//! The actor in actix's words, which are ours too.

use actix::{Actor, Context, Handler, Message};

#[derive(Default)]
pub(super) struct Counter(u64);

impl Actor for Counter {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        super::started();
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Add(pub(super) u64);

impl Handler<Add> for Counter {
    type Result = ();

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) {
        self.0 += n;
    }
}

/// Adds, and asks for the sum.
#[derive(Message)]
#[rtype(result = "u64")]
pub(super) struct Sum(pub(super) u64);

impl Handler<Sum> for Counter {
    type Result = u64;

    fn handle(&mut self, Sum(n): Sum, _: &mut Context<Self>) -> u64 {
        self.0 += n;
        self.0
    }
}
