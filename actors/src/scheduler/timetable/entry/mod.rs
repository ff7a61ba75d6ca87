//! A schedule in the timetable.

mod admit;
mod come;
mod commit;
mod plan;
mod report;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use patterns_core::cancel::CancelToken;
use tokio::time::Instant;

use super::super::clock::{Now, Timeline};
use super::super::job::Job;
use super::super::policy::Policy;
use super::super::rule::Rule;
use super::super::store::ClaimKind;
use super::super::{Failure, FailureKind, FiringCounts, Skip, Upcoming};
use super::story::Story;
use super::timers::Timer;
use super::{Effects, ScheduleId};
pub(super) use plan::By;
pub(in crate::scheduler) use plan::{End, Fate, Last, Plan, Stored};

/// An instant that has come.
#[derive(Clone, Copy, Debug)]
struct Coming {
    at: Timestamp,
    due: Timestamp,
    kind: ClaimKind,
    /// Whether it is to run. Else it is claimed so that the store knows what became of it.
    wanted: bool,
}

struct Running {
    at: Timestamp,
    since: Instant,
    /// Its own, where a later run may cancel it.
    token: Option<CancelToken>,
}

/// See [the timetable](super) for who may call what.
pub(super) struct Entry {
    pub(super) id: ScheduleId,
    pub(super) name: Arc<str>,
    /// `None` once no more runs will begin.
    job: Option<Arc<Job>>,
    pub(super) timeline: Timeline,
    policy: Policy,
    times: Option<u64>,
    left: Option<u64>,
    pub(super) durable: bool,
    pub(super) paused: bool,
    /// What is due next, also while it is paused.
    next: Option<Upcoming>,
    /// The latest instant that has come.
    latest: Option<Timestamp>,
    /// The latest instants that were missed, from one up to another: they may come again, if the wall clock is set
    /// back.
    hole: Option<(Timestamp, Timestamp)>,
    /// The first and the last instant that came in a pause, and how many did, as far as the store does not know.
    paused_over: Option<(Timestamp, Timestamp, u64)>,
    pub(super) timer: Option<Timer>,
    /// Those that wait to be claimed, or to be told what came of that. Meanwhile nothing comes.
    claims: Vec<Coming>,
    /// How many firings others hold of it, as far as is known; it does not end before they are finished.
    elsewhere: u64,
    ended_by: Option<By>,
    /// Those that wait for an earlier run to end. Where the schedule is durable, they are claimed.
    queue: VecDeque<Coming>,
    /// Whether it is in the timetable's list of those whose queue may go on.
    pub(super) is_ready: bool,
    last_trigger: Option<Timestamp>,
    pub(super) token: CancelToken,
    /// Runs by number.
    running: BTreeMap<u64, Running>,
    counts: FiringCounts,
    last_skip: Option<Skip>,
    last_failure: Option<Failure>,
    story: Story,
    pub(super) fate: Arc<Fate>,
}

impl Entry {
    pub(super) fn new(
        id: ScheduleId,
        name: Arc<str>,
        plan: Plan,
        job: Arc<Job>,
        token: CancelToken,
        history: usize,
    ) -> Self {
        let Plan { rule, timeline, first, policy, times, paused, stored } = plan;
        let mut story = Story::new(Arc::clone(&name), rule, policy.jitter, first, history);
        let durable = stored.is_some();
        let (mut runs, mut elsewhere, mut latest) = (0, 0, None);
        if let Some(stored) = stored {
            (runs, elsewhere, latest) = (stored.runs, stored.unfinished, stored.last);
            story.remember(stored.recent);
        }
        let left = times.map(|times| times.saturating_sub(runs));
        let mut entry = Self {
            id,
            name,
            job: Some(job),
            timeline,
            policy,
            times,
            left,
            durable,
            paused,
            next: None,
            latest,
            hole: None,
            paused_over: None,
            timer: None,
            claims: Vec::new(),
            elsewhere,
            ended_by: None,
            queue: VecDeque::new(),
            is_ready: false,
            last_trigger: None,
            token,
            running: BTreeMap::new(),
            counts: FiringCounts::default(),
            last_skip: None,
            last_failure: None,
            story,
            fate: Arc::default(),
        };
        entry.next = first.filter(|_| left != Some(0)).map(|first| entry.upcoming(first));
        entry
    }

    /// Whether no more runs will begin.
    pub(super) fn is_ending(&self) -> bool {
        self.job.is_none()
    }

    /// Whether nothing will happen with it any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_ending() && self.running.is_empty() && self.claims.is_empty()
    }

    /// When its timer is to ring, on its own timeline.
    pub(super) fn wants(&self) -> Option<Timestamp> {
        let waits = self.paused || self.is_ending() || !self.claims.is_empty();
        self.next.filter(|_| !waits).map(|next| next.starts)
    }

    /// Whether its queue can go on.
    pub(super) fn can_proceed(&self) -> bool {
        !self.is_ending() && !self.queue.is_empty() && self.running.is_empty()
    }

    /// Ends it if it has had its last run.
    pub(super) fn tidy(&mut self, now: Now, fx: &mut Effects) {
        if self.left == Some(0) {
            self.next = None;
            // What is to run again had its place among the runs before.
            let over: Vec<Coming> = self.queue.iter().filter(|it| it.kind != ClaimKind::Again).copied().collect();
            self.queue.retain(|coming| coming.kind == ClaimKind::Again);
            over.into_iter().for_each(|coming| self.give_up(coming, now, fx));
        }
        let exhausted = self.left == Some(0) || (self.next.is_none() && self.latest.is_some() && self.is_finite());
        let waits = !self.queue.is_empty() || !self.claims.is_empty() || self.elsewhere > 0;
        if exhausted && !waits {
            self.stop_firing(fx);
        }
    }

    /// Whether its rule ends by itself, and not for want of a calendar.
    fn is_finite(&self) -> bool {
        !matches!(self.story.rule(), Rule::Every { .. })
    }

    fn stop_firing(&mut self, fx: &mut Effects) {
        self.next = None;
        fx.jobs.extend(self.job.take());
    }

    /// Begins no more runs; whether it would have.
    pub(super) fn end(&mut self, by: By, now: Now, fx: &mut Effects) -> bool {
        if self.is_ending() {
            return false;
        }
        self.catch_up(now);
        self.pass_paused(fx);
        self.ended_by = Some(by);
        self.stop_firing(fx);
        for coming in std::mem::take(&mut self.queue) {
            self.give_up(coming, now, fx);
        }
        true
    }

    pub(super) fn ended(&mut self, run: u64, end: End, now: Now, fx: &mut Effects) {
        let Some(Running { at, .. }) = self.running.remove(&run) else { return };
        self.finish(at, end.outcome(), now, fx);
        self.story.ran(run, self.timeline.now(now), end.as_told());
        match end {
            End::Done => self.counts.done += 1,
            End::Cancelled => self.counts.cancelled += 1,
            End::Failed(kind) => {
                match kind {
                    FailureKind::Error(_) => self.counts.failed += 1,
                    FailureKind::Panic(_) => self.counts.panicked += 1,
                }
                self.last_failure = Some(Failure { at: now.instant, kind });
            }
        }
    }
}
