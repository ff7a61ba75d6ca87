use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How fast a counter grows, over the last few seconds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sitewatch::progress::Meter;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let mut pages = Meter::new(Duration::from_secs(5));
/// assert_eq!(pages.rate(0), 0);
/// tokio::time::sleep(Duration::from_secs(2)).await;
/// assert_eq!(pages.rate(600), 300);
/// # }
/// ```
#[derive(Debug)]
pub struct Meter {
    window: Duration,
    /// The oldest first, and never empty; of those before the window only the last is kept.
    readings: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// A meter over the last `window`, of a counter that is zero now.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self { window, readings: VecDeque::from([(Instant::now(), 0)]) }
    }

    /// Notes that the counter is at `count` now, and says by how much per second it grew.
    pub fn rate(&mut self, count: u64) -> u64 {
        let now = Instant::now();
        while self.readings.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= self.window) {
            self.readings.pop_front();
        }
        self.readings.push_back((now, count));
        let (since, before) = self.readings[0];
        let millis = now.duration_since(since).as_millis();
        if millis == 0 {
            return 0;
        }
        u64::try_from(u128::from(count.saturating_sub(before)) * 1000 / millis).unwrap_or(u64::MAX)
    }
}
