mod cancel;
mod make;

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::plane::Plane;
use super::{DrainReceipt, SchedulerActor, SchedulerBuilder, SchedulerStatus};
use crate::Handle;

/// Starts jobs at their times, and tells what became of each of these times.
///
/// A clone is the same scheduler. When the last one is dropped it is closed: nothing is started any more,
/// and what runs may finish, for as long as the [`drain_timeout`](super::SchedulerConfig::drain_timeout). So a job that
/// owns a clone keeps the scheduler alive until its schedule ends; a [`ScheduleHandle`](super::ScheduleHandle) keeps
/// nothing alive.
///
/// See the [module](super) for what it guarantees.
///
/// # Examples
///
/// ```
/// use actors::{Scheduler, System};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let scheduler = Scheduler::builder().start(&system)?;
///
/// let checks = Arc::new(AtomicU32::new(0));
/// let counter = checks.clone();
/// let job = move || {
///     let counter = counter.clone();
///     async move {
///         match counter.fetch_add(1, SeqCst) {
///             1 => panic!("no such page"),
///             _ => Ok::<(), std::io::Error>(()),
///         }
///     }
/// };
/// let recheck = scheduler.every("recheck", Duration::from_secs(600)).times(3).run(job).await?;
/// let error = scheduler.after("recheck", Duration::from_secs(1)).run(async || {}).await.unwrap_err();
/// assert_eq!(error.to_string(), "schedule `recheck`: the name is taken");
///
/// let status = recheck.ended().await?;
/// assert_eq!(checks.load(SeqCst), 3);
/// assert_eq!(status.counts.to_string(), "3 due: 2 done, 1 panicked");
/// assert!(status.last_failure.unwrap().kind.to_string().starts_with("panicked: no such page"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Scheduler {
    owner: Arc<Owner>,
}

/// Closes the scheduler with its last handle. Runs hold the plane, but not this.
struct Owner {
    plane: Arc<Plane>,
    actor: Handle<SchedulerActor>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.plane.close();
    }
}

impl Scheduler {
    /// Settings for a scheduler, all at their [defaults](super::SchedulerConfig#defaults).
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
    }

    pub(super) fn new(plane: Arc<Plane>, actor: Handle<SchedulerActor>) -> Self {
        Self { owner: Arc::new(Owner { plane, actor }) }
    }

    /// A snapshot: the counts, and every schedule that has not ended.
    #[must_use]
    pub fn status(&self) -> SchedulerStatus {
        self.owner.plane.status()
    }

    /// Takes no more schedules, and starts nothing any more. What runs goes on.
    pub fn close(&self) {
        self.owner.plane.close();
    }

    /// Closes the scheduler, waits for what runs, and cancels the rest; all of it by the deadline.
    ///
    /// A grace before the deadline what still runs is asked to stop, and dropped at the deadline if it has not. A
    /// deadline that is nearer than the grace is overrun by at most one, by a run that blocks its thread by
    /// two: that can't be stopped, and is named in the receipt.
    ///
    /// This is not interrupted by the ambient token or deadline: it is what a shutdown waits for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before its deadline it leaves the scheduler closed and what runs running, and it
    /// can be called again, also by several tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::{Scheduler, System};
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let scheduler = Scheduler::builder().start(&system)?;
    /// scheduler.after("short", Duration::ZERO).run(async || sleep(Duration::from_secs(2)).await).await?;
    /// scheduler.after("endless", Duration::ZERO).run(async || std::future::pending::<()>().await).await?;
    /// sleep(Duration::from_millis(1)).await;
    ///
    /// let receipt = scheduler.drain(Instant::now() + Duration::from_secs(10)).await;
    /// assert!(receipt.is_complete());
    /// assert_eq!(receipt.counts.to_string(), "2 due: 1 done, 1 cancelled");
    /// # Ok(()) }
    /// ```
    pub async fn drain(&self, deadline: Instant) -> DrainReceipt {
        self.owner.plane.drain(deadline).await
    }

    /// The actor that owns the timetable, for who would rather send it [messages](super::messages).
    #[must_use]
    pub fn actor(&self) -> &Handle<SchedulerActor> {
        &self.owner.actor
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("status", &self.status()).finish()
    }
}
