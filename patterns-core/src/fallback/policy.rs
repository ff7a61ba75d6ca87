use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Plain, Recover, Value, With, WithAsync};

/// What to do instead of failing: a policy for [`run`](Self::run), and a stage of a
/// [`Policy`](crate::policy::Policy).
///
/// `K` is how the default is made: a [value](Self::value), a [closure](Self::with) of the error, or an
/// [async one](Self::with_async). `M` says how the error is looked at, and is inferred: see [`AsError`](super::AsError).
///
/// # Examples
///
/// ```
/// use patterns_core::fallback::Fallback;
/// use std::io;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> io::Result<()> {
/// let swallowed = Arc::new(AtomicU32::new(0));
/// let count = Arc::clone(&swallowed);
/// let or_cached = Fallback::with_async(async |error: io::Error| format!("cached, as {error}"))
///     .on_fallback(move |_| { count.fetch_add(1, Ordering::Relaxed); });
///
/// assert_eq!(or_cached.run(async { Ok::<_, io::Error>("fresh".to_owned()) }).await?, "fresh");
/// let down = or_cached.run(async { Err::<String, _>(io::Error::other("the server is down")) });
/// assert_eq!(down.await?, "cached, as the server is down");
/// assert_eq!(swallowed.load(Ordering::Relaxed), 1);
/// # Ok(()) }
/// ```
pub struct Fallback<K, M = Plain> {
    pub(super) substitute: K,
    pub(super) hook: Option<Hook>,
    look: PhantomData<fn() -> M>,
}

pub(super) type Hook = Arc<dyn Fn(&(dyn Error + 'static)) + Send + Sync>;

impl<T, M> Fallback<Value<T>, M> {
    /// A clone of this value.
    #[must_use]
    pub fn value(value: T) -> Self {
        Self::new(Value(value))
    }
}

impl<F, M> Fallback<With<F>, M> {
    /// What this closure makes of the error.
    #[must_use]
    pub fn with<T, E>(closure: F) -> Self
    where
        F: Fn(E) -> T,
    {
        Self::new(With(closure))
    }
}

impl<F, M> Fallback<WithAsync<F>, M> {
    /// What this async closure makes of the error: a look into a cache, say. It runs after whatever has failed is
    /// gone, outside of its limits.
    #[must_use]
    pub fn with_async<T, E, Fut>(closure: F) -> Self
    where
        F: Fn(E) -> Fut,
        Fut: Future<Output = T>,
    {
        Self::new(WithAsync(closure))
    }
}

impl<K, M> Fallback<K, M> {
    fn new(substitute: K) -> Self {
        Self { substitute, hook: None, look: PhantomData }
    }

    /// Shows every error to this closure before it is swallowed: to count it, say. One hook; a later one takes the
    /// place of an earlier one.
    #[must_use]
    pub fn on_fallback(mut self, hook: impl Fn(&(dyn Error + 'static)) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Awaits `fut`; where it fails, makes the default instead, unless it failed because it was cancelled.
    ///
    /// # Errors
    ///
    /// `fut`'s own, where it says that the work was cancelled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `fut` and an async default are: dropping this drops the one that runs.
    pub async fn run<T, E, Fut, P>(&self, fut: Fut) -> Result<T, E>
    where
        Self: Recover<T, E, Future = P>,
        Fut: Future<Output = Result<T, E>>,
        P: Future<Output = Result<T, E>>,
    {
        match fut.await {
            Ok(value) => Ok(value),
            Err(error) => self.recover(error).await,
        }
    }
}

impl<K: Clone, M> Clone for Fallback<K, M> {
    fn clone(&self) -> Self {
        Self { substitute: self.substitute.clone(), hook: self.hook.clone(), look: PhantomData }
    }
}

impl<K: fmt::Debug, M> fmt::Debug for Fallback<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback")
            .field("substitute", &self.substitute)
            .field("hook", &self.hook.is_some())
            .finish_non_exhaustive()
    }
}
