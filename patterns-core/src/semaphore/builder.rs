use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::shared::Shared;
use super::state::State;
use super::sync::Mutex;
use super::{BuildError, Semaphore};

/// Builds a [`Semaphore`]. Made by [`Semaphore::builder`].
///
/// # Defaults
///
/// - name: `semaphore`
/// - grace: 10 ms
///
/// # Examples
///
/// ```
/// use patterns_core::semaphore::{BuildError, Semaphore};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), BuildError> {
/// let db = Semaphore::builder(16).name("db").grace(Duration::from_millis(50)).build()?;
/// assert_eq!(db.status().name, "db");
/// assert_eq!(Semaphore::builder(1).grace(Duration::ZERO).build().unwrap_err(), BuildError::ZeroGrace);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    limit: usize,
    name: Cow<'static, str>,
    grace: Duration,
}

impl Builder {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, name: "semaphore".into(), grace: Duration::from_millis(10) }
    }

    /// What [`status`](Semaphore::status), logs and the task tree call it.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How long an offered permit waits for its waiter to be polled, where others are in line behind it. It is
    /// revoked after once to twice this time.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Builds the semaphore.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroGrace`]: the grace is zero.
    pub fn build(self) -> Result<Semaphore, BuildError> {
        if self.grace.is_zero() {
            return Err(BuildError::ZeroGrace);
        }
        Ok(self.make())
    }

    pub(super) fn make(self) -> Semaphore {
        let shared = Arc::new_cyclic(|_shared| Shared {
            name: self.name,
            grace: self.grace,
            state: Mutex::new(State::new(self.limit)),
            runtime: OnceLock::new(),
            #[cfg(feature = "inspect")]
            _registered: Some(crate::inspect::semaphore(_shared)),
        });
        Semaphore { shared }
    }
}
