//! What a schedule does with instants at which things are not as they should be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What happens when a run is due and the one before has not ended.
///
/// | policy | starts now | waits | is skipped |
/// |---|---|---|---|
/// | `Skip` | nothing | nothing | the new one |
/// | `Allow` | the new one, if fewer than the scheduler's limit run | nothing | the new one, beyond the limit |
/// | `Queue(n)` | nothing | the new one, behind those that wait already | the new one, if `n` wait |
/// | `CancelOther` | nothing | the new one, until the old one has obeyed | whichever waited before |
///
/// Several schedulers that share a store each look at their own runs only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overlap {
    /// Nothing is started, and that is counted. At no time do two runs of the schedule run together.
    #[default]
    Skip,
    /// They run together, up to the scheduler's [`overlap_limit`](super::SchedulerConfig::overlap_limit). Beyond
    /// that nothing is started, and that is counted.
    Allow,
    /// It waits for its turn, with at most so many others; at least 1. Beyond that it is skipped, and that is counted.
    /// At no time do two runs of the schedule run together.
    Queue(usize),
    /// The run before is asked to stop, and dropped if it has not within the scheduler's
    /// [`grace`](super::SchedulerConfig::grace); then the new one starts. If a newer one comes in the meantime, it
    /// takes the place of the one that waits, which is skipped. At no time do two runs of the schedule run together.
    CancelOther,
}

/// What happens to instants that passed before anybody looked: the machine slept, the thread was blocked, the wall
/// clock was set forwards, or, for a durable schedule, the process was down or the store did not answer.
///
/// What this lets run goes through the schedule's [`Overlap`] like any other; the rest is counted as
/// [missed](super::FiringCounts::missed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CatchUp {
    /// None of them runs. One is late when it is looked at more than the scheduler's
    /// [`tolerance`](super::SchedulerConfig::tolerance) after it was due.
    Skip,
    /// The latest of them runs, however late.
    #[default]
    Latest,
    /// Those that are not older than `within` run, in their order; the latest `at_most`, if there are more.
    ///
    /// **With [`Overlap::Skip`], the default, only the first of them runs**, as it has not ended when the others are to
    /// begin; with [`Overlap::Queue`] they run one after the other.
    All {
        /// From when one was due to when it is looked at.
        #[serde(with = "patterns_core::settings::duration")]
        within: Duration,
        /// From 1 to 10,000.
        at_most: u32,
    },
}

impl CatchUp {
    /// How many of the latest instants it can want.
    pub(super) fn most(self) -> usize {
        match self {
            Self::Skip | Self::Latest => 1,
            Self::All { at_most, .. } => at_most as usize,
        }
    }

    /// How late one may be.
    pub(super) fn limit(self, tolerance: Duration) -> Option<Duration> {
        match self {
            Self::Skip => Some(tolerance),
            Self::Latest => None,
            Self::All { within, .. } => Some(within),
        }
    }
}

/// What happens to a durable run that a crash cut off: it was committed to the store, and never finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnInterrupted {
    /// It is counted and can be explained, but does not run again: each instant runs *at most* once.
    #[default]
    Report,
    /// It is counted, and runs again: each instant that is due runs *at least* once, so the job must bear that. It can
    /// tell by [`Firing::again`](super::Firing::again).
    RunAgain,
}

/// The policies of one schedule, with the numbers that the scheduler adds.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) overlap: Overlap,
    /// How many of its runs may overlap; at least 1.
    pub(super) width: usize,
    pub(super) catch_up: CatchUp,
    pub(super) tolerance: Duration,
    pub(super) jitter: Duration,
    pub(super) on_interrupted: OnInterrupted,
}
