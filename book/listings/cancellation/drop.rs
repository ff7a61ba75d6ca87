//! What is left of a future that is dropped.
use std::time::Duration;

use book::log::Log;
use patterns_core::cancel::timeout;
use patterns_core::outcome::BoxError;
use tokio::time::sleep;

// ANCHOR: upload
async fn upload(log: Log) {
    log.say("makes a temporary file");
    let _file = log.say_on_drop("closes the file");
    sleep(Duration::from_secs(5)).await; // receives what is uploaded
    sleep(Duration::from_millis(20)).await; // asks the store to remove the file
    log.say("has removed the file");
}
// ANCHOR_END: upload

// ANCHOR: timeout
async fn for_two_seconds(log: Log) {
    if let Err(elapsed) = timeout(Duration::from_secs(2), upload(log)).await {
        log.say(elapsed);
    }
}
// ANCHOR_END: timeout

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() -> Result<(), BoxError> {
    for_two_seconds(Log::new()).await;
    Ok(())
}
