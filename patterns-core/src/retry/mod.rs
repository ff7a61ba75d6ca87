//! Trying again what failed, for as long as that makes sense and no longer.
//!
//! # Why a policy and not a loop?
//!
//! A loop with a sleep in it gets four things wrong when it matters most, under load:
//!
//! 1. It goes on when nobody waits for the result any more. A [`Retry`] starts no attempt that can't
//!    fit the ambient deadline, and ends at once where the next delay would pass it.
//! 2. It retries what can't succeed. A [`Classify`] says which errors are worth it, and may know when
//!    ([`Verdict::RetryAfter`]).
//! 3. All clients come back at the same moment. A [`Jitter`] spreads them.
//! 4. Each of many layers retries three times, so a failing server gets the load of nine or
//!    twenty-seven. A [`RetryBudget`] that callers share limits retries to a fraction of what succeeds.
//!
//! In the book: [retry](../../../book/retry.html).
mod backoff;
mod budget;
mod classify;
mod error;
mod jitter;
mod policy;
mod run;

pub use backoff::{Backoff, Exponential, Fixed};
pub use budget::RetryBudget;
pub use classify::{Classify, RetryAll, RetryIf, Verdict};
pub use error::{Attempt, RetryError, StopReason};
pub use jitter::Jitter;
pub use policy::Retry;
