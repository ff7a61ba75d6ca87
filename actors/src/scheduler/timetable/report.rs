//! What the timetable tells of itself.

use super::super::clock::Now;
use super::super::{FiringCounts, ScheduleStatus, SchedulerState, SchedulerStatus};
use super::{Outlook, ScheduleId, Story, Timetable, counting};

impl Timetable {
    /// The durable schedules.
    pub(in crate::scheduler) fn durable(&self) -> Vec<String> {
        self.entries.values().filter(|entry| entry.durable).map(|entry| entry.name.to_string()).collect()
    }

    pub(in crate::scheduler) fn counts(&self) -> FiringCounts {
        let mut sum = self.past;
        self.entries.values().for_each(|entry| sum += entry.counts());
        sum
    }

    pub(in crate::scheduler) fn status_of(&mut self, id: ScheduleId, now: Now) -> Option<ScheduleStatus> {
        let entry = self.entries.get_mut(&id)?;
        counting(&mut self.untold, entry, |entry| entry.catch_up(now));
        Some(entry.status(now))
    }

    pub(in crate::scheduler) fn story_of(&self, id: ScheduleId) -> Option<(Story, Outlook)> {
        let entry = self.entries.get(&id)?;
        Some((entry.story().clone(), entry.outlook()))
    }

    pub(in crate::scheduler) fn status(&mut self, now: Now, has_store: bool) -> SchedulerStatus {
        for entry in self.entries.values_mut() {
            counting(&mut self.untold, entry, |entry| entry.catch_up(now));
        }
        let state = match (self.closed, self.entries.is_empty()) {
            (false, _) => SchedulerState::Open,
            (true, false) => SchedulerState::Draining,
            (true, true) => SchedulerState::Closed,
        };
        SchedulerStatus {
            state,
            next: self.entries.values().filter_map(|entry| entry.next_instant(now)).min(),
            counts: self.counts(),
            schedules: self.entries.values().map(|entry| entry.status(now)).collect(),
            clock: self.clock,
            store: has_store.then(|| self.outbox.status()),
        }
    }
}
