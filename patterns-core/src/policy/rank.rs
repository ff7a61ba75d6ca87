//! What comes inside of what: the last stage of a [`Policy`](super::Policy), as a type.
//!
//! A policy is built from the outside in, so its last stage says which can still follow: those that its rank
//! [encloses](Encloses). The order, and why it is this one, is in the [module above](super).

/// This rank's stage may have `Inner`'s inside of it. Implemented for each rank and all that come after it.
#[diagnostic::on_unimplemented(
    message = "`{Inner}` can't come inside of `{Self}` in a policy",
    label = "this stage would be inside of `{Self}`",
    note = "from the outside in: fallback, timeout, bulkhead, rate_limit, call_circuit_breaker, retry, \
            attempt_bulkhead, attempt_rate_limit, circuit_breaker, attempt_timeout; each at most once"
)]
pub trait Encloses<Inner>: sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
}

/// Declares the ranks, outermost first.
macro_rules! ranks {
    ($($(#[$doc:meta])* $rank:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $rank {}
        )*
        encloses!($($rank)*);
    };
}

macro_rules! encloses {
    () => {};
    ($outer:ident $($inner:ident)*) => {
        impl sealed::Sealed for $outer {}
        $(impl Encloses<$inner> for $outer {})*
        encloses!($($inner)*);
    };
}

ranks! {
    /// There is no stage yet.
    Start
    /// Made by [`Policy::fallback`](super::Policy::fallback).
    Fallback
    /// Made by [`Policy::timeout`](super::Policy::timeout).
    Timeout
    /// Made by [`Policy::bulkhead`](super::Policy::bulkhead).
    Bulkhead
    /// Made by [`Policy::rate_limit`](super::Policy::rate_limit).
    RateLimit
    /// Made by [`Policy::call_circuit_breaker`](super::Policy::call_circuit_breaker).
    CallCircuitBreaker
    /// Made by [`Policy::retry`](super::Policy::retry).
    Retry
    /// Made by [`Policy::attempt_bulkhead`](super::Policy::attempt_bulkhead).
    AttemptBulkhead
    /// Made by [`Policy::attempt_rate_limit`](super::Policy::attempt_rate_limit).
    AttemptRateLimit
    /// Made by [`Policy::circuit_breaker`](super::Policy::circuit_breaker).
    CircuitBreaker
    /// Made by [`Policy::attempt_timeout`](super::Policy::attempt_timeout).
    AttemptTimeout
}
