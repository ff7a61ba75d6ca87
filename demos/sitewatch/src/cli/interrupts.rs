use std::fmt;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::Exit;

/// Requests to stop, by name: the first asks, the second forces.
pub struct Interrupts {
    requests: mpsc::Receiver<&'static str>,
    listener: Option<JoinHandle<()>>,
}

/// A signal so soon after the first is the same one.
const ECHO: Duration = Duration::from_millis(300);

/// More would say nothing new.
const KEPT: usize = 2;

impl Interrupts {
    /// The signals SIGINT and SIGTERM of this process; Ctrl-C where there are no signals.
    ///
    /// Should the program not have ended a second after the second signal, whatever holds it up, then
    /// the process ends with [`Exit::Interrupted`].
    ///
    /// # Errors
    ///
    /// If the system does not allow to handle them.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn of_process() -> io::Result<Self> {
        let (sender, mut this) = Self::channel();
        let mut signals = Signals::new()?;
        this.listener = Some(tokio::spawn(async move {
            // ANCHOR: listener
            for count in 1.. {
                let name = signals.next().await;
                if count == 1 {
                    // `timeout` and some terminals send a signal to the program and to its group at once:
                    // that is one request, and no impatience.
                    let echo = Instant::now() + ECHO;
                    while timeout_at(echo, signals.next()).await.is_ok() {}
                }
                // If two are waiting already, the next one adds nothing.
                let _ = sender.try_send(name);
                if count == KEPT {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    std::process::exit(Exit::Interrupted.code().into());
                }
            }
            // ANCHOR_END: listener
        }));
        Ok(this)
    }

    /// Requests that somebody else sends, by name.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<&'static str>, Self) {
        let (sender, requests) = mpsc::channel(KEPT);
        (sender, Self { requests, listener: None })
    }

    /// Waits for the next request; for ever if there can't be one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> &'static str {
        match self.requests.recv().await {
            Some(name) => name,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl fmt::Debug for Interrupts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupts").field("of_process", &self.listener.is_some()).finish_non_exhaustive()
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}
