//! What all workers together may do, and what one process may have.

use std::time::Duration;

use actors::jobs::driver::{QueueLimits, QueueRate};
use actors::jobs::{Job, JobQueue, SharedRate};
use actors::worker_pool::Priority;
use tokio::time::{Instant, sleep, timeout};

use super::book::{Act, Deed};
use super::flaky::{Call, How};
use super::support::{World, deed, drain, law, millis, put, secs, soon, took, until};

fn at_most(running: u64) -> QueueLimits {
    QueueLimits { running: Some(running), rate: None }
}

fn each(spacing: Duration, burst: u32) -> QueueLimits {
    QueueLimits { running: None, rate: Some(QueueRate { spacing, burst }) }
}

/// When each was begun, from this moment.
fn times(world: &World, from: Instant) -> Vec<Duration> {
    world.book.begun().iter().map(|name| world.book.starts(name)[0].at - from).collect()
}

/// Asserts that it took so long, and hardly more: those who look for jobs at the same time may be in each other's way.
#[track_caller]
fn hardly_longer(found: Duration, expected: Duration) {
    assert!(expected <= found && found <= expected + expected / 10, "it took {found:?}, expected {expected:?}");
}

/// Puts so many that take so long.
async fn put_many(queue: &JobQueue, jobs: u64, each: u64) {
    for n in 0..jobs {
        put(queue, deed(&n.to_string(), [Act::Nap(each)])).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_queue_no_more_run_than_it_may_whoever_has_them() {
    let world = World::new();
    let (a, b) = (world.worker("a").await, world.worker("b").await);
    soon(a.limit(Deed::QUEUE, at_most(3))).await.unwrap();
    let start = Instant::now();
    put_many(&a, 12, 1000).await;
    until(|| law(a.status().deliveries).done + law(b.status().deliveries).done == 12).await;
    assert_eq!(world.book.most(), 3);
    // As many as may, at any time.
    hardly_longer(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_limit_can_be_set_when_a_queue_starts_and_the_last_one_counts() {
    let world = World::new();
    let builder = world.queue("a", world.memory.clone()).limit(Deed::QUEUE, at_most(0));
    let queue = world.start(builder).await;
    put_many(&queue, 4, 1000).await;
    sleep(secs(60)).await;
    assert_eq!((world.book.begun().len(), world.counts().await.limits), (0, at_most(0)));
    let lifted = Instant::now();
    let other = world.start(world.queue("b", world.memory.clone()).limit(Deed::QUEUE, at_most(2))).await;
    until(|| law(queue.status().deliveries).done + law(other.status().deliveries).done == 4).await;
    assert_eq!(world.book.most(), 2);
    hardly_longer(lifted.elapsed(), secs(2));
    soon(queue.limit(Deed::QUEUE, QueueLimits::default())).await.unwrap();
    assert_eq!(world.counts().await.limits, QueueLimits::default());
}

#[tokio::test(start_paused = true)]
async fn of_a_queue_no_more_begin_than_its_rate_allows_whoever_has_them() {
    let world = World::new();
    let (a, b) = (world.worker("a").await, world.worker("b").await);
    soon(a.limit(Deed::QUEUE, each(secs(2), 3))).await.unwrap();
    let start = Instant::now();
    put_many(&a, 10, 100).await;
    until(|| law(a.status().deliveries).done + law(b.status().deliveries).done == 10).await;
    // A burst, and then one after the other.
    for (n, at) in (0..).zip(times(&world, start)) {
        took(at, secs(2 * u64::saturating_sub(n, 2)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_with_a_rate_that_was_paused_makes_up_for_no_more_than_a_burst() {
    let world = World::new();
    let queue = world.worker("a").await;
    soon(queue.limit(Deed::QUEUE, each(secs(10), 2))).await.unwrap();
    soon(queue.pause(Deed::QUEUE)).await.unwrap();
    put_many(&queue, 5, 100).await;
    sleep(secs(3600)).await;
    assert!(world.book.begun().is_empty());
    let resumed = Instant::now();
    soon(queue.resume(Deed::QUEUE)).await.unwrap();
    until(|| law(queue.status().deliveries).done == 5).await;
    for (at, expected) in times(&world, resumed).into_iter().zip([0, 0, 10, 20, 30]) {
        took(at, secs(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_paused_while_its_rate_holds_it_up_begins_nothing() {
    let world = World::new();
    let queue = world.worker("a").await;
    soon(queue.limit(Deed::QUEUE, each(secs(10), 1))).await.unwrap();
    put_many(&queue, 3, 100).await;
    sleep(secs(5)).await;
    soon(queue.pause(Deed::QUEUE)).await.unwrap();
    sleep(secs(300)).await;
    assert_eq!(world.book.begun().len(), 1);
    let resumed = Instant::now();
    soon(queue.resume(Deed::QUEUE)).await.unwrap();
    until(|| law(queue.status().deliveries).done == 3).await;
    let times: Vec<_> = times(&world, resumed - secs(305))[1..].to_vec();
    took(times[0], secs(305));
    took(times[1], secs(315));
}

#[tokio::test(start_paused = true)]
async fn a_slow_rate_does_not_hold_up_the_faster_one_that_follows() {
    let world = World::new();
    let queue = world.worker("a").await;
    soon(queue.limit(Deed::QUEUE, each(secs(3600), 1))).await.unwrap();
    put_many(&queue, 3, 100).await;
    sleep(secs(60)).await;
    assert_eq!(world.book.begun().len(), 1);
    let faster = Instant::now();
    soon(queue.limit(Deed::QUEUE, each(secs(4), 1))).await.unwrap();
    until(|| law(queue.status().deliveries).done == 3).await;
    assert!(faster.elapsed() <= secs(8) + millis(200), "{:?}", faster.elapsed());
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_key_run_one_at_a_time_whoever_has_them() {
    let world = World::new();
    let queues = [world.worker("a").await, world.worker("b").await, world.worker("c").await];
    let start = Instant::now();
    for n in 0..9 {
        for key in ["x", "y"] {
            put(&queues[n % 3], deed(&format!("{key}{n}"), [Act::Nap(1000)]).key(key)).await;
        }
    }
    until(|| queues.iter().map(|queue| law(queue.status().deliveries).done).sum::<u64>() == 18).await;
    // Two keys, two at a time; each as it was put.
    assert_eq!(world.book.most(), 2);
    hardly_longer(start.elapsed(), secs(9));
    let begun = world.book.begun();
    for key in ["x", "y"] {
        let of_the_key: Vec<_> = begun.iter().filter(|name| name.starts_with(key)).cloned().collect();
        assert_eq!(of_the_key, (0..9).map(|n| format!("{key}{n}")).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_of_a_key_is_begun_when_the_one_before_is_dead_or_cancelled_too() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("dies", [Act::Terminate("no".to_owned())]).key("k")).await;
    let cancelled = put(&queue, deed("is cancelled", [Act::Nap(1_000_000)]).key("k")).await;
    put(&queue, deed("waits", []).key("k")).await;
    until(|| world.book.count("is cancelled") == 1).await;
    let asked = Instant::now();
    soon(cancelled.cancel()).await.unwrap();
    world.over("waits").await;
    assert_eq!(world.book.begun(), ["dies", "is cancelled", "waits"]);
    // Its process is told within a third of its lease.
    assert!(asked.elapsed() <= secs(5) + millis(50), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn among_those_that_a_rate_holds_up_the_urgent_go_first() {
    let world = World::new();
    let queue = world.worker("a").await;
    soon(queue.limit(Deed::QUEUE, each(secs(5), 1))).await.unwrap();
    put(&queue, deed("first", [])).await;
    until(|| world.book.begun().len() == 1).await;
    let levels = [("low", Priority::Low), ("normal", Priority::Normal), ("high", Priority::High)];
    for (name, priority) in levels {
        put(&queue, deed(name, []).priority(priority)).await;
    }
    world.over("low").await;
    assert_eq!(world.book.begun(), ["first", "high", "normal", "low"]);
}

#[tokio::test(start_paused = true)]
async fn a_process_takes_no_more_than_it_has_room_for_so_that_others_have_the_rest() {
    let world = World::new();
    let small = world.start(world.queue("small", world.memory.clone()).concurrency(2)).await;
    put_many(&small, 10, 1000).await;
    let start = Instant::now();
    for _ in 0..20 {
        sleep(millis(70)).await;
        let (status, counts) = (small.status(), world.counts().await);
        assert!(status.running.len() <= 2 && counts.running <= 2, "{counts:?}");
        assert!(status.deliveries.held <= 2, "{}", status.deliveries);
    }
    // Nothing was taken in advance: who comes later has all that waits.
    let large = world.start(world.queue("large", world.memory.clone()).concurrency(64)).await;
    until(|| law(small.status().deliveries).done + law(large.status().deliveries).done == 10).await;
    assert!(start.elapsed() <= millis(2600), "{:?}", start.elapsed());
    assert!(large.status().deliveries.done >= 6 && world.book.begun().len() == 10);
}

#[tokio::test(start_paused = true)]
async fn a_take_that_is_asked_for_again_and_again_gives_no_more_than_there_is_room_for() {
    for how in How::PASSING {
        let world = World::new();
        let flaky = world.flaky();
        let queue = world.start(world.queue("a", flaky.clone()).concurrency(2)).await;
        sleep(secs(1)).await;
        (0..3).for_each(|_| flaky.next(Call::Take, how));
        put_many(&queue, 6, 1000).await;
        soon(async {
            while law(queue.status().deliveries).done < 6 {
                assert!(world.counts().await.running <= 2, "{how:?}");
                sleep(millis(50)).await;
            }
        })
        .await;
        assert_eq!((world.book.most(), world.book.begun().len()), (2, 6), "{how:?}");
        assert!(drain(&queue, 30).await.is_complete(), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn turns_of_a_shared_rate_come_one_after_the_other_and_a_pause_holds_up_all() {
    let world = World::new();
    let (a, b) = (world.worker("a").await, world.worker("b").await);
    let (one, other) = (a.shared_rate("host", millis(500)), b.shared_rate("host", millis(500)));
    let mut turns = Vec::new();
    for _ in 0..4 {
        for rate in [&one, &other] {
            soon(rate.acquire()).await.unwrap();
            turns.push(Instant::now());
        }
    }
    assert!(turns.windows(2).all(|two| two[1] - two[0] >= millis(499)), "{turns:?}");
    assert!(turns[7] - turns[0] <= millis(3600), "{turns:?}");
    // A server said that it wants to be left alone; the other process is held up, too.
    let asked = Instant::now();
    soon(one.pause_for(secs(30))).await.unwrap();
    assert!(timeout(secs(29), other.acquire()).await.is_err());
    soon(other.acquire()).await.unwrap();
    assert!(asked.elapsed() >= secs(30) && asked.elapsed() <= secs(32), "{:?}", asked.elapsed());
    // Nobody is held up at another's.
    let asked = Instant::now();
    soon(one.pause_for(secs(30))).await.unwrap();
    soon(a.shared_rate("another", millis(500)).acquire()).await.unwrap();
    took(asked.elapsed(), secs(0));
}

#[tokio::test(start_paused = true)]
async fn turns_of_which_it_is_heard_late_are_lost_and_do_not_fall_together_with_those_of_others() {
    let world = World::new();
    let (near, (far, flaky)) = (world.worker("near").await, world.flaky_worker("far").await);
    let spacing = millis(500);
    let had = async |queue: &JobQueue, count: usize| {
        let (rate, mut turns) = (queue.shared_rate("host", spacing), Vec::new());
        for _ in 0..count {
            soon(rate.acquire()).await.unwrap();
            turns.push(Instant::now());
        }
        turns
    };
    flaky.next(Call::Turns, How::Late(millis(1300)));
    let (mut turns, far) = tokio::join!(had(&near, 12), had(&far, 4));
    turns.extend(far);
    turns.sort_unstable();
    assert!(turns.windows(2).all(|two| two[1] - two[0] >= spacing - millis(1)), "{turns:?}");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_nobody_used_in_time_is_lost_and_does_not_fall_together_with_that_of_another() {
    let world = World::new();
    let (near, far) = (world.worker("near").await, world.worker("far").await);
    let spacing = secs(1);
    let (near, far) = (near.shared_rate("host", spacing), far.shared_rate("host", spacing));
    soon(near.acquire()).await.unwrap();
    let start = Instant::now();
    // Its turn would come in a second.
    assert!(timeout(millis(100), near.acquire()).await.is_err());
    let turn = async |rate: &SharedRate, wait: Duration| {
        sleep(wait).await;
        soon(rate.acquire()).await.unwrap();
        start.elapsed()
    };
    let (late, other) = tokio::join!(turn(&near, millis(1800)), turn(&far, millis(200)));
    assert!(secs(2) <= other && other + spacing <= late + millis(1), "{other:?}, {late:?}");
    assert!(late <= secs(4), "{late:?}");
}
