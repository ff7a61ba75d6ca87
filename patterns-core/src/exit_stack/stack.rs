use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::cleanup::{Cleanups, Report, start};
use super::error::{BoxError, CleanupErrors, ExitError};
use super::managed::Managed;
use super::slot::{Entered, Slot};
use super::{DEFAULT_LIMIT, Exit};
use crate::context::Context;
use crate::outcome::catch_panics;
use crate::reaper::Reaper;

/// Runs every cleanup that was pushed exactly once, last in first out, on every way out: ok, error,
/// panic, cancellation, drop and abort.
///
/// Use [`run`](Self::run) around the work. It also waits for what the work itself let go of (dropped
/// groups, shields, inner stacks) before the first cleanup runs, so that nothing is released under
/// whoever still uses it. Where work and stack can't be in one function, keep a stack, push, and
/// [`close`](Self::close) it; its destructor does the rest.
///
/// A stack that is dropped unclosed hands its cleanups over to the [`Reaper`] of the context. They
/// run then, but nobody in particular waits, and of two stacks dropped together the order is only
/// kept if the inner one was made inside of the outer one's [`run`](Self::run).
///
/// # Comparison to Python's `AsyncExitStack`
///
/// 1. A cancelled task can't cut a cleanup short, nor a second cancellation: the cleanups have a task of their own.
/// 2. Each cleanup has a limit, and is reported if it passes it.
/// 3. All errors of cleanups are kept, not only the last with a chain of contexts.
/// 4. A cleanup can't swallow the work's error.
///
/// # Defaults
///
/// Each cleanup may take 30 seconds ([`DEFAULT_LIMIT`]).
///
/// # Examples
///
/// ```
/// use patterns_core::exit_stack::ExitStack;
/// use std::sync::{Arc, Mutex};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let failed = ExitStack::new()
///     .run(async |stack| {
///         for name in ["file", "connection", "lock"] {
///             let log = log.clone();
///             stack.push(name, async move || {
///                 log.lock().unwrap().push(name);
///                 if name == "connection" { Err("reset by peer".into()) } else { Ok(()) }
///             });
///         }
///         let page: u32 = "seven".parse()?;
///         Ok(page)
///     })
///     .await
///     .unwrap_err();
///
/// assert_eq!(*log.lock().unwrap(), ["lock", "connection", "file"]);
/// assert_eq!(failed.work().unwrap().to_string(), "invalid digit found in string");
/// assert_eq!(failed.to_string(), "the work failed, and then 1 cleanup failed: connection: reset by peer");
/// # }
/// ```
#[must_use = "dropping it runs its cleanups"]
pub struct ExitStack {
    cleanups: Mutex<Cleanups>,
    limit: Duration,
    /// Collects what the work in `run` lets go of.
    leftovers: Option<Reaper>,
    /// Where to run the cleanups if it is dropped outside of a runtime.
    runtime: Option<Handle>,
}

impl ExitStack {
    /// A stack with no cleanup yet.
    pub fn new() -> Self {
        Self { cleanups: Mutex::default(), limit: DEFAULT_LIMIT, leftovers: None, runtime: Handle::try_current().ok() }
    }

    /// How long each cleanup may take, and the wait for what the work let go of;
    /// [`DEFAULT_LIMIT`] if not said otherwise.
    ///
    /// A cleanup is dropped at the limit, and the next one runs.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Adds a cleanup, to be run before all that are there already. The name is what errors, logs and
    /// shutdown reports call it.
    pub fn push<F, Fut>(&self, name: impl Into<Cow<'static, str>>, cleanup: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.push_with(name, move |_| cleanup());
    }

    /// Adds a cleanup that is told how the work ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::exit_stack::{Exit, ExitStack};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let stack = ExitStack::new();
    /// stack.push_with("upload", async |exit: Exit| {
    ///     if exit.is_ok() { Ok(()) } else { Err("aborted the upload".into()) }
    /// });
    /// assert!(stack.close().await.is_ok());
    /// # }
    /// ```
    pub fn push_with<F, Fut>(&self, name: impl Into<Cow<'static, str>>, cleanup: F)
    where
        F: FnOnce(Exit) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.cleanups.lock().push(name.into(), cleanup);
    }

