//! Instants that come, one by one or many at a time.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::super::super::clock::{Now, Timeline, span};
use super::super::super::store::{ClaimKind, Unclaimed};
use super::super::super::{Explanation, SkipReason, Upcoming};
use super::super::Effects;
use super::{Coming, Entry};

/// How many instants are looked at one by one before others get their turn.
const SLICE: usize = 1024;

/// What has come.
struct Come {
    /// How many are not among `recent`, and the last of them.
    older: u64,
    last_older: Option<Timestamp>,
    /// The latest, as many as the catch-up policy can want. Empty as long as there is more to be looked at.
    recent: VecDeque<Upcoming>,
    /// What has not come, or not been looked at.
    next: Option<Upcoming>,
    /// There is more to be looked at.
    more: bool,
    /// How many were looked at one by one.
    steps: usize,
}

impl Entry {
    pub(super) fn upcoming(&self, instant: Timestamp) -> Upcoming {
        // Where there is no jitter, nobody needs to know the one after it.
        let following = if self.policy.jitter.is_zero() { None } else { self.following(instant) };
        self.story.upcoming(instant, following)
    }

    /// The instant after this one, leaving out those that have run before the wall clock was set back.
    fn following(&self, instant: Timestamp) -> Option<Timestamp> {
        let next = self.story.rule().after(instant)?;
        match (self.hole, self.latest) {
            (Some((_, until)), Some(latest)) if instant < until && next >= until => self.story.rule().after(latest),
            _ => Some(next),
        }
    }

    /// What has come since `first`, which has, by `time`.
    fn gather(&self, first: Timestamp, time: Timestamp, keep: usize) -> Come {
        let (older, first) = self.story.rule().skip(first, time, keep + 1);
        let mut come = Come { older, last_older: None, recent: VecDeque::new(), next: None, more: false, steps: 0 };
        let mut cursor = Some(first);
        while let Some(instant) = cursor {
            let following = self.following(instant);
            let upcoming = self.story.upcoming(instant, following);
            if upcoming.starts > time {
                come.next = Some(upcoming);
                break;
            }
            if come.steps >= SLICE + keep {
                come.next = come.recent.pop_front();
                come.recent.clear();
                come.more = true;
                break;
            }
            come.steps += 1;
            come.recent.push_back(upcoming);
            if come.recent.len() > keep {
                come.last_older = come.recent.pop_front().map(|older| older.instant);
                come.older += 1;
            }
            cursor = following;
        }
        come
    }

    /// Its timer rings: begins what is to run, and moves on. How many instants had to be looked at.
    pub(in super::super) fn come(&mut self, now: Now, fx: &mut Effects) -> usize {
        let time = self.timeline.now(now);
        let due = self.next.filter(|next| next.starts <= time && self.wants().is_some());
        let Some(Upcoming { instant: first, .. }) = due else { return 0 };
        let mut come = self.gather(first, time, self.policy.catch_up.most());
        self.next = come.next;
        if let Some(limit) = self.policy.catch_up.limit(self.policy.tolerance) {
            while come.recent.front().is_some_and(|late| span(late.starts, time) > limit) {
                come.last_older = come.recent.pop_front().map(|late| late.instant);
                come.older += 1;
            }
        }
        self.counts.due += come.older + come.recent.len() as u64;
        self.counts.missed += come.older;
        if let Some(last) = come.last_older {
            self.story.passed(first, last, Explanation::Missed { seen: time });
            let until = come.recent.front().or(come.next.as_ref()).map(|next| next.instant);
            self.missed(first, until);
            self.pass((first, last), come.older, Unclaimed::Missed, fx);
        }
        let latest = come.recent.back().map(|latest| latest.instant).or(come.last_older);
        self.latest = self.latest.max(latest);
        for Upcoming { instant, starts } in come.recent {
            let coming = Coming { at: instant, due: starts, kind: ClaimKind::Due, wanted: true };
            if self.durable { self.claim(coming, now, fx) } else { self.admit(coming, now, fx) }
        }
        come.steps
    }

    /// Remembers which instants were missed, up to one that was not. While an earlier such hole is being gone through
    /// again, that one counts.
    fn missed(&mut self, first: Timestamp, until: Option<Timestamp>) {
        let Some(until) = until else { return };
        match &mut self.hole {
            Some((_, end)) if first < *end => {}
            // The next slice of the same.
            Some((_, end)) if first == *end => *end = until,
            hole => *hole = Some((first, until)),
        }
    }

    /// The wall clock was set back: what was missed before, because it had been set forwards, comes now. What has run
    /// does not run again.
    pub(in super::super) fn clock_went_back(&mut self, now: Now) {
        let (Timeline::Wall, Some((from, until))) = (self.timeline, self.hole) else { return };
        if self.is_ending() || self.next.is_some_and(|next| next.instant < until) {
            return;
        }
        let time = self.timeline.now(now);
        let next = if time < from { Some(from) } else { self.story.rule().after(time) };
        if let Some(next) = next.filter(|next| *next < until) {
            self.next = Some(self.upcoming(next));
        }
    }

    /// Counts what came while it was paused. A one-shot waits.
    pub(in super::super) fn catch_up(&mut self, now: Now) {
        if !self.paused || self.is_ending() || !self.story.rule().repeats() {
            return;
        }
        let time = self.timeline.now(now);
        // More than so many slices are left to the next who looks.
        for _ in 0..16 {
            let Some(next) = self.next.filter(|next| next.starts <= time) else { return };
            let come = self.gather(next.instant, time, 1);
            self.next = come.next;
            let count = come.older + come.recent.len() as u64;
            self.counts.due += count;
            self.counts.skipped += count;
            let latest = come.recent.back().map(|latest| (latest.instant, latest.starts));
            let latest = latest.or(come.last_older.map(|last| (last, last)));
            if let Some((at, due)) = latest {
                self.latest = self.latest.max(Some(at));
                let (first, before) = self.paused_over.map_or((next.instant, 0), |(first, _, count)| (first, count));
                self.paused_over = Some((first, at, before + count));
                self.note_skip(at, due, SkipReason::Paused, now);
                self.story.passed(next.instant, at, Explanation::Skipped(SkipReason::Paused));
            }
        }
    }

    /// Ends a pause.
    pub(in super::super) fn resume(&mut self, now: Now, fx: &mut Effects) -> bool {
        if !self.paused || self.is_ending() {
            return false;
        }
        let time = self.timeline.now(now);
        while self.story.rule().repeats() && self.next.is_some_and(|next| next.starts <= time) {
            self.catch_up(now);
        }
        self.paused = false;
        self.pass_paused(fx);
        true
    }

    /// Has the store know what came in a pause. Not while that goes on: the next life of the schedule can tell, too. And
    /// not while a claim waits, as the store takes all before that for decided.
    pub(super) fn pass_paused(&mut self, fx: &mut Effects) {
        if self.is_claiming() {
            return;
        }
        if let Some((first, last, count)) = self.paused_over.take() {
            self.pass((first, last), count, Unclaimed::Paused, fx);
        }
    }
}
