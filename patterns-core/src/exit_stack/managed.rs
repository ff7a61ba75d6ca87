use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::error::{BoxError, ExitError};
use super::{DEFAULT_LIMIT, ExitStack};

/// A resource that is released on every way out: `acquire` is awaited when it is entered, and
/// `release` gets what it returned.
///
/// Use it alone with [`Managed::run`], or [enter](ExitStack::enter) it into a stack.
///
/// `release` runs on a task of its own, obeys neither the token nor the deadline of the work, and
/// runs exactly once, if acquiring succeeded.
///
/// # Comparison to Python's `@asynccontextmanager`
///
/// 1. Acquire and release are two functions, so that no forgotten `try .. finally` in one can skip
///    the release.
/// 2. The release can't be cancelled; it has a limit instead.
///
/// # Examples
///
/// ```
/// use patterns_core::exit_stack::managed;
/// use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
///
/// static OPEN: AtomicBool = AtomicBool::new(false);
///
/// struct Session(u32);
///
/// async fn open() -> std::io::Result<Session> {
///     OPEN.store(true, SeqCst);
///     Ok(Session(7))
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let session = managed(open(), async |_session| {
///     OPEN.store(false, SeqCst);
///     Ok(())
/// });
/// let failed = session
///     .run(async |session| {
///         assert!(OPEN.load(SeqCst));
///         Err::<(), _>(format!("session {} is of no use", session.0).into())
///     })
///     .await;
/// assert_eq!(failed.unwrap_err().to_string(), "session 7 is of no use");
/// assert!(!OPEN.load(SeqCst));
/// # }
/// ```
pub fn managed<R, E, A, F, Fut>(acquire: A, release: F) -> Managed<A, F>
where
    A: Future<Output = Result<R, E>>,
    F: FnOnce(R) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    Managed { name: short_name::<R>().into(), limit: DEFAULT_LIMIT, acquire, release }
}

/// How to acquire and release a resource. Made by [`managed`].
#[must_use = "nothing is acquired until it is run or entered"]
pub struct Managed<A, F> {
    name: Cow<'static, str>,
    limit: Duration,
    acquire: A,
    release: F,
}

impl<A, F> Managed<A, F> {
    /// What errors and shutdown reports call it; by default the name of the resource's type.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How long the release may take in [`run`](Self::run): 30 seconds if not said otherwise. In a
    /// stack the [stack's limit](ExitStack::limit) holds.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Acquires the resource, runs `work` with it, and releases it; returns when it is released.
    ///
    /// # Errors
    ///
    /// - [`ExitError::Work`]: acquiring failed, or the work did.
    /// - [`ExitError::Cleanup`]: the work was done, but the release failed.
    /// - [`ExitError::Both`]: the work failed, and then the release.
    ///
    /// # Panics
    ///
    /// If acquiring or `work` does, and outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if acquiring and `work` are: the release still runs, and the ambient
    /// [`Reaper`](crate::reaper::Reaper) waits for it.
    pub async fn run<R, E, Fut, T, W>(self, work: W) -> Result<T, ExitError>
    where
        A: Future<Output = Result<R, E>>,
        R: Send + 'static,
        E: Into<BoxError>,
        F: FnOnce(R) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
        W: AsyncFnOnce(&mut R) -> Result<T, BoxError>,
    {
        ExitStack::new()
            .limit(self.limit)
            .run(async |stack| {
                let mut resource = stack.enter(self).await.map_err(Into::into)?;
                work(&mut resource).await
            })
            .await
    }

    pub(super) fn into_parts(self) -> (Cow<'static, str>, A, F) {
        (self.name, self.acquire, self.release)
    }
}

impl<A, F> fmt::Debug for Managed<A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Managed").field("name", &self.name).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// `a::b::Session<c::D>` as `Session`.
fn short_name<R>() -> &'static str {
    let name = std::any::type_name::<R>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}
