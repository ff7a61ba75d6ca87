//! What keeps the jobs: the contract, and the drivers.
//!
//! A job is *entered* once, under its [id](JobId). It *waits* until it is due, is *taken* by an owner, who gets a
//! [fence](Fence) with it, and *answered* with that fence. An owner is one life of one process. As long as it gives
//! signs of life, its jobs are its own; whoever sees none for long enough *evicts* it, which hands all of them back.
//! From that follow:
//!
//! 1. **No job is lost.** It waits, or is with an owner, or is over; and what an owner leaves goes back.
//! 2. **Who was given up changes nothing.** Eviction is final, and an answer counts only with the fence of the latest
//!    take. A process that was stopped and wakes learns with its next word that it is gone.
//! 3. **What belongs to an answer comes with it.** [What follows](Answer::next) is entered if and only if the answer is
//!    accepted, once.
//! 4. **What kills its process shows.** A take is counted before the job can do harm, and the count is taken back by any
//!    answer. See [`evict`](JobDriver::evict).
//!
//! # The contract of a driver
//!
//! | relation | key | columns |
//! |---|---|---|
//! | jobs | id | `seq`, what was [entered](NewJob), state, due, fence, answered, owner, serial, attempt, crashes, times, error, output |
//! | owners | owner | instance, `beat`, poison |
//! | queues | name | paused, [limits](QueueLimits), `next` (may be null) |
//! | uniques | queue, unique key | id, until (may be null) |
//! | rates | name | `next` |
//! | leader | - | term, owner |
//!
//! Each method is atomic: it has happened as a whole or not at all, also if its future is dropped, or the process dies;
//! and what it has answered survives a crash. A batch is there to be written together, and holds at most [`BATCH`]
//! items, which are dealt with in their order. It is the items that are atomic, each with all that belongs to it: a driver
//! that fails may have done the first of them.
//!
//! Each method may be called again with the same arguments because its answer was lost, and must then have the same
//! effect as if it had been called once. What that means is said at each.
//!
//! *Time is the driver's.* Of each engine there is one clock, whoever asks: a server's own, or that of the machine that
//! has the file. So callers say how long something is to be, and not when; and are told how long it will be. The one
//! exception is [`Due::At`], a time of day that somebody wished for.
//!
//! *A lease is no instant.* A driver only counts signs of life. How long it is that nothing was counted is seen by those
//! who look, each on a clock of its own that nobody sets. So it does no harm if wall clocks differ or jump.
//!
//! A driver may refuse, with [`DriverError::Refused`], names (of queues, kinds, keys, owners) that have a NUL in them or
//! more than 2,000 bytes, and payloads and outputs of more than 1 MiB. It must take all others as they are. Names compare
//! byte by byte. One that can do nothing more for this process, whatever it is asked, says [`DriverError::Ended`].
//!
//! # The order of jobs
//!
//! Of the jobs of a queue that can be taken, the one with the earliest `due` is taken first, where each level of
//! [`Priority`] above the lowest counts as [`ageing`](Take::ageing) earlier, and among equals the one that was entered
//! first. So nothing waits for ever behind what is more urgent.
//!
//! Jobs of one queue with the same [key](NewJob::key) are in line: only the first of those that are not over can be
//! taken, also while it waits for its time or its next attempt.
//!
//! # What each engine guarantees
//!
//! To whoever uses a [`JobQueue`](super::JobQueue) on it:
//!
#![doc = include_str!("guarantees.md")]
mod error;
mod id;
mod memory;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
#[cfg(any(feature = "nats", feature = "postgres", feature = "sqlite"))]
#[cfg_attr(not(all(feature = "postgres", feature = "sqlite")), allow(dead_code, reason = "no driver needs all of it"))]
mod rules;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;

use async_trait::async_trait;

pub use error::DriverError;
pub use id::{Fence, JobId, NoJobId};
pub use memory::MemoryDriver;
#[cfg(feature = "nats")]
pub use nats::{NatsDriver, NatsDriverBuilder, async_nats};
#[cfg(feature = "postgres")]
pub use postgres::PostgresDriver;
pub use records::{
    Accepted, Answer, Beat, DeadReason, Due, Effects, End, Entered, Eviction, JobFilter, JobRecord, JobState,
    Leadership, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, QueueRate, Seen, Take, Taken, TakenJob, Turns,
    Unique,
};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteDriver;

