//! What a task inherits: a deadline, a cancel token, a path of names, and whoever adopts what it drops.
//!
//! The context is ambient (task-local), so that no function needs a parameter for it. Children of a
//! [`TaskGroup`](crate::task_group::TaskGroup) inherit it; a bare `tokio::spawn` does not:
//! wrap its future in [`Context::current`]`().scope(..)`.
//!
//! Nearly everything in this workspace that waits (not what waits for the end of work: a task's handle, a shield, a
//! reaper) does it [interruptibly](interruptible): it ends early when
//! the ambient token is cancelled or the ambient deadline passes, and says which.
//!
//! In the book: [context](../../../book/context.html).
mod header;
mod interrupt;
mod limit;
mod path;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cancel::CancelToken;
use crate::reaper::Reaper;
use crate::task_group::Task;

pub use header::ParseTimeoutError;
pub(crate) use interrupt::{DeadlinePassed, interrupted, interruptible_as};
pub use interrupt::{Interrupt, interruptible, sleep};
pub(crate) use limit::under;
pub use path::TaskPath;

tokio::task_local! {
    static CURRENT: Context;
}

/// What a task inherits. Cheap to clone; a changed context is a new one.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::{timeout, CancelToken};
/// use patterns_core::context::{self, Context};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let token = CancelToken::new();
/// let context = Context::current().with_token(token.clone());
/// context.scope(async {
///     assert!(!context::is_cancelled());
///     token.cancel("enough");
///     assert!(context::is_cancelled());
///     // Everything that waits ends early now, and says why.
///     let interrupt = context::sleep(Duration::from_secs(60)).await.unwrap_err();
///     assert_eq!(interrupt.cause().unwrap().message(), "enough");
/// }).await;
/// # }
/// ```
#[derive(Clone)]
pub struct Context(Kind);

#[derive(Clone)]
enum Kind {
    Scope(Arc<Scope>),
    /// A group's child: one allocation holds all that it has of its own, and its token and path are
    /// made when somebody looks, since most children end before anybody does.
    Task(Arc<Task>),
}

#[derive(Clone)]
struct Scope {
    deadline: Option<Instant>,
    token: CancelToken,
    path: TaskPath,
    reaper: Reaper,
}

impl Context {
    /// The context of the running task; a root context outside of any.
    ///
    /// A root context has no deadline, a token of its own that nobody cancels, an empty path, and
    /// the process-wide [`Reaper`].
    #[must_use]
    pub fn current() -> Self {
        Self::try_current().unwrap_or_else(|| Self::root(Reaper::global()))
    }

