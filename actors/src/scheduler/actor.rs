use std::sync::Arc;

use actix::fut::ActorFutureExt;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, MessageResult, ResponseFuture, Running, WrapFuture};
use patterns_core::context;
use tokio::time::Instant;

use super::messages::{Add, CancelAll, Close, Control, Drain, Entered, GetStatus};
use super::plane::Plane;
use super::{DrainReceipt, ScheduleError};

/// What drives a [`Scheduler`](super::Scheduler): an ordinary actix actor that owns its timetable.
///
/// One future in its context waits for whatever is due first, and begins it. Jobs run elsewhere.
/// Stopping the actor, as a system's shutdown does, begins nothing any more and lets what runs finish; when the
/// time for that is over, the rest is cancelled, and what is still left then goes to the system's reaper.
///
/// It is started by [`SchedulerBuilder::start`](super::SchedulerBuilder::start), and answers the
/// [messages](super::messages).
pub struct SchedulerActor {
    plane: Arc<Plane>,
}

impl SchedulerActor {
    pub(super) fn new(plane: Arc<Plane>) -> Self {
        Self { plane }
    }
}

impl Actor for SchedulerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Arc::clone(&self.plane).drive().into_actor(self));
    }

    fn stopping(&mut self, ctx: &mut Self::Context) -> Running {
        self.plane.close();
        if self.plane.is_idle() {
            return Running::Stop;
        }
        let plane = Arc::clone(&self.plane);
        let drained = async move {
            let deadline = crate::system::after(Instant::now(), plane.config.drain_timeout);
            drop(plane.drain(deadline).await);
        };
        ctx.spawn(drained.into_actor(self).map(|(), _, ctx: &mut Self::Context| ctx.terminate()));
        Running::Continue
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.plane.close();
        if self.plane.is_idle() {
            return;
        }
        self.plane.stop("its scheduler was stopped");
        if tokio::runtime::Handle::try_current().is_ok() {
            let plane = Arc::clone(&self.plane);
            drop(context::Context::current().reaper().spawn("runs", async move { plane.idle().await }));
        }
    }
}

impl Handler<Add> for SchedulerActor {
    type Result = Result<Entered, ScheduleError>;

    fn handle(&mut self, add: Add, _: &mut Self::Context) -> Self::Result {
        self.plane.add(add)
    }
}

impl Handler<Control> for SchedulerActor {
    type Result = bool;

    fn handle(&mut self, Control { schedule, action }: Control, _: &mut Self::Context) -> bool {
        self.plane.control(schedule, action)
    }
}

impl Handler<CancelAll> for SchedulerActor {
    type Result = usize;

    fn handle(&mut self, _: CancelAll, _: &mut Self::Context) -> usize {
        self.plane.cancel_all()
    }
}

impl Handler<GetStatus> for SchedulerActor {
    type Result = MessageResult<GetStatus>;

    fn handle(&mut self, _: GetStatus, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.plane.status())
    }
}

impl Handler<Close> for SchedulerActor {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.plane.close();
    }
}

impl Handler<Drain> for SchedulerActor {
    type Result = ResponseFuture<DrainReceipt>;

    fn handle(&mut self, Drain { deadline }: Drain, _: &mut Self::Context) -> Self::Result {
        let plane = Arc::clone(&self.plane);
        Box::pin(async move { plane.drain(deadline).await })
    }
}

impl std::fmt::Debug for SchedulerActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchedulerActor").field("name", &self.plane.config.name).finish_non_exhaustive()
    }
}
