use std::borrow::Cow;
use std::time::Duration;

use crate::context::Interrupt;

/// Why a wait for an event ended without it.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::CancelToken;
/// use patterns_core::context::Context;
/// use patterns_core::event::Event;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let ready = Event::<()>::named("db ready");
/// let token = CancelToken::new();
/// token.cancel("shutting down");
/// let error = Context::current().with_token(token).scope(ready.wait()).await.unwrap_err();
/// assert_eq!(error.event(), "db ready");
/// assert_eq!(error.to_string(), "interrupted after 0ns of waiting for db ready");
/// assert_eq!(error.interrupt().cause().unwrap().message(), "shutting down");
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The ambient token was cancelled or the ambient deadline passed, and the event was not set.
    #[error("interrupted after {waited:?} of waiting for {event}")]
    Interrupted {
        /// The event's name.
        event: Cow<'static, str>,
        /// How long it was waited for.
        waited: Duration,
        /// What ended the wait.
        #[source]
        interrupt: Interrupt,
    },
}

impl WaitError {
    /// The name of the event that was waited for.
    #[must_use]
    pub fn event(&self) -> &str {
        match self {
            Self::Interrupted { event, .. } => event,
        }
    }

    /// How long it was waited for.
    #[must_use]
    pub fn waited(&self) -> Duration {
        match self {
            Self::Interrupted { waited, .. } => *waited,
        }
    }

    /// What ended the wait.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        match self {
            Self::Interrupted { interrupt, .. } => interrupt,
        }
    }
}
