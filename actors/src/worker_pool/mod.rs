//! Running jobs on a bounded number of workers: threads for what computes, tasks for what awaits.
//!
//! A [`WorkerPool`] has two classes of workers. CPU jobs are closures that run on threads of the
//! pool's own, so that they never hold up the runtime; IO jobs are futures that run as tasks on the runtime
//! that was current when the pool was started. Reach for it when work must be bounded, must not
//! be lost, and must be accounted for when the program ends. For a handful of children of one function a
//! [`TaskGroup`](patterns_core::task_group) is less.
//!
//! # Guarantees
//!
//! 1. **Bound.** At most `cpu_threads` and `io_tasks` jobs run, and at most `queue` more of each class
//!    are accepted. Beyond that submitters wait, each with its own job, first come, first served, or get the
//!    job back ([`Rejection`]).
//! 2. **One end.** Every job ends in exactly one way, as a value or a [`JobError`], and is counted
//!    ([`JobCounts`]): `submitted = done + failed + panicked + cancelled + expired + rejected + in flight`.
//! 3. **Keys.** At most `per_key` jobs of one class and key run, in the order in which they came, and those that wait for
//!    their key hold up no other. Their places are their own: a busy key can't fill the queue.
//! 4. **Deadlines.** Work whose deadline has passed is never started.
//! 5. **Panics.** A panicking job fails alone, with text and place, also if it panics in a destructor.
//! 6. **No stalls.** A job whose submitter is no longer polled is started in its turn all the same.
//! 7. **Context.** A job runs under its submitter's path, token and deadline.
//!
//! # How a job is made to stop
//!
//! Cancelled by its handle, by its submitter's token, by its deadline or by a drain, a job that was
//! not started is over at once. One that runs is *asked*, through its token
//! ([`context::is_cancelled`](patterns_core::context::is_cancelled), and every wait of this workspace). If it finishes
//! within the pool's grace, its value counts. After that an IO job is *dropped*. A CPU job can't be: it
//! is *left alone*, its waiter gets the error, and it stays in flight until it returns.
//!
//! A CPU job that nobody awaits sees its deadline in
//! [`context::remaining`](patterns_core::context::remaining); its token is cancelled for it only while somebody awaits it.
//!
//! # The control plane
//!
//! Jobs go straight to the workers: an unkeyed CPU job costs one compare-and-swap and a push into a
//! bounded crossbeam-channel. The pool's life belongs to a [`WorkerPoolActor`], so that a system's
//! shutdown drains the pool, and other actors can ask for that by [message](messages).
//!
//! # Comparison to `tokio::task::spawn_blocking`
//!
//! 1. The queue has a bound, and submitters feel it; tokio's has none.
//! 2. A job knows its deadline and token, and is not started when it is too late.
//! 3. A drain has a deadline and names what it left behind; tokio's shutdown waits or forgets.
//!
//! # Comparison to `rayon`
//!
//! rayon splits one computation; this runs independent jobs for async callers. Use rayon inside a
//! CPU job if one job is to use all cores.
mod actor;
mod builder;
mod component;
mod config;
mod error;
mod handle;
mod job_handle;
pub(crate) mod ladder;
pub mod messages;
mod plane;
mod status;
mod submission;
mod work;

pub use actor::WorkerPoolActor;
pub use builder::WorkerPoolBuilder;
pub use config::{Rejection, WorkerPoolConfig};
pub use error::{Expired, JobError, Reject, StartError, SubmitError};
pub use handle::WorkerPool;
pub use job_handle::JobHandle;
pub use status::{ClassStatus, DrainReceipt, JobClass, JobCounts, PoolState, RunningJob, WorkerPoolStatus};
pub use submission::{Answer, Submission};
pub use work::{Cpu, Io, Work};
