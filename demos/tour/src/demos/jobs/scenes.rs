//! Jobs of a process that is well.
use std::sync::atomic::Ordering::SeqCst;

use actors::jobs::driver::{DeadReason, JobFilter, JobState};
use actors::jobs::{Ended, Job, JobId, JobQueue};
use patterns_core::outcome::BoxError;

use super::Pool;
use super::kinds::{Check, Lab, Save, Tell};
use crate::Stage;

pub(super) async fn put(
    stage: &Stage,
    queue: &JobQueue,
) -> Result<(), BoxError> {
    stage.scene("three jobs are put; each is on the disk before it is begun");
    // ANCHOR: put
    let mut tickets = Vec::new();
    for page in 1..=3 {
        tickets.push(queue.put(&Check { page }).await?);
    }
    for ticket in tickets {
        say!(stage, "{:?}", ticket.ended().await?);
    }
    // ANCHOR_END: put
    Ok(())
}

pub(super) async fn retried(
    stage: &Stage,
    queue: &JobQueue,
) -> Result<(), BoxError> {
    stage.scene("a host that fails twice: each pause is longer");
    // ANCHOR: retried
    let id = JobId::of(&["check", "4"]);
    let ticket = queue.put(Check { page: 4 }.entry().id(id)).await?;
    let ended = ticket.ended().await?;
    // ANCHOR_END: retried
    say!(stage, "{ended:?}");
    assert_eq!(ended, Ended::Done(4));
    Ok(())
}

pub(super) async fn dead(
    stage: &Stage,
    queue: &JobQueue,
    lab: &Lab,
) -> Result<(), BoxError> {
    stage.scene("a page that is gone: the job is dead, until it is put back");
    let ticket = queue.put(&Check { page: 5 }).await?;
    let ended = ticket.ended().await?;
    let Ended::Dead { reason: DeadReason::Terminated, .. } = ended else {
        return Err("there is no point in trying again".into());
    };
    // ANCHOR: dead
    let state = Some(JobState::Dead);
    let dead = JobFilter { state, ..JobFilter::default() };
    for job in queue.list(&dead).await? {
        let why = job.error.unwrap_or_default();
        say!(stage, "dead: {} {}: {why}", job.kind, job.payload);
    }
    lab.mended.store(true, SeqCst); // somebody puts the page there again
    queue.retry(ticket.id()).await?;
    say!(stage, "put back: {:?}", ticket.ended().await?);
    // ANCHOR_END: dead
    Ok(())
}

pub(super) async fn once(
    stage: &Stage,
    queue: &JobQueue,
) -> Result<(), BoxError> {
    stage.scene("an id is let in once, a unique key once at a time");
    // ANCHOR: once
    let id = JobId::of(&["check", "4"]);
    let again = queue.put(Check { page: 4 }.entry().id(id)).await?;
    say!(stage, "page 4 is new: {}", again.is_new());

    let page = Check { page: 6 };
    let first = page.entry().id(JobId::of(&["check", "6"])).unique("page 6");
    let first = queue.put(first).await?;
    let second = queue.put(page.entry().unique("page 6")).await;
    let error = second.map(drop).expect_err("the first is not over");
    say!(stage, "page 6 once more: {error}");
    // ANCHOR_END: once
    assert!(!again.is_new());
    assert_eq!(first.ended().await?, Ended::Done(6));
    Ok(())
}

pub(super) async fn keys(
    stage: &Stage,
    queue: &JobQueue,
    lab: &Lab,
) -> Result<(), BoxError> {
    stage.scene("one key for each host: its pages one by one, in their order");
    lab.fetched.lock().clear();
    // ANCHOR: keys
    let mut entries = Vec::new();
    for page in [11, 12, 13, 21, 22, 23] {
        let host = if page < 20 { "slow" } else { "quick" };
        entries.push(Check { page }.entry().key(host));
    }
    for ticket in queue.put_all(entries).await? {
        ticket?.ended().await?;
    }
    // ANCHOR_END: keys
    let fetched = lab.fetched.lock().clone();
    say!(stage, "fetched, in this order: {fetched:?}");
    let (slow, quick): (Vec<_>, Vec<_>) =
        fetched.into_iter().partition(|page| *page < 20);
    assert_eq!((slow, quick), (vec![11, 12, 13], vec![21, 22, 23]));
    Ok(())
}

pub(super) async fn effects(
    stage: &Stage,
    queue: &JobQueue,
    pool: &Pool,
) -> Result<(), BoxError> {
    stage.scene("a row and the next job, if and only if the end counts");
    for (page, status, rows) in [(7, 200, 1), (8, 999, 0)] {
        let ended = queue.put(&Save { page, status }).await?.ended().await?;
        if ended == Ended::Done(()) {
            queue.ticket::<Tell>(Tell::id(page)).ended().await?;
        }
        let is_put = queue.look(&[Tell::id(page)]).await?[0].is_some();
        let stored = stored(pool, page).await?;
        say!(stage, "page {page}: {ended:?}");
        say!(stage, "page {page}: rows: {stored}; next job: {is_put}");
        assert_eq!((stored, is_put), (rows, rows == 1));
    }
    Ok(())
}

/// How many rows there are of a page.
async fn stored(pool: &Pool, page: u32) -> Result<u32, BoxError> {
    let count = "select count(*) from result where page = ?1";
    let rows = pool.call(move |c| c.query_row(count, [page], |row| row.get(0)));
    Ok(rows.await?)
}
