//! Which schedules are due next, on each of the two clocks.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::super::clock::{Now, Timeline};
use super::super::wheel::{Key, TimerWheel};
use super::ScheduleId;

/// Nanoseconds per instant of a wheel. Finer than tokio's timers, so that it adds little to their lateness.
const RESOLUTION: u128 = 100_000;

/// A timer that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer {
    key: Key,
    clock: Clock,
    /// On the wheel of that clock.
    due: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Monotonic,
    Wall,
}

/// One wheel for each clock.
pub(super) struct Timers {
    /// Where the monotonic wheel counts from.
    origin: Instant,
    monotonic: TimerWheel<ScheduleId>,
    wall: TimerWheel<ScheduleId>,
}

impl Timers {
    pub(super) fn new(origin: Instant) -> Self {
        Self { origin, monotonic: TimerWheel::new(), wall: TimerWheel::new() }
    }

    /// Has a schedule's timer ring at `at`, or not at all; one that would be the same goes on. Whether there is a
    /// new one.
    pub(super) fn set(
        &mut self,
        timer: &mut Option<Timer>,
        timeline: Timeline,
        at: Option<Timestamp>,
        id: ScheduleId,
        now: Now,
    ) -> bool {
        let due = at.and_then(|at| match timeline {
            Timeline::Monotonic(start) => {
                let due = ticks_until(self.since(start.instant_at(at)?), self.since(now.instant));
                Some((Clock::Monotonic, due))
            }
            Timeline::Wall => Some((Clock::Wall, ticks_until(since_the_first(at), since_the_first(now.wall)))),
        });
        if timer.as_ref().map(|timer| (timer.clock, timer.due)) == due {
            return false;
        }
        if let Some(old) = timer.take() {
            self.wheel(old.clock).cancel(old.key);
        }
        let Some((clock, due)) = due else { return false };
        let key = self.wheel(clock).insert(due, id);
        *timer = Some(Timer { key, clock, due });
        true
    }

    /// Takes a schedule whose timer rings.
    pub(super) fn pop(&mut self, now: Now) -> Option<ScheduleId> {
        let monotonic = ticks_down(self.since(now.instant));
        self.monotonic.pop(monotonic).or_else(|| self.wall.pop(ticks_down(since_the_first(now.wall))))
    }

    /// When to look again. The wall clock is looked at every `poll`, if any timer goes by it.
    pub(super) fn next(&self, now: Now, poll: Duration) -> Option<Instant> {
        let monotonic = self.monotonic.next_due().and_then(|due| self.origin.checked_add(duration(due)));
        let wall = self.wall.next_due().map(|due| {
            let left = due.saturating_sub(ticks_down(since_the_first(now.wall)));
            now.instant + duration(left).min(poll)
        });
        match (monotonic, wall) {
            (Some(monotonic), Some(wall)) => Some(monotonic.min(wall)),
            (monotonic, wall) => monotonic.or(wall),
        }
    }

    /// Whether any timer goes by the wall clock.
    pub(super) fn watch_the_wall(&self) -> bool {
        !self.wall.is_empty()
    }

    /// If the wall clock was set backwards, does the same to its wheel. Whether it was.
    pub(super) fn rewind(&mut self, now: Now) -> bool {
        let wall = ticks_down(since_the_first(now.wall));
        let back = wall < self.wall.now();
        self.wall.rewind(wall);
        back
    }

    fn since(&self, instant: Instant) -> u128 {
        instant.saturating_duration_since(self.origin).as_nanos()
    }

    fn wheel(&mut self, clock: Clock) -> &mut TimerWheel<ScheduleId> {
        match clock {
            Clock::Monotonic => &mut self.monotonic,
            Clock::Wall => &mut self.wall,
        }
    }
}

/// Nanoseconds since the first instant that there is.
fn since_the_first(at: Timestamp) -> u128 {
    (at.as_nanosecond() - Timestamp::MIN.as_nanosecond()).unsigned_abs()
}

/// The first tick at which what is due then may ring: at once, if it is due; else never early.
fn ticks_until(due: u128, now: u128) -> u64 {
    if due <= now { ticks_down(now) } else { u64::try_from(due.div_ceil(RESOLUTION)).unwrap_or(u64::MAX) }
}

fn ticks_down(nanos: u128) -> u64 {
    u64::try_from(nanos / RESOLUTION).unwrap_or(u64::MAX)
}

fn duration(ticks: u64) -> Duration {
    let nanos = u128::from(ticks) * RESOLUTION;
    let seconds = u64::try_from(nanos / NANOS_PER_SEC).unwrap_or(u64::MAX);
    Duration::new(seconds, u32::try_from(nanos % NANOS_PER_SEC).unwrap_or(0))
}

const NANOS_PER_SEC: u128 = 1_000_000_000;
