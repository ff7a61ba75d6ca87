use std::error::Error;
use std::fmt;

/// The first of several futures that failed. Its error is the [`source`](Error::source).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatherError<E> {
    /// Its place in the input, from 0.
    pub index: usize,
    /// What it failed with.
    pub error: E,
}

impl<E> fmt::Display for GatherError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "future {} failed", self.index)
    }
}

impl<E: Error + 'static> Error for GatherError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// None of several futures succeeded. The error that came last is the [`source`](Error::source).
///
/// # Examples
///
/// ```
/// use patterns_core::gather::race_ok;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let failed = race_ok(["one", "two"].map(|text| async move { text.parse::<u8>() })).await.unwrap_err();
/// assert_eq!(failed.to_string(), "all 2 failed");
/// assert_eq!(failed.errors()[1].to_string(), "invalid digit found in string");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllFailed<E> {
    errors: Vec<E>,
    last: usize,
}

impl<E> AllFailed<E> {
    pub(super) fn new(errors: Vec<E>, last: usize) -> Self {
        Self { errors, last }
    }

    /// What each failed with, in the order of the input; empty only where there was no future at all.
    #[must_use]
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// What each failed with, in the order of the input.
    #[must_use]
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }
}

impl<E> fmt::Display for AllFailed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.len() {
            0 => f.write_str("there was nothing to try"),
            1 => f.write_str("the only one failed"),
            n => write!(f, "all {n} failed"),
        }
    }
}

impl<E: Error + 'static> Error for AllFailed<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.get(self.last).map(|error| error as _)
    }
}
