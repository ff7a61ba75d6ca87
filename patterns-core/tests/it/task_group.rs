mod cancel;
mod drop;
mod failure;
mod handle;
mod limit;
mod memory;
mod policies;
mod policy;
mod stress;

use std::time::Duration;

use patterns_core::context::{self, Interrupt};

use crate::support::Log;

/// Works until it is asked to stop, then cleans up for a while.
async fn works_until_asked(log: Log, name: &'static str, cleanup: Duration) -> Result<(), Interrupt> {
    let interrupt = context::sleep(Duration::from_secs(3600)).await.unwrap_err();
    log.add(format!("{name} asked"));
    tokio::time::sleep(cleanup).await;
    log.add(format!("{name} cleaned"));
    Err(interrupt)
}

async fn fails_after(delay: Duration, error: &'static str) -> Result<(), &'static str> {
    tokio::time::sleep(delay).await;
    Err(error)
}
