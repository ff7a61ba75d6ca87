//! Everything that is done at one URL: a seat, a turn, the request, and again if that may help.
use std::time::Duration;

use patterns_core::context;
use reqwest::Method;
use tokio::time::Instant;
use url::Url;

use super::authority::Authority;
use super::exchange::{Exchange, Failure, Want};
use super::memory::Memory;
use super::pace::Pace;
use super::seats::Seats;
use super::transient::{Verdict, transient};
use super::{Answer, FetchError, FetchSetupError, HttpConfig, Visited};

/// The wait before the first further attempt; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(500);

/// Visits URLs as each host allows.
#[derive(Debug)]
pub(super) struct Visitor {
    exchange: Exchange,
    seats: Seats,
    pace: Pace,
    memory: Memory,
    retries: u32,
}

impl Visitor {
    pub(super) fn new(config: &HttpConfig) -> Result<Self, FetchSetupError> {
        Ok(Self {
            exchange: Exchange::new(config)?,
            seats: Seats::new(config.per_host),
            pace: Pace::new(config.rate),
            memory: Memory::new(config.retries),
            retries: config.retries,
        })
    }

    /// Asks `url` for what is wanted, with further attempts on what is transient.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: seat and connection are given back.
    pub(super) async fn visit(&self, mut method: Method, url: &Url, want: Want) -> Visited {
        let host = Authority::of(url);
        let mut attempts = 0;
        loop {
            let mut result = self.request(&host, &method, url, want).await;
            if method == Method::HEAD && result.as_ref().is_err_and(|failure| says_little(&failure.error)) {
                method = Method::GET;
                result = self.request(&host, &method, url, want).await;
            }
            let failure = match result {
                Ok(answer) => return Visited { result: Ok(answer), attempts: attempts + 1 },
                Err(failure) => failure,
            };
            if !failure.sent {
                return Visited { result: Err(failure.error), attempts };
            }
            attempts += 1;
            let verdict = transient(&failure.error, failure.retry_after);
            if attempts > self.retries || verdict == Verdict::Permanent {
                return Visited { result: Err(failure.error), attempts };
            }
            match verdict {
                Verdict::After(wait) => self.pace.pause_until(&host, Instant::now() + wait),
                _ => {
                    if let Err(interrupt) = context::sleep(BACKOFF * 2_u32.pow((attempts - 1).min(8))).await {
                        return Visited { result: Err(interrupt.into()), attempts };
                    }
                }
            }
        }
    }

    /// Spaces the requests to this host by `interval` at least, from now on.
    pub(super) fn slow_down(&self, host: &Authority, interval: Duration) {
        self.pace.slow_down(host, interval);
    }

    async fn request(&self, host: &Authority, method: &Method, url: &Url, want: Want) -> Result<Answer, Failure> {
        let known = || self.memory.given_up(host).map_or(Ok(()), |error| Err(Failure::unsent(error)));
        known()?;
        let seat = self.seats.take(host, self.memory.answered(host)).await.map_err(Failure::unsent)?;
        // Whoever had the seat before may have found out.
        known()?;
        self.pace.turn(host).await.map_err(Failure::unsent)?;
        let result = self.exchange.run(method.clone(), url, want).await;
        self.memory.note(host, result.as_ref().err().map(|failure| &failure.error));
        if self.memory.answered(host) {
            seat.open_all();
        }
        result
    }
}

/// Whether a HEAD that ended so may be a GET that does not: servers treat HEAD carelessly.
fn says_little(error: &FetchError) -> bool {
    matches!(error, FetchError::Status(403 | 404 | 405 | 501) | FetchError::Reset | FetchError::Protocol(_))
}