use crate::worker_pool::Priority;

/// How many items a batch has at most.
pub const BATCH: usize = 512;

/// How many jobs an answer enters at most.
pub const NEXT: usize = 128;

/// Keeps jobs. See the [module](self) for the contract.
#[async_trait]
pub trait JobDriver: Send + Sync + 'static {
    /// Enters jobs; one verdict for each, in their order. With `term`, they come from the leader of that term.
    ///
    /// For each, in order:
    ///
    /// 1. There is a `term`, and it is not the leader's, or the leader is gone: [`Entered::Deposed`].
    /// 2. There is a job with this id, whatever became of it: [`Entered::Known`].
    /// 3. It is unique, and the unique key is held: [`Entered::Duplicate`], with the id of who holds it. A key is held
    ///    while its job is not over, and until its window is.
    /// 4. Otherwise the job is entered: it waits, its `seq` is greater than all earlier ones', and it holds its unique
    ///    key until the window, counted from now, is over. [`Entered::New`].
    ///
    /// Called again: no further effect, and [`Entered::Known`] for those that are new.
    ///
    /// # Errors
    ///
    /// Whatever keeps the driver from doing that, as for every method. If one job is refused, none of the batch is
    /// entered.
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError>;

    /// Takes jobs for an owner. `None`: the owner is gone.
    ///
    /// If the owner has jobs with the same [`serial`](Take::serial), these are the answer, in the order of `seq`, and
    /// nothing else is taken: it is called again.
    ///
    /// Otherwise up to [`most`](Take::most) of the jobs of these queues that wait, are due, and are the first of their
    /// key, in the [order of jobs](self#the-order-of-jobs). Left out are those of queues that are paused; those beyond
    /// the [limits](QueueLimits) of their queue; and *suspects*, which have `crashes`, but for one where
    /// [`suspect`](Take::suspect) allows it. One whose `expires` has come is not taken: it is over, dead as
    /// [`DeadReason::Expired`], and counted.
    ///
    /// For each: it runs; `fence`, `attempt` and `crashes` grow by one; owner and `serial` are the asker's. A take that
    /// gives jobs is a sign of life, as by [`beat`](Self::beat): who had nothing to do need not have given any.
    ///
    /// At the same time as others, each gets its own. A driver may then leave out jobs that somebody else is
    /// looking at, and must tell so by a [`next`](Taken::next) of zero.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError>;

    /// Answers for jobs of an owner; one verdict for each, in their order.
    ///
    /// For each, with `job` the one of that id:
    ///
    /// 1. The answer's fence is that of the latest accepted answer: [`Accepted::Kept`], and nothing is done.
    /// 2. There is no `job`, it does not run, or its fence or owner is another: [`Accepted::Stale`], and nothing is done.
    /// 3. It has [effects](Answer::effects), and they fail: [`Accepted::Failed`], and nothing is done.
    /// 4. Otherwise `crashes` shrinks by one; and by [`end`](Answer::end):
    ///    - [`End::Done`]: it is done, with the output.
    ///    - [`End::Retry`]: it waits again, and is due after that time; the error is kept.
    ///    - [`End::Dead`]: it is dead, with reason and error.
    ///    - [`End::Cancelled`]: it is cancelled.
    ///    - [`End::Released`]: it waits again, due after that time, but not earlier than it was, and as it was where that
    ///      time is zero; `attempt` shrinks by one.
    ///
    ///    If it [was cancelled](Self::cancel) meanwhile, it is cancelled where it would wait again.
    ///
    /// What is over leaves the line of its key, and its unique key if the window is over. Then all of
    /// [`next`](Answer::next) is entered, as by [`enqueue`](Self::enqueue) without a term, whatever the verdicts are.
    ///
    /// Called again: no further effect, and the same answer.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError>;

    /// Whether it can do these effects in the transaction of an answer; if not, [`answer`](Self::answer) says
    /// [`Accepted::Failed`]. Default: it can do none.
    fn takes(&self, _effects: &Effects) -> bool {
        false
    }

    /// Enters an owner. Others with the same [instance](Owner::instance) are evicted, whatever their `beat`: they are
    /// earlier lives of the same process. Whether it was entered now; `false`: it is there.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError>;

    /// A sign of life: `beat` grows. The answer tells what there is to know: all other owners, which of the owner's
    /// jobs are to stop as they [were cancelled](Self::cancel), and who leads. `None`: the owner is gone.
    ///
    /// Called again: the same, with another `beat`.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError>;

    /// Who is there, and who leads. This is no sign of life.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn owners(&self) -> Result<Owners, DriverError>;

    /// Gives up an owner who gave no sign of life since this `beat`.
    ///
    /// It is there, with another beat: [`Eviction::Alive`]. Otherwise it is gone, for ever. Each job that it ran waits
    /// again, due as it was, with its `crashes` as they are; but it is cancelled if it
    /// [was to be](Self::cancel), and dead, as [`DeadReason::Poisoned`], if its `crashes` have reached the owner's
    /// [`poison`](Owner::poison).
    ///
    /// Called again: [`Eviction::Gone`], with nothing that was handed back.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError>;

    /// An owner takes its leave, as if [evicted](Self::evict) with its latest beat.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError>;

    /// An owner would lead. If there is no leader, or the leader is gone, it is the leader now, and the term grows by
    /// one. Who leads; `None`: the owner is gone.
    ///
    /// Called again: the same answer.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError>;

    /// Nobody leads, if that owner did in that term.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError>;

    /// Reserves turns of a rate that all share, one [`spacing`](Turns::spacing) after the other, behind those that
    /// others have reserved and not before [`pause`](Turns::pause) is over. How long it is until the first of them.
    /// With a `count` of 0 only the pause is noted.
    ///
    /// Called again: reserves others. Turns that nobody uses are lost, so a rate is never exceeded.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError>;

    /// Sets the limits of a queue, for all takes from now on. The default is none. What began under an earlier rate counts
    /// for no longer than a whole burst takes under this one, and not at all where there is none.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError>;

    /// Has nothing of a queue taken, or lets it be taken again. What runs goes on.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError>;

    /// Cancels a job: at once if it waits; if it runs, its owner is told with the next [`beat`](Self::beat). Its state
    /// now; `None`: there is no such job. What is over stays as it is.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError>;

    /// Has a job wait, due now at the latest, in its place; one that is dead or cancelled with `attempt` and `crashes` at zero,
    /// no `expires`, behind those of its key that are not over, and with its unique key only if nobody holds it. What runs
    /// or is done stays as it is. Its state now; `None`: there is no such job.
    ///
    /// Called again: the same.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError>;

    /// What is known of jobs, in their order.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError>;

    /// Jobs, the latest first.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError>;

    /// How many jobs there are, by queue and in the order of their names: each queue that has or had a job, is paused or
    /// has limits.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError>;

    /// Deletes jobs that have been over for long enough, and unique keys that are not held. How many jobs.
    ///
    /// # Errors
    ///
    /// See [`enqueue`](Self::enqueue).
    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError>;

    /// What [`woken`](Self::woken) waits from. Read it before looking for jobs: what comes afterwards wakes.
    fn mark(&self) -> u64;

    /// Ends when something may have come, since the mark, that can be taken from one of these queues; where there are no
    /// queues, when a job that is [told of](NewJob::told) is over. It may end for no reason. It must end soon; it need not if the engine was
    /// away, so who waits looks now and then by himself.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is used up.
    async fn woken(&self, queues: &[String], mark: u64);
}

/// How much earlier than it is a job counts as due, by its priority.
fn lead(priority: Priority, ageing: Duration) -> Duration {
    match priority {
        Priority::Low => Duration::ZERO,
        Priority::Normal => ageing,
        Priority::High => ageing.saturating_mul(2),
    }
}
