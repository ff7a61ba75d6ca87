use std::sync::Arc;

use actix::fut::ActorFutureExt;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, MessageResult, ResponseFuture, Running, WrapFuture};
use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context;

use super::messages::{Close, Drain, GetStatus, Resize};
use super::plane::Plane;
use super::{DrainReceipt, ResizeError};

/// The control plane of a [`WorkerPool`](super::WorkerPool): an ordinary actix actor that owns the
/// pool's life.
///
/// Jobs never pass through its mailbox. Stopping it, as a system's shutdown does, closes the pool,
/// lets it finish what it has, and ends with the threads joined; when the time for that is over, the
/// rest is cancelled, and what is still left then goes to the system's reaper.
///
/// It is started by [`WorkerPoolBuilder::start`](super::WorkerPoolBuilder::start), and answers
/// [`GetStatus`], [`Resize`], [`Close`] and [`Drain`].
pub struct WorkerPoolActor {
    plane: Arc<Plane>,
}

impl WorkerPoolActor {
    pub(super) fn new(plane: Arc<Plane>) -> Self {
        Self { plane }
    }
}

impl Actor for WorkerPoolActor {
    type Context = Context<Self>;

    fn stopping(&mut self, ctx: &mut Self::Context) -> Running {
        self.plane.close();
        if self.plane.is_ended() {
            return Running::Stop;
        }
        let plane = Arc::clone(&self.plane);
        let ended = async move { plane.ended().await };
        ctx.spawn(ended.into_actor(self).map(|(), _, ctx: &mut Self::Context| ctx.stop()));
        Running::Continue
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        // Of an actor that is stopped too late for anything else, `stopping` was not called.
        self.plane.close();
        if self.plane.is_ended() {
            return;
        }
        let cause = CancelCause::new(CancelKind::Shutdown, "its worker pool was stopped");
        self.plane.cancel_all(&cause);
        if tokio::runtime::Handle::try_current().is_ok() {
            let plane = Arc::clone(&self.plane);
            drop(context::Context::current().reaper().spawn("jobs", async move { plane.ended().await }));
        }
    }
}

impl Handler<GetStatus> for WorkerPoolActor {
    type Result = MessageResult<GetStatus>;

    fn handle(&mut self, _: GetStatus, _: &mut Self::Context) -> MessageResult<GetStatus> {
        MessageResult(self.plane.status())
    }
}

impl Handler<Resize> for WorkerPoolActor {
    type Result = Result<(), ResizeError>;

    fn handle(&mut self, Resize { class, to }: Resize, _: &mut Self::Context) -> Self::Result {
        self.plane.resize(class, to)
    }
}

impl Handler<Close> for WorkerPoolActor {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.plane.close();
    }
}

impl Handler<Drain> for WorkerPoolActor {
    type Result = ResponseFuture<DrainReceipt>;

    fn handle(&mut self, Drain { deadline }: Drain, _: &mut Self::Context) -> Self::Result {
        let plane = Arc::clone(&self.plane);
        Box::pin(async move { plane.drain(deadline).await })
    }
}

impl std::fmt::Debug for WorkerPoolActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPoolActor").field("name", &self.plane.config.name).finish_non_exhaustive()
    }
}
