use std::fmt;
use std::time::Duration;

use super::Signal;
use crate::cancel::CancelCause;
use crate::reaper::Straggler;

/// How a program ended that [`Shutdown::run`](super::Shutdown::run) ran, and what of it was left.
#[derive(Clone, Debug)]
#[must_use = "it names what was left behind, and has the exit code"]
#[non_exhaustive]
pub struct ShutdownReport<T> {
    /// What the main future returned; `None` where it was cut off.
    pub value: Option<T>,
    /// Why it was asked to stop, if it was.
    pub cause: Option<CancelCause>,
    /// The first signal, if one came.
    pub signal: Option<Signal>,
    /// Whether waiting ended early, as it was forced to.
    pub forced: bool,
    /// What was left running: the main future itself, as `main`, if it was cut off; then what was handed over and had
    /// not ended, oldest first.
    pub stragglers: Vec<Straggler>,
    /// From the request, or the end of the main future where that came first, to the end.
    pub took: Duration,
}

impl<T> ShutdownReport<T> {
    /// Whether nothing was left behind.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.value.is_some() && self.stragglers.is_empty()
    }

    /// What the process is to exit with.
    ///
    /// - 0: complete. Also when a signal asked for it: a service that stops as it was told has not failed.
    /// - 130 or 143: something was left behind after SIGINT or SIGTERM, as the grace was over or a second signal
    ///   came. Shells say the same of a program that the signal ended.
    /// - 1: something was left behind, and there was no signal.
    ///
    /// However, this does not look at what the main future returned: where that is a `Result`, use
    /// [`result_exit_code`](ShutdownReport::result_exit_code).
    ///
    /// A program for which a stop is a failure in itself, such as a check that has not seen everything, takes
    /// [`signal`](Self::signal)'s [own code](Signal::exit_code).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_complete() { 0 } else { self.signal.map_or(1, Signal::exit_code) }
    }
}

impl<T, E> ShutdownReport<Result<T, E>> {
    /// What the process is to exit with, of a main future that may fail: 1 where it returned an error, else the
    /// [`exit_code`](Self::exit_code).
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::shutdown::Shutdown;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let report = Shutdown::new().run(Duration::from_secs(5), async { Err::<(), _>("the database is gone") }).await;
    /// assert!(report.is_complete());
    /// assert_eq!((report.exit_code(), report.result_exit_code()), (0, 1));
    /// # }
    /// ```
    #[must_use]
    pub fn result_exit_code(&self) -> u8 {
        if matches!(self.value, Some(Err(_))) { 1 } else { self.exit_code() }
    }
}

/// To the millisecond.
fn rounded(duration: Duration) -> Duration {
    Duration::new(duration.as_secs(), duration.subsec_millis() * 1_000_000)
}

/// `cancelled: shutting down: got SIGTERM; forced after 3s; left behind: main (for 9s), import/page-7 (for 2s)`.
impl<T> fmt::Display for ShutdownReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{cause}; ")?,
            None => f.write_str("ended by itself; ")?,
        }
        let took = rounded(self.took);
        match (self.is_complete(), self.forced) {
            (true, _) => return write!(f, "complete after {took:?}"),
            (false, true) => write!(f, "forced after {took:?}; left behind:")?,
            (false, false) => write!(f, "out of time after {took:?}; left behind:")?,
        }
        for (n, straggler) in self.stragglers.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma} {} (for {:?})", straggler.path, rounded(straggler.age))?;
        }
        Ok(())
    }
}
