//! Concurrency patterns as plain types on stock tokio.
//!
//! | module | what it is for | beyond the usual |
//! |---|---|---|
//! | [`context`] | what a task inherits | a deadline and a cancel token that travel by themselves, obeyed by nearly everything here that waits |
//! | [`cancel`] | asking work to stop, limiting its time | a cause (kind, message, place, origin); own timeouts told from outer ones; [`shield`](cancel::shield) |
//! | [`task_group`] | tasks that don't outlive their owner | a dropped group's children still clean up, and somebody waits for them |
//! | [`outcome`] | how work ended | every error of a group, as a tree with paths, places and durations |
//! | [`gather`] | futures joined inside of one task | borrow freely; one that fails leaves the others running, if you like |
//! | [`reaper`] | who waits for what its owner let go of | |
//! | [`background`] | fire and forget | tracked, bounded, drained at the end; errors go to a sink |
//! | [`semaphore`] | so many at once | a waiter that nobody polls keeps no permit from others; priorities; live and adaptive limits |
//! | [`event`] | something that happens, for all who wait and all who come late | a `set` that is cleared at once still reaches everybody who waited |
//! | [`condition`] | a value that one waits for, and a bounded buffer on it | check and action are one step; no wake-up can be forgotten or lost |
//! | [`barrier`] | nobody goes on before all are there | a party that is dropped leaves; broken with a reason |
//! | [`queue`] | work, handed out and acknowledged | a job can't be forgotten; putting from inside a job never deadlocks; `join` ends cyclic pipelines |
//! | [`pipeline`] | work in stages | a stated bound from end to end; an error names stage and item; all of the output or none |
//! | [`stream`] | generators, pages, batches, reading ahead | however the consumer stops, the producer is waited for |
//! | [`exit_stack`] | cleanup on every way out | on drop too |
//! | [`retry`] | trying again | starts no attempt that can't fit the time left |
//! | [`rate_limit`] | so much per time | first come, first served; one timer for each who waits; per key |
//! | [`circuit_breaker`] | not calling what fails anyway | exactly n probes; callers who give up don't count against it |
//! | [`bulkhead`] | so many calls at once, and so many in line | |
//! | [`hedge`] | a second attempt when the first is slow | losers clean up, and somebody waits for them |
//! | [`fallback`] | a default on errors | a cancellation always passes |
//! | [`policy`] | all of these around a call | an order that makes no sense does not compile; also as [`tower`] layers |
//! | [`blocking`] | blocking and CPU work off the loop | bounded threads and queue; a job learns that nobody wants it |
//! | [`shutdown`] | stopping the program on signals | a cause on a token; a second signal forces; what is left is named |
//! | [`inspect`] | what a running program waits for | text and JSON; who waits for whom in a circle |
//! | [`settings`] | layered configuration | every problem at once, with key, source and expectation |
//! | [`testing`] | tests of all that | a drop, cancel, abort or panic at every await; mocks, faults, an idle barrier |
//!
//! # Features
//!
//! `full`, the default, has everything. Without it the base is there (`cancel`, `context`, `gather`, `outcome`, `reaper` and
//! `task_group`), and each other module is a feature of its own name, which brings what it needs.
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
#![cfg_attr(
    not(feature = "full"),
    allow(dead_code, unused_imports, reason = "the base has parts that only some features use")
)]

#[cfg(feature = "background")]
pub mod background;
#[cfg(feature = "barrier")]
pub mod barrier;
#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "bulkhead")]
pub mod bulkhead;
pub mod cancel;
#[cfg(feature = "circuit_breaker")]
pub mod circuit_breaker;
#[cfg(feature = "condition")]
pub mod condition;
pub mod context;
#[cfg(feature = "event")]
pub mod event;
#[cfg(feature = "exit_stack")]
pub mod exit_stack;
#[cfg(feature = "fallback")]
pub mod fallback;
pub mod gather;
#[cfg(feature = "hedge")]
pub mod hedge;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod outcome;
#[cfg(feature = "pipeline")]
pub mod pipeline;
#[cfg(feature = "policy")]
pub mod policy;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "rate_limit")]
pub mod rate_limit;
pub mod reaper;
#[cfg(feature = "retry")]
pub mod retry;
#[cfg(feature = "semaphore")]
pub mod semaphore;
#[cfg(feature = "settings")]
pub mod settings;
#[cfg(feature = "shutdown")]
pub mod shutdown;
#[cfg(feature = "stream")]
pub mod stream;
pub mod task_group;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;

mod coop;
#[cfg(test)]
mod model;
mod panics;
mod waiters;
