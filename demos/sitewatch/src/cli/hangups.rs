use std::io;

/// Requests to read the settings again: SIGHUP, where there is such a thing.
#[derive(Debug)]
pub struct Hangups(Option<Signal>);

#[cfg(unix)]
type Signal = tokio::signal::unix::Signal;
#[cfg(not(unix))]
type Signal = std::convert::Infallible;

impl Hangups {
    /// The signals of this process.
    ///
    /// # Errors
    ///
    /// If the system does not allow to handle them.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn of_process() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self(Some(signal(SignalKind::hangup())?)))
        }
        #[cfg(not(unix))]
        Ok(Self(None))
    }

    /// None, ever.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// Waits for the next; for ever if there can't be one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
