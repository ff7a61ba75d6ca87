use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// When to check again.
#[derive(Debug)]
pub struct Rounds(Kind);

#[derive(Debug)]
enum Kind {
    Every(Interval),
    Sent(mpsc::Receiver<()>),
}

impl Rounds {
    /// Every `period` from now on; a round that is due while another runs is skipped.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    #[must_use]
    pub fn every(period: Duration) -> Self {
        let mut interval = tokio::time::interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self(Kind::Every(interval))
    }

    /// Whenever somebody sends; a round that is due while another runs is kept, up to `kept` of them.
    #[must_use]
    pub fn channel(kept: usize) -> (mpsc::Sender<()>, Self) {
        let (sender, receiver) = mpsc::channel(kept);
        (sender, Self(Kind::Sent(receiver)))
    }

    /// Waits for the next round; `None` if there will be none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<()> {
        match &mut self.0 {
            Kind::Every(interval) => {
                interval.tick().await;
                Some(())
            }
            Kind::Sent(receiver) => receiver.recv().await,
        }
    }
}
