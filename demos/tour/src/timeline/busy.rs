use std::borrow::Cow;
use std::fmt;

use super::Timeline;

/// Somebody works until it is said how that ended; dropped before, the work was cancelled.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::{sleep, timeout};
/// use tour::timeline::{End, Timeline};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let timeline = Timeline::new();
/// let fetch = async {
///     let work = timeline.busy("fetch", "page 1");
///     sleep(Duration::from_secs(9)).await;
///     work.done();
/// };
/// assert!(timeout(Duration::from_secs(1), fetch).await.is_err());
/// assert_eq!(timeline.recording().bars[0].end, End::Cancelled("dropped".to_owned()));
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it is cancelled at once"]
pub struct Busy {
    timeline: Timeline,
    lane: Cow<'static, str>,
    ended: bool,
}

impl Busy {
    pub(super) fn new(timeline: Timeline, lane: Cow<'static, str>) -> Self {
        Self { timeline, lane, ended: false }
    }

    /// The work is done.
    pub fn done(mut self) {
        self.ended = true;
        self.timeline.rests(self.lane.clone());
    }

    /// The work has failed.
    pub fn failed(mut self, why: impl fmt::Display) {
        self.ended = true;
        self.timeline.fails(self.lane.clone(), why);
    }

    /// The work was asked to stop, and has.
    pub fn stopped(mut self, why: impl fmt::Display) {
        self.ended = true;
        self.timeline.stops(self.lane.clone(), why);
    }

    /// Done if it is `Ok`, else failed. Gives the result back.
    ///
    /// # Errors
    ///
    /// Those of `result`.
    pub fn ended<T, E: fmt::Display>(
        self,
        result: Result<T, E>,
    ) -> Result<T, E> {
        match &result {
            Ok(_) => self.done(),
            Err(error) => self.failed(error),
        }
        result
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if !self.ended {
            self.timeline.stops(self.lane.clone(), "dropped");
        }
    }
}
