//! The instants `first + n * period`, in whole nanoseconds, so that none of them drifts.

use std::time::Duration;

use jiff::Timestamp;

/// The first of them later than `at`; `None` beyond the year 9999.
pub(super) fn after(first: Timestamp, period: Duration, at: Timestamp) -> Option<Timestamp> {
    if first > at {
        return Some(first);
    }
    let passed = at.as_nanosecond() - first.as_nanosecond();
    step(first, period, passed / nanos(period) + 1)
}

/// Of those from `first` to `until`, skips all but the last `keep + 1`: how many, and the first of the others.
pub(super) fn skip(first: Timestamp, period: Duration, until: Timestamp, keep: usize) -> (u64, Timestamp) {
    let steps = (until.as_nanosecond() - first.as_nanosecond()) / nanos(period);
    let skipped = steps - i128::try_from(keep).unwrap_or(i128::MAX);
    match (u64::try_from(skipped), step(first, period, skipped)) {
        (Ok(count), Some(at)) => (count, at),
        _ => (0, first),
    }
}

fn step(first: Timestamp, period: Duration, steps: i128) -> Option<Timestamp> {
    let at = nanos(period).checked_mul(steps)?.checked_add(first.as_nanosecond())?;
    Timestamp::from_nanosecond(at).ok()
}

fn nanos(period: Duration) -> i128 {
    // The longest `Duration` has fewer than 2^95 of them.
    i128::try_from(period.as_nanos()).unwrap_or(i128::MAX)
}
