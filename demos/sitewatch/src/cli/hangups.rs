use std::io;

use tokio::sync::mpsc;

/// Requests to read the settings again: SIGHUP, where there is such a thing.
#[derive(Debug)]
pub struct Hangups(Source);

#[derive(Debug)]
enum Source {
    #[cfg(unix)]
    Signal(tokio::signal::unix::Signal),
    Channel(mpsc::Receiver<()>),
    Never,
}

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
            Ok(Self(Source::Signal(signal(SignalKind::hangup())?)))
        }
        #[cfg(not(unix))]
        Ok(Self::never())
    }

    /// Requests that somebody else sends.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<()>, Self) {
        // Whoever reads once has read for all that asked before.
        let (sender, requests) = mpsc::channel(1);
        (sender, Self(Source::Channel(requests)))
    }

    /// None, ever.
    #[must_use]
    pub fn never() -> Self {
        Self(Source::Never)
    }

    /// Waits for the next; for ever if there can't be one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) {
        let next = match &mut self.0 {
            #[cfg(unix)]
            Source::Signal(signal) => signal.recv().await,
            Source::Channel(requests) => requests.recv().await,
            Source::Never => None,
        };
        if next.is_none() {
            std::future::pending().await
        }
    }
}
