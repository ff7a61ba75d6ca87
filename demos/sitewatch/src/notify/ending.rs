use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use patterns_core::cancel::shield;
use patterns_core::context::{self, Interrupt};
use patterns_core::retry::Exponential;

use super::{Outbox, OutboxError};

/// How an attempt ended, as the outbox is to know it.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Delivered,
    Again { next: Timestamp, why: String },
    GivenUp { why: String },
}

/// How long the outbox may take to note it. So long a shutdown waits for that.
const NOTING: Duration = Duration::from_secs(10);

/// How long to wait before it is asked again, the first time and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Pauses for while the outbox does not answer: each twice as long, up to a minute.
pub(super) fn pauses() -> impl Iterator<Item = Duration> + Send {
    let (first, longest) = PAUSES;
    Exponential::new(first).map(move |pause| pause.min(longest))
}

impl Ending {
    /// Has the outbox note it; tells `trouble` why, each time that it does not. Ends in vain only where we are to stop:
    /// then the notices will be sent again.
    pub(super) async fn note(
        &self,
        outbox: &Arc<dyn Outbox>,
        ids: &Arc<[i64]>,
        trouble: impl Fn(&str),
    ) -> Result<(), Interrupt> {
        for pause in pauses() {
            let (ending, outbox, ids) = (self.clone(), Arc::clone(outbox), Arc::clone(ids));
            // What was sent is a fact, and to stop now would only mean to send it twice.
            match shield(NOTING, async move { ending.write(&*outbox, &ids).await }).await {
                Ok(Ok(())) => break,
                Ok(Err(error)) => trouble(&error.to_string()),
                Err(error) => trouble(&error.to_string()),
            }
            context::sleep(pause).await?;
        }
        Ok(())
    }

    async fn write(&self, outbox: &dyn Outbox, ids: &[i64]) -> Result<(), OutboxError> {
        match self {
            Self::Delivered => outbox.delivered(ids).await,
            Self::Again { next, why } => outbox.failed(ids, *next, why).await,
            Self::GivenUp { why } => outbox.given_up(ids, why).await,
        }
    }
}
