use std::fmt;
use std::time::Duration;

use patterns_core::outcome::BoxError;

/// Why an attempt failed, and what is to come of that.
///
/// Every error converts into one that is tried again, so that `?` does. It is no error itself, as it could not do that
/// then.
///
/// # Examples
///
/// ```
/// use actors::jobs::Failure;
/// use std::time::Duration;
///
/// fn parse(text: &str) -> Result<u32, Failure> {
///     if text == "later" {
///         return Err(Failure::Later(Duration::from_secs(60)));
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("7").unwrap(), 7);
/// assert!(matches!(parse("seven"), Err(Failure::Retry { after: None, .. })));
/// assert_eq!(Failure::terminate("no such user").to_string(), "no such user");
/// ```
#[derive(Debug)]
pub enum Failure {
    /// It is tried again, as [`Job::retries`](super::Job::retries) says.
    Retry {
        /// Why it failed.
        error: BoxError,
        /// How long it waits at least; `None` for what `retries` says.
        after: Option<Duration>,
    },
    /// It is not tried again.
    Terminate(BoxError),
    /// It could not be done yet, and is handed back for so long, at least 100 ms. That was no attempt.
    Later(Duration),
}

impl Failure {
    /// One that is tried again, for what is no error type.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::Retry { error: error.into(), after: None }
    }

    /// One that is tried again, but not before so long is over: as servers say by `Retry-After`.
    pub fn after(error: impl Into<BoxError>, wait: Duration) -> Self {
        Self::Retry { error: error.into(), after: Some(wait) }
    }

    /// One that is not tried again.
    pub fn terminate(error: impl Into<BoxError>) -> Self {
        Self::Terminate(error.into())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Retry { error: Box::new(error), after: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { error, .. } | Self::Terminate(error) => write!(f, "{error}"),
            Self::Later(wait) => write!(f, "not before {wait:?} are over"),
        }
    }
}
