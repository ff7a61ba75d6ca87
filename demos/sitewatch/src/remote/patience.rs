//! Waiting for an engine that is away.

use std::time::Duration;

use actors::jobs::driver::DriverError;
use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::{self, Interrupt};

/// How long to wait before it is asked again: the first time, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The pauses between attempts: longer each time.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSES.0)
    }
}

impl Pauses {
    /// Waits before the next attempt.
    pub(crate) async fn wait(&mut self, why: &DriverError) -> Result<(), Interrupt> {
        tracing::debug!(%why, pause = ?self.0, "asked again");
        context::sleep(self.0).await?;
        self.0 = (self.0 * 2).min(PAUSES.1);
        Ok(())
    }
}

/// Why whoever waits has to stop where the queue has ended.
pub(crate) fn ended(why: impl std::fmt::Display) -> Interrupt {
    Interrupt::Cancelled(CancelCause::new(CancelKind::Shutdown, why.to_string()))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_have_a_limit() {
        let (mut pauses, why) = (Pauses::default(), DriverError::new("away"));
        let mut took = Vec::new();
        for _ in 0..8 {
            let began = Instant::now();
            pauses.wait(&why).await.unwrap();
            took.push(began.elapsed().as_millis());
        }
        assert_eq!(took, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    }
}
