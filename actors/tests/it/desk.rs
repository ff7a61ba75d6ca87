//! An actor that does what a test tells it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actors::prelude::*;
use parking_lot::Mutex;

/// What an actor leaves for the test to look at.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.0.lock().push(text.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) log: Log,
    pub(crate) sum: u64,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A factory of desks that note in `log`, and count how many there were.
    pub(crate) fn factory(log: &Log) -> impl FnMut() -> Self + Send + 'static + use<> {
        let log = log.clone();
        let built = AtomicU64::new(0);
        move || {
            log.note(format!("built {}", built.fetch_add(1, Ordering::Relaxed) + 1));
            Self { log: log.clone(), sum: 0 }
        }
    }
}

impl Actor for Desk {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.log.note("started");
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.log.note("stopped");
    }
}

/// Adds to the sum of this incarnation and answers with it.
#[derive(Message, Clone, Debug, PartialEq)]
#[rtype(result = "u64")]
pub(crate) struct Add(pub(crate) u64);

impl Handler<Add> for Desk {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        self.sum += n;
        self.sum
    }
}

/// Notes a text in the log.
#[derive(Message, Clone, Debug, PartialEq)]
#[rtype(result = "()")]
pub(crate) struct Note(pub(crate) String);

pub(crate) fn note(text: impl ToString) -> Note {
    Note(text.to_string())
}

impl Handler<Note> for Desk {
    type Result = ();

    fn handle(&mut self, Note(text): Note, _: &mut Context<Self>) {
        self.log.note(text);
    }
}

/// Panics.
#[derive(Message, Clone, Debug, PartialEq)]
#[rtype(result = "()")]
pub(crate) struct Boom(pub(crate) &'static str);

impl Handler<Boom> for Desk {
    type Result = ();

    fn handle(&mut self, Boom(text): Boom, _: &mut Context<Self>) {
        panic!("{text}");
    }
}

/// Answers after a while; the actor handles other messages meanwhile.
#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct Later(pub(crate) Duration);

impl Handler<Later> for Desk {
    type Result = ResponseActFuture<Self, u64>;

    fn handle(&mut self, Later(pause): Later, _: &mut Context<Self>) -> Self::Result {
        Box::pin(tokio::time::sleep(pause).into_actor(self).map(|(), desk, _| desk.sum))
    }
}

/// Answers after a while, from a task beside the actor.
#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct Beside(pub(crate) Duration);

impl Handler<Beside> for Desk {
    type Result = ResponseFuture<u64>;

    fn handle(&mut self, Beside(pause): Beside, _: &mut Context<Self>) -> Self::Result {
        Box::pin(async move {
            tokio::time::sleep(pause).await;
            7
        })
    }
}

/// Answers after a while; the actor handles nothing meanwhile.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Hold(pub(crate) Duration);

impl Handler<Hold> for Desk {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, Hold(pause): Hold, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(tokio::time::sleep(pause).into_actor(self)))
    }
}

/// Panics in a task beside the actor, so that the reply is dropped there.
#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct Forget;

impl Handler<Forget> for Desk {
    type Result = ResponseFuture<u64>;

    fn handle(&mut self, _: Forget, _: &mut Context<Self>) -> Self::Result {
        Box::pin(async { panic!("forgot") })
    }
}

/// Has the actor stop itself.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Quit;

impl Handler<Quit> for Desk {
    type Result = ();

    fn handle(&mut self, _: Quit, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
