//! Several policies around one call, in an order that makes sense.
//!
//! A [`Policy`] composes [`fallback`](crate::fallback), [`timeout`](crate::cancel::timeout),
//! [`Bulkhead`](crate::bulkhead::Bulkhead), [`RateLimiter`](crate::rate_limit::RateLimiter),
//! [`Retry`](crate::retry::Retry) and [`CircuitBreaker`](crate::circuit_breaker::CircuitBreaker) around any closure
//! that returns a future. No trait has to be implemented for that.
//!
//! # Why is the order a type?
//!
//! Because each order compiles when policies are nested by hand, and most of them are wrong without a sign of it. A
//! fallback inside of a retry turns every failure into a success, so nothing is ever retried. A retry inside of a
//! breaker hides nine failures of ten from it. A limit inside of another that is shorter never passes. Here a
//! policy is built from the outside in, and what makes no sense doesn't compile:
//!
//! | stage | is about | why it is outside of all that follow |
//! |---|---|---|
//! | `fallback` | the call | it answers for whatever fails below, once |
//! | `timeout` | the call | the caller waits no longer than that, for places, attempts and pauses together |
//! | `bulkhead` | calls at a time | whoever waits for the rate limit holds a place, so that line is bounded too |
//! | `rate_limit` | calls started | a unit is used when the call goes on, not before it waits for a place |
//! | `call_circuit_breaker` | calls, with all their attempts | it sees what became of the call after its retries |
//! | `retry` | attempts | every attempt goes through the stages below |
//! | `attempt_bulkhead` | attempts at a time | as above; no place is held during a pause |
//! | `attempt_rate_limit` | attempts started | as above; a server's quota counts requests, not calls |
//! | `circuit_breaker` | attempts | it decides after all waits, right before the server is asked, and sees a passed `attempt_timeout` as the failure that it is |
//! | `attempt_timeout` | an attempt | innermost: waits for places don't count |
//!
//! Each stage is there at most once, and all are optional. A fallback inside of a retry:
//!
//! ```compile_fail,E0277
//! # use patterns_core::{fallback::Fallback, policy::Policy, retry::Retry};
//! # use std::time::Duration;
//! # async fn call() -> Result<u32, std::io::Error> { Ok(7) }
//! # async fn f() {
//! let policy = Policy::new().retry(Retry::fixed(Duration::from_secs(1))).fallback(Fallback::value(0));
//! policy.run(call).await;
//! # }
//! ```
//!
//! A limit of the whole call inside of an attempt's:
//!
//! ```compile_fail,E0277
//! # use patterns_core::policy::Policy;
//! # use std::time::Duration;
//! let _ = Policy::new().attempt_timeout(Duration::from_secs(1)).timeout(Duration::from_secs(9));
//! ```
//!
//! A breaker outside of a retry, unless it says that it means calls:
//!
//! ```compile_fail,E0277
//! # use patterns_core::{circuit_breaker::CircuitBreaker, policy::Policy, retry::Retry};
//! # use std::time::Duration;
//! # fn f(breaker: CircuitBreaker) {
//! let _ = Policy::new().circuit_breaker(breaker).retry(Retry::fixed(Duration::from_secs(1)));
//! # }
//! ```
//!
//! ```
//! # use patterns_core::{circuit_breaker::CircuitBreaker, policy::Policy, retry::Retry};
//! # use std::time::Duration;
//! # fn f(breaker: CircuitBreaker) {
//! let _ = Policy::new().call_circuit_breaker(breaker).retry(Retry::fixed(Duration::from_secs(1)));
//! # }
//! ```
//!
//! A retry inside of a retry, which multiplies attempts:
//!
//! ```compile_fail,E0277
//! # use patterns_core::{policy::Policy, retry::Retry};
//! # use std::time::Duration;
//! let once_more = Retry::fixed(Duration::from_secs(1));
//! let _ = Policy::new().retry(once_more.clone()).retry(once_more);
//! ```
//!
//! # Where two orders make sense
//!
//! They have two names, and both may be there:
//!
//! | outside of the retry | inside of it |
//! |---|---|
//! | `bulkhead`: bounds the callers, those in a pause included | `attempt_bulkhead`: bounds the load on the server |
//! | `rate_limit`: so many calls per time | `attempt_rate_limit`: so many requests per time |
//! | `call_circuit_breaker`: opens when retries don't help; counts a call that the third attempt saved as a success | `circuit_breaker`: opens when attempts fail, and then ends the retries of every call at once |
//! | `timeout`: of the call | `attempt_timeout`: of an attempt |
//!
//! # All of it around a call
//!
//! ```
//! use patterns_core::bulkhead::Bulkhead;
//! use patterns_core::circuit_breaker::{CircuitBreaker, State};
//! use patterns_core::fallback::Fallback;
//! use patterns_core::policy::{Policy, PolicyError};
//! use patterns_core::retry::Retry;
//! use std::io;
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), PolicyError<io::Error>> {
//! let breaker = CircuitBreaker::builder("stock").consecutive_failures(3).build().expect("three is a number of failures");
//! let policy = Policy::new()
//!     .fallback(Fallback::value("in stock, probably"))
//!     .timeout(Duration::from_secs(5))
//!     .bulkhead(Bulkhead::new(8))
//!     .retry(Retry::exponential(Duration::from_millis(100)).max_attempts(3))
//!     .circuit_breaker(breaker.clone())
//!     .attempt_timeout(Duration::from_secs(1));
//!
//! let asked = AtomicU32::new(0);
//! let stock = async || {
//!     match asked.fetch_add(1, Ordering::Relaxed) {
//!         0 => Err(io::Error::other("reset by peer")),
//!         1 => Ok("3 in stock"),
//!         _ => std::future::pending().await, // it hangs
//!     }
//! };
//! assert_eq!(policy.run(stock).await?, "3 in stock"); // by the second attempt
//! assert_eq!(policy.run(stock).await?, "in stock, probably"); // three attempts of a second each
//! assert_eq!(breaker.state(), State::Open);
//! assert_eq!(policy.run(stock).await?, "in stock, probably"); // at once
//! assert_eq!(asked.load(Ordering::Relaxed), 5);
//! # Ok(()) }
//! ```
//!
//! # Answers that are no failures
//!
//! A `404` is an answer, and the server that gives it is well. An operation says so by returning it as a value: it is
//! not tried again then, and no breaker counts it.
//!
//! ```
//! # use patterns_core::policy::{Policy, PolicyError};
//! # use patterns_core::retry::Retry;
//! # use std::io;
//! # use std::time::Duration;
//! # async fn get() -> io::Result<&'static str> { Err(io::ErrorKind::NotFound.into()) }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), PolicyError<io::Error>> {
//! let policy = Policy::new().retry(Retry::fixed(Duration::from_secs(1)));
//! let answer = policy
//!     .run(async || match get().await {
//!         Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
//!         other => other.map(Some),
//!     })
//!     .await?;
//! assert_eq!(answer, None);
//! # Ok(()) }
//! ```
//!
//! # What the retry makes of the other stages' errors
//!
//! | cause | another attempt? |
//! |---|---|
//! | [`Failed`](PolicyCause::Failed) | as the retry's own [`Classify`](crate::retry::Classify) says |
//! | [`AttemptTimedOut`](PolicyCause::AttemptTimedOut) | yes |
//! | [`BulkheadFull`](PolicyCause::BulkheadFull) of `attempt_bulkhead` | yes, after the pause |
//! | [`CircuitOpen`](PolicyCause::CircuitOpen) of `circuit_breaker` | no: a breaker is there so that calls fail fast; [`retry_after`](PolicyError::retry_after) says when it lets somebody in again |
//! | [`BulkheadClosed`](PolicyCause::BulkheadClosed), [`RateLimited`](PolicyCause::RateLimited), [`Interrupted`](PolicyCause::Interrupted) | no |
//!
//! Causes outside of the retry ([`TimedOut`](PolicyCause::TimedOut), those of `bulkhead`, `rate_limit`,
//! `call_circuit_breaker`) end the call. The breakers count only [`Failed`](PolicyCause::Failed) and
//! [`AttemptTimedOut`](PolicyCause::AttemptTimedOut) as failures of the server. What a `timeout` or the caller cuts
//! short counts as cancelled, and so does what fails after the ambient token was cancelled or the ambient deadline
//! has passed.
//!
//! # Where is the hedge?
//!
//! Inside: `policy.run(|| hedge.run(..))`. It is no stage, as its losers outlive the call, so its attempts must be
//! `'static`, while all stages here can do with an operation that borrows.
//!
//! # Time
//!
//! A limit is visible to everything inside from the start, as the ambient deadline. It counts from when somebody
//! first looks at it, or from when the call first has to wait: a call that does neither costs no look at the clock.
//! So work before the first await is not limited, as it could not be stopped anyway.
//!
//! In the book: [policy](../../../book/policy.html).
mod cause;
mod classify;
mod error;
mod guards;
mod limited;
mod pipeline;
pub mod rank;
mod stages;

pub use cause::{PolicyCause, WaitedFor};
pub use error::PolicyError;
pub use pipeline::Policy;
pub use stages::NoRetry;
