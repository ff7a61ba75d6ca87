use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{Interrupt, interruptible};
use tokio::time::sleep;

use super::Outbox;
use super::ending::pauses;

/// How often it is looked whether something waits for a channel that is gone. A check that ends just when its channel is
/// taken away may put in a notice after that.
const ROUND: Duration = Duration::from_secs(60 * 60);

/// What is noted of notices whose channel is gone.
const WHY: &str = "its channel is not in the settings any more";

/// Gives up what waits for channels that are not known, now and then; ends well once `closing` is cancelled.
pub(super) async fn give_up_gone(
    outbox: Arc<dyn Outbox>,
    known: Arc<BTreeSet<String>>,
    closing: CancelToken,
) -> Result<(), Interrupt> {
    interruptible(async {
        tokio::select! {
            biased;
            _ = closing.cancelled() => {}
            never = go_round(&*outbox, &known) => match never {},
        }
    })
    .await
}

async fn go_round(outbox: &dyn Outbox, known: &BTreeSet<String>) -> Infallible {
    let mut troubles = pauses();
    loop {
        let pause = match outbox.give_up_others(known, WHY).await {
            Ok(count) => {
                if count > 0 {
                    tracing::warn!(notices = count, why = WHY, "notices were given up");
                }
                troubles = pauses();
                ROUND
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox is waited for");
                troubles.next().unwrap_or(ROUND)
            }
        };
        sleep(pause).await;
    }
}
