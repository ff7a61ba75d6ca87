//! A record of who did what when, on virtual time: what a listing prints, and what its figure is drawn from.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Records bars (somebody works or waits) and levels (how many of something there are).
///
/// Clones record into the same timeline. Time begins when it is made. Nothing depends on the wall clock, so
/// that on a paused clock every run records the same.
///
/// # Examples
///
/// ```
/// use book::timeline::Timeline;
/// use std::time::Duration;
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

/// What a [`Timeline`] has recorded so far.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// In the order in which they began.
    pub bars: Vec<Bar>,
    /// In the order in which they were recorded.
    pub levels: Vec<Level>,
    /// How long it took.
    pub length: Duration,
}

/// Somebody does one thing for a while.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Who.
    pub lane: &'static str,
    /// Whether it is waiting.
    pub waits: bool,
    /// What for, or what is done.
    pub what: String,
    /// When it began.
    pub from: Duration,
    /// When it ended, if it has.
    pub to: Option<Duration>,
}

/// There are so many of something from now on.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// Since when.
    pub at: Duration,
    /// How many.
    pub value: usize,
}

impl Timeline {
    /// One that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { start: Instant::now(), state: Mutex::default() }))
    }

    /// From now on this one works on `what`.
    pub fn works(&self, lane: &'static str, what: impl Into<String>) {
        self.begin(lane, false, what.into());
    }

    /// From now on this one waits for `what`. If that takes no time, nothing is recorded.
    pub fn waits(&self, lane: &'static str, what: impl Into<String>) {
        self.begin(lane, true, what.into());
    }

    /// From now on this one has nothing to do.
    pub fn rests(&self, lane: &'static str) {
        self.end(lane);
    }

    /// From now on there are so many.
    pub fn level(&self, value: usize) {
        let at = self.0.start.elapsed();
        self.0.state.lock().levels.push(Level { at, value });
    }

    /// What was recorded until now.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let mut recording = self.0.state.lock().clone();
        recording.bars.retain(|bar| bar.to != Some(bar.from));
        recording.length = self.0.start.elapsed();
        recording
    }

    fn begin(&self, lane: &'static str, waits: bool, what: String) {
        self.end(lane);
        let from = self.0.start.elapsed();
        self.0.state.lock().bars.push(Bar {
            lane,
            waits,
            what,
            from,
            to: None,
        });
    }

    fn end(&self, lane: &'static str) {
        let now = self.0.start.elapsed();
        let mut state = self.0.state.lock();
        if let Some(open) = state
            .bars
            .iter_mut()
            .find(|bar| bar.lane == lane && bar.to.is_none())
        {
            open.to = Some(now);
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
        let recording = self.recording();
        let width = recording
            .bars
            .iter()
            .map(|bar| bar.lane.len())
            .max()
            .unwrap_or_default();
        for Bar { lane, waits, what, from, to } in &recording.bars {
            let verb = if *waits { "waits" } else { "works" };
            let long = to.map_or("for ever".to_owned(), |to| {
                format!("{} ms", (to - *from).as_millis())
            });
            writeln!(
                f,
                "{:>5} ms  {lane:<width$}  {verb} {long}: {what}",
                from.as_millis()
            )?;
        }
        Ok(())
    }
}
