//! `hedge`: when another attempt starts, who wins, and what becomes of the losers.
mod attempts;
mod cancel;
mod explored;
mod failures;
mod laws;
mod losers;

use std::time::Duration;

use patterns_core::context::{self, Interrupt};
use tokio::time::sleep;

use crate::support::{Log, ms, secs};

/// Takes its time; asked to stop, it needs another second for its cleanup.
async fn works(log: Log, number: u32, takes: Duration) -> Result<u32, Interrupt> {
    log.add(format!("{number} begun"));
    match context::sleep(takes).await {
        Ok(()) => {
            log.add(format!("{number} done"));
            Ok(number)
        }
        Err(interrupt) => {
            sleep(secs(1)).await;
            let why = interrupt.cause().map_or("deadline", |cause| cause.message());
            log.add(format!("{number} cleaned up: {why}"));
            Err(interrupt)
        }
    }
}

/// The first is slow.
fn slow_first(number: u32) -> Duration {
    if number == 1 { secs(60) } else { ms(10) }
}
