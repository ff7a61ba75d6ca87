//! What a durable schedule and the store tell each other.

use jiff::Timestamp;

use super::super::super::SkipReason;
use super::super::super::clock::{Now, span};
use super::super::super::policy::{CatchUp, OnInterrupted};
use super::super::super::store::{Claim, ClaimKind, Finished, FiringOutcome, Passed, Recovered, Unclaimed, Verdict};
use super::super::Effects;
use super::{By, Coming, Entry};

impl Entry {
    /// Has the store asked for a firing. Nothing else comes before it has answered.
    pub(super) fn claim(&mut self, coming: Coming, now: Now, fx: &mut Effects) {
        self.claims.push(coming);
        self.story.committing(coming.at);
        let schedule = self.name.to_string();
        let Coming { at: instant, kind, .. } = coming;
        fx.claims.push((self.id, Claim { schedule, instant, kind, limit: self.times, at: now.wall }));
    }

    /// The store has answered.
    pub(in super::super) fn answered(&mut self, at: Timestamp, verdict: Verdict, now: Now, fx: &mut Effects) {
        let Some(n) = self.claims.iter().position(|coming| coming.at == at) else { return };
        let coming = self.claims.remove(n);
        match verdict {
            Verdict::New if !coming.wanted => self.skip(coming, SkipReason::Late, now, fx),
            Verdict::New => self.admit(coming, now, fx),
            Verdict::Taken => {
                self.skip_unclaimed(coming, SkipReason::Elsewhere, now);
                // Whoever has it may crash: not before that is known to be over may this end.
                self.elsewhere = self.elsewhere.max(1);
            }
            Verdict::Exhausted => {
                self.skip_unclaimed(coming, SkipReason::Ended, now);
                self.left = Some(0);
            }
            Verdict::Unknown => {
                self.skip_unclaimed(coming, SkipReason::Forgotten, now);
                self.end(By::User, now, fx);
            }
        }
        if !self.paused {
            self.pass_paused(fx);
        }
    }

    /// Whether it waits for the store.
    pub(in super::super) fn is_claiming(&self) -> bool {
        !self.claims.is_empty()
    }

    /// The store will not be asked any more.
    pub(in super::super) fn uncommitted(&mut self, at: Timestamp, now: Now) {
        if let Some(n) = self.claims.iter().position(|coming| coming.at == at) {
            let coming = self.claims.remove(n);
            let closing = self.ended_by != Some(By::User);
            let reason = if closing { SkipReason::Uncommitted } else { SkipReason::Ended };
            self.skip_unclaimed(coming, reason, now);
        }
    }

    /// What others have left behind.
    pub(in super::super) fn recovered(&mut self, recovered: Recovered, now: Now, fx: &mut Effects) {
        if self.is_ending() || !self.durable {
            return;
        }
        self.elsewhere = recovered.elsewhere;
        for at in recovered.interrupted {
            let known = self.claims.iter().chain(&self.queue).any(|coming| coming.at == at);
            if known || self.running.values().any(|run| run.at == at) {
                continue;
            }
            let again = self.policy.on_interrupted == OnInterrupted::RunAgain;
            if again && self.paused {
                // The store will tell of it again; this does not end before.
                self.elsewhere += 1;
                continue;
            }
            self.counts.interrupted += 1;
            if again {
                self.counts.due += 1;
                self.claim(Coming { at, due: at, kind: ClaimKind::Again, wanted: true }, now, fx);
            } else {
                self.finish(at, FiringOutcome::Interrupted, now, fx);
            }
            self.story.interrupted(at, again);
        }
        for at in recovered.released {
            self.take_up(at, now, fx);
        }
    }

    /// Another scheduler was closed before it could begin this one: it is late, so the catch-up policy has its say.
    fn take_up(&mut self, at: Timestamp, now: Now, fx: &mut Effects) {
        let to_come = self.next.is_some_and(|next| at >= next.instant);
        let known = self.claims.iter().any(|coming| coming.at == at);
        let wanted = match self.policy.catch_up {
            CatchUp::All { .. } => true,
            CatchUp::Latest | CatchUp::Skip => self.latest.is_none_or(|latest| at >= latest),
        };
        let late = span(at, self.timeline.now(now));
        let limit = self.policy.catch_up.limit(self.policy.tolerance);
        if self.paused || to_come || known {
            return;
        }
        let wanted = wanted && limit.is_none_or(|limit| late <= limit);
        self.counts.due += 1;
        self.latest = self.latest.max(Some(at));
        let kind = if self.is_trigger(at) { ClaimKind::Trigger } else { ClaimKind::Due };
        self.claim(Coming { at, due: at, kind, wanted }, now, fx);
    }

    pub(super) fn finish(&self, at: Timestamp, outcome: FiringOutcome, now: Now, fx: &mut Effects) {
        if self.durable {
            let (schedule, triggered) = (self.name.to_string(), self.is_trigger(at));
            fx.finished.push(Finished { schedule, instant: at, outcome, at: now.wall, triggered });
        }
    }

    /// So many instants were decided, from one to another, and none of them is claimed.
    pub(super) fn pass(&self, (first, through): (Timestamp, Timestamp), count: u64, why: Unclaimed, fx: &mut Effects) {
        if self.durable {
            fx.passed.push(Passed { schedule: self.name.to_string(), first, through, count, why });
        }
    }
}
