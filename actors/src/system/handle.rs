use std::fmt;
use std::sync::{Arc, Weak};

use actix::{Actor, Context, Handler, Message};
use tokio::time::{Instant, timeout_at};

use super::shared::{audit, status, unresponsive};
use super::{ActorStatus, Audit, GRACE, Managed, Receipt, after};
use crate::mailbox::{AskError, Core, Lane, TellError};
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
    lane: Lane,
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

    fn core(&self) -> &Core<A> {
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

    /// Sends `message`, waiting for room if the lane is full; first come, first served.
    ///
    /// That it was taken in does not mean that it will be handled: the actor may panic over it or
    /// stop first. It is then a [dead letter](crate::dead_letters).
    ///
    /// # Errors
    ///
    /// - [`TellError::Stopped`]: the actor takes in nothing any more, or stopped while this waited.
    /// - [`TellError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed,
    ///   while this waited.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped while it waits, it leaves the line and drops the message, which is counted
    /// as rejected. Nobody loses a place by it.
    pub async fn tell<M>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        self.core().tell(self.lane, message).await
    }

    /// Sends `message` if there is room now.
    ///
    /// # Errors
    ///
    /// - [`TellError::Full`]: the lane is full, or somebody else waits for room in it.
    /// - [`TellError::Stopped`]: the actor takes in nothing any more.
    pub fn try_tell<M>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        self.core().try_tell(self.lane, message)
    }

    /// Sends `message`, waiting for room if the lane is full, and waits for the answer.
    ///
    /// All of it together takes at most the actor's `ask_timeout`, and ends no later than the
    /// ambient deadline. The handler runs under the asker's deadline and token.
    ///
    /// # Errors
    ///
    /// - [`AskError::TimedOut`]: no answer in time.
    /// - [`AskError::Panicked`]: the handler panicked over this message.
    /// - [`AskError::Crashed`]: the actor panicked over something else while the answer was under way.
    /// - [`AskError::Stopped`]: the actor stopped first.
    /// - [`AskError::Unanswered`]: the handler threw its duty to answer away.
    /// - [`AskError::Interrupted`]: the ambient token was cancelled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped while the message waits, the message is not handled. Dropped later,
    /// the handler goes on and its answer is thrown away.
    pub async fn ask<M>(&self, message: M) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
        M: Message<Result: Send> + Send + 'static,
    {
        self.core().ask(self.lane, message, true).await
    }

    /// [`ask`](Self::ask), if there is room now.
    ///
    /// # Errors
    ///
    /// [`AskError::Rejected`] where the lane is full, or somebody else waits for room in it; and
    /// those of [`ask`](Self::ask).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`ask`](Self::ask).
    pub async fn try_ask<M>(&self, message: M) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
        M: Message<Result: Send> + Send + 'static,
    {
        self.core().ask(self.lane, message, false).await
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
