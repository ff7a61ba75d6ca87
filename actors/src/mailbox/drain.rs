use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use actix::{Actor, ActorFuture, AsyncContext, Context};

use super::core::Core;
use super::stage::Stage;

/// Empties the lanes into the actor's handlers. It lives in the actor's own context, which is what
/// gives it the actor and the context to call them with.
pub(crate) struct Drain<A: Actor> {
    core: Arc<Core<A>>,
    stage: Rc<Stage>,
    streak: u32,
}

/// Thrown through actix's context after a handler's panic was accounted for, so that actix neither
/// calls the broken actor again nor sees the panic.
struct Crashed;

impl<A: Actor> Drain<A> {
    pub(crate) fn new(core: Arc<Core<A>>, stage: Rc<Stage>) -> Self {
        Self { core, stage, streak: 0 }
    }
}

impl<A: Actor<Context = Context<A>>> ActorFuture<A> for Drain<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, actor: &mut A, ctx: &mut A::Context, task: &mut TaskContext<'_>) -> Poll<()> {
        let Self { core, stage, streak } = &mut *self;
        stage.reach();
        let _entered = stage.enter();
        core.hub.signal.rise();
        let mut resting = false;
        // `waiting`: a handler has stopped the actor, or has it wait for something first. Either way
        // the context polls again when that is over, without being poked.
        while !ctx.waiting() {
            if !stage.take_turn() || core.hub.is_overdue() {
                yield_to_others(task);
                break;
            }
            let Some(parcel) = core.next(streak) else {
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
            if let Err(panic) = parcel.deliver(actor, ctx, stage) {
                stage.crashed(panic);
                resume_unwind(Box::new(Crashed));
            }
        }
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
