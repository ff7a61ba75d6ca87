use std::fmt;
use std::sync::Arc;

use actix::fut::ActorFutureExt;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, MessageResult, ResponseFuture, Running, WrapFuture};
use patterns_core::context;
use tokio::time::Instant;

use super::DrainReceipt;
use super::messages::{Close, Drain, GetStatus};
use super::plane::Plane;

/// What drives a [`JobQueue`](super::JobQueue): an ordinary actix actor that owns its life.
///
/// One future in its context takes jobs and gives signs of life. Jobs run elsewhere. Stopping the actor, as a system's
/// shutdown does, takes nothing any more and lets what runs finish; when the time for that is over, the rest is handed
/// back.
///
/// It is started by [`JobQueueBuilder::start`](super::JobQueueBuilder::start), and answers the
/// [messages](super::messages).
pub struct JobQueueActor {
    plane: Arc<Plane>,
}

impl JobQueueActor {
    pub(super) fn new(plane: Arc<Plane>) -> Self {
        Self { plane }
    }
}

impl Actor for JobQueueActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Arc::clone(&self.plane).drive().into_actor(self));
    }

    fn stopping(&mut self, ctx: &mut Self::Context) -> Running {
        self.plane.close();
        if self.plane.is_over() {
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
        if self.plane.is_over() {
            return;
        }
        self.plane.stop("its queue was stopped");
        if tokio::runtime::Handle::try_current().is_ok() {
            let plane = Arc::clone(&self.plane);
            drop(context::Context::current().reaper().spawn("jobs", async move { plane.idle().await }));
        }
    }
}

impl Handler<GetStatus> for JobQueueActor {
    type Result = MessageResult<GetStatus>;

    fn handle(&mut self, _: GetStatus, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.plane.status())
    }
}

impl Handler<Close> for JobQueueActor {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.plane.close();
    }
}

impl Handler<Drain> for JobQueueActor {
    type Result = ResponseFuture<DrainReceipt>;

    fn handle(&mut self, Drain { deadline }: Drain, _: &mut Self::Context) -> Self::Result {
        let plane = Arc::clone(&self.plane);
        Box::pin(async move { plane.drain(deadline).await })
    }
}

impl fmt::Debug for JobQueueActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobQueueActor").field("name", &self.plane.config.name).finish_non_exhaustive()
    }
}
