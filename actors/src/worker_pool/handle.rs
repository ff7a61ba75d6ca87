use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::time::Instant;

use super::plane::Plane;
use super::{Cpu, DrainReceipt, Io, JobClass, ResizeError, Submission};
use super::{WorkerPoolActor, WorkerPoolBuilder, WorkerPoolStatus};
use crate::Handle;

/// Runs jobs on a bounded number of workers, and tells of each how it ended.
///
/// A clone is the same pool. When the last one is dropped the pool is closed: what was accepted is
/// still run, for as long as the pool's [`drain_timeout`](super::WorkerPoolConfig::drain_timeout), and
/// then its threads end.
///
/// See the [module](super) for what it guarantees.
///
/// # Examples
///
/// ```
/// use actors::{System, WorkerPool};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let workers = WorkerPool::builder().cpu_threads(2).io_tasks(64).start(&system)?;
///
/// let sum = workers.submit_cpu(|| (1..=100).sum::<u32>()).await?;
/// assert_eq!(sum, 5050);
///
/// let page = workers
///     .submit_io(async { "<html>" })
///     .key("example.org")
///     .deadline_in(Duration::from_secs(5))
///     .await?;
/// assert_eq!(page, "<html>");
///
/// let error = workers.submit_cpu(|| panic!("no such page")).await.unwrap_err();
/// assert_eq!(error.panic().unwrap().message(), "no such page");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct WorkerPool {
    owner: Arc<Owner>,
}

/// Closes the pool with its last handle. Jobs hold the plane, but not this.
struct Owner {
    plane: Arc<Plane>,
    actor: Handle<WorkerPoolActor>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.plane.close();
        // Others may have handles of the actor, and must not keep it.
        self.actor.close();
    }
}

impl WorkerPool {
    /// Settings for a pool, all at their [defaults](super::WorkerPoolConfig#defaults).
    pub fn builder() -> WorkerPoolBuilder {
        WorkerPoolBuilder::default()
    }

    pub(super) fn new(plane: Arc<Plane>, actor: Handle<WorkerPoolActor>) -> Self {
        Self { owner: Arc::new(Owner { plane, actor }) }
    }

    /// A job for one of the pool's own threads: for work that computes or blocks.
    ///
    /// On a paused clock no virtual time passes while a thread has something to do: the clock stands still, as for a
    /// task on tokio's blocking pool, and timers fire only if [`tokio::time::advance`] moves it. It goes on while
    /// jobs only wait, for their key's rate or a global limit, and beside threads that are in quarantine.
    #[track_caller]
    pub fn submit_cpu<F, T>(&self, job: F) -> Submission<Cpu<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Submission::new(&self.owner.plane, Cpu(job), Location::caller())
    }

    /// A job for a task on the runtime that was current when the pool was started: for work that
    /// awaits.
    #[track_caller]
    pub fn submit_io<F>(&self, job: F) -> Submission<Io<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Submission::new(&self.owner.plane, Io(job), Location::caller())
    }

    /// A snapshot: sizes, counts and what runs now.
    #[must_use]
    pub fn status(&self) -> WorkerPoolStatus {
        self.owner.plane.status()
    }

    /// Makes a class of workers as many as this, at any moment: more at once, fewer as their jobs end.
    ///
    /// The bound on accepted jobs stays what it is, and so does a [global](super::WorkerPoolConfig::global) limit.
    /// Threads that are in [quarantine](super::WorkerPoolStatus::quarantined) don't count.
    ///
    /// # Errors
    ///
    /// - [`ResizeError::OutOfRange`]: none, or more than there can be.
    /// - [`ResizeError::Closed`]: the pool takes no new work.
    /// - [`ResizeError::Thread`]: the operating system gave no thread; the pool is as wide as it got.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::worker_pool::JobClass;
    /// use actors::{System, WorkerPool};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let workers = WorkerPool::builder().cpu_threads(1).io_tasks(8).start(&system)?;
    /// workers.resize(JobClass::Cpu, 3)?;
    /// workers.resize(JobClass::Io, 4)?;
    /// assert_eq!((workers.status().cpu.width, workers.status().io.width), (3, 4));
    ///
    /// let refused = workers.resize(JobClass::Io, 0).unwrap_err();
    /// assert!(refused.to_string().starts_with("worker pool: io workers must be from 1 to "));
    /// # Ok(()) }
    /// ```
    pub fn resize(&self, class: JobClass, to: usize) -> Result<(), ResizeError> {
        self.owner.plane.resize(class, to)
    }

    /// Takes no new work. What was accepted is still run; whoever waits for a place gets its job back.
    pub fn close(&self) {
        self.owner.plane.close();
    }

    /// Closes the pool, finishes what it has, and joins its threads; all of it by the deadline.
    ///
    /// A grace before the deadline what is left is cancelled: what was not started never will be, what
    /// runs is asked to stop, and IO jobs that do not are dropped. A CPU job that does not look at its
    /// token can't be stopped: it is named in the receipt, and its thread ends with it. A deadline that
    /// is nearer than the grace is overrun by at most one, by two where an IO job blocks its thread, and by one more
    /// where a destructor blocks a thread of the pool, which is then left behind, not joined.
    ///
    /// This is not interrupted by the ambient token or deadline: it is what a shutdown waits for.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before its deadline it leaves the pool closed and still working, and it can
    /// be called again, also by several tasks.
    pub async fn drain(&self, deadline: Instant) -> DrainReceipt {
        self.owner.plane.drain(deadline).await
    }

    /// The actor that owns the pool's life, for who would rather send it [messages](super::messages).
    #[must_use]
    pub fn actor(&self) -> &Handle<WorkerPoolActor> {
        &self.owner.actor
    }
}

impl fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerPool").field("status", &self.status()).finish()
    }
}
