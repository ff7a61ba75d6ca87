//! The behaviour of patterns-core, through its public API, on a paused clock.
//!
//! Most of it goes through `explore_cancellation`, so the tests of each feature need that one and `testing`.
#![cfg(feature = "testing")]
#![cfg_attr(
    not(feature = "full"),
    allow(dead_code, unused_imports, reason = "some features use only some of the support")
)]
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

#[cfg(feature = "background")]
mod background;
#[cfg(feature = "barrier")]
mod barrier;
#[cfg(feature = "blocking")]
mod blocking;
#[cfg(feature = "bulkhead")]
mod bulkhead;
mod cancel;
#[cfg(feature = "circuit_breaker")]
mod circuit_breaker;
#[cfg(feature = "condition")]
mod condition;
mod context;
#[cfg(feature = "event")]
mod event;
#[cfg(feature = "exit_stack")]
mod exit_stack;
#[cfg(all(feature = "rate_limit", feature = "retry"))]
mod explored;
#[cfg(all(feature = "fallback", feature = "retry"))]
mod fallback;
mod gather;
#[cfg(feature = "hedge")]
mod hedge;
#[cfg(all(feature = "inspect", feature = "semaphore"))]
mod inspect;
#[cfg(all(feature = "exit_stack", feature = "queue", feature = "rate_limit", feature = "retry"))]
mod interrupts;
#[cfg(all(feature = "exit_stack", feature = "queue", feature = "rate_limit", feature = "retry"))]
mod long;
mod outcome;
mod panics;
#[cfg(feature = "queue")]
mod peers;
#[cfg(feature = "pipeline")]
mod pipeline;
mod pitfalls;
#[cfg(feature = "policy")]
mod policy;
#[cfg(feature = "queue")]
mod queue;
#[cfg(feature = "rate_limit")]
mod rate_limit;
mod reaper;
#[cfg(feature = "retry")]
mod retry;
#[cfg(feature = "semaphore")]
mod semaphore;
#[cfg(feature = "settings")]
mod settings;
mod shield;
#[cfg(all(feature = "queue", feature = "shutdown"))]
mod shutdown;
#[cfg(feature = "stream")]
mod stream;
mod support;
mod task_group;
mod testing;
#[cfg(feature = "tower")]
mod tower;