    /// The context of the running task, if it has one.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        let context = Self::try_here();
        match limit::is_noted().then(limit::deadline).flatten() {
            None => context,
            Some(deadline) => Some(context.unwrap_or_else(|| Self::root(Reaper::global())).with_deadline(deadline)),
        }
    }

    /// [`try_current`](Self::try_current) without limits that are only noted, for those who ask for the names or
    /// the token: it starts no clock and makes no context.
    pub(crate) fn try_here() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// A root context whose leftovers go to `reaper`.
    #[must_use]
    pub fn root(reaper: Reaper) -> Self {
        Self::from_scope(Scope { deadline: None, token: CancelToken::new(), path: TaskPath::root(), reaper })
    }

    /// The context of a group that is named `name` and waits for what goes to `reaper`.
    pub(crate) fn for_group(&self, name: Cow<'static, str>, reaper: Reaper) -> Self {
        Self::from_scope(Scope {
            deadline: self.deadline(),
            token: self.token().child(),
            path: self.path().join(name),
            reaper,
        })
    }

    /// The context of a group's child.
    pub(crate) fn of_task(task: Arc<Task>) -> Self {
        Self(Kind::Task(task))
    }

    fn from_scope(scope: Scope) -> Self {
        Self(Kind::Scope(Arc::new(scope)))
    }

    /// The instant by which the work must be done, if there is one.
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.0 {
            Kind::Scope(scope) => scope.deadline,
            Kind::Task(task) => task.group().context().deadline(),
        }
    }

    /// The time left until the deadline; zero once it has passed; `None` without one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The token that asks this work to stop.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        match &self.0 {
            Kind::Scope(scope) => &scope.token,
            Kind::Task(task) => task.token(),
        }
    }

    /// Whether its token is cancelled: without making one for a task that has none yet.
    fn is_cancelled(&self) -> bool {
        match &self.0 {
            Kind::Scope(scope) => scope.token.is_cancelled(),
            Kind::Task(task) => task.is_cancelled(),
        }
    }

    /// The names that this work runs under.
    #[must_use]
    pub fn path(&self) -> &TaskPath {
        match &self.0 {
            Kind::Scope(scope) => &scope.path,
            Kind::Task(task) => task.path(),
        }
    }

    /// Whoever adopts what this work drops before it is finished.
    #[must_use]
    pub fn reaper(&self) -> &Reaper {
        match &self.0 {
            Kind::Scope(scope) => &scope.reaper,
            Kind::Task(task) => task.group().context().reaper(),
        }
    }

    /// This context with a deadline no later than `deadline`: an earlier one stays.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        let deadline = self.deadline().map_or(deadline, |outer| outer.min(deadline));
        self.change(|scope| scope.deadline = Some(deadline))
    }

    /// This context without a deadline, for cleanup that has its own limit.
    #[must_use]
    pub fn without_deadline(&self) -> Self {
        self.change(|scope| scope.deadline = None)
    }

    /// This context under another token. Make it a child of [`token`](Self::token), unless the work
    /// is meant to go on when this context is cancelled.
    #[must_use]
    pub fn with_token(&self, token: CancelToken) -> Self {
        self.change(|scope| scope.token = token)
    }

    /// This context one name deeper.
    #[must_use]
    pub fn named(&self, name: impl Into<Cow<'static, str>>) -> Self {
        self.change(|scope| scope.path = scope.path.join(name))
    }

    /// This context at another place of the tree of names.
    #[must_use]
    pub(crate) fn with_path(&self, path: TaskPath) -> Self {
        self.change(|scope| scope.path = path)
    }

    /// This context with its leftovers going to `reaper`.
    #[must_use]
    pub fn with_reaper(&self, reaper: Reaper) -> Self {
        self.change(|scope| scope.reaper = reaper)
    }

    /// Whether nobody else holds this context, its token or a child of it, and the token is not cancelled: whatever
    /// ran in it has left nothing behind, so it may be used for the next piece of work as if it were new.
    ///
    /// Only for a context whose token has no parent; for others this is `false`.
    #[must_use]
    pub fn is_pristine(&mut self) -> bool {
        match &mut self.0 {
            Kind::Scope(scope) => Arc::get_mut(scope).is_some_and(|scope| scope.token.is_pristine()),
            Kind::Task(_) => false,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Scope)) -> Self {
        let mut scope = match &self.0 {
            Kind::Scope(scope) => Scope::clone(scope),
            Kind::Task(_) => Scope {
                deadline: self.deadline(),
                token: self.token().clone(),
                path: self.path().clone(),
                reaper: self.reaper().clone(),
            },
        };
        change(&mut scope);
        Self::from_scope(scope)
    }

    /// Runs `fut` in this context.
    ///
    /// This sets the deadline; whoever made it enforces it ([`timeout`](crate::cancel::timeout)), and
    /// every wait in `fut` obeys it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `fut` is: dropping this drops `fut`.
    pub fn scope<F: Future>(&self, fut: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self.clone(), fut)
    }

    /// Runs `f` in this context, for code that does not await.
    pub fn sync_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self.clone(), f)
    }

    /// The time left as a `grpc-timeout` header writes it (`"1500m"`), rounded down.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::context::Context;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let there = Context::current().with_timeout_header("1500m")?;
    /// assert_eq!(there.remaining(), Some(Duration::from_millis(1500)));
    /// assert_eq!(there.timeout_header().as_deref(), Some("1500000u"));
    /// assert!(Context::current().with_timeout_header("soon").is_err());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn timeout_header(&self) -> Option<String> {
        self.remaining().map(header::format)
    }

    /// This context with the deadline that a `grpc-timeout` header asks for.
    ///
    /// # Errors
    ///
    /// [`ParseTimeoutError`] where the text is not one to eight digits and a unit.
    pub fn with_timeout_header(&self, text: &str) -> Result<Self, ParseTimeoutError> {
        let timeout = header::parse(text)?;
        Ok(self.with_deadline(far_future_or(Instant::now().checked_add(timeout))))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("path", self.path())
            .field("remaining", &self.remaining())
            .field("token", self.token())
            .finish_non_exhaustive()
    }
}

/// A deadline that overflowed the clock, as one that is as good as never.
pub(crate) fn far_future_or(deadline: Option<Instant>) -> Instant {
    deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400 * 365 * 30))
}

/// The ambient deadline, if there is one.
#[inline]
#[must_use]
pub fn deadline() -> Option<Instant> {
    let own = CURRENT.try_with(Context::deadline).ok().flatten();
    if limit::is_noted() { earlier(own, limit::deadline()) } else { own }
}

/// Whether the ambient deadline has passed, as far as anybody has started its clock.
pub(crate) fn is_late() -> bool {
    let own = CURRENT.try_with(Context::deadline).ok().flatten();
    earlier(own, limit::known_deadline()).is_some_and(|deadline| deadline <= Instant::now())
}

/// Which scope this is, to be told from others while it lasts.
fn scope() -> usize {
    CURRENT
        .try_with(|context| match &context.0 {
            Kind::Scope(scope) => Arc::as_ptr(scope).addr(),
            Kind::Task(task) => Arc::as_ptr(task).addr(),
        })
        .unwrap_or(0)
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}

/// The time left until the ambient deadline; `None` without one.
#[must_use]
pub fn remaining() -> Option<Duration> {
    deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Whether the work may have to end by now: where this says no, it needn't. One look, at no clock.
#[inline]
pub(crate) fn may_be_over() -> bool {
    CURRENT.try_with(|context| context.deadline().is_some() || context.is_cancelled()).unwrap_or(false)
}

/// Whether the ambient token is cancelled: for loops that don't await.
#[must_use]
pub fn is_cancelled() -> bool {
    CURRENT.try_with(Context::is_cancelled).unwrap_or(false)
}
