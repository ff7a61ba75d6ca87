//! What changes a schedule: its users, its runs, and the store.

use jiff::Timestamp;

use super::super::clock::Now;
use super::super::store::{Recovered, Verdict};
use super::entry::{By, End, Entry};
use super::{Effects, ScheduleId, Timetable};

impl Timetable {
    pub(in crate::scheduler) fn trigger(&mut self, id: ScheduleId, now: Now, fx: &mut Effects) -> bool {
        self.change(id, now, fx, |entry, fx| entry.trigger(now, fx)).unwrap_or(false)
    }

    pub(in crate::scheduler) fn pause(&mut self, id: ScheduleId, now: Now, fx: &mut Effects) -> bool {
        let pause = |entry: &mut Entry, _: &mut Effects| {
            let changes = !entry.paused && !entry.is_ending();
            entry.paused |= changes;
            changes
        };
        self.change(id, now, fx, pause).unwrap_or(false)
    }

    pub(in crate::scheduler) fn resume(&mut self, id: ScheduleId, now: Now, fx: &mut Effects) -> bool {
        self.change(id, now, fx, |entry, fx| entry.resume(now, fx)).unwrap_or(false)
    }

    /// Begins no more runs of a schedule; whether it would have.
    pub(in crate::scheduler) fn end(&mut self, id: ScheduleId, now: Now, fx: &mut Effects) -> bool {
        let ended = self.end_by(By::User, id, now, fx);
        if self.entries.get(&id).is_some_and(Entry::is_claiming) {
            for claim in self.outbox.withdraw(id) {
                self.uncommitted(id, claim.instant, now, fx);
            }
        }
        ended
    }

    fn end_by(&mut self, by: By, id: ScheduleId, now: Now, fx: &mut Effects) -> bool {
        self.change(id, now, fx, |entry, fx| entry.end(by, now, fx)).unwrap_or(false)
    }

    /// [Ends](Self::end) a schedule and has its runs asked to stop; whether there was anything to end.
    pub(in crate::scheduler) fn cancel(
        &mut self,
        id: ScheduleId,
        why: &'static str,
        now: Now,
        fx: &mut Effects,
    ) -> bool {
        let Some(token) = self.entries.get(&id).map(|entry| entry.token.clone()) else { return false };
        let was_asked = token.is_cancelled();
        fx.tokens.push((token, why));
        self.end(id, now, fx) || !was_asked
    }

    /// Takes no more schedules, and begins no more runs.
    pub(in crate::scheduler) fn close(&mut self, now: Now, fx: &mut Effects) {
        self.closed = true;
        for id in self.ids() {
            self.end_by(By::Closing, id, now, fx);
        }
        for (id, claim) in self.outbox.withdraw_all() {
            self.uncommitted(id, claim.instant, now, fx);
        }
    }

    pub(in crate::scheduler) fn ids(&self) -> Vec<ScheduleId> {
        self.entries.keys().copied().collect()
    }

    pub(in crate::scheduler) fn ended(&mut self, id: ScheduleId, run: u64, end: End, now: Now, fx: &mut Effects) {
        self.change(id, now, fx, |entry, fx| entry.ended(run, end, now, fx));
    }

    /// The store has answered a claim.
    pub(in crate::scheduler) fn answered(
        &mut self,
        id: ScheduleId,
        at: Timestamp,
        verdict: Verdict,
        now: Now,
        fx: &mut Effects,
    ) {
        self.change(id, now, fx, |entry, fx| entry.answered(at, verdict, now, fx));
    }

    /// The store will not be asked for this claim any more.
    pub(in crate::scheduler) fn uncommitted(&mut self, id: ScheduleId, at: Timestamp, now: Now, fx: &mut Effects) {
        self.change(id, now, fx, |entry, _| entry.uncommitted(at, now));
    }

    /// What the store found of a schedule.
    pub(in crate::scheduler) fn recovered(&mut self, name: &str, recovered: Recovered, now: Now, fx: &mut Effects) {
        let Some(id) = self.names.get(name).copied() else { return };
        self.change(id, now, fx, |entry, fx| entry.recovered(recovered, now, fx));
    }
}
