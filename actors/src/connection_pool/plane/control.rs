//! The loop in which the control plane looks after the pool.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use actix::{ActorFuture, Context};
use tokio::time::{Instant, Sleep};

use super::Plane;
use crate::connection_pool::{ConnectionManager, ConnectionPoolActor};

impl<M: ConnectionManager> Plane<M> {
    /// Does what there is to do, and says when to look again at the latest.
    fn look_after(self: &Arc<Self>) -> Option<Instant> {
        let now = Instant::now();
        let (plan, wakers) = {
            let mut state = self.state.lock();
            let mut wakers = state.take_back(&self.config, now);
            state.serve(&self.config, now, &mut wakers);
            (state.plan(&self.config, now), wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        for _ in 0..plan.open {
            self.open_one();
        }
        for conn in plan.check {
            self.check_one(conn);
        }
        for conn in plan.close {
            self.close_one(conn);
        }
        plan.again
    }
}

/// A future in the actor's context that looks after the pool whenever something needs it.
pub(in crate::connection_pool) struct Drive {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Drive {
    pub(in crate::connection_pool) fn new() -> Self {
        Self { timer: None }
    }
}

impl<M: ConnectionManager> ActorFuture<ConnectionPoolActor<M>> for Drive {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        actor: &mut ConnectionPoolActor<M>,
        _: &mut Context<ConnectionPoolActor<M>>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        let plane = actor.plane();
        plane.signal.register(cx.waker());
        loop {
            // Cleared before looking: what is raised meanwhile is seen in the next round.
            plane.signal.clear();
            let again = plane.look_after();
            self.timer = again.map(|at| Box::pin(tokio::time::sleep_until(at)));
            let due = self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
            if !due && !plane.signal.is_raised() {
                return Poll::Pending;
            }
        }
    }
}
