use std::time::Duration;

use super::super::{QueueLimits, QueueRate};
use super::{after, between, count, length, number};

/// What is kept of a queue, and what its limits allow.
///
/// A driver reads it once for a take, asks it before each job that is to begin, tells it of each that does, and keeps
/// [`next`](Self::next) if it has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Gate {
    pub(in super::super) paused: bool,
    pub(in super::super) limits: QueueLimits,
    /// How many run.
    pub(in super::super) running: u64,
    /// When the next job would begin if they came evenly; none before the first.
    pub(in super::super) next: Option<i64>,
}

/// Limits as they are kept: how many may run, the time from one to the next, and how many may begin at once.
pub(in super::super) type Columns = (Option<i64>, Option<i64>, Option<i64>);

impl Gate {
    /// What the limits are kept as.
    pub(in super::super) fn columns(limits: &QueueLimits) -> Columns {
        let rate = limits.rate;
        let burst = rate.map(|rate| i64::from(rate.burst));
        (limits.running.map(number), rate.map(|rate| length(rate.spacing)), burst)
    }

    /// The limits that are kept as this.
    pub(in super::super) fn limits((running, spacing, burst): Columns) -> QueueLimits {
        let rate = spacing.zip(burst).map(|(spacing, burst)| QueueRate {
            spacing: Duration::from_nanos(count(spacing)),
            burst: u32::try_from(burst).unwrap_or(u32::MAX),
        });
        QueueLimits { running: running.map(count), rate }
    }

    /// How many jobs may begin now.
    pub(in super::super) fn room(&self, now: i64) -> u64 {
        if self.paused {
            return 0;
        }
        let room = self.limits.running.map_or(u64::MAX, |most| most.saturating_sub(self.running));
        self.limits.rate.map_or(room, |rate| room.min(self.turns(rate, now)))
    }

    /// What is kept of [`next`](Self::next) where the limits become these: what began under an earlier rate counts for
    /// no longer than a whole burst takes.
    pub(in super::super) fn eased(next: Option<i64>, limits: &QueueLimits, now: i64) -> Option<i64> {
        let (next, rate) = next.zip(limits.rate)?;
        Some(next.min(after(now, spacing(rate).saturating_mul(rate.burst.max(1)))))
    }

    /// [`next`](Self::next), unless it is no time of this clock. It is never further ahead than a whole burst takes, so
    /// if it is, the clock was set back, and the queue must not wait until it has caught up. By less than the time from
    /// one to the next it may be, which is waited for.
    fn arrival(&self, rate: QueueRate, now: i64) -> Option<i64> {
        let furthest = spacing(rate).saturating_mul(rate.burst.max(1)).saturating_add(spacing(rate));
        self.next.filter(|next| between(now, *next) < furthest)
    }

    /// The generic cell rate algorithm of ITU-T I.371: `next` is the theoretical arrival time.
    fn turns(&self, rate: QueueRate, now: i64) -> u64 {
        let spacing = spacing(rate).as_nanos();
        let bucket = spacing.saturating_mul(u128::from(rate.burst.max(1)));
        let ahead = self.arrival(rate, now).map_or(Duration::ZERO, |next| between(now, next)).as_nanos();
        u64::try_from(bucket.saturating_sub(ahead) / spacing).unwrap_or(u64::MAX)
    }

    /// One begins.
    pub(in super::super) fn begin(&mut self, now: i64) {
        self.running += 1;
        if let Some(rate) = self.limits.rate {
            let next = self.arrival(rate, now).map_or(now, |next| next.max(now));
            self.next = Some(after(next, spacing(rate)));
        }
    }

    /// How long it is until the rate allows one; `None` if that is not what is in the way.
    pub(in super::super) fn wait_for_rate(&self, now: i64) -> Option<Duration> {
        let rate = self.limits.rate?;
        if self.paused || self.limits.running.is_some_and(|most| self.running >= most) || self.turns(rate, now) > 0 {
            return None;
        }
        let spare = spacing(rate).saturating_mul(rate.burst.max(1) - 1);
        Some(between(now, self.arrival(rate, now)?.saturating_sub(length(spare))))
    }

