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
//! 1. **Bound.** At most `cpu_threads` and `io_tasks` jobs run (more only by [`Rejection::CallerRuns`], and beside
//!    threads that are written off), at most `global` of both together, and at most `queue` more of each class are
//!    accepted. What becomes of others the pool's [`Rejection`] says; with the default, their submitters wait, each
//!    with its own job, first come, first served.
//! 2. **One end.** Every job ends in exactly one way, as a value or a [`JobError`], and is counted ([`JobCounts`]):
//!    `submitted = done + failed + panicked + cancelled + expired + rejected + dropped + in flight`.
//! 3. **Keys.** At most `per_key` jobs of one class and key run, started in the order in which they came and no more
//!    often than `rate` says. Those that wait for their key hold up no other, and their places are their own: a busy
//!    key can't fill the queue. Keys that have jobs that could be started take turns.
//! 4. **Priorities.** A more urgent job goes first, but nobody starves: see [turns](#turns).
//! 5. **Deadlines.** Work whose deadline has passed is never started.
//! 6. **Panics.** A panicking job fails alone, with text and place, also if it panics in a destructor.
//! 7. **No stalls.** A job whose submitter is no longer polled is started in its turn all the same. A thread whose
//!    job does not stop is written off, and another takes its place, up to 4,096 threads in all.
//! 8. **Context.** A job runs under its submitter's path, token and deadline.
//!
//! # How a job is made to stop
//!
//! Cancelled by its handle or by a drain, a job that was not started is over at once. So it is at its deadline and with
//! its submitter's token if its handle is awaited; else it keeps its place until its turn comes, and ends then. One
//! that runs is *asked*, through its token
//! ([`context::is_cancelled`](patterns_core::context::is_cancelled), and every wait of this workspace). If it
//! finishes within the pool's grace, its value counts. After that an IO job is *dropped*. A CPU job can't be: its
//! thread goes into *quarantine*. Its waiter gets the error, another thread restores the pool's width, and
//! [`WorkerPoolStatus::quarantined`] names thread and job. The job stays in flight, and active for its key, until it
//! returns; then its thread takes a place again if there is one, and else ends and is joined.
//!
//! That the submitter of a running job was cancelled is noticed by those who await the job, and by the pool within a
//! grace.
//!
//! # Turns
//!
//! Where more jobs could be started than there are workers, the flows take turns: each key is one, in the order of
//! its jobs, and so are the jobs of each priority without a key. A flow's turn is as urgent as the job that was its
//! first when the turn began, and is due when that job came (or when its key became free, if that was later), an
//! `ageing` later for each level below the highest. Of the three rings of flows the one with the earliest due turn is
//! served, and in it goes round.
//!
//! So a turn is passed over by more urgent ones that began at most an `ageing` later (two between
//! [`High`](Priority::High) and [`Low`](Priority::Low)), and by those that stand before such a one in its ring. Within
//! a level the flows go round, however old their jobs are.
//!
//! Plain jobs count as having come when the first other job comes to wait beside them: until then nothing passes them.
//!
//! # Jobs that wait for jobs
//!
//! A job that awaits another of its class holds a worker meanwhile, and with `global` one that awaits any other holds
//! a permit: where all of them do, nothing goes on until a deadline passes. Await from outside of the pool, or use two.
//!
//! # The control plane
//!
//! Jobs go straight to the workers. A plain one, without key and of normal priority, costs a push into a bounded
//! crossbeam-channel as long as nothing else waits, and is counted and answered without a lock that others need.
//! Everything else, and plain jobs beside it, is ordered under a lock. The pool's life
//! belongs to a [`WorkerPoolActor`], so that a system's shutdown drains the pool, and other actors can ask for that by
//! [message](messages).
//!
//! IO jobs are run by tasks that take one after the other. However, tokio lets a task that was just woken run on the
//! thread that woke it: a submitter that computes for long without awaiting holds up the last job it submitted, as with
//! [`tokio::spawn`].
//!
//! # Looking inside
//!
//! [`WorkerPool::status`] says what runs, what waits and what became of all jobs so far. For a recorder of the
//! [`metrics`] facade there are the following; they are registered when a pool is started, so install the recorder
//! before.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `actors_jobs_submitted_total` | counter | `pool` | jobs that were submitted |
//! | `actors_jobs_ended_total` | counter | `pool`, `outcome` | jobs that ended, as in [`JobCounts`] |
//! | `actors_threads_quarantined_total` | counter | `pool` | threads that were written off |
//!
//! Each job runs in a [`tracing`] span `job`, at the level *debug*, with the pool, the class, the key and the place of
//! its submission.
//!
//! # Comparison to `tokio::task::spawn_blocking`
//!
//! 1. The queue has a bound, and submitters feel it; tokio's has none.
//! 2. A job knows its deadline and token, and is not started when it is too late.
//! 3. A thread that is stuck does not cost the pool its width.
//! 4. A drain has a deadline and names what it left behind; tokio's shutdown waits or forgets.
//!
//! # Comparison to `rayon`
//!
//! rayon splits one computation; this runs independent jobs for async callers. Use rayon inside a
//! CPU job if one job is to use all cores.
//!
//! # Comparison to Java's `ThreadPoolExecutor`
//!
//! The rejection policies are its four and one more. There a dropped task's future never completes; here it
//! ends with an error that says so. A priority queue starves there; here it ages.
//!
//! In the book: [worker_pool](../../../book/worker_pool.html).
mod actor;
mod builder;
mod component;
mod config;
mod error;
mod handle;
mod job_handle;
mod ladder;
pub mod messages;
mod plane;
mod priority;
mod rate;
mod rejection;
mod status;
mod submission;
mod work;

pub use actor::WorkerPoolActor;
pub use builder::WorkerPoolBuilder;
pub use config::WorkerPoolConfig;
pub use error::{Expired, JobError, Reject, ResizeError, StartError, SubmitError};
pub use handle::WorkerPool;
pub use job_handle::JobHandle;
pub use priority::Priority;
pub use rate::KeyRate;
pub use rejection::Rejection;
pub use status::{
    ClassStatus, DrainReceipt, JobClass, JobCounts, PoolState, Quarantined, RunningJob, WorkerPoolStatus,
};
pub use submission::{Answer, Submission};
pub use work::{Cpu, Io, Work};
