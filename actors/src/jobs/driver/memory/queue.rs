//! What is kept of a queue, and what its limits allow.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::{QueueLimits, QueueRate, Turns};
use super::tables::{Now, Ready, Tables, later};

#[derive(Default)]
pub(super) struct Queue {
    pub(super) ready: Ready,
    pub(super) paused: bool,
    pub(super) limits: QueueLimits,
    pub(super) running: u64,
    pub(super) pruned: u64,
    /// When the next job would begin if they came evenly; none before the first.
    pub(super) next: Option<Timestamp>,
}

impl Queue {
    /// How many jobs may begin now.
    pub(super) fn allowance(&self, now: Now) -> u64 {
        if self.paused {
            return 0;
        }
        let room = self.limits.running.map_or(u64::MAX, |most| most.saturating_sub(self.running));
        match self.limits.rate {
            Some(rate) => room.min(self.turns(rate, now)),
            None => room,
        }
    }

    /// The generic cell rate algorithm of ITU-T I.371: `next` is the theoretical arrival time.
    fn turns(&self, rate: QueueRate, now: Now) -> u64 {
        let spacing = rate.spacing.max(Duration::from_nanos(1)).as_nanos();
        let bucket = spacing * u128::from(rate.burst.max(1));
        let ahead = self.next.map_or(Duration::ZERO, |next| now.until(next)).as_nanos();
        u64::try_from(bucket.saturating_sub(ahead) / spacing).unwrap_or(u64::MAX)
    }

    /// One begins.
    pub(super) fn begin(&mut self, now: Now) {
        self.running += 1;
        if let Some(rate) = self.limits.rate {
            let next = self.next.map_or(now.0, |next| next.max(now.0));
            self.next = Some(later(next, rate.spacing.max(Duration::from_nanos(1))));
        }
    }

    /// How long it is until the rate allows one; `None` if that is not what is in the way.
    pub(super) fn wait_for_rate(&self, now: Now) -> Option<Duration> {
        let rate = self.limits.rate?;
        if self.paused || self.limits.running.is_some_and(|most| self.running >= most) || self.turns(rate, now) > 0 {
            return None;
        }
        let spare = rate.spacing.saturating_mul(rate.burst.max(1) - 1);
        let spare = SignedDuration::try_from(spare).unwrap_or(SignedDuration::MAX);
        let allowed = self.next?.checked_sub(spare).unwrap_or(Timestamp::MIN);
        Some(now.until(allowed))
    }
}

impl Tables {
    pub(super) fn limit(&mut self, queue: &str, limits: QueueLimits, now: Now) {
        let queue = self.queues.entry(queue.to_owned()).or_default();
        queue.limits = limits;
        // What was begun under a slower rate does not hold up a faster one for longer than its own.
        queue.next = queue.next.zip(limits.rate).map(|(next, rate)| {
            let bucket = rate.spacing.max(Duration::from_nanos(1)).saturating_mul(rate.burst.max(1));
            next.min(now.after(bucket))
        });
        self.stirred = true;
    }

    pub(super) fn pause(&mut self, queue: &str, paused: bool) {
        self.queues.entry(queue.to_owned()).or_default().paused = paused;
        self.stirred = true;
    }

    pub(super) fn turns(&mut self, turns: &Turns, now: Now) -> Duration {
        let next = self.rates.entry(turns.name.clone()).or_insert(now.0);
        *next = (*next).max(now.after(turns.pause));
        let wait = now.until(*next);
        *next = later(*next, turns.spacing.saturating_mul(turns.count));
        wait
    }
}
