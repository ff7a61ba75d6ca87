use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::policy::{Delay, Hedge};
use super::{AttemptFailure, FailedAttempt, HedgeError};
use crate::context::{self, Interrupt, far_future_or};
use crate::outcome::{BoxError, Panic, TaskFailed, catch_panic};
use crate::task_group::{CollectAll, Group, TaskGroup};

impl Hedge {
    /// Runs `operation`, again when it takes long, and returns the first success. It gets the number of the
    /// attempt, from 1, to go to another server, say.
    ///
    /// Each attempt is a task of its own under the caller's context, one name deeper (`hedge/attempt-2`).
    /// When the caller is cancelled, so are the attempts; this returns when they have stopped, with their
    /// errors, and at the latest after the [grace](Self::grace).
    ///
    /// # Errors
    ///
    /// - [`HedgeError::Failed`]: every attempt failed or panicked; holds all of them.
    /// - [`HedgeError::Interrupted`]: the ambient token was cancelled or the ambient deadline had passed before the
    ///   first, or the call did not stop within its grace.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if this is dropped, the attempts are asked to stop and handed over to the enclosing group or
    /// root, which waits for their cleanup. What they return is lost.
    pub async fn run<T, E, F, Fut>(&self, mut operation: F) -> Result<T, HedgeError<E>>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, mut answer) = oneshot::channel();
        let mut group = pin!(TaskGroup::new("hedge").grace(self.grace).policy(CollectAll).run(async |group| {
            let result = self.race(|number| in_task(group, number, catch_panic(|| operation(number)))).await;
            group.cancel("the call has its answer");
            // Nobody takes it only where the caller is gone, and this body with it.
            let _ = sender.send(result);
            Ok(())
        }));
        let answered = tokio::select! {
            biased;
            answered = &mut answer => answered.ok(),
            _ = &mut group => answer.try_recv().ok(),
        };
        // Dropping the group hands the losers over.
        answered.unwrap_or_else(|| Err(HedgeError::Interrupted(why_cut())))
    }

    /// [`run`](Self::run) for attempts that borrow, or that aren't `Send`: they are polled inside of this future,
    /// and the losers are dropped where they await, without async cleanup.
    ///
    /// # Errors
    ///
    /// - [`HedgeError::Failed`]: every attempt failed; holds all of them.
    /// - [`HedgeError::Interrupted`]: the ambient token was cancelled or the ambient deadline had passed before the
    ///   first.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if the futures of `operation` are: dropping this drops them.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::hedge::Hedge;
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let hedge = Hedge::after(Duration::from_millis(50));
    /// let latencies = [2_000, 20].map(Duration::from_millis);
    /// let fastest = hedge.run_borrowing(async |number| {
    ///     sleep(latencies[number as usize - 1]).await; // borrowed
    ///     Ok::<_, std::io::Error>(number)
    /// });
    /// assert_eq!(fastest.await.unwrap(), 2);
    /// # }
    /// ```
    pub async fn run_borrowing<T, E, F, Fut>(&self, mut operation: F) -> Result<T, HedgeError<E>>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.race(|number| {
            let attempt = operation(number);
            async move { attempt.await.map_err(AttemptFailure::Failed) }
        })
        .await
    }

    async fn race<T, E, A>(&self, mut launch: impl FnMut(u32) -> A) -> Result<T, HedgeError<E>>
    where
        A: Future<Output = Result<T, AttemptFailure<E>>>,
    {
        if let Some(interrupt) = context::interrupted() {
            return Err(HedgeError::Interrupted(interrupt));
        }
        let begun = Instant::now();
        let delay = self.next_delay();
        let mut timer = pin!(sleep_until(far_future_or(begun.checked_add(delay))));
        let mut running = FuturesUnordered::new();
        let mut failed = Vec::new();
        let mut number = 1;
        count(&self.shared.calls);
        running.push(measured(number, begun, launch(number)));
        let mut may_hedge = number < self.max_attempts;
        loop {
            let ended = tokio::select! {
                biased;
                ended = running.next() => ended,
                // Unconstrained: an attempt may have used up the budget.
                () = unconstrained(timer.as_mut()), if may_hedge => None,
            };
            match ended {
                Some(Ended { number, result: Ok(value), .. }) => {
                    self.won(number, begun.elapsed());
                    return Ok(value);
                }
                Some(Ended { number, started, elapsed, result: Err(failure) }) => {
                    failed.push(FailedAttempt { number, started, elapsed, failure });
                    if running.is_empty() {
                        return Err(HedgeError::Failed(failed));
                    }
                    tracing::debug!(attempt = number, "an attempt failed while another is on its way");
                }
                // The delay has passed: something is running, else the call would have ended.
                None => {
                    may_hedge = self.may_start_another();
                    if may_hedge {
                        number += 1;
                        count(&self.shared.hedges);
                        tracing::debug!(attempt = number, ?delay, "not answered yet, starting another attempt");
                        let now = Instant::now();
                        running.push(measured(number, now, launch(number)));
                        timer.as_mut().reset(far_future_or(now.checked_add(delay)));
                        may_hedge = number < self.max_attempts;
                    }
                }
            }
        }
    }

    /// Whether another attempt is worth it; takes the token for it.
    fn may_start_another(&self) -> bool {
        if context::is_cancelled() {
            return false;
        }
        let left = context::remaining();
        if left.is_some_and(|left| left <= self.typical_latency()) {
            return false;
        }
        let granted = self.budget.as_ref().is_none_or(|budget| budget.try_take());
        if !granted {
            count(&self.shared.refused);
        }
        granted
    }

    fn won(&self, number: u32, latency: Duration) {
        if matches!(self.delay, Delay::Percentile { .. }) {
            self.shared.latencies.lock().record(latency);
        }
        if number > 1 {
            count(&self.shared.hedge_wins);
        }
        if let Some(budget) = &self.budget {
            budget.succeeded();
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

struct Ended<R> {
    number: u32,
    started: Instant,
    elapsed: Duration,
    result: R,
}

async fn measured<A: Future>(number: u32, started: Instant, attempt: A) -> Ended<A::Output> {
    let result = attempt.await;
    Ended { number, started, elapsed: started.elapsed(), result }
}

/// Starts an attempt as a child of the group, unless making it panicked.
fn in_task<T, E, Fut>(
    group: &Group,
    number: u32,
    attempt: Result<Fut, Panic>,
) -> impl Future<Output = Result<T, AttemptFailure<E>>> + use<T, E, Fut>
where
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let handle = attempt.map(|attempt| {
        // To the group an error is a value: whether it is a failure of the call is decided here.
        group.spawn(format!("attempt-{number}"), async move { Ok::<_, BoxError>(attempt.await) })
    });
    async move {
        match handle.map_err(AttemptFailure::<E>::Panicked)?.await {
            Ok(result) => result.map_err(AttemptFailure::Failed),
            Err(failed) => Err(not_returned(&failed)),
        }
    }
}

fn not_returned<E>(failed: &TaskFailed) -> AttemptFailure<E> {
    match (failed.panic(), failed.cause()) {
        (Some(panic), _) => AttemptFailure::Panicked(panic.clone()),
        (None, Some(cause)) => AttemptFailure::Cancelled(cause.clone()),
        (None, None) => unreachable!("to the group an attempt returns no error"),
    }
}

/// Why a call without an answer ended: only its group gives up on it, when grace is over.
fn why_cut() -> Interrupt {
    let deadline = || Interrupt::DeadlinePassed(context::deadline().unwrap_or_else(Instant::now));
    context::interrupted().unwrap_or_else(deadline)
}
