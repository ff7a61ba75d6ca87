use std::borrow::Cow;
use std::time::Duration;

use super::{BuildError, Bulkhead};

/// Builds a [`Bulkhead`]. Made by [`Bulkhead::builder`].
///
/// # Defaults
///
/// - name: `bulkhead`
/// - as many may wait as there are places
/// - each for 1 s
///
/// # Examples
///
/// ```
/// use patterns_core::bulkhead::{BuildError, Bulkhead};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), BuildError> {
/// let search = Bulkhead::builder(8).name("search").max_waiting(32).max_wait(Duration::from_millis(200)).build()?;
/// assert_eq!((search.status().places, search.status().max_waiting), (8, 32));
/// assert_eq!(Bulkhead::builder(0).build().unwrap_err(), BuildError::NoPlaces);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    pub(super) places: usize,
    pub(super) name: Cow<'static, str>,
    pub(super) max_waiting: Option<usize>,
    pub(super) max_wait: Duration,
}

impl Builder {
    pub(super) fn new(places: usize) -> Self {
        Self { places, name: "bulkhead".into(), max_waiting: None, max_wait: Duration::from_secs(1) }
    }

    /// What errors, the status and the task tree call it.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How many may wait in line; with zero none does.
    pub fn max_waiting(mut self, calls: usize) -> Self {
        self.max_waiting = Some(calls);
        self
    }

    /// How long each may wait in line.
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// Builds the bulkhead.
    ///
    /// # Errors
    ///
    /// - [`BuildError::NoPlaces`]: it has no places.
    /// - [`BuildError::NoTime`]: it has a line, but zero time to wait in it.
    pub fn build(self) -> Result<Bulkhead, BuildError> {
        if self.places == 0 {
            return Err(BuildError::NoPlaces);
        }
        if self.max_wait.is_zero() && self.max_waiting != Some(0) {
            return Err(BuildError::NoTime);
        }
        Ok(Bulkhead::from_builder(self))
    }
}
