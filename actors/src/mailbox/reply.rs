use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use actix::{Actor, Message, dev::MessageResponse};
use futures_util::future::LocalBoxFuture;
use patterns_core::context::Context;
use patterns_core::outcome::{Panic, catch_panics};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::{Instrument, Span};

use super::link::Link;
use super::stage::Stage;

/// An answer that a future gives, beside the actor: `type Result = Reply<T>`.
///
/// The future belongs to the actor and to the asker. It is dropped when the asker goes away (its
/// deadline passed, it was cancelled or dropped) and when the actor has stopped; a stop waits for it as
/// long as its deadline allows. It runs under the asker's deadline and token. A panic in it fails
/// this ask only ([`AskError::Panicked`](crate::AskError::Panicked)). Any number of them under way
/// costs the actor nothing.
///
/// For a message that was told, not asked, it runs to its end or to the actor's.
///
/// # Comparison to `actix::ResponseFuture`
///
/// A `ResponseFuture` works too, but it goes on when nobody waits for it any more and after the actor has
/// stopped, it sees no deadline, its panic is reported as [`Unanswered`](crate::AskError::Unanswered), and it
/// hides a [circle of asks](super#asks-that-wait-for-themselves).
///
/// # Comparison to `actix::ResponseActFuture`
///
/// It can change the actor's state between awaits, which a `Reply` can't; but each one under way is
/// polled at every turn of its actor, and a restart loses it.
///
/// # Examples
///
/// ```
/// use actors::mailbox::Reply;
/// use actors::prelude::*;
/// use std::time::Duration;
///
/// struct Clock;
///
/// impl Actor for Clock {
///     type Context = Context<Self>;
/// }
///
/// #[derive(Message)]
/// #[rtype(result = "&'static str")]
/// struct RingAfter(Duration);
///
/// impl Handler<RingAfter> for Clock {
///     type Result = Reply<&'static str>;
///
///     fn handle(&mut self, RingAfter(pause): RingAfter, _: &mut Context<Self>) -> Self::Result {
///         Reply::new(async move {
///             tokio::time::sleep(pause).await;
///             assert!(pause.as_secs() != 13, "bad luck");
///             "ding"
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let clock = system.spawn(ActorConfig::named("clock"), || Clock);
/// assert_eq!(clock.ask(RingAfter(Duration::from_secs(7))).await?, "ding");
/// let error = clock.ask(RingAfter(Duration::from_secs(13))).await.unwrap_err();
/// assert_eq!(error.panic().unwrap().message(), "bad luck");
/// assert_eq!(clock.status().panics, 0, "the actor itself is fine");
/// # Ok(()) }
/// ```
#[must_use = "a reply is nothing until the handler returns it"]
pub struct Reply<T>(Answer<T>);

enum Answer<T> {
    Known(T),
    Later(LocalBoxFuture<'static, T>),
}

impl<T> Reply<T> {
    /// An answer that `future` gives.
    pub fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self(Answer::Later(Box::pin(future)))
    }

    /// An answer that is known already, for a handler that only sometimes needs a future.
    pub fn now(value: T) -> Self {
        Self(Answer::Known(value))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

impl<A, M, T> MessageResponse<A, M> for Reply<T>
where
    A: Actor,
    M: Message<Result = T>,
    T: 'static,
{
    fn handle(self, _: &mut A::Context, reply: Option<oneshot::Sender<T>>) {
        let future = match self.0 {
            Answer::Later(future) => future,
            Answer::Known(value) => return drop(reply.map(|reply| reply.send(value))),
        };
        let failure = Rc::<Failure>::default();
        let answer = catch_panics(give(future, reply));
        let noted = failure.clone();
        let work = async move {
            if let Err(panic) = answer.await {
                tracing::warn!(%panic, "a reply failed");
                noted.0.set(Some(panic));
            }
        };
        let work = work.instrument(Span::current());
        // The asker's, where it has one: deadline, token, and the actor's place in the tree of tasks.
        let work: LocalBoxFuture<'static, ()> = match Context::try_current() {
            Some(context) => Box::pin(context.scope(work)),
            None => Box::pin(work),
        };
        let Some(stage) = Stage::current() else {
            // An actor that was started by actix itself: as with a `ResponseFuture`, nobody owns it.
            drop(actix_rt::spawn(work));
            return;
        };
        let work: LocalBoxFuture<'static, ()> = match stage.answers().handling() {
            Some(ask) => Box::pin(Link::scope(stage.hub().clone(), ask, work)),
            None => work,
        };
        stage.answers().replies().adopt(work, failure);
    }
}

/// Answers, unless nobody wants to know any more.
async fn give<T>(answer: LocalBoxFuture<'static, T>, reply: Option<oneshot::Sender<T>>) {
    let Some(mut reply) = reply else {
        answer.await;
        return;
    };
    tokio::select! {
        biased;
        () = reply.closed() => {}
        value = answer => drop(reply.send(value)),
    }
}

/// Why a reply is not coming, for whoever relays it.
#[derive(Default)]
pub(super) struct Failure(Cell<Option<Panic>>);

impl Failure {
    pub(super) fn take(&self) -> Option<Panic> {
        self.0.take()
    }
}

/// The replies of one actor that are under way.
#[derive(Default)]
pub(super) struct Replies {
    /// Made at the first one.
    tasks: RefCell<Option<JoinSet<()>>>,
    /// Of the reply that the handler has just returned.
    latest: Cell<Option<Rc<Failure>>>,
}

impl Replies {
    fn adopt(&self, work: LocalBoxFuture<'static, ()>, failure: Rc<Failure>) {
        self.tasks.borrow_mut().get_or_insert_default().spawn_local(work);
        self.latest.set(Some(failure));
    }

    /// Where the reply that the handler has just returned will say why it failed.
    pub(super) fn take_latest(&self) -> Option<Rc<Failure>> {
        self.latest.take()
    }

    /// Lets go of those that have ended. Returns whether none is under way.
    pub(super) fn poll(&self, cx: &mut std::task::Context<'_>) -> bool {
        let mut tasks = self.tasks.borrow_mut();
        let Some(tasks) = &mut *tasks else { return true };
        while tasks.poll_join_next(cx).is_ready() && !tasks.is_empty() {}
        tasks.is_empty()
    }

    pub(super) fn drop_all(&self) {
        let tasks = self.tasks.take();
        drop(tasks);
    }
}
