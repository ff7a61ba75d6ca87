//! How a queue takes its leave of an engine that is slow to hear of it, or away.

use actors::jobs::driver::JobState;
use actors::jobs::{JobQueue, JobQueueState};
use tokio::time::{Instant, sleep};

use super::book::Act;
use super::flaky::{Call, How};
use super::support::{World, deed, drain, law, millis, put, secs, took, until};

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_an_engine_that_comes_back_in_time() {
    for how in [How::Fail, How::Hang] {
        let world = World::new();
        let (queue, flaky) = world.flaky_worker("a").await;
        put(&queue, deed("1", [Act::Nap(2000)])).await;
        until(|| world.book.running() == 1).await;
        flaky.all(Some(how));
        let back = async {
            sleep(secs(8)).await;
            flaky.all(None);
        };
        let (receipt, ()) = tokio::join!(drain(&queue, 60), back);
        assert!(receipt.is_complete(), "{how:?}: {receipt}");
        assert!(receipt.took <= secs(40), "{how:?}: {receipt}");
        assert_eq!((law(receipt.counts).done, world.state("1").await), (1, JobState::Done), "{how:?}");
        assert!(world.owners().await.is_empty(), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_while_the_engine_is_away_ends_and_others_do_what_it_left() {
    for how in [How::Fail, How::Hang, How::Panic] {
        let world = World::new();
        let (queue, flaky) = world.flaky_worker("a").await;
        let acts = [Act::Nap(2000), Act::Done];
        put(&queue, deed("1", acts)).await;
        until(|| world.book.running() == 1).await;
        flaky.all(Some(how));
        let receipt = drain(&queue, 20).await;
        assert!(receipt.took <= secs(30) + millis(50), "{how:?}: {receipt}");
        assert!(!receipt.is_complete() && !receipt.left, "{how:?}: {receipt}");
        assert!(receipt.to_string().contains("the engine was not told"), "{receipt}");
        assert_eq!((law(receipt.counts).held, world.state("1").await), (1, JobState::Running), "{how:?}");
        // The engine is left alone from now on.
        let asked = Call::OF_A_QUEUE.map(|call| flaky.count(call));
        let other = world.worker("b").await;
        let started = Instant::now();
        world.over("1").await;
        let rescued = world.book.starts("1")[1].at - started;
        assert!(rescued <= secs(20) + millis(50), "{how:?}: rescued after {rescued:?}");
        assert_eq!((world.book.attempts("1"), law(other.status().deliveries).done), (vec![1, 2], 1), "{how:?}");
        assert_eq!(asked, Call::OF_A_QUEUE.map(|call| flaky.count(call)), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_while_the_engine_is_asked_for_an_owner_leaves_none_behind() {
    for how in [How::Slow(secs(3)), How::Lose, How::Fail, How::Hang] {
        let world = World::new();
        let flaky = world.flaky();
        flaky.next(Call::Enter, how);
        let queue = world.start(world.queue("a", flaky.clone())).await;
        until(|| flaky.count(Call::Enter) == 1).await;
        let receipt = drain(&queue, 30).await;
        assert!(receipt.took <= secs(30), "{how:?}: {receipt}");
        assert!(receipt.is_complete(), "{how:?}: {receipt}");
        sleep(secs(60)).await;
        assert!(world.owners().await.is_empty(), "{how:?}: {:?}", world.owners().await);
        assert_eq!(queue.status().state, JobQueueState::Closed, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_while_the_engine_is_asked_for_jobs_hands_back_what_it_gives() {
    for how in [How::Slow(secs(3)), How::Lose] {
        let world = World::new();
        let (queue, flaky) = world.flaky_worker("a").await;
        sleep(secs(1)).await;
        let asked = flaky.count(Call::Take);
        flaky.next(Call::Take, how);
        put(&queue, deed("1", [])).await;
        until(|| flaky.count(Call::Take) > asked).await;
        let receipt = drain(&queue, 30).await;
        assert!(receipt.is_complete(), "{how:?}: {receipt}");
        let record = world.record("1").await;
        assert!(record.owner.is_none() && record.crashes == 0, "{how:?}: {record:?}");
        // It was handed back, or it was done; in no case is it lost.
        let counts = law(receipt.counts);
        assert_eq!((counts.released + counts.done, counts.lost), (counts.taken, 0), "{how:?}");
        assert_eq!(record.attempt, u32::from(record.state == JobState::Done), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_while_a_sign_of_life_hangs_ends_in_time() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    sleep(secs(1)).await;
    flaky.set(Call::Beat, Some(How::Hang));
    sleep(secs(6)).await;
    let receipt = drain(&queue, 20).await;
    assert!(receipt.is_complete() && receipt.took <= secs(10), "{receipt}");
    assert!(world.owners().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_nothing_ends_at_once() {
    let world = World::new();
    let flaky = world.flaky();
    let queue = world.start(JobQueue::builder(flaky.clone()).name("puts")).await;
    sleep(secs(60)).await;
    flaky.all(Some(How::Hang));
    let receipt = drain(&queue, 30).await;
    assert!(receipt.is_complete(), "{receipt}");
    took(receipt.took, secs(0));
    assert!(Call::OF_A_QUEUE.into_iter().all(|call| flaky.count(call) == 0));
}
