use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::StageError;
use crate::context;
use crate::outcome::{BoxError, is_told_to_stop};

/// The name of the stage that every pipeline begins with.
pub(super) const SOURCE: &str = "source";
/// The name of the stage that every pipeline ends with.
pub(super) const SINK: &str = "sink";

/// A stage as all its workers see it: who it is, and what has become of its items.
pub(super) struct Stage {
    name: Cow<'static, str>,
    place: &'static Location<'static>,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    taken: u64,
    emitted: u64,
    failed: u64,
    abandoned: u64,
    in_flight: u64,
    peak: u64,
}

impl Stage {
    pub(super) fn name(&self) -> &Cow<'static, str> {
        &self.name
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock());
    }

    /// An item came in, and nobody keeps track of what becomes of it.
    pub(super) fn took(&self) {
        self.count(|counts| counts.taken += 1);
    }

    /// An item goes out that was not taken one for one.
    pub(super) fn emitted(&self) {
        self.count(|counts| counts.emitted += 1);
    }

    /// Item `number` couldn't be made.
    pub(super) fn failed(&self, number: u64, error: BoxError) -> BoxError {
        let told = told(&error);
        self.count(|counts| if told { counts.abandoned += 1 } else { counts.failed += 1 });
        self.error(number, error)
    }

    /// An item came in, and ends as what is said of it, or as abandoned.
    pub(super) fn enter(&self, number: u64) -> Inside<'_> {
        self.count(|counts| {
            counts.taken += 1;
            counts.in_flight += 1;
            counts.peak = counts.peak.max(counts.in_flight);
        });
        Inside { stage: self, number, settled: false }
    }

    fn error(&self, number: u64, error: BoxError) -> BoxError {
        Box::new(StageError::new(self.name.clone(), self.place, number, error))
    }
}

/// Whether an error is the answer to being told to stop, and not a failure of the item.
fn told(error: &BoxError) -> bool {
    context::interrupted().is_some() && is_told_to_stop(&**error)
}

/// An item that a stage works on, until this is dropped.
#[must_use]
pub(super) struct Inside<'a> {
    stage: &'a Stage,
    number: u64,
    settled: bool,
}

impl Inside<'_> {
    /// It is about to be passed on.
    pub(super) fn emit(mut self) {
        self.settle(|counts| counts.emitted += 1);
    }

    /// The work on it failed.
    pub(super) fn fail(mut self, error: BoxError) -> BoxError {
        if !told(&error) {
            self.settle(|counts| counts.failed += 1);
        }
        self.stage.error(self.number, error)
    }

    fn settle(&mut self, change: impl FnOnce(&mut Counts)) {
        self.settled = true;
        self.stage.count(|counts| {
            counts.in_flight -= 1;
            change(counts);
        });
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(|counts| counts.abandoned += 1);
        }
    }
}

/// What has become of the items of a stage.
///
/// `taken == emitted + failed + abandoned + in_flight` at any time, except for the source, whose failure is no item
/// that it gave, and for the stages of [`through`](super::Pipeline::through), which may make any number of items from any
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageReport {
    /// Its name; `source` and `sink` for the two ends.
    pub name: Cow<'static, str>,
    /// Items that lie between the stage before and this one. Of a pipeline that has ended: that were
    /// dropped there.
    pub waiting: u64,
    /// Items that came in; of the source, that it gave.
    pub taken: u64,
    /// Items that went out; of the sink, that it is done with.
    pub emitted: u64,
    /// Items that failed or panicked. Several, where several workers failed at the same time.
    pub failed: u64,
    /// Items whose work was cut short, or whose result nobody took any more.
    pub abandoned: u64,
    /// Items that are being worked on, or wait to be passed on.
    pub in_flight: u64,
    /// The most that were in flight at the same time.
    pub peak: u64,
}

/// What has become of all items: the receipt of a pipeline that has ended, and a snapshot of one that runs.
///
/// Each stage's numbers are consistent in themselves; between stages a running pipeline moves on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipelineReport {
    /// From the source to the sink.
    pub stages: Vec<StageReport>,
}

impl PipelineReport {
    /// The first stage of this name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&StageReport> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Items that the source gave.
    #[must_use]
    pub fn entered(&self) -> u64 {
        self.stages.first().map_or(0, |source| source.emitted)
    }

    /// Items that the sink is done with.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.stages.last().filter(|last| last.name == SINK).map_or(0, |sink| sink.emitted)
    }

    /// Items that failed, in whatever stage.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.stages.iter().map(|stage| stage.failed).sum()
    }

    /// Items whose work was cut short, in whatever stage.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.stages.iter().map(|stage| stage.abandoned).sum()
    }

    /// Items that are being worked on or wait between two stages. Of a pipeline that has ended: that were
    /// dropped between two stages.
    #[must_use]
    pub fn inside(&self) -> u64 {
        self.stages.iter().map(|stage| stage.in_flight + stage.waiting).sum()
    }
}

/// Looks into a pipeline while it runs. Made by [`Pipeline::monitor`](super::Pipeline::monitor).
///
/// Clones are cheap, and keep nothing of the pipeline but its counts.
#[derive(Clone, Default)]
pub struct Monitor(Arc<Mutex<Vec<Arc<Stage>>>>);

impl Monitor {
    pub(super) fn add(&self, name: Cow<'static, str>, place: &'static Location<'static>) -> Arc<Stage> {
        let stage = Arc::new(Stage { name, place, counts: Mutex::default() });
        self.0.lock().push(Arc::clone(&stage));
        stage
    }

    /// What has become of the items so far.
    #[must_use]
    pub fn report(&self) -> PipelineReport {
        let stages = self.0.lock().clone();
        // From the end, so that no item is seen to come in that has not gone out.
        let counts: Vec<_> = stages.iter().rev().map(|stage| *stage.counts.lock()).collect();
        let mut before = None;
        let stages = stages.iter().zip(counts.iter().rev()).map(|(stage, counts)| {
            let &Counts { taken, emitted, failed, abandoned, in_flight, peak } = counts;
            let waiting = before.replace(emitted).map_or(0, |before: u64| before.saturating_sub(taken));
            StageReport { name: stage.name.clone(), waiting, taken, emitted, failed, abandoned, in_flight, peak }
        });
        PipelineReport { stages: stages.collect() }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Monitor").field(&self.report()).finish()
    }
}
