//! Behaviour through the public API, on a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test it is an assertion")]

mod cancel;
mod context;
mod outcome;
mod panics;
mod pitfalls;
mod reaper;
mod shield;
mod support;
mod task_group;
