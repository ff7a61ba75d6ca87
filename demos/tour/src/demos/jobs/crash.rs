//! Jobs whose process goes away.
use actors::System;
use actors::jobs::driver::{JobDriver, JobState, Owner, SqliteDriver, Take};
use actors::jobs::{Ended, Job, JobId, JobQueue};
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use super::kinds::{Check, Lab};
use crate::{Stage, ms};

/// In order: what can't be finished is handed back. The job of page 9.
pub(super) async fn drain(
    stage: &Stage,
    queue: &JobQueue,
    driver: &SqliteDriver,
) -> Result<JobId, BoxError> {
    stage.scene("a stop in the middle: what takes too long is handed back");
    let id = JobId::of(&["check", "9"]);
    queue.put(Check { page: 9 }.entry().id(id)).await?;
    sleep(ms(50)).await;
    // ANCHOR: drain
    let receipt = queue.drain(Instant::now() + ms(600)).await;
    say!(stage, "{}", receipt.counts);
    // ANCHOR_END: drain
    assert!(receipt.is_complete());
    let record = driver.look(&[id]).await?.remove(0).ok_or("it is there")?;
    say!(stage, "page 9: {}, {} attempts", record.state, record.attempt);
    assert_eq!((record.state, record.attempt), (JobState::Waiting, 0));
    Ok(id)
}

/// Not in order: what is left of a process that was killed in the middle of a
/// job is this, in the store.
pub(super) async fn killed(
    stage: &Stage,
    driver: &SqliteDriver,
) -> Result<(), BoxError> {
    stage.scene("another process takes it, and is killed");
    let owner = "a process that is killed".to_owned();
    let entry = Owner { owner: owner.clone(), instance: None, poison: 3 };
    driver.enter(&entry).await?;
    let take = Take {
        owner,
        serial: 1,
        queues: vec![Check::QUEUE.to_owned()],
        most: 1,
        suspect: true,
        ageing: ms(0),
    };
    let taken = driver.take(&take).await?.ok_or("it is no owner")?;
    say!(stage, "it has {} job; 50 ms later it is gone", taken.jobs.len());
    assert_eq!(taken.jobs.len(), 1);
    let work = stage.busy("page 9", "attempt 1");
    sleep(ms(50)).await;
    work.failed("its process was killed");
    Ok(())
}

/// A third process does it, when it has not heard of the other for a lease.
pub(super) async fn rescue(
    stage: &Stage,
    system: &System,
    driver: &SqliteDriver,
    lab: &Lab,
    id: JobId,
) -> Result<JobQueue, BoxError> {
    stage.scene("a third process hears nothing of the second for a lease");
    let start = Instant::now();
    // ANCHOR: rescue
    let third = JobQueue::builder(driver.clone())
        .name("third")
        .handle::<Check>(lab.clone())
        .lease(ms(1500))
        .grace(ms(200))
        .start(system)
        .await?;
    let ended = third.ticket::<Check>(id).ended().await?;
    // ANCHOR_END: rescue
    let waited = start.elapsed().as_millis();
    let record = third.look(&[id]).await?.remove(0).ok_or("it is there")?;
    say!(stage, "after {waited} ms: {ended:?}, attempt {}", record.attempt);
    assert_eq!((ended, record.attempt), (Ended::Done(9), 2));
    assert!(start.elapsed() >= ms(1500));
    Ok(third)
}
