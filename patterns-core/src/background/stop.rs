use std::sync::Arc;
use std::time::Duration;

use super::handle::Owner;
use super::{Background, Receipt};
use crate::cancel::{CancelCause, CancelKind};
use crate::context::{Interrupt, interruptible_as};

impl Background {
    /// Takes nothing new: those who wait for a place get their futures back, and loops begin no other round.
    ///
    /// What is in goes on.
    pub fn close(&self) {
        self.shared().close();
    }

    /// Closes, and waits until everything that is in has finished by itself, and what it let go of.
    ///
    /// Nothing is asked to stop, so nothing is lost. To bound it, put a [`timeout`](crate::cancel::timeout)
    /// around it and then [shut down](Self::shutdown); at the end of a program, where the ambient token is cancelled
    /// and this would return at once, [`finish`](Self::finish). A task that drains its own background waits for itself.
    ///
    /// # Errors
    ///
    /// - [`Interrupt::Cancelled`]: the ambient token was cancelled while waiting.
    /// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. However, it stays closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::background::Background;
    /// use patterns_core::cancel::timeout;
    /// use std::io;
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let background = Background::new("audit");
    /// background.try_spawn("quick", async { Ok::<_, io::Error>(()) }).unwrap();
    /// background.try_spawn("slow", async { sleep(Duration::from_secs(60)).await; Ok::<_, io::Error>(()) }).unwrap();
    ///
    /// // 10 s to finish, 1 s to clean up.
    /// let drained = timeout(Duration::from_secs(10), background.drain()).await;
    /// assert!(drained.is_err());
    /// let receipt = background.shutdown(Duration::from_secs(1)).await;
    /// assert_eq!((receipt.status.ok, receipt.status.cancelled), (1, 1));
    /// assert_eq!(receipt.stragglers[0].path().to_string(), "slow");
    /// # }
    /// ```
    pub async fn drain(&self) -> Result<(), Interrupt> {
        self.close();
        interruptible_as(format!("background {}", self.shared().name), self.shared().reaper.drained()).await
    }

    /// Closes, lets all that is in finish for at most `limit`, and then [shuts down](Self::shutdown) with `grace`.
    ///
    /// The last thing that a program does with it. Like `shutdown`, it is interrupted neither by the ambient token
    /// nor by the ambient deadline: it is bounded by itself.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it stays closed, and may be called again.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::background::Background;
    /// use patterns_core::context::Context;
    /// use patterns_core::shutdown::{Shutdown, Signal};
    /// use std::convert::Infallible;
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let terminate = futures_util::stream::once(async { sleep(Duration::from_secs(1)).await; Signal::Terminate });
    /// let report = Shutdown::from_signals(terminate).run(Duration::from_secs(10), async {
    ///     let mails = Background::new("mails");
    ///     for (to, secs) in [("ada", 3), ("bob", 60)] {
    ///         mails.try_spawn(to, async move { sleep(Duration::from_secs(secs)).await; Ok::<_, Infallible>(()) }).unwrap();
    ///     }
    ///     Context::current().token().cancelled().await; // serving, until asked to stop
    ///     mails.finish(Duration::from_secs(5), Duration::from_secs(1)).await
    /// }).await;
    /// let receipt = report.value.as_ref().unwrap();
    /// assert_eq!((receipt.status.ok, receipt.status.cancelled), (1, 1));
    /// assert_eq!(receipt.stragglers[0].path().to_string(), "bob");
    /// # }
    /// ```
    #[track_caller]
    pub fn finish(&self, limit: Duration, grace: Duration) -> impl Future<Output = Receipt> {
        let shutdown = self.shutdown(grace);
        let shared = self.shared();
        async move {
            shared.close();
            let _ = tokio::time::timeout(limit, shared.reaper.drained()).await;
            shutdown.await
        }
    }

    /// Closes, asks every task to stop, waits at most for `grace`, aborts what remains, waits for its
    /// destructors, and tells what became of everything.
    ///
    /// What waits interruptibly is cut short; to let it finish, [drain](Self::drain) first. This itself is not
    /// interrupted by the ambient token or deadline: `grace` is its limit. However, a task that neither looks at
    /// its token nor awaits can't be stopped by anybody; it is waited for, and a log line says so.
    ///
    /// Called again, it gives the receipt again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Dropped, the tasks have been asked to stop, but are not aborted until it is called again, or
    /// the last handle is dropped.
    #[track_caller]
    pub fn shutdown(&self, grace: Duration) -> impl Future<Output = Receipt> {
        let shared = self.shared();
        let cause = CancelCause::new(CancelKind::Shutdown, format!("background {}", shared.name));
        async move {
            shared.close();
            shared.token.cancel_with(cause);
            shared.stopped(grace).await;
            shared.receipt()
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let shared = &self.shared;
        shared.close();
        if shared.reaper.if_drained(|| true) {
            return;
        }
        shared.token.cancel_with(CancelCause::new(CancelKind::ScopeDropped, "its background was dropped"));
        let (adopted, grace) = (Arc::clone(shared), self.grace);
        self.adopter.adopt(&shared.runtime, self.path.clone(), async move { adopted.stopped(grace).await });
    }
}
