//! Scheduler, WorkerPool, Coordinator and ConnectionPool: supervised actors behind typed handles.
//!
//! The engine and the vocabulary are [actix](https://docs.rs/actix): an actor here is an ordinary
//! `impl actix::Actor` with ordinary `impl actix::Handler<M>`. What is added around it, with actix's
//! public API only, is what a service needs of a mailbox and of a supervisor:
//!
//! | module | what it guarantees |
//! |---|---|
//! | [`system`] | actors run in any program: a plain `#[tokio::main]` of either flavour, a test on a paused clock; shutting down stops them in reverse order and says what became of every message |
//! | [`mailbox`] | lanes with one exact bound each, fair waiting, asks that fail with a reason, a busy actor that starves nobody |
//! | [`supervision`] | a panic costs its own message; the actor is built anew while its mailbox waits; too many panics end it and are reported |
//! | [`dead_letters`] | a message that was taken in and could not be handled is kept, with the reason, and counted |
//! | [`connection_pool`] | never more connections than allowed, as the server counts them; first come, first served; timeouts that say why |
//! | [`worker_pool`] | threads for what computes and tasks for what awaits; every job ends as a typed outcome and is counted |
//! | [`scheduler`] | jobs at their times, without drift; what ran, what did not and why is counted |
//! | [`coordinator`] | readiness with reasons, events, and shutdown in the order of dependencies |
//! | `jobs` (a feature) | jobs that outlive the process, done by any of several machines; who was given up changes nothing |
//!
//! An actor of your own needs actix beside this crate, as its derive macro names it:
//!
//! ```toml
//! [dependencies]
//! actors = { path = "…" } # features = ["jobs", "nats", "postgres", "redis", "sqlite", "tcp"]
//! actix = { version = "0.13", default-features = false, features = ["macros"] }
//! ```
//!
//! Who only *uses* an actor holds a [`Handle`] (or a handle type made from it) and needs no actix.
//!
//! # Examples
//!
//! ```
//! use actors::prelude::*;
//!
//! struct Counter(u64);
//!
//! impl Actor for Counter {
//!     type Context = Context<Self>;
//! }
//!
//! #[derive(Message)]
//! #[rtype(result = "u64")]
//! struct Add(u64);
//!
//! impl Handler<Add> for Counter {
//!     type Result = u64;
//!
//!     fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
//!         self.0 = self.0.checked_add(n).expect("the counter overflowed");
//!         self.0
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::start()?;
//! let counter = system.spawn(ActorConfig::named("counter"), || Counter(0));
//!
//! assert_eq!(counter.ask(Add(2)).await?, 2);
//! // A panic fails its own message, with its text and place, and the actor starts afresh.
//! let error = counter.ask(Add(u64::MAX)).await.unwrap_err();
//! assert!(error.to_string().contains("the counter overflowed"));
//! assert_eq!(counter.ask(Add(3)).await?, 3);
//!
//! let receipt = counter.stop().await;
//! assert_eq!((receipt.handled, receipt.dead), (2, 1));
//! # Ok(()) }
//! ```
pub mod connection_pool;
pub mod coordinator;
pub mod dead_letters;
#[cfg(feature = "jobs")]
pub mod jobs;
pub mod mailbox;
pub mod prelude;
pub mod scheduler;
pub mod supervision;
pub mod system;
pub mod worker_pool;

mod asked;
mod chain;
mod quiet;
mod signal;

pub use actix;
pub use connection_pool::{AcquireError, ConnectionPool, Pooled};
pub use coordinator::{Component, Coordinator, Readiness};
pub use dead_letters::{DeadKind, DeadLetter, DeadReason, LetterFilter};
pub use mailbox::{AskError, Lane, TellError};
pub use scheduler::Scheduler;
pub use system::{ActorConfig, Handle, Receipt, StartError, System, WeakHandle};
pub use worker_pool::{JobError, JobHandle, WorkerPool};

/// The examples of the workspace's README, compiled and run.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
pub struct Readme;
