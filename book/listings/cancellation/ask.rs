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
    let received = context::sleep(Duration::from_secs(5)).await; // receives what is uploaded
    sleep(Duration::from_millis(20)).await; // asks the store to remove the file
    log.say("has removed the file");
    received
}
// ANCHOR_END: upload

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() -> Result<(), BoxError> {
    let log = Log::new();
    // ANCHOR: group
    let group = TaskGroup::new("site").run(async |group| {
        let upload = group.spawn("upload", upload(log));
        context::sleep(Duration::from_secs(2)).await?;
        upload.cancel("the user closed the page");
        Ok(upload.outcome().await)
    });
    if let Outcome::Cancelled(cause) = group.await? {
        log.say(cause);
    }
    // ANCHOR_END: group
    Ok(())
}
