use std::any::{Any, type_name};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Handler, Message, dev::MessageResponse};
use patterns_core::context::Context;
use patterns_core::outcome::catch_panic;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::answers::Answers;
use super::ask::{AskCell, Leave};
use super::forward::Forward;
use super::link::Link;
use super::reply::Failure;
use super::stage::Stage;
use super::{AskError, Hub};
use crate::dead_letters::{DeadReason, Loss};

/// A message in a mailbox, whatever its type.
pub(crate) trait Deliver<A: Actor>: Send {
    /// Has it handled. A panic of the handler is accounted for here, and noted on the stage.
    fn deliver(self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Delivered<A>;

    /// Accounts for it as lost.
    fn bury(self: Box<Self>, hub: &Hub, reason: DeadReason);

    /// When it was sent, in nanoseconds of the actor's life.
    fn sent_at(&self) -> u64;

    /// For its sender, who knows the type, to get it back.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

pub(crate) type Parcel<A> = Box<dyn Deliver<A>>;

/// What became of a message that a handler was called for.
pub(crate) enum Delivered<A: Actor> {
    /// The handler came back.
    Handled,
    /// The handler panicked.
    Crashed,
    /// The handler panicked, and the next incarnation is to handle it again.
    Again(Parcel<A>),
}

/// What a sender puts a message in that wants no answer.
pub(crate) trait Envelope<A: Actor, M>: Deliver<A> + 'static {
    fn seal(message: M, sent_at: u64) -> Self;
    fn open(self) -> M;
}

/// A message that wants no answer.
pub(crate) struct Tell<M> {
    message: M,
    sent_at: u64,
}

impl<A, M> Envelope<A, M> for Tell<M>
where
    A: Handler<M>,
    M: Message + Send + 'static,
{
    fn seal(message: M, sent_at: u64) -> Self {
        Self { message, sent_at }
    }

    fn open(self) -> M {
        self.message
    }
}

impl<A, M> Deliver<A> for Tell<M>
where
    A: Handler<M>,
    M: Message + Send + 'static,
{
    fn deliver(self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Delivered<A> {
        let Self { message, sent_at } = *self;
        let hub = stage.hub();
        stage.begin_message(type_name::<M>(), sent_at, None);
        hub.work.start();
        match stage.span("tell").in_scope(|| catch_panic(|| actor.handle(message, ctx).handle(ctx, None))) {
            Ok(()) => {
                hub.handled();
                Delivered::Handled
            }
            Err(panic) => {
                hub.lose(Loss::of::<M>(DeadReason::Panicked(panic.clone())));
                stage.crashed(panic);
                Delivered::Crashed
            }
        }
    }

    fn bury(self: Box<Self>, hub: &Hub, reason: DeadReason) {
        hub.work.start();
        hub.lose(Loss::of::<M>(reason).with_message(self.message));
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
    /// Where an actor may wait for the answer.
    pub(crate) link: Option<Arc<Link>>,
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
        hub.work.start();
        hub.lose(Loss::of::<M>(reason).with_message(self.message));
        self.cell.answer(Err(answer));
    }

    /// Why it needs no answer any more.
    fn is_moot(&self, now: Instant) -> Option<DeadReason> {
        match self.cell.left() {
            Some(Leave::Expired) => Some(DeadReason::Expired),
            Some(Leave::Gone) => Some(DeadReason::Abandoned),
            None => (now >= self.deadline).then_some(DeadReason::Expired),
        }
    }
}

impl<A, M> Deliver<A> for Ask<M>
where
    A: Handler<M>,
    M: Message<Result: Send> + Send + 'static,
{
    fn deliver(self: Box<Self>, actor: &mut A, ctx: &mut A::Context, stage: &Stage) -> Delivered<A> {
        let hub = stage.hub();
        let now = Instant::now();
        stage.begin_message(type_name::<M>(), self.sent_at, Some(now));
        if let Some(reason) = self.is_moot(now) {
            self.die(hub, reason);
            return Delivered::Handled;
        }
        let Self { message, cell, context, link, .. } = *self;
        cell.start(hub.age(now));
        hub.work.start();
        if let Some(link) = link {
            stage.answers().handle(link);
        }
        let (reply, mut replied) = oneshot::channel();
        // One that a tell had left behind is not this ask's.
        drop(latest_failure(stage));
        let handle = || catch_panic(|| actor.handle(message, ctx).handle(ctx, Some(reply)));
        let result = stage.span("ask").in_scope(|| match context {
            Some(context) => stage.with_asker(&context, handle),
            None => handle(),
        });
        if let Err(panic) = result {
            hub.lose(Loss::of::<M>(DeadReason::Panicked(panic.clone())));
            cell.answer(Err(AskError::Panicked(panic.clone())));
            stage.crashed(panic);
            return Delivered::Crashed;
        }
        match replied.try_recv() {
            Ok(answer) => {
                hub.handled();
                cell.answer(Ok(answer));
            }
            Err(oneshot::error::TryRecvError::Closed) => {
                hub.handled();
                cell.answer(Err(AskError::Unanswered));
            }
            // The answer is under way in some future: it is relayed when it comes.
            Err(oneshot::error::TryRecvError::Empty) => {
                let failure = latest_failure(stage);
                stage.answers().relay(Forward::new(replied, cell, hub.clone(), failure, type_name::<M>()));
            }
        }
        Delivered::Handled
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

fn latest_failure(stage: &Stage) -> Option<Rc<Failure>> {
    stage.answers_if_any().and_then(Answers::latest_failure)
}
