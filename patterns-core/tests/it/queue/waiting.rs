//! Those who wait, for room, for an item or for the end of all work: until when, and what interrupts them.
use std::time::Duration;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::queue::{GetError, Put, PutError, WorkQueue};
use tokio::time::{Instant, sleep};

use super::drain;

#[tokio::test(start_paused = true)]
async fn an_interrupted_put_gives_its_item_back() {
    let queue = WorkQueue::bounded(1);
    queue.put(1).await.unwrap();
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let put = context.scope(async { queue.put(2).await });
    let (result, ()) = tokio::join!(put, async {
        sleep(Duration::from_secs(1)).await;
        token.cancel("enough");
    });
    let error = result.unwrap_err();
    assert!(matches!(&error, PutError::Interrupted(2, why) if why.cause().unwrap().message() == "enough"));
    assert!(std::error::Error::source(&error).is_some());
    drain(&queue);
    assert_eq!(queue.put(3).await.unwrap(), Put::Queued, "nothing is left behind");
}

#[tokio::test(start_paused = true)]
async fn get_and_join_obey_the_ambient_deadline() {
    let queue = WorkQueue::<u8>::bounded(1);
    let start = Instant::now();
    let inner = Context::current().with_deadline(start + Duration::from_secs(2));
    let error = inner.scope(async { queue.get().await }).await.unwrap_err();
    assert!(matches!(error, GetError::Interrupted(why) if why.is_deadline()));
    assert_eq!(start.elapsed(), Duration::from_secs(2));

    queue.put(1).await.unwrap();
    let inner = Context::current().with_deadline(start + Duration::from_secs(3));
    assert!(inner.scope(async { queue.join().await }).await.unwrap_err().is_deadline());
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_is_not_thrown_away_by_a_deadline_that_has_passed() {
    let queue = WorkQueue::bounded(1);
    let late = Context::current().with_deadline(Instant::now());
    late.scope(async {
        queue.put(1).await.unwrap();
        assert_eq!(queue.get().await.unwrap().ack(), 1);
        queue.join().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn join_returns_at_once_if_nothing_was_ever_put() {
    WorkQueue::<u8>::bounded(1).join().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn join_returns_exactly_when_the_last_job_is_answered() {
    let queue = WorkQueue::bounded(8);
    for n in 0..4 {
        queue.put(n).await.unwrap();
    }
    let start = Instant::now();
    let worker = async {
        for second in 1..=4 {
            let job = queue.get().await.unwrap();
            sleep(Duration::from_secs(1)).await;
            match second {
                1 => assert_eq!(job.ack(), 0),
                2 => job.fail("broken"),
                3 => job.requeue().unwrap(),
                _ => assert_eq!(job.ack(), 3),
            }
        }
        sleep(Duration::from_secs(1)).await;
        queue.get().await.unwrap().ack();
    };
    let joined = async {
        timeout(Duration::from_secs(60), queue.join()).await.unwrap().unwrap();
        start.elapsed()
    };
    let ((), at) = tokio::join!(worker, joined);
    assert_eq!(at, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_second_join_and_a_join_after_the_end_return_too() {
    let queue = WorkQueue::bounded(1);
    queue.put(1).await.unwrap();
    let job = queue.get().await.unwrap();
    let (first, second, ()) = tokio::join!(queue.join(), queue.join(), async { assert_eq!(job.ack(), 1) });
    first.unwrap();
    second.unwrap();
    queue.join().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_busy_getter_lets_other_tasks_run() {
    let queue = WorkQueue::bounded(1);
    let other = tokio::spawn(async {});
    for n in 0..10_000 {
        queue.put(n).await.unwrap();
        queue.get().await.unwrap().ack();
        if other.is_finished() {
            return;
        }
    }
    panic!("10,000 puts and gets without a break");
}
