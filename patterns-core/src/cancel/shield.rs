use std::time::Duration;

use tokio::sync::oneshot;

use super::{Elapsed, timeout};
use crate::context::Context;
use crate::outcome::{Panic, catch_panics};

/// A commit section that did not finish.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShieldError {
    /// Its own limit passed, and it was dropped where it awaited.
    #[error("the shielded section was cut: {0}")]
    Elapsed(Elapsed),
    /// It panicked.
    #[error("the shielded section {0}")]
    Panicked(Panic),
    /// The tokio runtime ended under it.
    #[error("the runtime ended under the shielded section")]
    RuntimeEnded,
}

impl ShieldError {
    /// Whether the section's own limit passed.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(self, Self::Elapsed(_))
    }

    /// Whether it panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }
}

/// Runs a commit section so that nothing that happens to its caller cuts it: not a drop, a timeout, an
/// abort, nor a cancellation.
///
/// `fut` runs as a task of its own from the first poll of this. If the caller is still there, it gets the
/// result; if not, the section goes on, and the enclosing [`TaskGroup`](crate::task_group::TaskGroup)
/// or the root [`Reaper`](crate::reaper::Reaper) waits for it. Inside, the ambient token is not
/// cancelled and the ambient deadline is `limit` from now: the section's own limit, and the only
/// thing that cuts it. So a shutdown waits, but never longer than that.
///
/// For the few lines that must not be cut in half: commit, rename, send the answer. Whatever can be
/// redone is better left to cancellation. However, before the first poll nothing has been started:
/// a shield that is dropped unpolled does nothing.
///
/// Waiting for the section obeys neither the ambient token nor the ambient deadline; a
/// [`timeout`](super::timeout) around it still returns on time.
///
/// # Comparison to Python's `asyncio.shield`
///
/// 1. The section is owned: it can't be lost to a garbage collector, and shutdown waits for it.
/// 2. It has a limit of its own, and cancellation is not visible inside.
///
/// # Errors
///
/// - [`ShieldError::Elapsed`]: `limit` passed.
/// - [`ShieldError::Panicked`]: the section panicked.
/// - [`ShieldError::RuntimeEnded`]: the tokio runtime ended first.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// # Cancel safety
///
/// Cancel safe: dropped, only the result is lost.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::{shield, timeout};
/// use patterns_core::reaper::Reaper;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// static COMMITTED: AtomicBool = AtomicBool::new(false);
/// let commit = || async {
///     sleep(Duration::from_secs(2)).await;
///     COMMITTED.store(true, Ordering::SeqCst);
///     "committed"
/// };
/// let limit = Duration::from_secs(10);
///
/// assert_eq!(shield(limit, commit()).await.unwrap(), "committed");
/// assert!(shield(Duration::from_secs(1), commit()).await.unwrap_err().is_elapsed());
///
/// // The caller is cut after a second; the section is not, and the root waits for it.
/// COMMITTED.store(false, Ordering::SeqCst);
/// let root = Reaper::new();
/// root.run(async {
///     assert!(timeout(Duration::from_secs(1), shield(limit, commit())).await.is_err());
///     assert!(!COMMITTED.load(Ordering::SeqCst));
/// }).await;
/// assert!(COMMITTED.load(Ordering::SeqCst));
/// # }
/// ```
pub async fn shield<F>(limit: Duration, fut: F) -> Result<F::Output, ShieldError>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (answer, result) = oneshot::channel();
    let section = async move {
        // If nobody waits for it any more, the value is dropped here, while the section still counts.
        let _ = answer.send(catch_panics(timeout(limit, fut)).await);
    };
    // Owned by the reaper; the handle would only say what `result` does.
    drop(Context::current().reaper().spawn("shield", section));
    match result.await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(elapsed))) => Err(ShieldError::Elapsed(elapsed)),
        Ok(Err(panic)) => Err(ShieldError::Panicked(panic)),
        Err(_) => Err(ShieldError::RuntimeEnded),
    }
}
