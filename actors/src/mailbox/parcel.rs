use std::any::{Any, type_name};
use std::sync::Arc;

use actix::{Actor, Handler, Message, dev::MessageResponse};
use patterns_core::context::Context;
use patterns_core::outcome::{Panic, catch_panic};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::ask::{AskCell, Leave};
use super::forward::Forward;
use super::stage::Stage;
use super::{AskError, Hub};
use crate::dead_letters::DeadReason;

/// A message in a mailbox, whatever its type.
pub(crate) trait Deliver<A: Actor>: Send {
    /// Has it handled. A panic of the handler is accounted for here and then returned.
    fn deliver(self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Result<(), Panic>;

    /// Accounts for it as lost.
    fn bury(self: Box<Self>, hub: &Hub, reason: DeadReason);

    /// When it was sent, in nanoseconds of the actor's life.
    fn sent_at(&self) -> u64;

    /// For its sender, who knows the type, to get it back.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

pub(crate) type Parcel<A> = Box<dyn Deliver<A>>;

/// A message that wants no answer.
pub(crate) struct Tell<M> {
    pub(crate) message: M,
    pub(crate) sent_at: u64,
}

impl<A, M> Deliver<A> for Tell<M>
where
    A: Handler<M>,
    M: Message + Send + 'static,
{
    fn deliver(self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Result<(), Panic> {
        let hub = stage.hub();
        let message = self.message;
        hub.ledger.start();
        let result = catch_panic(|| actor.handle(message, ctx).handle(ctx, None));
        match &result {
            Ok(()) => hub.ledger.handled(),
            Err(panic) => hub.lose(type_name::<M>(), DeadReason::Panicked(panic.clone()), None),
        }
        result
    }

    fn bury(self: Box<Self>, hub: &Hub, reason: DeadReason) {
        hub.ledger.start();
        hub.lose(type_name::<M>(), reason, Some(Box::new(self.message)));
    }

    fn sent_at(&self) -> u64 {
        self.sent_at
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// A message that wants an answer.
pub(crate) struct Ask<M: Message> {
    pub(crate) message: M,
    pub(crate) sent_at: u64,
    pub(crate) deadline: Instant,
    /// The asker's, so that the handler sees the asker's deadline and token.
    pub(crate) context: Option<Context>,
    pub(crate) cell: Arc<AskCell<M::Result>>,
}

impl<M: Message + Send + 'static> Ask<M> {
    /// Accounts for it as lost, and tells the asker.
    fn die(self, hub: &Hub, reason: DeadReason) {
        let answer = match &reason {
            DeadReason::Expired => {
                let queued_for = hub.since(self.sent_at, Instant::now());
                AskError::TimedOut { queued_for, running_for: None }
            }
            _ => AskError::Stopped(hub.stop_reason()),
        };
        hub.ledger.start();
        hub.lose(type_name::<M>(), reason, Some(Box::new(self.message)));
        self.cell.answer(Err(answer));
    }
}

impl<A, M> Deliver<A> for Ask<M>
where
    A: Handler<M>,
    M: Message<Result: Send> + Send + 'static,
{
    fn deliver(self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Result<(), Panic> {
        let hub = stage.hub();
        if let Some(why) = self.cell.left() {
            let reason = match why {
                Leave::Expired => DeadReason::Expired,
                Leave::Gone => DeadReason::Abandoned,
            };
            self.die(hub, reason);
            return Ok(());
        }
        let now = Instant::now();
        if now >= self.deadline {
            self.die(hub, DeadReason::Expired);
            return Ok(());
        }
        let Self { message, cell, context, .. } = *self;
        cell.start(hub.age(now));
        hub.ledger.start();
        let (reply, mut replied) = oneshot::channel();
        // One that a tell had left behind is not this ask's.
        drop(stage.latest_failure());
        let result = catch_panic(|| {
            let handle = || actor.handle(message, ctx).handle(ctx, Some(reply));
            match context {
                Some(context) => stage.with_asker(&context, handle),
                None => handle(),
            }
        });
        match &result {
            Err(panic) => {
                hub.lose(type_name::<M>(), DeadReason::Panicked(panic.clone()), None);
                cell.answer(Err(AskError::Panicked(panic.clone())));
            }
            Ok(()) => match replied.try_recv() {
                Ok(answer) => {
                    hub.ledger.handled();
                    cell.answer(Ok(answer));
                }
                Err(oneshot::error::TryRecvError::Closed) => {
                    hub.ledger.handled();
                    cell.answer(Err(AskError::Unanswered));
                }
                // The answer is under way in some future: it is relayed when it comes.
                Err(oneshot::error::TryRecvError::Empty) => {
                    let failure = stage.latest_failure();
                    stage.relay(Forward::new(replied, cell, hub.clone(), failure, type_name::<M>()));
                }
            },
        }
        result
    }

    fn bury(self: Box<Self>, hub: &Hub, reason: DeadReason) {
        self.die(hub, reason);
    }

    fn sent_at(&self) -> u64 {
        self.sent_at
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
