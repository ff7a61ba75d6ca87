//! Whoever waits and is told to stop returns an error, and a group must see that it was told to: by whatever type
//! the error has reached it.
use std::convert::Infallible;
use std::io;

use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{ExitError, ExitStack, TransactionError, Transactional, transaction};
use patterns_core::queue::{GetError, PutError, WorkQueue};
use patterns_core::rate_limit::{AcquireError, Quota, RateLimiter};
use patterns_core::retry::Retry;
use patterns_core::task_group::{BoxError, CollectAll, Counts, TaskGroup};
use tokio::time::{Instant, sleep};

use crate::support::secs;

/// What a child that waits for an hour counts as when its group is cancelled after a second.
async fn cancelled<E: Into<BoxError> + 'static>(work: impl Future<Output = Result<(), E>> + Send + 'static) -> Counts {
    let settled = TaskGroup::new("g").policy(CollectAll).run(async |group| {
        group.spawn("child", work);
        sleep(secs(1)).await;
        group.cancel("enough");
        Ok(())
    });
    settled.await.counts
}

/// What it counts as when a deadline that nobody enforces passes after a second.
async fn late<E: Into<BoxError> + 'static>(work: impl Future<Output = Result<(), E>> + Send + 'static) -> Counts {
    let settled = TaskGroup::new("g").policy(CollectAll).run(async |group| {
        group.spawn("child", work);
        Ok(())
    });
    Context::current().with_deadline(Instant::now() + secs(1)).scope(settled).await.counts
}

fn assert_cancelled(counts: Counts) {
    assert_eq!((counts.ok, counts.failed, counts.panicked, counts.cancelled), (0, 0, 0, 1));
}

/// A queue in which there is neither an item nor, once there is one, room.
fn queue() -> WorkQueue<u8> {
    WorkQueue::bounded(1)
}

async fn gets() -> Result<(), GetError> {
    queue().get().await.map(drop)
}

async fn puts() -> Result<(), PutError<u8>> {
    let queue = queue();
    queue.put(1).await?;
    queue.put(2).await.map(drop)
}

async fn joins() -> Result<(), BoxError> {
    let queue = queue();
    queue.put(1).await?;
    queue.join().await?;
    Ok(())
}

async fn acquires() -> Result<(), AcquireError> {
    let limiter = RateLimiter::new(Quota::one_per(secs(3_600)));
    limiter.acquire().await?;
    limiter.acquire().await
}

async fn works_on_a_stack() -> Result<(), ExitError> {
    ExitStack::new().run(async |_| Ok(context::sleep(secs(3_600)).await?)).await
}

struct Nothing;

impl Transactional for Nothing {
    type Error = Infallible;

    async fn commit(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn works_in_a_transaction() -> Result<(), TransactionError> {
    transaction(Nothing, async |_| Ok(context::sleep(secs(3_600)).await?)).await
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_a_cancellation_ends_counts_as_cancelled() {
    assert_cancelled(cancelled(gets()).await);
    assert_cancelled(cancelled(puts()).await);
    assert_cancelled(cancelled(joins()).await);
    assert_cancelled(cancelled(acquires()).await);
    assert_cancelled(cancelled(works_on_a_stack()).await);
    assert_cancelled(cancelled(works_in_a_transaction()).await);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_a_deadline_ends_counts_as_cancelled() {
    assert_cancelled(late(gets()).await);
    assert_cancelled(late(puts()).await);
    assert_cancelled(late(joins()).await);
    assert_cancelled(late(acquires()).await);
}

#[tokio::test(start_paused = true)]
async fn work_with_cleanups_that_a_deadline_ends_counts_as_cancelled() {
    assert_cancelled(late(works_on_a_stack()).await);
    assert_cancelled(late(works_in_a_transaction()).await);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_cancelled_between_two_attempts_counts_as_cancelled() {
    let work = async {
        let retry = Retry::fixed(secs(3_600));
        retry.run(|| async { Err::<(), _>(io::Error::other("down")) }).await
    };
    assert_cancelled(cancelled(work).await);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_cancelled_in_an_attempt_counts_as_cancelled() {
    let work = async { Retry::fixed(secs(1)).run(|| context::sleep(secs(3_600))).await };
    assert_cancelled(cancelled(work).await);
}
