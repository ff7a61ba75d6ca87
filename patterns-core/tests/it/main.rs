//! The behaviour of patterns-core, through its public API, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod exit_stack;
mod queue;
mod testing;
