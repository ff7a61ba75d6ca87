//! Behaviour through the public API, on a paused clock.
mod cancel;
mod context;
mod outcome;
mod panics;
mod pitfalls;
mod reaper;
mod shield;
mod support;
mod task_group;
