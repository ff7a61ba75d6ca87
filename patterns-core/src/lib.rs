//! Concurrency patterns as plain types on stock tokio.
//!
//! | module | what it is for | beyond the usual |
//! |---|---|---|
//! | [`context`] | what a task inherits | a deadline and a cancel token that travel by themselves, obeyed by everything here that waits |
//! | [`cancel`] | asking work to stop, limiting its time | a cause (kind, message, place, origin); own timeouts told from outer ones; [`shield`](cancel::shield) |
//! | [`task_group`] | tasks that don't outlive their owner | a dropped group's children still clean up, and somebody waits for them |
//! | [`outcome`] | how work ended | every error of a group, as a tree with paths, places and durations |
//! | [`queue`] | work, handed out and acknowledged | a job can't be forgotten; putting from inside a job never deadlocks; `join` ends cyclic pipelines |
//! | [`retry`] | trying again | starts no attempt that can't fit the time left |
//! | [`rate_limit`] | so much per time | first come, first served; one timer for each who waits; per key |
//! | [`exit_stack`] | cleanup on every way out | on drop too |
//! | [`settings`] | layered configuration | every problem at once, with key, source and expectation |
//! | [`testing`] | tests of all that | a drop, cancel, abort or panic at every await |
//! | [`reaper`] | who waits for what its owner let go of | |
//!
//! # Two kinds of concurrency, and no third
//!
//! `'static` tasks in a [`TaskGroup`](task_group::TaskGroup) run in parallel; futures joined inside one task may
//! borrow. A scope that is both parallel and borrowing can't be sound in Rust today: whoever holds its
//! future may leak it, and the tasks would go on with what is no longer there.
//!
//! # Time
//!
//! Every clock read and every sleep goes through `tokio::time`, so that all of this runs on a
//! [paused clock](tokio::time::pause).
//!
//! # Cancel safety
//!
//! A future is *cancel safe* if dropping it before it is complete, and making it anew, is as if nothing
//! had happened. Every async function here says whether it is. Beyond that, dropping any future of
//! this crate at any await leaves every invariant whole: no permit, item, ticket or cleanup is lost.
pub mod background;
pub mod barrier;
pub mod blocking;
pub mod bulkhead;
pub mod cancel;
pub mod circuit_breaker;
pub mod condition;
pub mod context;
pub mod event;
pub mod exit_stack;
pub mod fallback;
pub mod gather;
pub mod hedge;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod outcome;
pub mod pipeline;
pub mod policy;
pub mod queue;
pub mod rate_limit;
pub mod reaper;
pub mod retry;
pub mod semaphore;
pub mod settings;
pub mod shutdown;
pub mod stream;
pub mod task_group;
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;

mod coop;
#[cfg(test)]
mod model;
mod panics;
mod waiters;

/// The examples of the workspace's README, compiled and run.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
pub struct Readme;
