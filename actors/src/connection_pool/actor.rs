use std::fmt;
use std::sync::Arc;

use actix::fut::ActorFutureExt;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, MessageResult, ResponseFuture, Running, WrapFuture};

use patterns_core::context;

use super::messages::{Close, Drain, GetStatus, Resize};
use super::plane::{Drive, Plane};
use super::{ConnectionManager, DrainReceipt, ResizeError};

/// The control plane of a [`ConnectionPool`](super::ConnectionPool): an ordinary actix actor that
/// decides what is opened, checked, closed and taken back, and when.
///
/// No checkout waits for its mailbox. What it decides is carried out by tasks on the runtime that the
/// pool was started on. Stopping it, as a system's shutdown does, closes the pool and waits until all
/// connections have come back and are closed; those that come later are dropped.
///
/// It is started by [`ConnectionPoolBuilder::start`](super::ConnectionPoolBuilder::start), and answers
/// [`GetStatus`], [`Resize`], [`Close`] and [`Drain`].
pub struct ConnectionPoolActor<M: ConnectionManager> {
    plane: Arc<Plane<M>>,
}

impl<M: ConnectionManager> ConnectionPoolActor<M> {
    pub(super) fn new(plane: Arc<Plane<M>>) -> Self {
        Self { plane }
    }

    pub(super) fn plane(&self) -> &Arc<Plane<M>> {
        &self.plane
    }
}

impl<M: ConnectionManager> Unpin for ConnectionPoolActor<M> {}

impl<M: ConnectionManager> Actor for ConnectionPoolActor<M> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Drive::new());
    }

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
        self.plane.orphan();
        if !self.plane.is_ended() && tokio::runtime::Handle::try_current().is_ok() {
            // So that a shutdown knows that somebody still has a connection.
            let plane = Arc::clone(&self.plane);
            let reaper = context::Context::current().reaper().clone();
            drop(reaper.spawn("connections on loan", async move { plane.ended().await }));
        }
    }
}

impl<M: ConnectionManager> Handler<GetStatus> for ConnectionPoolActor<M> {
    type Result = MessageResult<GetStatus>;

    fn handle(&mut self, _: GetStatus, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.plane.status())
    }
}

impl<M: ConnectionManager> Handler<Resize> for ConnectionPoolActor<M> {
    type Result = Result<(), ResizeError>;

    fn handle(&mut self, Resize { max_size, min_idle }: Resize, _: &mut Self::Context) -> Self::Result {
        self.plane.resize(max_size, min_idle)
    }
}

impl<M: ConnectionManager> Handler<Close> for ConnectionPoolActor<M> {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.plane.close();
    }
}

impl<M: ConnectionManager> Handler<Drain> for ConnectionPoolActor<M> {
    type Result = ResponseFuture<DrainReceipt>;

    fn handle(&mut self, Drain { deadline }: Drain, _: &mut Self::Context) -> Self::Result {
        let plane = Arc::clone(&self.plane);
        Box::pin(async move { plane.drain(deadline).await })
    }
}

impl<M: ConnectionManager> fmt::Debug for ConnectionPoolActor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPoolActor").field("name", &self.plane.config.name).finish_non_exhaustive()
    }
}
