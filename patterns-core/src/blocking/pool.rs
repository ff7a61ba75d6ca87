use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::job::{Cell, Head};
use super::shared::{Refused, Shared};
use super::{BlockingError, Builder, JobContext, JobHandle, Status, SubmitError};
use crate::semaphore::{AcquireError, OwnedPermit};

/// Runs closures that block or compute on a bounded number of threads of its own, and says what became of each.
///
/// At most as many jobs run at once as there are threads, and at most as many wait as there are places. A job
/// starts only if its caller is still there, its deadline has not passed and nobody has cancelled it; what can't
/// start any more is dropped when that is known. Each ends in exactly one way, [counted](Status). A panic is an
/// error with its text and place, and costs no thread. Jobs start first come, first served.
///
/// However, a closure that runs can't be stopped from outside. When its caller goes away, by a drop, a timeout or a
/// cancellation, it is [asked to](JobContext::is_cancelled), and occupies its thread until it has looked, or ended;
/// meanwhile [`status`](Self::status) names it and says since when. What limits a call for certain is only the
/// call's own timeout, such as that of the socket.
///
/// Clones are the same pool. Dropping the last one closes it: jobs that have not started never do (their
/// handles get [`BlockingError::Closed`]), each thread ends after its current job, and the
/// [reaper](crate::context::Context::reaper) of the context that the pool was [built](Builder::build) in waits for
/// that. [`shutdown`](Self::shutdown) waits, with a limit, and gives a receipt.
///
/// # Limits
///
/// - Threads are started as jobs need them, and stay until the pool ends.
/// - A job that waits for another of the same pool holds its thread meanwhile; if all do, they wait for ever.
/// - A job whose caller has left the queue keeps its place there until a thread comes across it. Threads that are
///   busy for long make the pool full, then, of what nobody wants any more; the callers who are turned away are those
///   who would have waited in vain.
/// - On a [paused clock](super#on-a-paused-clock) a job takes no time, and a timeout around it may fire at once.
///
/// # Comparison to `tokio::task::spawn_blocking`
///
/// 1. As many threads as asked for, not up to 512; a bounded queue, so that overload is seen where it comes from.
/// 2. A job learns that it is to stop, and one that is not wanted any more never starts.
/// 3. What nobody waits for any more is counted and named, not forgotten.
/// 4. The end of the runtime doesn't wait for its threads; whoever wants to wait does so with a limit.
///
/// # Defaults
///
/// Those of the [`Builder`].
///
/// # Examples
///
/// ```
/// use patterns_core::blocking::BlockingPool;
/// use patterns_core::cancel::timeout;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let pool = BlockingPool::builder().threads(2).queue(64).build()?;
/// let page = String::from("<a href=1><a href=2>");
/// assert_eq!(pool.run(move |_| page.matches("href").count()).await?, 2);
///
/// // Nothing stops this one from outside, but it looks.
/// let (begins, begun) = tokio::sync::oneshot::channel();
/// let search = pool.submit(move |job| {
///     let _ = begins.send(());
///     (2..u64::MAX).find(|_| job.is_cancelled())
/// }).await?;
/// begun.await?;
/// assert!(timeout(Duration::from_secs(1), search.into_future()).await.is_err());
/// while pool.status().abandoned > 0 {
///     tokio::task::yield_now().await; // it is about to see it
/// }
/// assert_eq!(pool.status().abandoned_ended, 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BlockingPool {
    owner: Arc<Owner>,
}

/// What the clones share. The threads and handles don't hold it.
struct Owner {
    shared: Arc<Shared>,
}

impl BlockingPool {
    /// Builds a pool.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self { owner: Arc::new(Owner { shared: Arc::new(shared) }) }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }

    /// Runs `job` on a thread, and waits for its value: first for a place, then for a thread, then for its end.
    ///
    /// The job's deadline and token are those of the context in which this is first polled.
    ///
    /// # Errors
    ///
    /// - [`BlockingError::Panicked`]: the job panicked.
    /// - [`BlockingError::NotStarted`]: the ambient token was cancelled or the ambient deadline passed before it
    ///   started.
    /// - [`BlockingError::Abandoned`]: that happened while it ran.
    /// - [`BlockingError::Closed`]: the pool was closed before the job had a place, or shut down before it started.
    /// - [`BlockingError::NoThread`]: the system gave the pool not a single thread.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, where it has to wait for a place.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped before the job starts, `job` is dropped and never runs; dropped while it runs, it is
    /// asked to stop, and its value is lost. The pool itself stays whole. To keep the wait, [`submit`](Self::submit).
    #[track_caller]
    pub fn run<T, F>(&self, job: F) -> impl Future<Output = Result<T, BlockingError>> + Send
    where
        F: FnOnce(&JobContext) -> T + Send + 'static,
        T: Send + 'static,
    {
        let at = Location::caller();
        async move { self.submit_from(at, job).await.map_err(SubmitError::without_job)?.wait().await }
    }

