use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix::{Actor, Context};
use patterns_core::outcome::Panic;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::incarnation::{Ended, Incarnation};
use super::intensity::{Exhausted, Intensity};
use super::{Escalation, StopReason};
use crate::mailbox::{Core, Hub, Stage};
use crate::system::{LaneStatus, Managed};

/// An actor that is to be: what travels to the thread that it will live on.
pub(crate) struct Seed<A: Actor<Context = Context<A>>, F> {
    factory: F,
    tenancy: Tenancy<A>,
}

impl<A, F> Seed<A, F>
where
    A: Actor<Context = Context<A>>,
    F: FnMut() -> A,
{
    pub(crate) fn new(core: Arc<Core<A>>, factory: F) -> Self {
        Self { factory, tenancy: Tenancy { core, is_done: false } }
    }

    /// Builds the actor, runs it, and builds it anew when it panics, until it stops.
    ///
    /// Not an `async fn`, which would keep all of it twice, for as long as the actor lives.
    pub(crate) fn grow(self) -> impl Future<Output = ()> {
        let Self { mut factory, tenancy } = self;
        let core = tenancy.core.clone();
        let stage = Stage::new(core.hub.clone());
        let mut resident = Resident { tenancy, stage: stage.clone() };
        let mut intensity = Intensity::default();
        async move {
            loop {
                core.hub.life.begin();
                let ended = match stage.within(&mut factory) {
                    Ok(actor) => {
                        core.hub.life.run();
                        Incarnation::new(core.clone(), stage.clone(), actor).await
                    }
                    Err(panic) => {
                        note_crash(&core.hub, &panic);
                        Ended::Crashed(panic)
                    }
                };
                let Ended::Crashed(panic) = ended else { return resident.moves_out() };
                match intensity.panicked(&core.hub.config.restart, Instant::now()) {
                    Ok(pause) => {
                        tracing::warn!(actor = &*core.hub.name, %panic, ?pause, "the actor is restarted");
                        if !rest(&core, &stage, pause).await {
                            return;
                        }
                    }
                    Err(Exhausted) => return give_up(&core, panic),
                }
                core.hub.meters.restarts.increment(1);
            }
        }
    }
}

/// An incarnation has panicked. To be said before anything of it is dropped.
pub(super) fn note_crash(hub: &Hub, panic: &Panic) {
    hub.life.crash(panic.clone());
    hub.meters.panics.increment(1);
}

/// Waits until it is time to restart. `false` if there is nothing left to restart for.
///
/// An actor that is to stop is built anew at once if messages wait for it, so as not to waste the
/// time for draining.
async fn rest<A: Actor>(core: &Core<A>, stage: &Stage, pause: Duration) -> bool {
    let mut pause = pin!(sleep(pause));
    let mut limit: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|cx| {
        core.hub.control.register(cx.waker());
        let idle = stage.poll_relays(cx);
        let Some(closing) = core.hub.closing() else { return pause.as_mut().poll(cx).map(|()| true) };
        if idle && core.is_settled() {
            return Poll::Ready(false);
        }
        if core.has_work() {
            return Poll::Ready(true);
        }
        // Only answers are under way, which need no incarnation.
        let limit = limit.get_or_insert_with(|| Box::pin(sleep_until(closing.deadline)));
        limit.as_mut().poll(cx).map(|()| false)
    })
    .await
}

fn give_up<A: Actor>(core: &Core<A>, panic: Panic) {
    let hub = &core.hub;
    core.close(StopReason::RestartLimit(panic.clone()), Instant::now());
    tracing::error!(actor = &*hub.name, %panic, "the actor failed too often and is given up");
    hub.shared.escalations.tell(&Escalation {
        actor: hub.name.clone(),
        panic,
        restarts: hub.life.restarts(),
        at: Instant::now(),
    });
}

/// An actor that has moved in. Dropped, it ends the answers under way, and then the tenancy.
struct Resident<A: Actor> {
    tenancy: Tenancy<A>,
    stage: Rc<Stage>,
}

impl<A: Actor> Resident<A> {
    /// It goes by itself, rather than with the house.
    fn moves_out(&mut self) {
        self.tenancy.is_done = true;
    }
}

impl<A: Actor> Drop for Resident<A> {
    fn drop(&mut self) {
        let core = &self.tenancy.core;
        // First, as the answers that are dropped ask why.
        core.close(self.tenancy.reason(), Instant::now());
        core.hub.life.end();
        self.stage.drop_relays();
    }
}

/// An actor's place in the system. However it is given up (the actor stopped, the runtime was
/// dropped, the actor was never begun), the mailbox is closed and everything in it accounted for.
struct Tenancy<A: Actor> {
    core: Arc<Core<A>>,
    /// The actor has stopped.
    is_done: bool,
}

impl<A: Actor> Tenancy<A> {
    /// Why it is given up, if nobody has closed the mailbox before.
    fn reason(&self) -> StopReason {
        if self.is_done { StopReason::ByItself } else { StopReason::RuntimeGone }
    }
}

impl<A: Actor> Drop for Tenancy<A> {
    fn drop(&mut self) {
        self.core.vacate(self.reason());
    }
}

impl<A: Actor> Managed for Core<A> {
    fn hub(&self) -> &Hub {
        &self.hub
    }

    fn close(&self, reason: StopReason, deadline: Instant) {
        Self::close(self, reason, deadline);
    }

    fn vacate(&self, reason: StopReason) {
        Self::vacate(self, reason);
    }

    fn lanes(&self) -> Vec<LaneStatus> {
        self.lane_status()
    }
}