    /// How long it is until a job that is due then may begin; `None`: that is not for time to tell.
    pub(in super::super) fn opens(&self, due: i64, now: i64) -> Option<Duration> {
        let for_rate = self.wait_for_rate(now);
        let can = for_rate.is_some() || self.room(now) > 0;
        can.then(|| between(now, due).max(for_rate.unwrap_or_default()))
    }
}

fn spacing(rate: QueueRate) -> Duration {
    rate.spacing.max(Duration::from_nanos(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn gate(running: Option<u64>, rate: Option<(u64, u32)>) -> Gate {
        let rate = rate.map(|(seconds, burst)| QueueRate { spacing: Duration::from_secs(seconds), burst });
        Gate { limits: QueueLimits { running, rate }, ..Gate::default() }
    }

    #[test]
    fn a_rest_gives_no_more_than_a_burst() {
        let mut gate = gate(None, Some((5, 2)));
        assert_eq!((gate.room(0), gate.opens(0, 0)), (2, Some(Duration::ZERO)));
        gate.begin(0);
        gate.begin(0);
        assert_eq!((gate.room(0), gate.opens(0, 0)), (0, Some(Duration::from_secs(5))));
        assert_eq!((gate.room(5 * SECOND - 1), gate.room(5 * SECOND)), (0, 1));
        assert_eq!(gate.room(1_000 * SECOND), 2);
        // What is due later than that has to wait for its time.
        assert_eq!(gate.opens(9 * SECOND, SECOND), Some(Duration::from_secs(8)));
    }

    #[test]
    fn time_opens_no_queue_that_is_full_or_paused() {
        let mut full = gate(Some(1), Some((5, 2)));
        assert_eq!(full.room(0), 1);
        full.begin(0);
        assert_eq!((full.room(0), full.opens(0, 0)), (0, None));
        let paused = Gate { paused: true, ..gate(None, None) };
        assert_eq!((paused.room(0), paused.opens(0, 0)), (0, None));
    }

    #[test]
    fn a_slow_rate_holds_up_no_faster_one() {
        let (slow, fast) = (gate(None, Some((3_600, 1))).limits, gate(None, Some((5, 2))).limits);
        assert_eq!(Gate::eased(Some(3_600 * SECOND), &fast, SECOND), Some(11 * SECOND));
        assert_eq!(Gate::eased(Some(7 * SECOND), &slow, SECOND), Some(7 * SECOND));
        assert_eq!(Gate::eased(Some(7 * SECOND), &QueueLimits::default(), SECOND), None);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_no_queue() {
        let mut gate = gate(None, Some((5, 2)));
        let noon = 43_200 * SECOND;
        gate.begin(noon);
        gate.begin(noon);
        // As far as it can be without that.
        assert_eq!((gate.room(noon), gate.next), (0, Some(noon + 10 * SECOND)));
        // By a little: that is waited for.
        let before = noon - 4 * SECOND;
        assert_eq!((gate.room(before), gate.opens(0, before)), (0, Some(Duration::from_secs(9))));
        // By an hour: from now on the new time counts.
        let morning = noon - 3_600 * SECOND;
        assert_eq!((gate.room(morning), gate.opens(0, morning)), (2, Some(Duration::ZERO)));
        gate.begin(morning);
        assert_eq!((gate.room(morning), gate.next), (1, Some(morning + 5 * SECOND)));
        gate.begin(morning);
        assert_eq!((gate.room(morning), gate.opens(0, morning)), (0, Some(Duration::from_secs(5))));
    }

    #[test]
    fn limits_are_kept_as_they_are() {
        for limits in [gate(None, None), gate(Some(0), None), gate(Some(7), Some((60, u32::MAX)))] {
            assert_eq!(Gate::limits(Gate::columns(&limits.limits)), limits.limits);
        }
        // The least and the greatest that somebody may say do no harm.
        let odd = QueueRate { spacing: Duration::ZERO, burst: 0 };
        let mut odd = Gate { limits: QueueLimits { running: None, rate: Some(odd) }, ..Gate::default() };
        odd.begin(i64::MAX);
        assert_eq!(odd.room(i64::MAX), 1);
        let slow = QueueRate { spacing: Duration::MAX, burst: u32::MAX };
        let mut slow = Gate { limits: QueueLimits { running: None, rate: Some(slow) }, ..Gate::default() };
        slow.begin(0);
        assert!(slow.room(0) > 0);
    }
}
