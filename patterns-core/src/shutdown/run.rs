use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::{Shutdown, ShutdownReport};
use crate::context::{Context, far_future_or};
use crate::outcome::{catch_panic, catch_panics};
use crate::reaper::{Reaper, Straggler};

impl Shutdown {
    /// Runs the program's `main` future under this request, and waits until all that it started has ended.
    ///
    /// In `main` the ambient token is [this one](Self::token), and what is dropped unfinished in it goes to a
    /// [`Reaper`] of its own. When `main` has ended, or the program is asked to stop, there is `grace` for the rest:
    /// for `main` to return, and for what was handed over to end. Then, or when it is forced, `main` is dropped where
    /// it awaits, and what is left is reported by name. It goes on under the reaper of whoever called this, as long
    /// as the runtime lasts.
    ///
    /// A cancellation of the ambient token around this asks for the shutdown too.
    ///
    /// However, a `main` that blocks its thread is not interrupted: blocking work belongs into a
    /// [`BlockingPool`](crate::blocking::BlockingPool).
    ///
    /// # Panics
    ///
    /// - Outside of a tokio runtime.
    /// - Where `main` panicked: it goes on panicking once the rest has ended, or `grace` is over.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped, `main` is dropped where it awaits. What it hands over then goes on, and the reaper of
    /// whoever called this waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::context;
    /// use patterns_core::shutdown::{Shutdown, Signal};
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// // In `main`: Shutdown::on_signals()?
    /// let ctrl_c = || Shutdown::from_signals(futures_util::stream::once(async {
    ///     sleep(Duration::from_secs(1)).await;
    ///     Signal::Interrupt
    /// }));
    ///
    /// let report = ctrl_c().run(Duration::from_secs(5), async {
    ///     while context::sleep(Duration::from_millis(100)).await.is_ok() {}
    ///     sleep(Duration::from_secs(2)).await; // says goodbye
    /// }).await;
    /// assert_eq!(report.exit_code(), 0);
    /// assert_eq!(report.to_string(), "cancelled: shutting down: got SIGINT; complete after 2s");
    ///
    /// let deaf = ctrl_c().run(Duration::from_secs(5), std::future::pending::<()>()).await;
    /// assert_eq!(deaf.exit_code(), 130);
    /// assert_eq!(
    ///     deaf.to_string(),
    ///     "cancelled: shutting down: got SIGINT; out of time after 5s; left behind: main (for 6s)"
    /// );
    /// # }
    /// ```
    pub async fn run<F: Future>(&self, grace: Duration, main: F) -> ShutdownReport<F::Output> {
        let around = Context::current();
        let rest = Rest { around: around.clone(), reaper: Reaper::new(), runtime: Handle::current() };
        let context = around.with_token(self.token().clone()).with_reaper(rest.reaper.clone());
        let started = Instant::now();
        let mut main = catch_panics(context.scope(main));

        let mut end = tokio::select! {
            biased;
            end = &mut main => Some(end),
            _ = self.requested() => None,
            cause = around.token().cancelled() => {
                self.trigger(cause);
                None
            }
        };
        let asked = Instant::now();
        let ended = async {
            if end.is_none() {
                end = Some((&mut main).await);
            }
            rest.reaper.drained().await;
        };
        let forced = tokio::select! {
            biased;
            () = ended => false,
            _ = self.forced() => true,
            // Unconstrained: a main future that is busy may have used up the budget.
            () = unconstrained(sleep_until(far_future_or(asked.checked_add(grace)))) => false,
        };

        let mut stragglers = Vec::new();
        if end.is_none() {
            let path = around.path().join("main");
            stragglers.push(Straggler { path, age: started.elapsed() });
        }
        // What it was in the middle of is handed over here.
        if let Err(panic) = catch_panic(|| drop(main)) {
            tracing::error!(%panic, "dropping the main future panicked");
        }
        stragglers.extend(rest.reaper.live());
        let value = match end {
            Some(Ok(value)) => Some(value),
            Some(Err(panic)) => {
                if !stragglers.is_empty() {
                    tracing::warn!(?stragglers, "the main future panicked, and left something behind");
                }
                panic.resume()
            }
            None => None,
        };
        ShutdownReport {
            value,
            cause: self.token().cause().cloned(),
            signal: self.signal(),
            forced,
            stragglers,
            took: asked.elapsed(),
        }
    }
}

/// What `main` has handed over. What is left of it when this is dropped goes on under whoever called.
struct Rest {
    around: Context,
    reaper: Reaper,
    runtime: Handle,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if self.reaper.live().is_empty() {
            return;
        }
        let reaper = self.reaper.clone();
        let path = self.around.path().join("shutdown");
        // Owned by the reaper; there is no result.
        drop(self.around.reaper().adopt(&self.runtime, path, async move { reaper.drained().await }));
    }
}
