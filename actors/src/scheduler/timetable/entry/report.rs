//! What an entry tells of itself.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::super::clock::Now;
use super::super::super::{FiringCounts, ScheduleState, ScheduleStatus};
use super::super::story::{Outlook, Story};
use super::{Entry, Fate, Last};

impl Entry {
    pub(in super::super) fn counts(&self) -> FiringCounts {
        FiringCounts {
            running: self.running.len() as u64,
            waiting: (self.claims.len() + self.queue.len()) as u64,
            ..self.counts
        }
    }

    pub(in super::super) fn outlook(&self) -> Outlook {
        Outlook { next: self.next, paused: self.paused, left: self.left }
    }

    pub(in super::super) fn story(&self) -> &Story {
        &self.story
    }

    /// When its next run is due on tokio's clock, if it waits for one.
    pub(in super::super) fn next_instant(&self, now: Now) -> Option<Instant> {
        let next = self.next.filter(|_| !self.paused && !self.is_ending())?;
        self.timeline.instant(next.starts, now)
    }

    pub(in super::super) fn status(&self, now: Now) -> ScheduleStatus {
        let state = match (self.is_ending(), self.is_over(), self.paused) {
            (true, true, _) => ScheduleState::Ended,
            (true, false, _) => ScheduleState::Ending,
            (false, _, true) => ScheduleState::Paused,
            (false, _, false) => ScheduleState::Waiting,
        };
        ScheduleStatus {
            name: Arc::clone(&self.name),
            state,
            next: self.next_instant(now),
            next_at: self.next.filter(|_| state == ScheduleState::Waiting).map(|next| next.starts),
            durable: self.durable,
            counts: self.counts(),
            last_skip: self.last_skip,
            last_failure: self.last_failure.clone(),
        }
    }

    /// Its last words; it must have left the timetable.
    pub(in super::super) fn into_fate(self, now: Now) -> Arc<Fate> {
        let (status, outlook) = (self.status(now), self.outlook());
        // The only place that sets it, once per entry.
        let _ = self.fate.last.set(Last { status, story: self.story, outlook });
        self.fate
    }
}
