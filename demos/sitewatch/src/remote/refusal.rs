//! An engine that refuses whatever it is asked, for good.

use std::time::Duration;

use actors::jobs::driver::DriverError;
use actors::jobs::{JobQueue, JobsError};
use tokio::time::sleep;

/// How often it is asked.
const LOOK: Duration = Duration::from_secs(5);

/// What an engine says that has ended for good, as where a later version has written what this one can't read. A look at
/// no job is refused for the sake of none, so it is not the question that was wrong.
pub(crate) async fn refusal(queue: &JobQueue) -> Option<DriverError> {
    match queue.look(&[]).await {
        Err(JobsError::Driver(error)) if error.is_final() => Some(error),
        _ => None,
    }
}

/// The same, when it has. A queue itself asks its engine again and again, whatever that says.
pub(crate) async fn refused(queue: JobQueue) -> DriverError {
    loop {
        sleep(LOOK).await;
        if let Some(error) = refusal(&queue).await {
            return error;
        }
    }
}
