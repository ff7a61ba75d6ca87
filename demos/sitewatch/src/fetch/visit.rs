//! Everything that is done at one URL: a seat, a turn, the request, and again if that may help.
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use patterns_core::context::{Context, Interrupt};
use patterns_core::retry::{Exponential, Jitter, Retry, RetryError, StopReason, Verdict};
use reqwest::Method;
use tokio::time::Instant;
use url::Url;

use super::authority::Authority;
use super::exchange::{Exchange, Failure, Want};
use super::memory::Memory;
use super::pacer::Pacing;
use super::seats::Seats;
use super::transient::transient;
use super::{Answer, FetchError, FetchSetupError, HttpConfig, Validators, Visited};

/// About how long to wait before the first further attempt; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(500);

/// Visits URLs as each host allows.
#[derive(Debug)]
pub(super) struct Visitor {
    exchange: Exchange,
    seats: Seats,
    pace: Pacing,
    memory: Memory,
    retry: Retry<Exponential, fn(&Failure) -> Verdict>,
}

/// One visit, which may take several requests.
struct Visit<'a> {
    host: Authority,
    url: &'a Url,
    want: Want,
    known: &'a Validators,
    /// Whether a GET is needed: wanted from the start, or since a HEAD said too little.
    get: AtomicBool,
    attempts: AtomicU32,
}

impl Visitor {
    // ANCHOR: new
    pub(super) fn new(config: &HttpConfig, pace: Pacing) -> Result<Self, FetchSetupError> {
        let worth_it: fn(&Failure) -> Verdict = |failure| match failure.sent {
            true => transient(&failure.error, failure.retry_after),
            false => Verdict::Stop,
        };
        Ok(Self {
            exchange: Exchange::new(config)?,
            seats: Seats::new(config.per_host),
            pace,
            memory: Memory::new(config.retries),
            retry: Retry::exponential(BACKOFF)
                .max_attempts(config.retries.saturating_add(1))
                .jitter(Jitter::Equal)
                .classify(worth_it),
        })
    }
    // ANCHOR_END: new

    /// Asks `url` for what is wanted, with further attempts on what is transient.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: seat and connection are given back.
    pub(super) async fn visit(&self, method: Method, url: &Url, want: Want) -> Visited {
        self.visit_known(method, url, want, &Validators::default()).await
    }

    /// Asks `url` for a page, unless that is the version that is known.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: seat and connection are given back.
    pub(super) async fn visit_changed(&self, url: &Url, known: &Validators) -> Visited {
        self.visit_known(Method::GET, url, Want::Html, known).await
    }

    async fn visit_known(&self, method: Method, url: &Url, want: Want, known: &Validators) -> Visited {
        if let Err(error) = self.exchange.may_ask(url) {
            return Visited { result: Err(error), attempts: 0 };
        }
        let visit = Visit {
            host: Authority::of(url),
            url,
            want,
            known,
            get: AtomicBool::new(method == Method::GET),
            attempts: AtomicU32::new(0),
        };
        let result = self.retry.run(|| self.attempt(&visit)).await.map_err(why);
        Visited { result, attempts: visit.attempts.into_inner() }
    }

    /// Spaces the requests to this host by `interval` at least, from now on.
    pub(super) async fn slow_down(&self, host: &Authority, interval: Duration) {
        self.pace.slow_down(host, interval).await;
    }

    // ANCHOR: attempt
    async fn attempt(&self, visit: &Visit<'_>) -> Result<Answer, Failure> {
        let mut result = if visit.get.load(Relaxed) {
            self.request(Method::GET, visit).await
        } else {
            self.request(Method::HEAD, visit).await
        };
        if !visit.get.load(Relaxed) && result.as_ref().is_err_and(|failure| says_little(&failure.error)) {
            visit.get.store(true, Relaxed);
            result = self.request(Method::GET, visit).await;
        }
        if result.as_ref().map_or_else(|failure| failure.sent, |_| true) {
            visit.attempts.fetch_add(1, Relaxed);
        }
        if let Err(failure) = &result
            && let Verdict::RetryAfter(wait) = transient(&failure.error, failure.retry_after)
        {
            // Meant for everybody who asks this host.
            self.pace.pause(&visit.host, wait).await;
        }
        result
    }
    // ANCHOR_END: attempt

    // ANCHOR: request
    async fn request(&self, method: Method, visit: &Visit<'_>) -> Result<Answer, Failure> {
        let host = &visit.host;
        let known = || self.memory.given_up(host).map_or(Ok(()), |error| Err(Failure::unsent(error)));
        known()?;
        let seat = self.seats.take(host, self.memory.answered(host)).await.map_err(Failure::unsent)?;
        // Whoever had the seat before may have found out.
        known()?;
        self.pace.turn(host).await.map_err(Failure::unsent)?;
        let result = self.exchange.run(method, visit.url, visit.want, visit.known).await;
        self.memory.note(host, result.as_ref().err().map(|failure| &failure.error));
        if self.memory.answered(host) {
            seat.open_all();
        }
        result
    }
    // ANCHOR_END: request
}

/// Why there was no further attempt: the caller gave up, or else the last error says it.
fn why(stopped: RetryError<Failure>) -> FetchError {
    if let StopReason::Interrupted(interrupt) = stopped.reason() {
        return FetchError::Interrupted(interrupt.clone());
    }
    match stopped.into_inner() {
        Some(failure) => failure.error,
        // Not even a first attempt: the deadline had passed.
        None => FetchError::Interrupted(Interrupt::DeadlinePassed(
            Context::current().deadline().unwrap_or_else(Instant::now),
        )),
    }
}

/// Whether a HEAD that ended so may be a GET that does not: servers treat HEAD carelessly.
fn says_little(error: &FetchError) -> bool {
    matches!(error, FetchError::Status(403 | 404 | 405 | 501) | FetchError::Reset | FetchError::Protocol(_))
}
