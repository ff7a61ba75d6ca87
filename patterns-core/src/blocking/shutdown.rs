use std::time::Duration;

use super::{BlockingPool, RunningJob};
use crate::cancel::{CancelCause, CancelKind, timeout};
use crate::context::interruptible;

/// What became of a pool's jobs when it was shut down.
///
/// Counted over the pool's life, so that the receipt of a second shutdown replaces that of the first. Together with
/// what [ended otherwise](super::Status) these make up all that was submitted.
#[derive(Clone, Debug)]
#[must_use = "it names the jobs that could not be stopped"]
#[non_exhaustive]
pub struct Receipt {
    /// Jobs that returned a value to their caller.
    pub ok: u64,
    /// Jobs whose panic their caller got.
    pub panicked: u64,
    /// Jobs that never started, as there was no time left. Their callers got
    /// [`BlockingError::Closed`](super::BlockingError::Closed).
    pub discarded: u64,
    /// Jobs that still run, each on a thread that nothing can stop. They were asked to.
    pub stuck: Vec<RunningJob>,
}

impl Receipt {
    /// Whether everything that was taken has come to its own end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.discarded == 0 && self.stuck.is_empty()
    }
}

impl BlockingPool {
    /// Closes, runs what was taken, and waits until the threads have ended; all of it for at most `limit`.
    ///
    /// When the limit has passed, what has not started is discarded, and what runs is asked to stop and named.
    /// [`shutdown_now`](Self::shutdown_now) then gives it the time to do so. An interrupt, by the ambient token or
    /// deadline, does the same as the limit.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Dropped, the pool is closed and goes on running what was taken; call it again for the receipt.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::blocking::BlockingPool;
    /// use patterns_core::context::Context;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = BlockingPool::builder().threads(1).build()?;
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// let (begins, begun) = tokio::sync::oneshot::channel();
    /// let import = Context::current().named("import").scope(pool.submit(move |_| {
    ///     let _ = begins.send(());
    ///     let _ = gate.recv(); // does not look
    /// })).await?;
    /// begun.await?;
    ///
    /// let receipt = pool.shutdown(Duration::from_secs(5)).await;
    /// assert_eq!(receipt.stuck[0].path.to_string(), "import");
    /// assert_eq!(receipt.stuck[0].age, Duration::from_secs(5));
    /// assert!(pool.run(|_| ()).await.is_err());
    ///
    /// drop(open);
    /// import.await?;
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, limit: Duration) -> Receipt {
        self.shared().close();
        if !self.wait(limit).await {
            self.stop();
        }
        self.receipt()
    }

    /// Closes, discards what has not started, asks what runs to stop, and waits until the threads have ended, for at
    /// most `limit`.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Once polled, all is asked for; call it again for the receipt.
    pub async fn shutdown_now(&self, limit: Duration) -> Receipt {
        self.stop();
        self.wait(limit).await;
        self.receipt()
    }

    /// Whether the threads have ended in time.
    async fn wait(&self, limit: Duration) -> bool {
        matches!(timeout(limit, interruptible(self.shared().threads_ended())).await, Ok(Ok(())))
    }

    fn stop(&self) {
        self.shared().stop();
        self.shared().ask(&CancelCause::new(CancelKind::Shutdown, "its pool is shut down"));
    }

    fn receipt(&self) -> Receipt {
        let status = self.status();
        Receipt { ok: status.ok, panicked: status.panicked, discarded: status.discarded, stuck: status.running }
    }
}
