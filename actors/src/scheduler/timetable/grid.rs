//! The instants `first + n * period`, in whole nanoseconds, so that none of them drifts.

use std::time::Duration;

use tokio::time::Instant;

/// The instants from one on that have come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Come {
    /// How many; at least 1.
    pub(super) count: u64,
    /// The latest of them.
    pub(super) latest: Instant,
    /// The one after that, unless the clock cannot count so far.
    pub(super) next: Option<Instant>,
}

/// What has come by `now` of the instants that begin with `first`, which has come.
///
/// Without a period there is only `first`.
pub(super) fn come(first: Instant, period: Option<Duration>, now: Instant) -> Come {
    let Some(period) = period else { return Come { count: 1, latest: first, next: None } };
    let elapsed = now.saturating_duration_since(first).as_nanos();
    let steps = elapsed / period.as_nanos();
    let latest = first + nanos(steps * period.as_nanos());
    let count = u64::try_from(steps).map_or(u64::MAX, |steps| steps.saturating_add(1));
    Come { count, latest, next: latest.checked_add(period) }
}

/// So many nanoseconds, which must not be more than a `Duration` holds.
fn nanos(count: u128) -> Duration {
    let seconds = u64::try_from(count / NANOS_PER_SEC).unwrap_or(u64::MAX);
    let rest = u32::try_from(count % NANOS_PER_SEC).unwrap_or(0);
    Duration::new(seconds, rest)
}

const NANOS_PER_SEC: u128 = 1_000_000_000;
