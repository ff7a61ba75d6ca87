//! What becomes of an instant that has come, and, where the schedule is durable, was claimed.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::super::clock::{Now, later, span};
use super::super::super::store::{ClaimKind, FiringOutcome};
use super::super::super::{Firing, Overlap, Skip, SkipReason};
use super::super::{Begun, Effects};
use super::{By, Coming, Entry, Running};

/// So many firings of one schedule may wait for the store when one more is triggered.
const MOST_CLAIMS: usize = 64;

impl Entry {
    /// Starts a run outside of its instants, if there may be another. Whether it was taken on.
    pub(in super::super) fn trigger(&mut self, now: Now, fx: &mut Effects) -> bool {
        if self.is_ending() || self.left == Some(0) {
            return false;
        }
        let at = self.next_trigger(self.timeline.now(now));
        self.last_trigger = Some(at);
        self.counts.due += 1;
        let coming = Coming { at, due: at, kind: ClaimKind::Trigger, wanted: true };
        let (skipped, waiting) = (self.counts.skipped, self.claims.len());
        match self.durable {
            // Where the store does not answer, they would pile up.
            true if waiting >= MOST_CLAIMS => self.skip_unclaimed(coming, SkipReason::QueueFull { waiting }, now),
            true => self.claim(coming, now, fx),
            false => self.admit(coming, now, fx),
        }
        self.counts.skipped == skipped
    }

    /// An instant that is neither the schedule's own nor that of an earlier trigger.
    fn next_trigger(&self, time: Timestamp) -> Timestamp {
        let nanosecond = |at| later(at, Duration::from_nanos(1)).unwrap_or(at);
        let mut at = self.last_trigger.map_or(time, |last| time.max(nanosecond(last)));
        while self.story.rule().contains(at) && nanosecond(at) != at {
            at = nanosecond(at);
        }
        at
    }

    /// Whether somebody triggered the firing of this instant: then it is none of the rule's. A store does not keep that.
    pub(super) fn is_trigger(&self, at: Timestamp) -> bool {
        !self.story.rule().contains(at)
    }

    /// What the overlap policy says.
    pub(super) fn admit(&mut self, coming: Coming, now: Now, fx: &mut Effects) {
        let running = self.running.len();
        let oldest = self.running.values().next().map(|run| run.since);
        match (self.policy.overlap, oldest) {
            _ if self.is_ending() => self.give_up(coming, now, fx),
            (Overlap::Queue(most), _) if running > 0 || !self.queue.is_empty() => {
                let waiting = self.queue.len();
                if waiting < most {
                    self.wait(coming);
                } else {
                    self.skip(coming, SkipReason::QueueFull { waiting }, now, fx);
                }
            }
            (Overlap::CancelOther, Some(_)) => {
                let tokens = self.running.values().filter_map(|run| run.token.clone());
                fx.tokens.extend(tokens.map(|token| (token, "a newer run of its schedule was due")));
                for older in std::mem::take(&mut self.queue) {
                    self.skip(older, SkipReason::Superseded, now, fx);
                }
                self.wait(coming);
            }
            (_, Some(since)) if running >= self.policy.width => {
                self.skip(coming, SkipReason::Overlap { running, since }, now, fx);
            }
            _ => self.begin(coming, now, fx),
        }
    }

    fn wait(&mut self, coming: Coming) {
        self.queue.push_back(coming);
        self.story.queued(coming.at);
    }

    /// A run has ended: the one that waited longest may begin.
    pub(in super::super) fn proceed(&mut self, now: Now, fx: &mut Effects) {
        if !self.can_proceed() {
            return;
        }
        if let Some(coming) = self.queue.pop_front() {
            self.begin(coming, now, fx);
        }
    }

    fn begin(&mut self, coming: Coming, now: Now, fx: &mut Effects) {
        let again = coming.kind == ClaimKind::Again;
        let triggered = coming.kind == ClaimKind::Trigger || (again && self.is_trigger(coming.at));
        let job = self.job.as_ref().filter(|_| again || self.left != Some(0));
        let Some(job) = job.map(Arc::clone) else { return self.give_up(coming, now, fx) };
        self.counts.runs += 1;
        let run = self.counts.runs;
        let time = self.timeline.now(now);
        let late = span(coming.due, time);
        self.counts.late += u64::from(late > self.policy.tolerance);
        let alone = self.policy.overlap == Overlap::CancelOther;
        let token = if alone { self.token.child() } else { self.token.clone() };
        let own = alone.then(|| token.clone());
        self.running.insert(run, Running { at: coming.at, since: now.instant, token: own });
        self.story.running(coming.at, run, time, late);
        if let Some(left) = self.left.as_mut().filter(|_| !again) {
            *left -= 1;
        }
        let firing = Firing { schedule: Arc::clone(&self.name), instant: coming.at, run, again, triggered };
        fx.begun.push(Begun { schedule: self.id, job, token, firing });
    }

    pub(super) fn skip(&mut self, coming: Coming, reason: SkipReason, now: Now, fx: &mut Effects) {
        self.finish(coming.at, FiringOutcome::Skipped(reason.to_string()), now, fx);
        self.skip_unclaimed(coming, reason, now);
    }

    /// [Skips](Self::skip) what the store knows nothing of, or knows to be somebody else's.
    pub(super) fn skip_unclaimed(&mut self, coming: Coming, reason: SkipReason, now: Now) {
        self.counts.skipped += 1;
        self.note_skip(coming.at, coming.due, reason, now);
        self.story.skipped(coming.at, reason);
    }

    pub(super) fn note_skip(&mut self, at: Timestamp, due: Timestamp, reason: SkipReason, now: Now) {
        let due = self.timeline.instant(due, now).unwrap_or(now.instant);
        self.last_skip = Some(Skip::new(due, at, reason));
    }

    /// It waited, and the schedule has ended. What was claimed is left to the next scheduler, where this one is closed.
    pub(super) fn give_up(&mut self, coming: Coming, now: Now, fx: &mut Effects) {
        if self.ended_by == Some(By::Closing) {
            self.finish(coming.at, FiringOutcome::Released, now, fx);
            self.skip_unclaimed(coming, SkipReason::Ended, now);
        } else {
            self.skip(coming, SkipReason::Ended, now, fx);
        }
    }
}
