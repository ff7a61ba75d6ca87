//! Jobs that outlive the process that they were put by, and are done by any of several.
//!
//! A [`JobQueue`] puts [jobs](Job) into an engine, and takes those that it has code for. The engine is behind a
//! [driver](driver::JobDriver): memory, SQLite for the processes of one machine, PostgreSQL or NATS JetStream for many. What crosses
//! machines is work, never an actor's address.
//!
//! # Guarantees
//!
//! 1. **No job is lost.** What was [put](JobQueue::put) is done at least once, or is dead or cancelled for a reason that
//!    can be looked up. A job belongs to the process that took it as long as that gives signs of life; what a process
//!    leaves behind, others do within `lease + lease / 3`.
//! 2. **Who was given up changes nothing.** A process that was stopped for longer than its lease and wakes can't end a
//!    job, put what follows from it, or lead: each delivery has a [fence](Delivery::fence).
//! 3. **What belongs together is whole.** A job's end, [the jobs that follow](Run::then) and, where the engine can, [the
//!    rows of the user's](Run::effects) are committed together or not at all.
//! 4. **Ids.** A job is entered once [under its id](Entry::id), whatever became of it. So an id of what it is about makes
//!    it harmless to put it again.
//! 5. **Order.** Jobs with the same [key](Entry::key) are done one after the other, as they were put. Others go by when
//!    they are due, and by priority, but nobody starves.
//! 6. **Limits.** What all processes together run of a queue, and how often they begin, can be
//!    [limited](JobQueue::limit); and they can [share a rate](JobQueue::shared_rate).
//! 7. **Poison.** A job that kills its process is put aside after so many of them; see [`JobQueueConfig::poison`].
//! 8. **Drain.** What can't be finished in time is handed back, which is no attempt.
//! 9. **Clocks.** No lease goes by a wall clock: who waits for somebody's sign of life does so on his own, which nobody
//!    sets.
//! 10. **Accounts.** In each process `taken = done + retried + dead + cancelled + released + lost + held`
//!     ([`DeliveryCounts`]), and of the engine's jobs each is in exactly one state
//!     ([`QueueCounts`](driver::QueueCounts)).
//!
//! What is not promised: that a job's code runs only once. A process that can't give signs of life asks its jobs to
//! [stop](Stop::Unsure) before anybody else takes them, but one that is stopped can't.
//!
//! # Examples
//!
//! ```
//! use actors::System;
//! use actors::jobs::driver::MemoryDriver;
//! use actors::jobs::{Ended, Failure, Job, JobId, JobQueue, Run};
//! use async_trait::async_trait;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Welcome {
//!     to: String,
//! }
//!
//! #[async_trait]
//! impl Job for Welcome {
//!     const KIND: &'static str = "welcome";
//!     type Output = String;
//!     type State = &'static str;
//!
//!     async fn run(self, greeting: &&'static str, _: &mut Run) -> Result<String, Failure> {
//!         Ok(format!("{greeting}, {}!", self.to))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::start()?;
//! // Another process would have the same driver on the same database.
//! let queue = JobQueue::builder(MemoryDriver::new()).handle::<Welcome>("Hello").start(&system).await?;
//!
//! let job = Welcome { to: "Ada".to_owned() };
//! let ticket = queue.put(job.entry().id(JobId::of(&["welcome", "ada"]))).await?;
//! assert_eq!(ticket.ended().await?, Ended::Done("Hello, Ada!".to_owned()));
//!
//! // Once is enough.
//! assert!(!queue.put(job.entry().id(JobId::of(&["welcome", "ada"]))).await?.is_new());
//! # Ok(()) }
//! ```
//!
//! # How it works
//!
//! A process takes as many jobs as it has room for, in one question, and has them done by the IO tasks of a
//! [`WorkerPool`](crate::WorkerPool). Answers are written as they come: the first at once, and all that come meanwhile
//! together. So one job has the latency of one commit, and many share it. Nothing is taken in advance, as others may be
//! free.
//!
//! Three times in a lease the process gives a sign of life for all that it has, and sees who else does. Of whom it has seen none for
//! a lease, it hands back what he had, in one transaction that fails if he gives one after all. While the engine can't be
//! reached, nobody's silence counts.
//!
//! # Looking inside
//!
//! [`JobQueue::status`] tells what this process does, [`counts`](JobQueue::counts), [`list`](JobQueue::list) and
//! [`owners`](JobQueue::owners) what there is. For a recorder of the [`metrics`] facade there are the following; they are
//! registered when a queue is started, so install the recorder before.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `actors_durable_jobs_deliveries_total` | counter | `queue`, `outcome` | deliveries that ended here |
//! | `actors_durable_jobs` | gauge | `jobs`, `queue`, `state` | jobs that there are, set by the leader |
//! | `actors_durable_jobs_lag_seconds` | gauge | `jobs`, `queue` | how long the oldest that could be taken has been due |
//!
//! In the book: [jobs](../../../book/jobs.html).
pub mod driver;
pub mod messages;

mod actor;
mod builder;
mod component;
mod config;
mod delivery;
mod desk;
mod entry;
mod error;
mod failure;
mod handle;
mod handler;
mod job;
mod leader;
mod meters;
mod plane;
mod rate;
mod receipt;
mod retries;
mod run;
mod status;
mod stop;
mod ticket;

pub use actor::JobQueueActor;
pub use builder::JobQueueBuilder;
pub use config::JobQueueConfig;
pub use delivery::Delivery;
pub use driver::{Fence, JobId};
pub use entry::Entry;
pub use error::{AnswerError, JobsError, NoEffects, PutError, StartError};
pub use failure::Failure;
pub use handle::JobQueue;
pub use job::Job;
pub use leader::{Leader, Term};
pub use rate::SharedRate;
pub use receipt::DrainReceipt;
pub use retries::Retries;
pub use run::Run;
pub use status::{DeliveryCounts, EngineFailure, JobQueueState, JobQueueStatus, RunningJob, Sighting};
pub use stop::Stop;
pub use ticket::{Ended, Ticket};
