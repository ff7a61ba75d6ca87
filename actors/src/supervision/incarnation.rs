use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use actix::dev::ContextFut;
use actix::{Actor, ActorContext, ActorState as ActixState, AsyncContext, Context};
use patterns_core::outcome::Panic;
use tokio::time::{Instant, Sleep, sleep_until};

use super::driver::note_crash;
use crate::mailbox::{Core, Drain, Stage};

/// How an incarnation ended.
pub(super) enum Ended {
    /// In order.
    Stopped,
    /// By this panic.
    Crashed(Panic),
}

/// Drives one value of an actor in a context of its own, until it stops or panics.
///
/// No panic of the actor leaves this: neither from a handler, a timer, a spawned future or a hook
/// (`started`, `stopping`, `stopped`), nor from the actor's destructor. Of an incarnation that
/// panicked no hook is called any more: its state is not to be relied on.
pub(super) struct Incarnation<A: Actor<Context = Context<A>>> {
    core: Arc<Core<A>>,
    stage: Rc<Stage>,
    /// `None` once it has ended.
    fut: Option<ContextFut<A, Context<A>>>,
    /// Rings when the time for draining is over.
    deadline: Option<Pin<Box<Sleep>>>,
    asked_to_stop: bool,
}

impl<A: Actor<Context = Context<A>>> Incarnation<A> {
    pub(super) fn new(core: Arc<Core<A>>, stage: Rc<Stage>, actor: A) -> Self {
        stage.begin_incarnation();
        let mut ctx = Context::new();
        ctx.spawn(Drain::new(core.clone(), stage.clone()));
        let fut = ctx.into_future(actor);
        Self { core, stage, fut: Some(fut), deadline: None, asked_to_stop: false }
    }

    /// Whether the time for draining is over.
    fn is_overdue(&mut self, cx: &mut TaskContext<'_>) -> bool {
        let Some(closing) = self.core.hub.closing() else { return false };
        let sleep = self.deadline.get_or_insert_with(|| Box::pin(sleep_until(closing.deadline)));
        if sleep.deadline() != closing.deadline {
            sleep.as_mut().reset(closing.deadline);
        }
        closing.deadline <= Instant::now() || sleep.as_mut().poll(cx).is_ready()
    }

    /// Whether the mailbox is closed, and everything that was in it is done.
    fn is_drained(&self, cx: &mut TaskContext<'_>) -> bool {
        let idle = self.stage.poll_relays(cx) && !self.stage.is_held();
        idle && self.core.hub.ledger.is_closed() && self.core.is_settled()
    }

    fn end(&mut self, panic: Option<Panic>) -> Ended {
        let fut = self.fut.take();
        let Some(panic) = panic else {
            return match self.stage.within(|| drop(fut)) {
                Ok(()) => Ended::Stopped,
                Err(panic) => {
                    note_crash(&self.core.hub, &panic);
                    tracing::error!(actor = &*self.core.hub.name, %panic, "the actor's destructor failed");
                    Ended::Stopped
                }
            };
        };
        // Before anything is dropped: an answer that is dropped with it asks why.
        note_crash(&self.core.hub, &panic);
        if let Some(fut) = fut {
            self.discard(fut);
        }
        Ended::Crashed(panic)
    }

    /// Drops an actor that panicked, without calling its hooks.
    fn discard(&self, mut fut: ContextFut<A, Context<A>>) {
        fut.ctx().terminate();
        if let Err(panic) = self.stage.within(|| drop(fut)) {
            tracing::error!(%panic, "the destructor of an actor that had panicked failed too");
        }
    }
}

impl<A: Actor<Context = Context<A>>> Future for Incarnation<A> {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Ended> {
        let this = &mut *self;
        this.core.hub.control.register(cx.waker());
        let overdue = this.is_overdue(cx);
        this.stage.begin_turn();
        let mut idle = this.is_drained(cx);
        loop {
            let Some(fut) = &mut this.fut else { return Poll::Ready(Ended::Stopped) };
            if overdue && (this.asked_to_stop || !idle) {
                if !idle {
                    this.core.hub.cut_short();
                }
                fut.ctx().terminate();
            }
            this.stage.begin_poll();
            match this.stage.within(|| pin!(&mut *fut).poll(cx)) {
                Err(panic) => {
                    // A handler's own panic was noted where it was caught, with its place.
                    let panic = this.stage.take_crash().unwrap_or(panic);
                    let ended = this.end(Some(panic));
                    this.stage.poll_relays(cx);
                    return Poll::Ready(ended);
                }
                Ok(Poll::Ready(())) => return Poll::Ready(this.end(None)),
                Ok(Poll::Pending) => this.stage.end_poll(),
            }
            idle = this.is_drained(cx);
            let Some(fut) = &mut this.fut else { return Poll::Ready(Ended::Stopped) };
            let running = matches!(fut.ctx().state(), ActixState::Started | ActixState::Running);
            if idle && running && !this.asked_to_stop {
                // Everything that was in is done. `stopping` may answer `Running::Continue`, to
                // finish something first and then stop by itself; the deadline limits that.
                this.asked_to_stop = true;
                fut.ctx().stop();
            } else if !overdue {
                return Poll::Pending;
            }
        }
    }
}

impl<A: Actor<Context = Context<A>>> Drop for Incarnation<A> {
    /// The runtime is gone: actix calls `stopping` and `stopped` as it drops its future.
    fn drop(&mut self) {
        let Some(fut) = self.fut.take() else { return };
        if std::thread::panicking() {
            self.discard(fut);
        } else if let Err(panic) = self.stage.within(|| drop(fut)) {
            tracing::error!(actor = &*self.core.hub.name, %panic, "the actor failed while its runtime was dropped");
        }
    }
}
