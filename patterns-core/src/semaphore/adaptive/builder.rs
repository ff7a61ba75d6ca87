use std::borrow::Cow;

use super::AdaptiveLimit;
use super::algorithm::{Algorithm, Estimate};
use crate::semaphore::{BuildError, Semaphore};

/// Builds an [`AdaptiveLimit`]. Made by [`AdaptiveLimit::builder`].
///
/// # Defaults
///
/// - between 1 and 1,000 at once, 20 to begin with
/// - name: `adaptive limit`
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct AdaptiveBuilder {
    algorithm: Algorithm,
    name: Cow<'static, str>,
    min: usize,
    initial: usize,
    max: usize,
}

impl AdaptiveBuilder {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, name: "adaptive limit".into(), min: 1, initial: 20, max: 1_000 }
    }

    /// What [`status`](AdaptiveLimit::status), logs and the task tree call it.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The limit never goes below this.
    pub fn min(mut self, min: usize) -> Self {
        self.min = min;
        self
    }

    /// The limit to begin with.
    pub fn initial(mut self, initial: usize) -> Self {
        self.initial = initial;
        self
    }

    /// The limit never goes above this.
    pub fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Builds the limit.
    ///
    /// # Errors
    ///
    /// - [`BuildError::LimitsOutOfOrder`]: not `1 <= min <= initial <= max`.
    /// - [`BuildError::OutOfRange`]: a number of the algorithm.
    pub fn build(self) -> Result<AdaptiveLimit, BuildError> {
        let Self { algorithm, name, min, initial, max } = self;
        algorithm.check()?;
        if !(1 <= min && min <= initial && initial <= max) {
            return Err(BuildError::LimitsOutOfOrder { min, initial, max });
        }
        let semaphore = Semaphore::builder(initial).name(name).build()?;
        Ok(AdaptiveLimit::from_parts(semaphore, Estimate::new(algorithm, min, initial, max)))
    }
}
