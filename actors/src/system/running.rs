use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context};
use patterns_core::reaper::Reaper;
use tokio::time::{Instant, timeout_at};

use super::engine::Engine;
use super::handle::ended_by;
use super::shared::{Shared, status};
use super::{
    ActorConfig, ActorStatus, Audit, GRACE, Handle, ShutdownReceipt, StartError, SystemBuilder, WeakHandle, after,
    reactor,
};
use crate::dead_letters::DeadLetters;
use crate::mailbox::{Core, Hub};
use crate::supervision::{EscalationSink, Seed, StopReason};

/// Runs actors. Clones are the same system; see the [module](super) for where the actors live.
///
/// Dropping the last clone stops nothing: the actors live as long as their handles, and the place
/// where they live ends with the last of them. [`shutdown`](Self::shutdown) ends all of it, in order.
///
/// # Examples
///
/// In a plain multi-threaded program:
///
/// ```
/// use actors::prelude::*;
/// use std::time::Duration;
///
/// struct Greeter;
///
/// impl Actor for Greeter {
///     type Context = Context<Self>;
/// }
///
/// #[derive(Message)]
/// #[rtype(result = "String")]
/// struct Greet(&'static str);
///
/// impl Handler<Greet> for Greeter {
///     type Result = String;
///
///     fn handle(&mut self, Greet(name): Greet, _: &mut Context<Self>) -> String {
///         format!("hello, {name}")
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let system = System::start()?;
///     let greeter = system.spawn(ActorConfig::named("greeter"), || Greeter);
///     assert_eq!(greeter.ask(Greet("world")).await?, "hello, world");
///
///     let receipt = system.shutdown(Duration::from_secs(5)).await;
///     assert!(receipt.is_clean());
///     assert_eq!(receipt.actors[0].handled, 1);
///     assert!(greeter.ask(Greet("again")).await.unwrap_err().is_stopped());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct System(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    engine: Engine,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.link.orphan();
    }
}

impl System {
    pub(super) fn new(shared: Arc<Shared>, engine: Engine) -> Self {
        Self(Arc::new(Inner { shared, engine }))
    }

    /// Starts a system with the default [configuration](super::SystemConfig).
    ///
    /// # Errors
    ///
    /// - [`StartError::Thread`]: there was no thread to be had.
    /// - [`StartError::Runtime`]: the thread's runtime could not be set up.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Sets a system up step by step.
    pub fn builder() -> SystemBuilder {
        SystemBuilder::default()
    }

    /// Starts an actor, which `factory` builds on the actors' thread, now and after every panic.
    ///
    /// Messages can be sent at once. After [`shutdown`](Self::shutdown) the handle is of an actor
    /// that has stopped.
    pub fn spawn<A, F>(&self, config: ActorConfig, factory: F) -> Handle<A>
    where
        A: Actor<Context = Context<A>>,
        F: FnMut() -> A + Send + 'static,
    {
        let mut factory = factory;
        self.spawn_with(config, move |_| factory())
    }

    /// [`spawn`](Self::spawn) for an actor that sends messages to itself, or hands itself to others:
    /// its factory gets a handle of it, a weak one.
    pub fn spawn_with<A, F>(&self, config: ActorConfig, mut factory: F) -> Handle<A>
    where
        A: Actor<Context = Context<A>>,
        F: FnMut(&WeakHandle<A>) -> A + Send + 'static,
    {
        let shared = &self.0.shared;
        let core = Core::new(Hub::new(config, shared));
        let handle = Handle::new(core.clone());
        let weak = handle.downgrade();
        let seed = Seed::new(core.clone(), move || factory(&weak));
        if !shared.arrived(core.clone()) {
            core.vacate(StopReason::SystemShutdown);
            return handle;
        }
        shared.link.submit(Box::new(move || {
            // Owned by the local set, which lives as long as the system's thread.
            tokio::task::spawn_local(seed.grow());
        }));
        handle
    }

    /// The system's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.shared.name
    }

    /// The messages that were taken in and lost.
    #[must_use]
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.0.shared.dead_letters
    }

    /// Has `sink` told of every actor that is given up from now on, and first of the latest 64 that were before.
    pub fn on_escalation(&self, sink: impl EscalationSink) {
        self.0.shared.escalations.register(Arc::new(sink));
    }

    /// What every live actor is doing at this moment, in the order of their start.
    #[must_use]
    pub fn status(&self) -> Vec<ActorStatus> {
        self.0.shared.actors().iter().map(|actor| status(&**actor)).collect()
    }

    /// What was sent to actors, live and past, and what became of it.
    #[must_use]
    pub fn audit(&self) -> Audit {
        self.0.shared.audit()
    }

    /// Whoever waits for tasks that actors leave behind; also the reaper of the actors' context.
    #[must_use]
    pub fn reaper(&self) -> &Reaper {
        &self.0.shared.reaper
    }

    /// Stops everything within `timeout`, and says what became of it.
    ///
    /// No actor can be spawned from now on. Those alive [stop](Handle::stop) one after the other, the
    /// last started first, so that whom they were built upon is still there; all under one deadline. Then
    /// the tasks left with the [reaper](Self::reaper) are waited for, and the actors' thread. An actor
    /// that does not obey the deadline (a handler that blocks) costs a second of grace, and is reported.
    ///
    /// This is not interrupted by the ambient token or deadline. Called again it stops what is left.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was stopped stays stopped; call it again for the rest. Only the receipts of
    /// the first call are lost.
    pub async fn shutdown(&self, timeout: Duration) -> ShutdownReceipt {
        let shared = &self.0.shared;
        let started = Instant::now();
        let deadline = after(started, timeout);
        shared.close();
        let mut receipts = Vec::new();
        for actor in shared.actors().into_iter().rev() {
            actor.close(StopReason::SystemShutdown, deadline);
            receipts.push(ended_by(&*actor, deadline).await);
        }
        let drained = reactor(&shared.runtime, || timeout_at(deadline, shared.reaper.drained()));
        let _ = drained.await;
        shared.link.stop();
        let grace = after(deadline.max(Instant::now()), GRACE);
        let joined = reactor(&shared.runtime, || timeout_at(grace, shared.link.ended())).await.is_ok();
        if joined {
            self.0.engine.join();
        }
        ShutdownReceipt { actors: receipts, stragglers: shared.reaper.live(), joined, elapsed: started.elapsed() }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System")
            .field("name", &self.name())
            .field("actors", &self.status().len())
            .finish_non_exhaustive()
    }
}
