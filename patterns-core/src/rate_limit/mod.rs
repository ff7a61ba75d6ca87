//! A bound on what passes in any window of time, and everybody in turn.
//!
//! # The law
//!
//! Let `spacing` be the quota's period divided by its number, and `burst` its burst. In any window of
//! time of length `w`, its ends included, at most `burst + floor(w / spacing)` units are admitted, counted
//! at the instants at which the acquires return. It holds as long as the quota is not changed.
//!
//! A limiter that counts calls per calendar second lets twice its quota through around the turn of the
//! second. This one is the generic cell rate algorithm (GCRA, ITU-T I.371), the leaky bucket kept as one
//! number: the instant at which the bucket will be full again.
//!
//! # Waiting in line
//!
//! Waiters are served first come, first served, whatever they cost, and each needs one timer, set to its
//! own instant: a thousand waiters are a thousand timers that fire once, not a thousand wake-ups per slot.
//! A waiter that leaves moves the others forward. One that doesn't come when it is its turn (it is alive,
//! but nobody polls it) is passed over after [10 ms](RateLimiter#fairness).
//!
//! Timers have a resolution of 1 ms. So waiters get what a quota of more than 1,000 per second allows only
//! with a burst of at least what is due in 1 ms, plus 1.
//!
//! In the book: [rate_limit](../../../book/rate_limit.html).
mod bucket;
mod error;
mod keyed;
mod keys;
mod limiter;
mod line;
#[cfg(test)]
mod model;
mod quota;

/// What the bucket is made of: the model checker has others.
mod sync {
    pub(super) use std::sync::atomic::AtomicU64;

    pub(super) use parking_lot::Mutex;
}

pub use error::{AcquireError, TooManyKeys};
pub use keyed::KeyedRateLimiter;
pub use limiter::{RateLimiter, Status};
pub use quota::Quota;
