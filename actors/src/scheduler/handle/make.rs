//! Making schedules.

use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::interruptible;

use super::super::clock::Now;
use super::super::job::Job;
use super::super::messages::Add;
use super::super::request::When;
use super::super::store::{Registered, Registration};
use super::super::timetable::Plan;
use super::super::{Cron, Every, Moment, Once, ScheduleError, ScheduleHandle, Scheduler, SchedulerConfig};

impl Scheduler {
    /// A job that runs every `period`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::{Scheduler, System};
    /// use actors::scheduler::Overlap;
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let scheduler = Scheduler::builder().start(&system)?;
    /// // Takes longer than its period, so every other run is skipped.
    /// let slow = async || sleep(Duration::from_millis(1500)).await;
    /// let slow = scheduler.every("slow", Duration::from_secs(1)).overlap(Overlap::Skip).run(slow).await?;
    ///
    /// sleep(Duration::from_millis(4900)).await;
    /// let status = slow.status();
    /// assert_eq!((status.counts.due, status.counts.runs, status.counts.skipped), (4, 2, 2));
    /// assert_eq!(status.last_skip.unwrap().to_string(), "skipped: the run before had been going for 1s");
    /// assert!(status.next.unwrap() - Instant::now() <= Duration::from_millis(100));
    /// # Ok(()) }
    /// ```
    pub fn every(&self, name: impl Into<Arc<str>>, period: Duration) -> Every<'_> {
        Every::new(self, name.into(), period)
    }

    /// A job that runs once, when `delay` is over.
    pub fn after(&self, name: impl Into<Arc<str>>, delay: Duration) -> Once<'_> {
        Once::new(self, name.into(), When::After(delay))
    }

    /// A job that runs once, at an instant of tokio's clock, or of the wall clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::scheduler::VirtualClock;
    /// use actors::{Scheduler, System};
    /// use jiff::{SignedDuration, Timestamp};
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = VirtualClock::starting_at("2026-12-31T23:59:00Z".parse()?);
    /// let system = System::start()?;
    /// let scheduler = Scheduler::builder().clock(clock.clone()).start(&system)?;
    ///
    /// let new_year: Timestamp = "2027-01-01T00:00:00Z".parse()?;
    /// let fireworks = scheduler.at("fireworks", new_year).run(async || {}).await?;
    /// let in_a_minute = Instant::now() + Duration::from_secs(60);
    /// let tea = scheduler.at("tea", in_a_minute).run(async || {}).await?;
    ///
    /// // Somebody sets the wall clock; tokio's does not care.
    /// clock.step(SignedDuration::from_secs(-30));
    /// sleep(Duration::from_secs(61)).await;
    /// assert_eq!((tea.status().counts.done, fireworks.status().counts.done), (1, 0));
    /// sleep(Duration::from_secs(30)).await;
    /// assert_eq!(fireworks.status().counts.done, 1);
    /// # Ok(()) }
    /// ```
    pub fn at(&self, name: impl Into<Arc<str>>, moment: impl Into<Moment>) -> Once<'_> {
        Once::new(self, name.into(), When::At(moment.into()))
    }

    /// A job that runs by the clocks of a time zone: `expression` is five fields (minute, hour, day of the month,
    /// month, day of the week), or six with the seconds first, or seven with the year last, as [croner] reads them;
    /// `time_zone` is an IANA name.
    ///
    /// What happens when clocks there are set forwards or backwards is [said
    /// exactly](crate::scheduler#daylight-saving-time).
    ///
    /// [croner]: https://docs.rs/croner/latest/croner/#pattern
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::scheduler::VirtualClock;
    /// use actors::{Scheduler, System};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = VirtualClock::starting_at("2026-10-24T12:00:00Z".parse()?);
    /// let system = System::start()?;
    /// let scheduler = Scheduler::builder().clock(clock).start(&system)?;
    ///
    /// // On October 25 clocks go back from 03:00 to 02:00 there, so 02:30 comes twice.
    /// let nightly = scheduler.cron("nightly", "30 2 * * *", "Europe/Berlin").run(async || {}).await?;
    /// let starts = nightly.preview(2).iter().map(|next| next.starts.to_string()).collect::<Vec<_>>();
    /// assert_eq!(starts, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    ///
    /// let second = nightly.explain("2026-10-25T01:30:00Z".parse()?);
    /// assert_eq!(
    ///     second.to_string(),
    ///     "it is no instant of the schedule (clocks read 2026-10-25T02:30:00 in Europe/Berlin); \
    ///      the next is 2026-10-26T01:30:00Z",
    /// );
    ///
    /// let error = scheduler.cron("x", "30 2 * * *", "Europe/Atlantis").run(async || {}).await.unwrap_err();
    /// assert!(error.to_string().starts_with("schedule `x`: the time zone `Europe/Atlantis`: "));
    /// # Ok(()) }
    /// ```
    pub fn cron(
        &self,
        name: impl Into<Arc<str>>,
        expression: impl Into<String>,
        time_zone: impl Into<String>,
    ) -> Cron<'_> {
        Cron::new(self, name.into(), expression.into(), time_zone.into())
    }

    pub(in super::super) fn config(&self) -> &SchedulerConfig {
        &self.owner.plane.config
    }

    pub(in super::super) fn now(&self) -> Now {
        self.owner.plane.now()
    }

    /// Enters a schedule into the store, or finds it there.
    pub(in super::super) async fn register(
        &self,
        name: &Arc<str>,
        registration: Registration,
    ) -> Result<Registered, ScheduleError> {
        let plane = &self.owner.plane;
        if plane.store.is_none() {
            return Err(ScheduleError::NoStore { name: Arc::clone(name) });
        }
        // Not the last word on that, but the store is to keep the definition of the one that there is.
        if self.find(name).is_some() {
            return Err(ScheduleError::NameTaken { name: Arc::clone(name) });
        }
        let registered = interruptible(plane.register(registration)).await.map_err(ScheduleError::Interrupted)?;
        let registered = registered.ok_or(ScheduleError::Closed)?;
        registered.map_err(|source| ScheduleError::Store { name: Arc::clone(name), source })
    }

    pub(in super::super) async fn add(
        &self,
        name: Arc<str>,
        plan: Plan,
        job: Job,
    ) -> Result<ScheduleHandle, ScheduleError> {
        let entered = self.owner.actor.ask(Add { name, plan, job: Arc::new(job) }).await??;
        let added = entered.keep();
        Ok(ScheduleHandle::new(Arc::clone(&self.owner.plane), self.owner.actor.downgrade(), added))
    }
}
