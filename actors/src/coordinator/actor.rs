use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, Context, Handler};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::board::Board;
use super::messages::{AllStopped, Checked, ShutDown};
use super::sequence;
use crate::{Lane, WeakHandle};

/// The shortest pause between two checks.
const SHORTEST: Duration = Duration::from_millis(1);

/// The actor behind a [`Coordinator`](super::Coordinator): has components checked, and shuts them down.
///
/// What it knows is on a board that outlives it. If it panics, the next incarnation goes on where
/// this one was, in the middle of a shutdown too.
///
/// # Invariants
///
/// 1. Its tasks are its own (`JoinSet`): they end with the incarnation.
/// 2. Checks run beside it, one per component at a time; so a component that hangs holds up neither the
///    actor nor the other components.
#[derive(Debug)]
pub struct CoordinatorActor {
    board: Arc<Board>,
    me: WeakHandle<Self>,
    tasks: JoinSet<()>,
}

impl CoordinatorActor {
    pub(super) fn new(board: Arc<Board>, me: WeakHandle<Self>) -> Self {
        Self { board, me, tasks: JoinSet::new() }
    }

    fn watch(&mut self) {
        for component in 0..self.board.plan.components.len() {
            self.tasks.spawn_local(watch(self.board.clone(), self.me.clone(), component));
        }
    }

    fn shut_down(&mut self) {
        // No more checks: a component that stops is not ready, and that is no news.
        self.tasks.abort_all();
        let (board, me) = (self.board.clone(), self.me.clone());
        self.tasks.spawn_local(async move {
            sequence::shut_down(&board).await;
            // Without a handle nobody waits, and the actor is stopping anyway.
            if let Some(me) = me.upgrade() {
                let _ = me.lane(Lane::Control).tell(AllStopped).await;
            }
        });
    }
}

/// Has one component checked again and again.
async fn watch(board: Arc<Board>, me: WeakHandle<CoordinatorActor>, component: usize) {
    let interval = board.plan.config.check_interval;
    loop {
        let readiness = sequence::check(&board, component).await;
        let pause = if readiness.is_ready() { interval } else { (interval / 10).max(SHORTEST) };
        let Some(me) = me.upgrade() else { return };
        if me.tell(Checked { component, readiness }).await.is_err() {
            return;
        }
        drop(me);
        sleep(pause).await;
    }
}

impl Actor for CoordinatorActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        if self.board.shutdown_since().is_some() {
            self.shut_down();
        } else {
            self.watch();
        }
    }
}

impl Handler<Checked> for CoordinatorActor {
    type Result = ();

    fn handle(&mut self, Checked { component, readiness }: Checked, _: &mut Self::Context) {
        self.board.checked(component, readiness);
    }
}

impl Handler<ShutDown> for CoordinatorActor {
    type Result = ();

    fn handle(&mut self, ShutDown { cause }: ShutDown, _: &mut Self::Context) {
        if self.board.shutdown_since().is_none() {
            self.board.begin_shutdown(cause);
            self.shut_down();
        }
    }
}

impl Handler<AllStopped> for CoordinatorActor {
    type Result = ();

    fn handle(&mut self, _: AllStopped, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