    /// Acquires a resource, and releases it when the stack's turn comes to it.
    ///
    /// # Errors
    ///
    /// What acquiring it returned. Nothing is pushed then.
    ///
    /// # Panics
    ///
    /// Only where acquiring does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if acquiring is: from the moment that it returns, the stack has the release.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::exit_stack::{ExitStack, managed};
    /// use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (ours, mut theirs) = duplex(64);
    /// let pipe = managed(async { std::io::Result::Ok(ours) }, async |mut pipe: DuplexStream| {
    ///     pipe.shutdown().await?;
    ///     Ok(())
    /// });
    /// ExitStack::new()
    ///     .run(async |stack| {
    ///         let mut pipe = stack.enter(pipe).await?;
    ///         pipe.write_all(b"hello").await?;
    ///         Ok(())
    ///     })
    ///     .await
    ///     .unwrap();
    /// assert_eq!(tokio::io::AsyncReadExt::read_to_end(&mut theirs, &mut Vec::new()).await.unwrap(), 5);
    /// # }
    /// ```
    pub async fn enter<R, E, A, F, Fut>(&self, managed: Managed<A, F>) -> Result<Entered<'_, R>, E>
    where
        A: Future<Output = Result<R, E>>,
        R: Send + 'static,
        F: FnOnce(R) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (name, acquire, release) = managed.into_parts();
        let slot = Slot::new(acquire.await?);
        let held = slot.take().expect("just put there");
        self.push(name, async move || match slot.take() {
            Some(held) => release(held.into_inner()).await,
            // The guard borrows the stack: it can't be alive here, only forgotten.
            None => Err("it was leaked by `mem::forget`".into()),
        });
        Ok(Entered::new(held))
    }

    /// Runs `work`, and then the cleanups that it pushed; returns when they are done.
    ///
    /// A panic of `work` goes on once the cleanups are done; their errors are logged in that case,
    /// as there is nobody to return them to. (The panic's text and place are kept, another payload
    /// than a text is not.)
    ///
    /// # Errors
    ///
    /// - [`ExitError::Work`]: the work's error.
    /// - [`ExitError::Cleanup`]: the work was done, but cleanups failed.
    /// - [`ExitError::Both`]: both failed.
    ///
    /// # Panics
    ///
    /// If `work` does, and outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `work` is: dropped at any point, every cleanup pushed so far still runs, and
    /// the ambient [`Reaper`] waits for it.
    pub async fn run<T, W>(self, work: W) -> Result<T, ExitError>
    where
        W: AsyncFnOnce(&Self) -> Result<T, BoxError>,
    {
        let (work, cleanup) = self.settle(work).await;
        ExitError::join(work, cleanup)
    }

    /// [`run`](Self::run) that keeps what the work and the cleanups return apart, so that neither
    /// a value nor the type of an error is lost.
    ///
    /// # Panics
    ///
    /// If `work` does, and outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::exit_stack::ExitStack;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (value, cleanup) = ExitStack::new()
    ///     .settle(async |stack| {
    ///         stack.push("log", async || Err("disk full".into()));
    ///         Ok::<_, std::io::Error>(42)
    ///     })
    ///     .await;
    /// assert_eq!(value.unwrap(), 42);
    /// assert_eq!(cleanup.unwrap_err().to_string(), "1 cleanup failed: log: disk full");
    /// # }
    /// ```
    pub async fn settle<T, E, W>(mut self, work: W) -> (Result<T, E>, Result<(), CleanupErrors>)
    where
        E: fmt::Display,
        W: AsyncFnOnce(&Self) -> Result<T, E>,
    {
        let leftovers = self.leftovers.get_or_insert_default().clone();
        let context = Context::current().with_reaper(leftovers);
        let ended = catch_panics(context.scope(work(&self))).await;
        let report = self.unwind(Exit::of(&ended)).await;
        match ended {
            Ok(ended) => (ended, report.and_then(Report::take)),
            Err(panic) => panic.resume(),
        }
    }

    /// Runs the cleanups as after work that went well.
    ///
    /// # Errors
    ///
    /// All the cleanups that failed, in the order in which they ran.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped at any point, the cleanups still run.
    pub async fn close(mut self) -> Result<(), CleanupErrors> {
        self.unwind(Exit::Ok).await.and_then(Report::take)
    }

    async fn unwind(&mut self, exit: Exit) -> Result<Report, CleanupErrors> {
        // On its own runtime, where this is awaited outside of any.
        let runtime = Handle::try_current().ok().or_else(|| self.runtime.clone());
        let Some((cleanups, leftovers)) = self.take() else { return Ok(Report::default()) };
        let names: Vec<_> = cleanups.names().rev().cloned().collect();
        let report = {
            let _entered = runtime.as_ref().map(Handle::enter);
            start(cleanups, exit, self.limit, leftovers)
        };
        report.await.map_err(|_| CleanupErrors::lost(names))
    }

    /// What there is to be done, if anything.
    fn take(&mut self) -> Option<(Cleanups, Option<Reaper>)> {
        let cleanups = std::mem::take(self.cleanups.get_mut());
        let leftovers = self.leftovers.take().filter(|leftovers| !leftovers.live().is_empty());
        if cleanups.is_empty() && leftovers.is_none() { None } else { Some((cleanups, leftovers)) }
    }
}

impl Drop for ExitStack {
    fn drop(&mut self) {
        let Some((cleanups, leftovers)) = self.take() else { return };
        // Without a runtime `cleanups` says in its own destructor that it never ran.
        if let Some(runtime) = Handle::try_current().ok().or_else(|| self.runtime.take()) {
            let _entered = runtime.enter();
            drop(start(cleanups, Exit::of_drop(), self.limit, leftovers));
        }
    }
}

impl Default for ExitStack {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ExitStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cleanups = self.cleanups.lock();
        let names: Vec<_> = cleanups.names().collect();
        f.debug_struct("ExitStack").field("cleanups", &names).field("limit", &self.limit).finish_non_exhaustive()
    }
}
