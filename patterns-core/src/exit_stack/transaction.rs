use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::error::{BoxError, CleanupError, CleanupErrors};
use super::slot::Slot;
use super::{DEFAULT_LIMIT, Exit, ExitStack};

const COMMIT: &str = "commit";
const ROLLBACK: &str = "rollback";

/// Something that is committed or rolled back as a whole.
///
/// [`transaction`] calls [`commit`](Self::commit) at most once and never after a rollback. After a
/// commit that failed, panicked or took too long it calls [`rollback`](Self::rollback), which then
/// has to make sure that nothing stays half open.
///
/// # Examples
///
/// See [`transaction`].
pub trait Transactional: Send + 'static {
    /// What commit and rollback fail with.
    type Error: Into<BoxError>;

    /// Makes the changes lasting. Its future is dropped at the [limit](Transaction::limit).
    ///
    /// # Errors
    ///
    /// Where the changes did not last, or may not.
    fn commit(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Undoes the changes. Its future is dropped at the [limit](Transaction::limit).
    ///
    /// # Errors
    ///
    /// Where that was not possible: the underlying connection should then be thrown away.
    fn rollback(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Runs `work` in a transaction: commits if it returns a value, rolls back on everything else, be it
/// an error, a panic, a cancellation that ends it with an error, or a drop.
///
/// Commit and rollback run on a task of their own, each with a limit of 30 seconds
/// ([`Transaction::limit`] changes it): a caller who is dropped or aborted during the commit does
/// not cut it short. `work` that returns a value is committed even if the ambient token was
/// cancelled meanwhile.
///
/// # Limits
///
/// A commit that is dropped at its limit, or whose answer is lost, may or may not have happened;
/// only the other side knows. It is reported as [`TransactionError::Commit`].
///
/// # Errors
///
/// - [`TransactionError::Work`]: the work failed; everything is rolled back.
/// - [`TransactionError::Rollback`]: the work failed, and then the rollback.
/// - [`TransactionError::Commit`]: the work was done, but the commit failed.
///
/// # Panics
///
/// If `work` does, after the rollback; and outside of a tokio runtime.
///
/// # Cancel safety
///
/// Cancel safe if `work` is: dropped before the end of `work` it is rolled back, dropped after that
/// the commit goes on. The ambient [`Reaper`](crate::reaper::Reaper) waits for it.
///
/// # Examples
///
/// ```
/// use patterns_core::exit_stack::{Transactional, transaction};
/// use std::convert::Infallible;
/// use std::sync::{Arc, Mutex};
///
/// struct Edit {
///     saved: Arc<Mutex<String>>,
///     text: String,
/// }
///
/// impl Transactional for Edit {
///     type Error = Infallible;
///
///     async fn commit(&mut self) -> Result<(), Infallible> {
///         *self.saved.lock().unwrap() = std::mem::take(&mut self.text);
///         Ok(())
///     }
///
///     async fn rollback(&mut self) -> Result<(), Infallible> {
///         self.text.clear();
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let saved = Arc::new(Mutex::new(String::new()));
/// let edit = || Edit { saved: saved.clone(), text: String::new() };
///
/// let length = transaction(edit(), async |edit| {
///     edit.text.push_str("hello");
///     Ok(edit.text.len())
/// });
/// assert_eq!(length.await.unwrap(), 5);
///
/// let failed = transaction(edit(), async |edit| {
///     edit.text.push_str("goodbye");
///     Err::<(), _>("changed my mind".into())
/// });
/// assert_eq!(failed.await.unwrap_err().to_string(), "changed my mind");
/// assert_eq!(*saved.lock().unwrap(), "hello");
/// # }
/// ```
pub async fn transaction<X, T, W>(tx: X, work: W) -> Result<T, TransactionError>
where
    X: Transactional,
    W: AsyncFnOnce(&mut X) -> Result<T, BoxError>,
{
    Transaction::new(tx).run(work).await
}

/// [`transaction`] with its settings in the open.
///
/// # Defaults
///
/// Commit and rollback may each take 30 seconds.
#[derive(Debug)]
#[must_use = "nothing is committed until `run`"]
pub struct Transaction<X> {
    tx: X,
    limit: Duration,
}

impl<X: Transactional> Transaction<X> {
    /// One with the defaults, for a transaction that has begun.
    pub fn new(tx: X) -> Self {
        Self { tx, limit: DEFAULT_LIMIT }
    }

    /// How long the commit and the rollback may each take.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs `work`; see [`transaction`].
    ///
    /// # Errors
    ///
    /// - [`TransactionError::Work`]: the work failed; everything is rolled back.
    /// - [`TransactionError::Rollback`]: the work failed, and then the rollback.
    /// - [`TransactionError::Commit`]: the work was done, but the commit failed.
    ///
    /// # Panics
    ///
    /// If `work` does, after the rollback; and outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`transaction`].
    pub async fn run<T, W>(self, work: W) -> Result<T, TransactionError>
    where
        W: AsyncFnOnce(&mut X) -> Result<T, BoxError>,
    {
        let slot = Slot::new(self.tx);
        let stack = ExitStack::new().limit(self.limit);
        let committed = Arc::new(AtomicBool::new(false));

        // Two cleanups, the commit on top: whatever becomes of it, the rollback knows.
        stack.push(ROLLBACK, {
            let (slot, committed) = (slot.clone(), committed.clone());
            async move || {
                if committed.load(Ordering::Acquire) {
                    return Ok(());
                }
                let mut tx = slot.take().ok_or("it is still in use")?;
                tx.rollback().await.map_err(Into::into)
            }
        });
        stack.push_with(COMMIT, {
            let slot = slot.clone();
            async move |exit: Exit| {
                if exit.is_ok() {
                    let mut tx = slot.take().ok_or("it is still in use")?;
                    tx.commit().await.map_err(Into::into)?;
                    committed.store(true, Ordering::Release);
                }
                Ok(())
            }
        });

        let (ended, cleanup) = stack
            .settle(async |_| {
                let mut tx = slot.take().expect("nobody else has it before the cleanups");
                work(&mut tx).await
            })
            .await;
        TransactionError::join(ended, cleanup)
    }
}

/// A [`transaction`] that is not known to be committed.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransactionError {
    /// The work failed, and everything is rolled back. Displays as the work's error.
    Work(BoxError),
    /// The work failed, and then the rollback.
    Rollback {
        /// The work's error.
        work: BoxError,
        /// The rollback's.
        rollback: CleanupError,
    },
    /// The work was done, but the commit failed.
    Commit {
        /// The commit's error.
        commit: CleanupError,
        /// The error of the rollback after it, if that failed too.
        rollback: Option<CleanupError>,
    },
}

impl TransactionError {
    fn join<T>(work: Result<T, BoxError>, cleanup: Result<(), CleanupErrors>) -> Result<T, Self> {
        let (mut commit, mut rollback) = (None, None);
        for error in cleanup.err().into_iter().flatten() {
            match error.name() {
                // A task that the work let go of: it does not have the transaction, which was lent
                // to the work alone, so how this ends does not depend on it.
                straggler if error.is_of_straggler() => {
                    tracing::warn!(straggler, "still running when the transaction ended");
                }
                COMMIT => commit = Some(error),
                _ => rollback = Some(error),
            }
        }
        match (work, commit, rollback) {
            // After a commit that went well the rollback does nothing that could fail.
            (Ok(value), None, _) => Ok(value),
            (Ok(_), Some(commit), rollback) => Err(Self::Commit { commit, rollback }),
            (Err(work), _, None) => Err(Self::Work(work)),
            (Err(work), _, Some(rollback)) => Err(Self::Rollback { work, rollback }),
        }
    }

    /// The work's error, where the work failed.
    #[must_use]
    pub fn work(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self {
            Self::Work(work) | Self::Rollback { work, .. } => Some(&**work),
            Self::Commit { .. } => None,
        }
    }
}

impl fmt::Display for TransactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work(work) => work.fmt(f),
            Self::Rollback { rollback, .. } => write!(f, "the work failed, and so did the {rollback}"),
            Self::Commit { commit, rollback: None } => write!(f, "not committed: {commit}"),
            Self::Commit { commit, rollback: Some(rollback) } => {
                write!(f, "not committed: {commit}; and not rolled back: {rollback}")
            }
        }
    }
}

impl Error for TransactionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Work(work) => work.source(),
            Self::Rollback { work, .. } => Some(&**work),
            Self::Commit { .. } => None,
        }
    }
}
