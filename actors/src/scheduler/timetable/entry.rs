use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::job::Job;
use super::super::{Failure, FailureKind, FiringCounts, ScheduleState, ScheduleStatus, Skip, SkipReason};
use super::grid::{self, Come};
use super::{Begun, ScheduleId};

/// When a schedule is due, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// `None`: never, as the clock cannot count so far.
    pub(crate) first: Option<Instant>,
    /// `None`: once.
    pub(crate) period: Option<Duration>,
    /// How many runs there are to be; `None`: no end.
    pub(crate) times: Option<u64>,
    /// How many of them may overlap; at least 1.
    pub(crate) width: usize,
}

/// What is left of a schedule for who holds a handle of it.
#[derive(Default)]
pub(crate) struct Fate {
    /// Set under the timetable's lock, when the schedule leaves it.
    pub(crate) last: OnceLock<ScheduleStatus>,
    pub(crate) over: Notify,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    Done,
    Failed(FailureKind),
    Cancelled,
}

/// A schedule in the timetable.
pub(super) struct Entry {
    pub(super) id: ScheduleId,
    pub(super) name: Arc<str>,
    /// `None` once no more runs will begin.
    job: Option<Arc<Job>>,
    period: Option<Duration>,
    width: usize,
    left: Option<u64>,
    pub(super) paused: bool,
    /// When it is due next, also while it is paused.
    pub(super) next: Option<Instant>,
    pub(super) token: CancelToken,
    /// Runs by number, with their starts.
    running: BTreeMap<u64, Instant>,
    counts: FiringCounts,
    last_skip: Option<Skip>,
    last_failure: Option<Failure>,
    pub(super) fate: Arc<Fate>,
}

impl Entry {
    pub(super) fn new(id: ScheduleId, name: Arc<str>, plan: &Plan, job: Arc<Job>, token: CancelToken) -> Self {
        Self {
            id,
            name,
            job: Some(job),
            period: plan.period,
            width: plan.width,
            left: plan.times,
            paused: false,
            next: plan.first,
            token,
            running: BTreeMap::new(),
            counts: FiringCounts::default(),
            last_skip: None,
            last_failure: None,
            fate: Arc::default(),
        }
    }

    /// Whether no more runs will begin.
    pub(super) fn is_ending(&self) -> bool {
        self.job.is_none()
    }

    /// Whether nothing will happen with it any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_ending() && self.running.is_empty()
    }

    /// Its instant has come: begins one run, if there may be another, and moves on to the next instant.
    pub(super) fn fire(&mut self, now: Instant) -> Option<Begun> {
        let Come { count, latest, next } = grid::come(self.next?, self.period, now);
        self.next = next;
        self.counts.due += count;
        self.counts.missed += count - 1;
        self.begin(latest, now)
    }

    /// Begins a run outside of the grid, if there may be another.
    pub(super) fn trigger(&mut self, now: Instant) -> Option<Begun> {
        if self.is_ending() {
            return None;
        }
        self.counts.due += 1;
        self.begin(now, now)
    }

    fn begin(&mut self, due: Instant, now: Instant) -> Option<Begun> {
        if let Some((_, &since)) = self.running.first_key_value()
            && self.running.len() >= self.width
        {
            self.counts.skipped += 1;
            self.last_skip = Some(Skip { due, reason: SkipReason::Overlap { running: self.running.len(), since } });
            return None;
        }
        let job = Arc::clone(self.job.as_ref()?);
        self.counts.runs += 1;
        let run = self.counts.runs;
        self.running.insert(run, now);
        if let Some(left) = &mut self.left {
            *left -= 1;
            if *left == 0 {
                // The run has one too, so this is not where it is dropped.
                drop(self.stop_firing());
            }
        }
        Some(Begun { schedule: self.id, run, name: Arc::clone(&self.name), job, token: self.token.clone() })
    }

    /// Begins no more runs; gives back what made them.
    pub(super) fn stop_firing(&mut self) -> Option<Arc<Job>> {
        self.next = None;
        self.job.take()
    }

    /// Counts what came while it was paused. A one-shot waits.
    pub(super) fn catch_up(&mut self, now: Instant) {
        let Some(first) = self.next.filter(|next| self.paused && self.period.is_some() && *next <= now) else { return };
        let Come { count, latest, next } = grid::come(first, self.period, now);
        self.next = next;
        self.counts.due += count;
        self.counts.skipped += count;
        self.last_skip = Some(Skip { due: latest, reason: SkipReason::Paused });
    }

    pub(super) fn ended(&mut self, run: u64, end: End, now: Instant) {
        if self.running.remove(&run).is_none() {
            return;
        }
        match end {
            End::Done => self.counts.done += 1,
            End::Cancelled => self.counts.cancelled += 1,
            End::Failed(kind) => {
                match kind {
                    FailureKind::Error(_) => self.counts.failed += 1,
                    FailureKind::Panic(_) => self.counts.panicked += 1,
                }
                self.last_failure = Some(Failure { at: now, kind });
            }
        }
    }

    pub(super) fn counts(&self) -> FiringCounts {
        FiringCounts { running: self.running.len() as u64, ..self.counts }
    }

    pub(super) fn status(&self) -> ScheduleStatus {
        let state = match (self.is_ending(), self.running.is_empty(), self.paused) {
            (true, true, _) => ScheduleState::Ended,
            (true, false, _) => ScheduleState::Ending,
            (false, _, true) => ScheduleState::Paused,
            (false, _, false) => ScheduleState::Waiting,
        };
        ScheduleStatus {
            name: Arc::clone(&self.name),
            state,
            next: self.next.filter(|_| state == ScheduleState::Waiting),
            counts: self.counts(),
            last_skip: self.last_skip,
            last_failure: self.last_failure.clone(),
        }
    }
}
