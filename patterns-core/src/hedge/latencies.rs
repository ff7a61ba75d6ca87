use std::time::Duration;

/// How many are kept: enough for a 99th percentile, and few enough to be sorted in a microsecond.
const KEPT: usize = 128;
/// With fewer than these a percentile says nothing.
const ENOUGH: usize = 16;

/// The latest latencies, in a ring: a new one takes the place of the oldest.
#[derive(Debug)]
pub(super) struct Latencies {
    nanos: [u64; KEPT],
    len: usize,
    next: usize,
}

impl Latencies {
    pub(super) fn new() -> Self {
        Self { nanos: [0; KEPT], len: 0, next: 0 }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.nanos[self.next] = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.next = (self.next + 1) % KEPT;
        self.len = (self.len + 1).min(KEPT);
    }

    /// The latency that this many of a thousand calls don't exceed; `None` while too few are known.
    pub(super) fn percentile(&self, per_mille: usize) -> Option<Duration> {
        if self.len < ENOUGH {
            return None;
        }
        let mut nanos = self.nanos;
        let nanos = &mut nanos[..self.len];
        let rank = (nanos.len() * per_mille).div_ceil(1_000).clamp(1, nanos.len());
        let (_, nth, _) = nanos.select_nth_unstable(rank - 1);
        Some(Duration::from_nanos(*nth))
    }
}
