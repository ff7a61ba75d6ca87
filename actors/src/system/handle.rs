use std::fmt;
use std::sync::{Arc, Weak};

use actix::{Actor, Context};
use tokio::time::{Instant, timeout_at};

use super::shared::{audit, status, unresponsive};
use super::{ActorStatus, Audit, GRACE, Managed, Receipt, after};
use crate::mailbox::{Core, Lane};
use crate::supervision::StopReason;

/// How the program talks to an actor: from any thread, any runtime, or none.
///
/// Clones are the same actor. It lives as long as a handle does; when the last one is dropped it
/// handles what is in its mailbox and stops. A handle stays good while the actor is restarted.
///
/// An actor that talks to itself holds a [`WeakHandle`]: with a handle of its own it would never stop.
///
/// # Comparison to `actix::Addr`
///
/// See [`mailbox`](crate::mailbox) and [`supervision`](crate::supervision): a bound that holds, lanes, errors
/// that say what happened and give the message back, and an end that can be waited for.
pub struct Handle<A: Actor<Context = Context<A>>> {
    anchor: Arc<Anchor<A>>,
    pub(super) lane: Lane,
}

/// What keeps an actor alive.
struct Anchor<A: Actor<Context = Context<A>>> {
    core: Arc<Core<A>>,
}

impl<A: Actor<Context = Context<A>>> Drop for Anchor<A> {
    fn drop(&mut self) {
        let deadline = after(Instant::now(), self.core.hub.config.stop_timeout);
        self.core.close(StopReason::HandlesDropped, deadline);
    }
}

impl<A: Actor<Context = Context<A>>> Handle<A> {
    pub(super) fn new(core: Arc<Core<A>>) -> Self {
        Self { anchor: Arc::new(Anchor { core }), lane: Lane::default() }
    }

    pub(super) fn core(&self) -> &Core<A> {
        &self.anchor.core
    }

    /// This handle, sending on `lane` from now on. Others still send on theirs.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Self {
        Self { anchor: self.anchor.clone(), lane }
    }

    /// The actor's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core().hub.name
    }

    /// A handle that does not keep the actor alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakHandle<A> {
        WeakHandle { anchor: Arc::downgrade(&self.anchor), lane: self.lane }
    }

    /// Has the actor take in nothing more, handle what is in, and stop, without waiting for that.
    pub fn close(&self) {
        let deadline = after(Instant::now(), self.core().hub.config.stop_timeout);
        self.core().close(StopReason::Requested, deadline);
    }

    /// [Closes](Self::close) the actor and waits until it has stopped, at most for its `stop_timeout`
    /// and a second of grace. What it could not handle in time becomes dead letters.
    ///
    /// This is not interrupted by the ambient token or deadline: it is what a shutdown waits for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the actor stops all the same, and [`stopped`](Self::stopped) has the receipt.
    pub async fn stop(&self) -> Receipt {
        self.stop_by(after(Instant::now(), self.core().hub.config.stop_timeout)).await
    }

    /// [`stop`](Self::stop) with another deadline. The earliest deadline given counts.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the actor stops all the same, and [`stopped`](Self::stopped) has the receipt.
    pub async fn stop_by(&self, deadline: Instant) -> Receipt {
        self.core().close(StopReason::Requested, deadline);
        ended_by(self.core(), deadline).await
    }

    /// Waits until the actor has stopped, for whatever reason, without asking it to.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn stopped(&self) -> Receipt {
        self.core().hub.ended().await
    }

    /// Why the actor takes in nothing any more, if so.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.core().hub.closing().map(|closing| closing.reason)
    }

    /// What the actor is doing at this moment.
    #[must_use]
    pub fn status(&self) -> ActorStatus {
        status(self.core())
    }

    /// The books of this actor alone; see [`System::audit`](super::System::audit).
    #[must_use]
    pub fn audit(&self) -> Audit {
        audit(self.core())
    }
}

/// Waits for an actor that is closed, until `deadline` and some grace.
pub(super) async fn ended_by(actor: &dyn Managed, deadline: Instant) -> Receipt {
    let hub = actor.hub();
    let ended = super::reactor(&hub.shared.runtime, || timeout_at(after(deadline, GRACE), hub.ended()));
    ended.await.unwrap_or_else(|_| unresponsive(hub))
}

impl<A: Actor<Context = Context<A>>> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self { anchor: self.anchor.clone(), lane: self.lane }
    }
}

impl<A: Actor<Context = Context<A>>> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("actor", &self.name()).field("lane", &self.lane).finish_non_exhaustive()
    }
}

/// A [`Handle`] that does not keep its actor alive.
///
/// What an actor holds of itself; [`System::spawn_with`](super::System::spawn_with) gives it one.
pub struct WeakHandle<A: Actor<Context = Context<A>>> {
    anchor: Weak<Anchor<A>>,
    lane: Lane,
}

impl<A: Actor<Context = Context<A>>> WeakHandle<A> {
    /// The handle, unless the last one has been dropped.
    #[must_use]
    pub fn upgrade(&self) -> Option<Handle<A>> {
        Some(Handle { anchor: self.anchor.upgrade()?, lane: self.lane })
    }
}

impl<A: Actor<Context = Context<A>>> Clone for WeakHandle<A> {
    fn clone(&self) -> Self {
        Self { anchor: self.anchor.clone(), lane: self.lane }
    }
}

impl<A: Actor<Context = Context<A>>> fmt::Debug for WeakHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakHandle").field("actor", &std::any::type_name::<A>()).finish_non_exhaustive()
    }
}
