use std::fmt;

use super::{End, Timeline};

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
    bar: usize,
    ended: bool,
}

impl Busy {
    pub(super) fn new(timeline: Timeline, bar: usize) -> Self {
        Self { timeline, bar, ended: false }
    }

    /// The work is done.
    pub fn done(self) {
        self.end(End::Done);
    }

    /// The work has failed.
    pub fn failed(self, why: impl fmt::Display) {
        self.end(End::Failed(why.to_string()));
    }

    /// The work was asked to stop, and has.
    pub fn stopped(self, why: impl fmt::Display) {
        self.end(End::Cancelled(why.to_string()));
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

    fn end(mut self, end: End) {
        self.ended = true;
        self.timeline.end_bar(self.bar, end);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if !self.ended {
            let dropped = End::Cancelled("dropped".to_owned());
            self.timeline.end_bar(self.bar, dropped);
        }
    }
}
