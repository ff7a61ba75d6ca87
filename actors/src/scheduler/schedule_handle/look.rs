//! Looking at a schedule: what it did, and what it is about to do.

use jiff::Timestamp;

use super::super::timetable::{Last, Outlook, Story};
use super::super::{Explanation, ScheduleHandle, ScheduleStatus, Upcoming};

impl ScheduleHandle {
    /// A snapshot; after its end, the last one.
    #[must_use]
    pub fn status(&self) -> ScheduleStatus {
        let now = self.plane.now();
        self.look(|last| last.status.clone(), || self.plane.table.lock().status_of(self.added.id, now))
    }

    /// The next `most` instants that are to come, if nothing comes between; fewer if there are fewer. Of a paused
    /// schedule: if it is resumed in time.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::scheduler::VirtualClock;
    /// use actors::{Scheduler, System};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let clock = VirtualClock::starting_at("2026-03-01T00:00:00Z".parse()?);
    /// let scheduler = Scheduler::builder().clock(clock).start(&system)?;
    /// let report = scheduler.cron("report", "0 9 * * MON", "UTC").jitter(Duration::from_secs(600)).times(2);
    /// let report = report.run(async || {}).await?;
    ///
    /// let next = report.preview(3);
    /// assert_eq!(next.len(), 2);
    /// assert_eq!(next[1].instant, "2026-03-09T09:00:00Z".parse::<jiff::Timestamp>()?);
    /// assert!(next[1].delay() < Duration::from_secs(600));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn preview(&self, most: usize) -> Vec<Upcoming> {
        let (story, outlook) = self.story();
        story.preview(outlook, most)
    }

    /// Why it will run, did run or did not run at an instant.
    ///
    /// Instants are told apart to the nanosecond: take them from [`preview`](Self::preview), from a
    /// [`Skip`](super::super::Skip), from the run itself ([`Firing`](super::super::Firing)), or from the calendar.
    ///
    /// What has come is remembered for the latest [`history`](super::super::SchedulerConfig::history) of its instants;
    /// all that were missed at one time count as one.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::{Scheduler, System};
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let scheduler = Scheduler::builder().start(&system)?;
    /// let slow = async || sleep(Duration::from_secs(15)).await;
    /// let slow = scheduler.every("slow", Duration::from_secs(10)).run(slow).await?;
    /// let instants = slow.preview(3);
    ///
    /// sleep(Duration::from_secs(28)).await;
    /// let why = |n: usize| slow.explain(instants[n].instant).to_string();
    /// assert!(why(0).contains(", for 15"));
    /// assert_eq!(why(1), "it was skipped: the run before had not ended");
    /// assert!(why(2).starts_with("it will run at "));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn explain(&self, instant: Timestamp) -> Explanation {
        let (story, outlook) = self.story();
        story.explain(outlook, instant)
    }

    /// A copy, so that nobody waits while it is looked through.
    fn story(&self) -> (Story, Outlook) {
        let live = || self.plane.table.lock().story_of(self.added.id);
        self.look(|last| (last.story.clone(), last.outlook), live)
    }

    fn look<R>(&self, last: impl Fn(&Last) -> R, live: impl FnOnce() -> Option<R>) -> R {
        let fate = &self.added.fate.last;
        // It leaves the timetable and gets its last status in one step.
        fate.get().map(&last).or_else(live).or_else(|| fate.get().map(&last)).expect("in the timetable, or ended")
    }
}
