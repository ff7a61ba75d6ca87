use std::fmt;

use crate::context::Interrupt;

/// Why a task was not spawned; its future is in here, and has not run.
///
/// # Examples
///
/// ```
/// use patterns_core::background::{Background, SpawnError};
/// use std::io;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let background = Background::builder("audit").limit(1).build().unwrap();
/// let write = |n: u32| async move { Ok::<_, io::Error>(n) };
/// background.try_spawn("first", write(1)).unwrap();
///
/// let error = background.try_spawn("second", write(2)).unwrap_err();
/// assert!(matches!(error, SpawnError::Full(_)));
/// assert_eq!(error.to_string(), "the background is full");
/// assert_eq!(error.into_inner().await.unwrap(), 2); // run it here, then
/// # }
/// ```
#[non_exhaustive]
pub enum SpawnError<F = ()> {
    /// All places are taken, and `try_spawn` and `every` don't wait.
    Full(F),
    /// The background takes nothing any more.
    Closed(F),
    /// The wait for a place ended early, as the ambient token was cancelled or the ambient deadline passed.
    Interrupted(F, Interrupt),
}

impl<F> SpawnError<F> {
    /// What was not spawned.
    #[must_use]
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(fut) | Self::Closed(fut) | Self::Interrupted(fut, _) => fut,
        }
    }

    /// The same error without what was not spawned, which is dropped: for `?`, as few futures are `Sync`.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::background::{Background, SpawnError};
    /// use std::io;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let background = Background::new("audit");
    /// background.spawn("write", async { Ok::<_, io::Error>(()) }).await.map_err(SpawnError::without_inner)?;
    ///
    /// background.close();
    /// let late = background.spawn("write", async { Ok::<_, io::Error>(()) }).await;
    /// assert!(late.map_err(SpawnError::without_inner).unwrap_err().is_closed());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn without_inner(self) -> SpawnError {
        match self {
            Self::Full(_) => SpawnError::Full(()),
            Self::Closed(_) => SpawnError::Closed(()),
            Self::Interrupted(_, interrupt) => SpawnError::Interrupted((), interrupt),
        }
    }

    /// Whether all places were taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the background takes nothing any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether the wait for a place was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(..))
    }
}

/// Shows the cause, not the future, which need not be `Debug`.
impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Interrupted(_, interrupt) => write!(f, "Interrupted(.., {interrupt:?})"),
        }
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the background is full"),
            Self::Closed(_) => f.write_str("the background is closed"),
            Self::Interrupted(..) => f.write_str("interrupted while waiting for a place in the background"),
        }
    }
}

impl<F> std::error::Error for SpawnError<F> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Interrupted(_, interrupt) => Some(interrupt),
            Self::Full(_) | Self::Closed(_) => None,
        }
    }
}

/// A background that was not built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The limit was zero: nothing could ever run.
    #[error("a background's limit must be at least 1")]
    ZeroLimit,
}