    /// Waits for a place for `job`, and gives a handle to wait for its value.
    ///
    /// # Errors
    ///
    /// Each gives the closure back.
    ///
    /// - [`SubmitError::Closed`]: the pool was closed, before or while waiting.
    /// - [`SubmitError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed while waiting.
    /// - [`SubmitError::NoThread`]: the system gave the pool not a single thread.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, where it has to wait for a place.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped while it waits for a place, `job` is dropped with it, and the place in line is lost;
    /// use [`try_submit`](Self::try_submit).
    #[track_caller]
    pub fn submit<T, F>(&self, job: F) -> impl Future<Output = Result<JobHandle<T>, SubmitError<F>>> + Send
    where
        F: FnOnce(&JobContext) -> T + Send + 'static,
        T: Send + 'static,
    {
        let at = Location::caller();
        async move { self.submit_from(at, job).await }
    }

    /// Takes `job` if that takes no waiting: a place is free, and nobody waits for one.
    ///
    /// # Errors
    ///
    /// Each gives the closure back.
    ///
    /// - [`SubmitError::Full`]: it would have to wait.
    /// - [`SubmitError::Closed`]: the pool was closed.
    /// - [`SubmitError::NoThread`]: the system gave the pool not a single thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::blocking::BlockingPool;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = BlockingPool::builder().threads(1).queue(1).build()?;
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// let mut jobs = vec![pool.try_submit(move |_| {
    ///     let _ = gate.recv();
    /// })?];
    /// // One runs, one waits; the next one is turned away.
    /// let refused = loop {
    ///     match pool.try_submit(|_| ()) {
    ///         Ok(job) => jobs.push(job),
    ///         Err(error) if pool.status().running.is_empty() => drop(error),
    ///         Err(error) => break error,
    ///     }
    /// };
    /// assert!(refused.is_full());
    /// drop(open);
    /// for job in jobs {
    ///     job.await?;
    /// }
    /// pool.run(refused.into_inner()).await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn try_submit<T, F>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&JobContext) -> T + Send + 'static,
        T: Send + 'static,
    {
        match self.shared().places.request(1).try_acquire_owned() {
            Ok(permit) => self.admit(Location::caller(), job, permit),
            Err(error) => {
                self.shared().count_rejected();
                Err(if error.is_closed() { SubmitError::Closed(job) } else { SubmitError::Full(job) })
            }
        }
    }

    async fn submit_from<T, F>(&self, at: &'static Location<'static>, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&JobContext) -> T + Send + 'static,
        T: Send + 'static,
    {
        match self.shared().places.acquire_owned().await {
            Ok(permit) => self.admit(at, job, permit),
            Err(AcquireError::Interrupted(interrupt)) => Err(SubmitError::Interrupted(job, interrupt)),
            Err(_) => {
                self.shared().count_rejected();
                Err(SubmitError::Closed(job))
            }
        }
    }

    fn admit<T, F>(
        &self,
        at: &'static Location<'static>,
        work: F,
        permit: OwnedPermit,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&JobContext) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let job = Cell::new(Head::new(at), work, answer);
        match self.shared().admit(job.clone(), permit) {
            Ok(number) => Ok(JobHandle::new(Arc::clone(self.shared()), job, number, result)),
            Err(Refused::Closed) => Err(SubmitError::Closed(job.take_back())),
            Err(Refused::NoThread(error)) => Err(SubmitError::NoThread(job.take_back(), error)),
        }
    }

    /// Takes nothing any more; who waits for a place gets [`BlockingError::Closed`]. What was taken still runs, and
    /// then the threads end.
    pub fn close(&self) {
        self.shared().close();
    }

    /// Whether it takes nothing any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared().state.lock().is_closed()
    }

    /// What it holds and what has become of everything, in one consistent snapshot.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared().status()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let shared = &self.shared;
        // Before anything can end: the reaper must not be drained in between.
        let tracked = shared.reaper.track(shared.path.clone());
        shared.stop();
        let unused = shared.state.lock().track(tracked);
        drop(unused);
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPool").field("status", &self.status()).finish()
    }
}
