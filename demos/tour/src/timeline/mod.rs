//! A record of who did what when: what a demo's figure is drawn from.

mod busy;
mod recording;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

pub use busy::Busy;
pub use recording::{Bar, Curve, Doing, End, Level, Recording};

/// Records bars (somebody works, waits or cleans up, and how that ends) and curves (how many of something there are).
///
/// Clones record into the same timeline. Time begins when it is made, and goes by tokio's clock: on a paused clock
/// every run records the same.
///
/// However, a lane is one line of the figure: what begins on it ends what was there.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tour::timeline::Timeline;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let timeline = Timeline::new();
/// timeline.works("cook", "boils eggs");
/// tokio::time::sleep(Duration::from_millis(5)).await;
/// timeline.rests("cook");
/// timeline.waits("guest", "for eggs");
/// tokio::time::sleep(Duration::from_millis(2)).await;
/// assert_eq!(
///     timeline.to_string(),
///     "    0 ms  cook   works 5 ms: boils eggs\n    5 ms  guest  waits for ever: for eggs\n",
/// );
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Timeline(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    state: Mutex<Recording>,
}

impl Timeline {
    /// One that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { start: Instant::now(), state: Mutex::default() }))
    }

    /// Since it was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.start.elapsed()
    }

    /// From now on this one works on `what`.
    pub fn works(
        &self,
        lane: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
    ) {
        self.begin(lane.into(), Doing::Works, what.into());
    }

    /// From now on this one waits for `what`. If that takes no time, nothing is recorded.
    pub fn waits(
        &self,
        lane: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
    ) {
        self.begin(lane.into(), Doing::Waits, what.into());
    }

    /// From now on this one cleans up.
    pub fn cleans_up(
        &self,
        lane: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
    ) {
        self.begin(lane.into(), Doing::CleansUp, what.into());
    }

    /// From now on this one has nothing to do.
    pub fn rests(&self, lane: impl Into<Cow<'static, str>>) {
        self.end(lane.into(), End::Done);
    }

    /// What this one does ends here, since it was cancelled.
    pub fn stops(
        &self,
        lane: impl Into<Cow<'static, str>>,
        why: impl fmt::Display,
    ) {
        self.end(lane.into(), End::Cancelled(why.to_string()));
    }

    /// What this one does ends here, with an error or a panic.
    pub fn fails(
        &self,
        lane: impl Into<Cow<'static, str>>,
        why: impl fmt::Display,
    ) {
        self.end(lane.into(), End::Failed(why.to_string()));
    }

    /// As [`works`](Self::works), until the value that is returned says how that ended. If it is dropped before, it
    /// was cancelled: the figure shows where a future was dropped.
    pub fn busy(
        &self,
        lane: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
    ) -> Busy {
        let bar = self.begin(lane.into(), Doing::Works, what.into());
        Busy::new(self.clone(), bar)
    }

    /// From now on there are so many.
    pub fn level(&self, curve: impl Into<Cow<'static, str>>, value: usize) {
        let mut state = self.0.state.lock();
        let at = self.elapsed();
        state.curve(curve.into()).levels.push(Level { at, value });
    }

    /// Where the curve must not go beyond; the figure shows it as a line.
    pub fn bound(&self, curve: impl Into<Cow<'static, str>>, bound: usize) {
        self.0.state.lock().curve(curve.into()).bound = Some(bound);
    }

    /// What the curve's levels from zero on are called: the states of a breaker, say.
    pub fn names(
        &self,
        curve: impl Into<Cow<'static, str>>,
        names: &[&'static str],
    ) {
        self.0.state.lock().curve(curve.into()).names = names.to_vec();
    }

    /// What was recorded until now.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let mut recording = self.0.state.lock().clone();
        recording
            .bars
            .retain(|bar| bar.to != Some(bar.from) || bar.end != End::Done);
        recording.length = self.elapsed();
        recording
    }

    /// Begins a bar, and gives its number.
    fn begin(
        &self,
        lane: Cow<'static, str>,
        doing: Doing,
        what: String,
    ) -> usize {
        // The time is read under the lock, so that it goes forward on each lane.
        let mut state = self.0.state.lock();
        let from = self.elapsed();
        if let Some(open) = state.open(&lane) {
            open.to = Some(from);
        }
        state.bars.push(Bar {
            lane,
            doing,
            what,
            from,
            to: None,
            end: End::Done,
        });
        state.bars.len() - 1
    }

    /// Ends this bar, if nothing has begun on its lane since.
    fn end_bar(&self, bar: usize, end: End) {
        let mut state = self.0.state.lock();
        let now = self.elapsed();
        let bar = &mut state.bars[bar];
        if bar.to.is_none() {
            (bar.to, bar.end) = (Some(now), end);
        }
    }

    fn end(&self, lane: Cow<'static, str>, end: End) {
        let mut state = self.0.state.lock();
        let now = self.elapsed();
        if let Some(open) = state.open(&lane) {
            open.to = Some(now);
            open.end = end;
        } else if end != End::Done {
            state.bars.push(Bar {
                lane,
                doing: Doing::Works,
                what: String::new(),
                from: now,
                to: Some(now),
                end,
            });
        }
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

/// A line per bar.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.recording())
    }
}
