//! The behaviour of patterns-core, through its public API, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod cancel;
mod context;
mod exit_stack;
mod outcome;
mod panics;
mod pitfalls;
mod queue;
mod rate_limit;
mod reaper;
mod retry;
mod semaphore;
mod settings;
mod shield;
mod support;
mod task_group;
mod testing;
