//! Work that is asked to stop, and cleans up.
use std::time::Duration;

use book::log::Log;
use patterns_core::context::{self, Interrupt};
use patterns_core::outcome::{BoxError, Outcome};
use patterns_core::task_group::TaskGroup;
use tokio::time::sleep;

// ANCHOR: upload
async fn upload(log: Log) -> Result<(), Interrupt> {
    log.say("makes a temporary file");
    // receives what is uploaded
    let received = context::sleep(Duration::from_secs(5)).await;
    // asks the store to remove the file
    sleep(Duration::from_millis(20)).await;
    log.say("has removed the file");
    received
}
// ANCHOR_END: upload

// ANCHOR: cancel
async fn cancel(log: Log) -> Result<(), BoxError> {
    let outcome = TaskGroup::new("site").run(async |group| {
        let upload = group.spawn("upload", upload(log));
        context::sleep(Duration::from_secs(2)).await?;
        upload.cancel("the user closed the page");
        Ok(upload.outcome().await)
    });
    if let Outcome::Cancelled(cause) = outcome.await? {
        log.say(cause);
    }
    Ok(())
}
// ANCHOR_END: cancel

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() -> Result<(), BoxError> {
    cancel(Log::new()).await
}
