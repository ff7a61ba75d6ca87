use std::any::{Any, type_name};

use actix::{Handler, Message, dev::MessageResponse};
use patterns_core::outcome::catch_panic;
use tokio::time::Instant;

use super::Hub;
use super::parcel::{Deliver, Delivered, Envelope};
use super::stage::Stage;
use crate::dead_letters::{Crash, DeadReason, Loss};

/// A message that the next incarnation handles again where a handler panics over it. Handlers get a copy.
pub(crate) struct Retried<M> {
    message: M,
    sent_at: u64,
    /// The panics so far. From the first one on it is counted as running.
    crashes: Vec<Crash>,
}

impl<A, M> Envelope<A, M> for Retried<M>
where
    A: Handler<M>,
    M: Message + Clone + Send + 'static,
{
    fn seal(message: M, sent_at: u64) -> Self {
        Self { message, sent_at, crashes: Vec::new() }
    }

    fn open(self) -> M {
        self.message
    }
}

impl<M: Send + 'static> Retried<M> {
    fn lose(self, hub: &Hub, reason: DeadReason) {
        hub.lose(Loss::of::<M>(reason).with_message(self.message).with_history(self.crashes));
    }
}

impl<A, M> Deliver<A> for Retried<M>
where
    A: Handler<M>,
    M: Message + Clone + Send + 'static,
{
    fn deliver(mut self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Delivered<A> {
        let hub = stage.hub();
        stage.begin_message(type_name::<M>(), self.sent_at, None);
        if self.crashes.is_empty() {
            hub.work.start();
        }
        let handle = || actor.handle(self.message.clone(), ctx).handle(ctx, None);
        let Err(panic) = stage.span("tell").in_scope(|| catch_panic(handle)) else {
            hub.handled();
            return Delivered::Handled;
        };
        stage.crashed(panic.clone());
        self.crashes.push(Crash { incarnation: hub.life.incarnation(), at: Instant::now(), panic: panic.clone() });
        if self.crashes.len() < hub.config.restart.max_crashes.get() as usize {
            return Delivered::Again(self);
        }
        self.lose(hub, DeadReason::Poison(panic));
        Delivered::Crashed
    }

    fn bury(self: Box<Self>, hub: &Hub, reason: DeadReason) {
        if self.crashes.is_empty() {
            hub.work.start();
        }
        self.lose(hub, reason);
    }

    fn sent_at(&self) -> u64 {
        self.sent_at
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
