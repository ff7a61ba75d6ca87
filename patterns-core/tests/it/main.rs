//! The behaviour of patterns-core, through its public API, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod background;
mod barrier;
mod blocking;
mod bulkhead;
mod cancel;
mod circuit_breaker;
mod condition;
mod context;
mod event;
mod exit_stack;
mod explored;
mod fallback;
mod gather;
mod hedge;
mod interrupts;
mod long;
mod outcome;
mod panics;
mod peers;
mod pipeline;
mod pitfalls;
mod policy;
mod queue;
mod rate_limit;
mod reaper;
mod retry;
mod semaphore;
mod settings;
mod shield;
mod shutdown;
mod stream;
mod support;
mod task_group;
mod testing;
#[cfg(feature = "tower")]
mod tower;
