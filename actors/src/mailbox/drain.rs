use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use actix::{Actor, ActorFuture, AsyncContext, Context};

use super::core::Core;
use super::parcel::Delivered;
use super::stage::Stage;

/// Empties the lanes into the actor's handlers. It lives in the actor's own context, which is what
/// gives it the actor and the context to call them with.
pub(crate) struct Drain<A: Actor> {
    core: Arc<Core<A>>,
    stage: Rc<Stage>,
    streak: u32,
    /// It has not looked yet for a message that the incarnation before had crashed over.
    fresh: bool,
}

/// Thrown through actix's context after a handler's panic was accounted for, so that actix neither
/// calls the broken actor again nor sees the panic.
struct Crashed;

impl<A: Actor> Drain<A> {
    pub(crate) fn new(core: Arc<Core<A>>, stage: Rc<Stage>) -> Self {
        Self { core, stage, streak: 0, fresh: true }
    }
}

impl<A: Actor<Context = Context<A>>> ActorFuture<A> for Drain<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, actor: &mut A, ctx: &mut A::Context, task: &mut TaskContext<'_>) -> Poll<()> {
        let Self { core, stage, streak, fresh } = &mut *self;
        stage.reach();
        core.hub.signal.rise();
        let mut resting = false;
        // `waiting`: a handler has stopped the actor, or has it wait for something first. Either way
        // the context polls again when that is over, without being poked.
        while !ctx.waiting() {
            if stage.is_turn_over(|| core.queued() > 0) {
                yield_to_others(task);
                break;
            }
            let again = if std::mem::take(fresh) { core.take_again() } else { None };
            let Some(parcel) = again.or_else(|| core.next(streak)) else {
                if core.settle_lines() {
                    continue;
                }
                if resting {
                    break;
                }
                core.hub.signal.rest(task.waker());
                resting = true;
                continue;
            };
            if resting {
                core.hub.signal.rise();
                resting = false;
            }
            match parcel.deliver(actor, ctx, stage) {
                Delivered::Handled => stage.end_message(ctx.waiting()),
                Delivered::Crashed => resume_unwind(Box::new(Crashed)),
                Delivered::Again(parcel) => {
                    core.put_again(parcel);
                    resume_unwind(Box::new(Crashed));
                }
            }
        }
        stage.end_messages();
        Poll::Pending
    }
}

/// Has the task woken once the runtime has looked after timers, sockets and other tasks.
///
/// Waking it at once would put it back at the end of the local queue, which the runtime runs through
/// dozens of times before it looks at a timer.
fn yield_to_others(task: &mut TaskContext<'_>) {
    let mut yielded = std::pin::pin!(tokio::task::yield_now());
    let _ = yielded.as_mut().poll(task);
}
