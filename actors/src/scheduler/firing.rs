use std::sync::Arc;

use jiff::Timestamp;

/// What a run can know of itself: which instant of which schedule it is for.
///
/// The pair of schedule and instant is what a store commits before the run begins, so it is the key by which a
/// job can make its effects idempotent.
///
/// # Examples
///
/// ```
/// use actors::scheduler::{Firing, VirtualClock};
/// use actors::{Scheduler, System};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let clock = VirtualClock::starting_at("2026-03-28T20:00:00Z".parse()?);
/// let scheduler = Scheduler::builder().clock(clock).start(&system)?;
/// assert!(Firing::current().is_none());
///
/// let (tell, told) = tokio::sync::oneshot::channel();
/// let mut tell = Some(tell);
/// let report = move || {
///     let tell = tell.take();
///     async move { drop(tell.map(|tell| tell.send(Firing::current()))) }
/// };
/// scheduler.cron("report", "30 2 * * *", "Europe/Berlin").run(report).await?;
/// // On that night 02:30 does not exist there: clocks go from 02:00 to 03:00.
/// let firing = told.await?.unwrap();
/// assert_eq!((&*firing.schedule, firing.run), ("report", 1));
/// assert_eq!(firing.instant, "2026-03-29T03:00:00+02:00".parse::<jiff::Timestamp>()?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Firing {
    /// The schedule's name.
    pub schedule: Arc<str>,
    /// The instant, before jitter; when it was triggered, where it was.
    pub instant: Timestamp,
    /// The number of the run in this life of the schedule, from 1.
    pub run: u64,
    /// Whether a crash cut an earlier run for the same instant off; see
    /// [`OnInterrupted::RunAgain`](super::OnInterrupted::RunAgain).
    pub again: bool,
    /// Whether somebody [triggered](super::ScheduleHandle::trigger) it, in this life of the schedule or in an earlier
    /// one: its instant is none of the schedule's. So is that of an earlier rule.
    pub triggered: bool,
}

tokio::task_local! {
    static CURRENT: Firing;
}

impl Firing {
    /// That of the run that asks; `None` outside of a run's own task.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs `fut` as this.
    pub(super) fn scope<F: Future>(self, fut: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, fut)
    }
}
