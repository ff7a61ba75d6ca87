use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use super::budget::Taken;
use super::error::Details;
use super::jitter::Jittered;
use super::{Attempt, Backoff, Classify, Retry, RetryError, StopReason, Verdict};
use crate::context::{self, Context, Interrupt};

/// Attempts that the log keeps: a run without a limit must not grow without one.
const LOGGED: usize = 32;

impl<B: Backoff, C> Retry<B, C> {
    /// Runs `operation` until it succeeds or the policy says that it is enough.
    ///
    /// # Errors
    ///
    /// [`RetryError`] with the last error, the [reason](StopReason) and the log of attempts.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if the futures of `operation` are: dropping this drops the one that runs. A budget's
    /// token is only spent on an attempt that begins.
    pub async fn run<T, E, F, Fut>(&self, mut operation: F) -> Result<T, RetryError<E>>
    where
        C: Classify<E>,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if context::may_be_over()
            && let Some(reason) = no_time_at_all()
        {
            let details = Details { reason, attempts: 0, elapsed: Duration::ZERO, log: Vec::new() };
            return Err(RetryError::new(None, details));
        }
        let mut started = self.max_elapsed.map(|_| Instant::now());
        match drive_first(operation(), &mut started).await {
            Ok(value) => Ok(self.succeeded(value)),
            Err(error) => self.run_on(error, started, operation).await,
        }
    }

    /// The attempts after the first.
    async fn run_on<T, E, F, Fut>(
        &self,
        error: E,
        started: Option<Instant>,
        mut operation: F,
    ) -> Result<T, RetryError<E>>
    where
        C: Classify<E>,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut run = Run::new(self, started);
        let mut last = error;
        loop {
            let (delay, token) = match run.next(&last) {
                Ok(next) => next,
                Err(reason) => return Err(run.give_up(last, reason)),
            };
            if let Err(interrupt) = pause(delay).await {
                return Err(run.give_up(last, StopReason::Interrupted(interrupt)));
            }
            if let Some(token) = token {
                token.used();
            }
            run.started = Instant::now();
            match operation().await {
                Ok(value) => return Ok(self.succeeded(value)),
                Err(error) => last = error,
            }
        }
    }

    #[inline]
    fn succeeded<T>(&self, value: T) -> T {
        if let Some(budget) = &self.budget {
            budget.succeeded();
        }
        value
    }
}

/// Why not even the first attempt is worth it.
#[cold]
fn no_time_at_all() -> Option<StopReason> {
    if context::is_cancelled() {
        let cause = Context::current().token().cause().cloned()?;
        return Some(StopReason::Interrupted(Interrupt::Cancelled(cause)));
    }
    context::is_late().then_some(StopReason::DeadlineTooClose)
}

/// Drives the first attempt, looking at the clock only once it has to wait.
async fn drive_first<F: Future>(fut: F, started: &mut Option<Instant>) -> F::Output {
    let mut fut = pin!(fut);
    std::future::poll_fn(|cx| {
        let polled = fut.as_mut().poll(cx);
        if let Poll::Pending = polled
            && started.is_none()
        {
            *started = Some(Instant::now());
        }
        polled
    })
    .await
}

/// Sleeps, obeying the ambient token and deadline; also without a delay lets others run.
async fn pause(delay: Duration) -> Result<(), Interrupt> {
    if delay.is_zero() {
        consume_budget().await;
        return Ok(());
    }
    context::sleep(delay).await
}

/// A run whose first attempt has failed.
struct Run<'a, B, C> {
    policy: &'a Retry<B, C>,
    delays: B,
    jittered: Jittered,
    begun: Instant,
    /// When the last attempt began.
    started: Instant,
    attempts: u32,
    log: Vec<Attempt>,
}

impl<'a, B: Backoff, C> Run<'a, B, C> {
    fn new(policy: &'a Retry<B, C>, started: Option<Instant>) -> Self {
        let started = started.unwrap_or_else(Instant::now);
        let rng = match policy.seed {
            Some(seed) => SmallRng::seed_from_u64(seed),
            None => SmallRng::from_rng(&mut rand::rng()),
        };
        Self {
            policy,
            delays: policy.backoff.clone(),
            jittered: Jittered::new(rng),
            begun: started,
            started,
            attempts: 0,
            log: Vec::new(),
        }
    }

    /// An attempt failed: logs it, and says how long to wait for the next or why there is none.
    fn next<E>(&mut self, error: &E) -> Result<(Duration, Option<Taken<'a>>), StopReason>
    where
        C: Classify<E>,
    {
        let now = Instant::now();
        self.attempts += 1;
        if self.log.len() == LOGGED {
            self.log.remove(0);
        }
        self.log.push(Attempt {
            number: self.attempts,
            started: self.started,
            elapsed: now - self.started,
            delay: None,
        });

        let policy = self.policy;
        let at_least = match policy.classify.classify(error) {
            Verdict::Retry => Duration::ZERO,
            Verdict::RetryAfter(delay) => delay,
            Verdict::Stop => return Err(StopReason::NotRetryable),
        };
        let context = Context::try_current();
        if let Some(cause) = context.as_ref().and_then(|context| context.token().cause()) {
            return Err(StopReason::Interrupted(Interrupt::Cancelled(cause.clone())));
        }
        if self.attempts >= policy.max_attempts {
            return Err(StopReason::AttemptsUsedUp);
        }
        let delay = self.delays.next().ok_or(StopReason::BackoffEnded)?;
        let delay = self.jittered.next(policy.jitter, delay, policy.max_delay).max(at_least);
        let deadline = context.and_then(|context| context.deadline());
        if deadline.is_some_and(|deadline| deadline.saturating_duration_since(now) <= delay) {
            return Err(StopReason::DeadlineTooClose);
        }
        if policy.max_elapsed.is_some_and(|max| (now - self.begun).saturating_add(delay) > max) {
            return Err(StopReason::TimeUsedUp);
        }
        let token = match &policy.budget {
            Some(budget) => Some(budget.take().ok_or(StopReason::BudgetSpent)?),
            None => None,
        };
        if let Some(attempt) = self.log.last_mut() {
            attempt.delay = Some(delay);
        }
        tracing::debug!(attempt = self.attempts, ?delay, "failed, will try again");
        Ok((delay, token))
    }

    fn give_up<E>(self, error: E, reason: StopReason) -> RetryError<E> {
        let ended = self.log.last().map_or(self.begun, |attempt| attempt.started + attempt.elapsed);
        let elapsed = ended - self.begun;
        RetryError::new(Some(error), Details { reason, attempts: self.attempts, elapsed, log: self.log })
    }
}
