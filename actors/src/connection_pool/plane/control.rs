//! The loop in which the control plane looks after the pool.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use actix::{ActorFuture, Context};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Plane;
use crate::connection_pool::{ConnectionManager, ConnectionPoolActor};

impl<M: ConnectionManager> Plane<M> {
    /// Does what there is to do, and says when to look again at the latest.
    fn look_after(self: &Arc<Self>) -> Option<Instant> {
        let now = Instant::now();
        let look = self.state.lock().look(&self.config, now);
        self.show();
        look.wake.into_iter().for_each(Waker::wake);
        for leak in &look.leaks {
            tracing::warn!(
                pool = %self.config.name, place = %leak.place, path = %leak.path, held_for = ?leak.held_for,
                "a connection has been held for long: is it leaked?"
            );
        }
        for _ in 0..look.open {
            self.open_one();
        }
        for conn in look.check {
            self.check_one(conn);
        }
        for conn in look.close {
            self.close_one(conn);
        }
        look.again
    }
}

/// A future in the actor's context that looks after the pool whenever something needs it.
pub(in crate::connection_pool) struct Drive {
    /// Made with the first wait, and moved from then on.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Drive {
    pub(in crate::connection_pool) fn new() -> Self {
        Self { timer: None }
    }

    fn wait_until(&mut self, at: Instant) -> &mut Pin<Box<Sleep>> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer
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
            let due = match plane.look_after() {
                Some(at) => self.wait_until(at).as_mut().poll(cx).is_ready(),
                None => {
                    self.timer = None;
                    false
                }
            };
            if !due && !plane.signal.is_raised() {
                return Poll::Pending;
            }
        }
    }
}
