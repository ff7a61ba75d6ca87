//! What is due now, and what is next.

use std::time::Duration;

use tokio::time::Instant;

use super::super::clock::Now;
use super::{Effects, Timetable, counting};

/// What the wall clock is off by when somebody must have set it.
const STEP: Duration = Duration::from_millis(500);

impl Timetable {
    /// When to look again.
    pub(in crate::scheduler) fn earliest(&self, now: Now, poll: Duration) -> Option<Instant> {
        let ready = (!self.ready.is_empty()).then_some(now.instant);
        [ready, self.timers.next(now, poll), self.renewal].into_iter().flatten().min()
    }

    /// Takes what is due, and begins it; about `most` runs at a time.
    pub(in crate::scheduler) fn fire(&mut self, now: Now, most: usize, fx: &mut Effects) {
        self.look(now, fx);
        let mut left = most;
        while left > 0
            && let Some(id) = self.ready.pop_front()
        {
            left -= 1;
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.is_ready = false;
                counting(&mut self.untold, entry, |entry| entry.proceed(now, fx));
                self.refresh(id, now, fx);
            }
        }
        while left > 0
            && let Some(id) = self.timers.pop(now)
        {
            left -= 1;
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.timer = None;
                let steps = counting(&mut self.untold, entry, |entry| entry.come(now, fx));
                left = left.saturating_sub(steps / 16);
                self.refresh(id, now, fx);
            }
        }
        if self.renewal.is_some_and(|renewal| renewal <= now.instant) {
            self.outbox.renew = true;
            self.renewal = Some(crate::system::after(now.instant, self.lease / 3));
        }
    }

    /// Sees what the wall clock has done since the last look.
    fn look(&mut self, now: Now, fx: &mut Effects) {
        let expected = self.seen.wall_at(now.instant);
        self.seen = now;
        if !self.timers.watch_the_wall() && self.durable == 0 {
            return;
        }
        let step = now.wall.duration_since(expected);
        if step.unsigned_abs() >= STEP {
            fx.step = Some(step);
            self.clock.last_step = Some(step);
            if step.is_positive() {
                self.clock.steps_forwards += 1;
            } else {
                self.clock.steps_backwards += 1;
            }
        }
        if self.timers.rewind(now) {
            for id in self.ids() {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.clock_went_back(now);
                    self.refresh(id, now, fx);
                }
            }
        }
    }
}
