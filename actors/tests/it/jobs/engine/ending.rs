//! How a queue ends: it finishes what it can, hands back the rest, and takes its leave.

use actors::jobs::driver::JobState;
use actors::jobs::messages::{Close, Drain, GetStatus};
use actors::jobs::{JobQueueState, JobsError, PutError, Stop};
use actors::{System, WorkerPool};
use tokio::time::{Instant, sleep};

use super::book::Act;
use super::support::{World, deed, done, drain, end, in_secs, law, millis, owner, put, secs, soon, took, until};

/// Waits until the engine knows of nobody.
async fn all_gone(world: &World) {
    soon(async {
        while !world.owners().await.is_empty() {
            sleep(millis(10)).await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_runs_takes_nothing_more_and_leaves() {
    let world = World::new();
    let queue = world.start(world.queue("a", world.memory.clone()).concurrency(1)).await;
    put(&queue, deed("runs", [Act::Nap(3000)])).await;
    until(|| world.book.running() == 1).await;
    put(&queue, deed("waits", [])).await;
    let receipt = drain(&queue, 30).await;
    assert!(receipt.is_complete() && receipt.left, "{receipt}");
    assert!(receipt.took <= secs(3) + millis(50), "{receipt}");
    assert_eq!((receipt.counts.taken, law(receipt.counts).done), (1, 1));
    assert_eq!((world.state("runs").await, world.state("waits").await), (JobState::Done, JobState::Waiting));
    assert!(world.owners().await.is_empty());
    assert_eq!(queue.status().state, JobQueueState::Closed);
    // Nobody is asked for anything any more, and says so.
    assert!(matches!(soon(queue.put(deed("late", []))).await, Err(PutError::Closed)));
    assert!(matches!(soon(queue.counts()).await, Err(JobsError::Closed)));
    assert!(drain(&queue, 30).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_finished_is_handed_back_which_is_no_attempt() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("obeys", [Act::Nap(100_000), Act::Done])).await;
    put(&queue, deed("insists", [Act::Watch(100_000), Act::Done])).await;
    until(|| world.book.running() == 2).await;
    let start = Instant::now();
    let receipt = drain(&queue, 20).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((receipt.counts.taken, law(receipt.counts).released), (2, 2));
    // A grace before the end they are asked, and the one that does not listen is dropped at the end.
    took(world.book.ends("obeys")[0] - start, secs(15));
    took(world.book.ends("insists")[0] - start, secs(20));
    took(receipt.took, secs(20));
    for name in ["obeys", "insists"] {
        let stops: Vec<_> = world.book.stops(name).into_iter().map(|(stop, _)| stop).collect();
        assert_eq!(stops, [Stop::Draining], "{name}");
        let record = world.record(name).await;
        assert_eq!((record.state, record.attempt, record.crashes), (JobState::Waiting, 0, 0), "{name}");
    }
    // Others have them at once.
    let other = world.worker("b").await;
    let started = Instant::now();
    for name in ["obeys", "insists"] {
        world.over(name).await;
        took(world.book.starts(name)[1].at - started, secs(0));
        assert_eq!(world.book.attempts(name), [1, 1], "{name}");
    }
    assert_eq!(law(other.status().deliveries).done, 2);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_nearer_than_the_grace_is_overrun_by_two_of_them_at_most() {
    for within in [0, 2] {
        let world = World::new();
        let queue = world.worker("a").await;
        put(&queue, deed("1", [Act::Insist(100_000)])).await;
        until(|| world.book.running() == 1).await;
        let receipt = drain(&queue, within).await;
        assert!(receipt.took <= secs(within + 10) + millis(50), "{receipt}");
        assert!(receipt.is_complete(), "{receipt}");
        let record = world.record("1").await;
        assert_eq!((record.state, record.attempt, world.book.running()), (JobState::Waiting, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_not_begun_is_handed_back_when_the_queue_closes() {
    let world = World::new();
    // One worker, and a queue that takes three: two wait.
    let workers = WorkerPool::builder().cpu_threads(1).io_tasks(1).start(&world.system).unwrap();
    let queue = world.start(world.queue("a", world.memory.clone()).workers(workers).concurrency(3)).await;
    for name in ["1", "2", "3"] {
        put(&queue, deed(name, [Act::Nap(10_000)])).await;
    }
    until(|| law(queue.status().deliveries).held == 3 && world.book.running() == 1).await;
    assert_eq!(queue.status().running.iter().filter(|job| job.begun).count(), 1);
    queue.close();
    assert_eq!(queue.status().state, JobQueueState::Draining);
    sleep(secs(1)).await;
    let counts = world.counts().await;
    assert_eq!((counts.running, counts.waiting, law(queue.status().deliveries).released), (1, 2, 2));
    // Jobs can be put until it is drained; none is taken.
    assert!(put(&queue, deed("4", [])).await.is_new());
    until(|| law(queue.status().deliveries).done == 1).await;
    sleep(secs(60)).await;
    let begun = world.book.begun();
    assert_eq!((begun.len(), world.counts().await.waiting), (1, 3), "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn several_may_drain_it_and_one_that_is_dropped_does_no_harm() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("1", [Act::Nap(5000)])).await;
    until(|| world.book.running() == 1).await;
    assert!(tokio::time::timeout(secs(1), queue.drain(in_secs(30))).await.is_err());
    assert_eq!((queue.status().state, world.book.running()), (JobQueueState::Draining, 1));
    let (one, other) = tokio::join!(drain(&queue, 30), drain(&queue, 60));
    assert!(one.is_complete() && other.is_complete(), "{one}, {other}");
    assert_eq!((world.state("1").await, law(queue.status().deliveries).done), (JobState::Done, 1));
}

#[tokio::test(start_paused = true)]
async fn with_its_last_handle_a_queue_ends_and_finishes_what_it_has() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("short", [Act::Nap(3000)])).await;
    put(&queue, deed("long", [Act::Nap(1_000_000)])).await;
    until(|| world.book.running() == 2).await;
    let (start, clone) = (Instant::now(), queue.clone());
    drop(queue);
    sleep(secs(1)).await;
    assert_eq!(clone.status().state, JobQueueState::Open);
    drop(clone);
    // Who has a ticket is still told.
    assert_eq!(end(&ticket).await, done("short"));
    assert!(start.elapsed() <= secs(3) + millis(50), "{:?}", start.elapsed());
    all_gone(&world).await;
    assert!(start.elapsed() <= secs(32), "{:?}", start.elapsed());
    let record = world.record("long").await;
    assert_eq!((record.state, record.attempt, record.crashes), (JobState::Waiting, 0, 0));
    assert_eq!(world.book.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_shut_down_takes_its_queues_along() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("short", [Act::Nap(3000)])).await;
    put(&queue, deed("long", [Act::Nap(1_000_000)])).await;
    until(|| world.book.running() == 2).await;
    let receipt = soon(world.system.shutdown(secs(60))).await;
    assert!(receipt.is_clean() && receipt.elapsed <= secs(31), "{receipt:?}");
    let (short, long) = (world.record("short").await, world.record("long").await);
    assert_eq!((short.state, long.state, long.attempt), (JobState::Done, JobState::Waiting, 0));
    assert!(world.owners().await.is_empty());
    assert!(matches!(soon(queue.put(deed("late", []))).await, Err(PutError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_system_that_has_less_time_than_its_queues_want_loses_no_job() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("1", [Act::Insist(1_000_000), Act::Done])).await;
    until(|| world.book.running() == 1).await;
    let receipt = soon(world.system.shutdown(secs(3))).await;
    assert!(receipt.elapsed <= secs(20), "{receipt:?}");
    assert_eq!(queue.status().state, JobQueueState::Closed);
    let system = System::start().unwrap();
    let builder = world.queue("b", world.memory.clone());
    let other = soon(builder.start(&system)).await.unwrap();
    let started = Instant::now();
    world.over("1").await;
    assert!(started.elapsed() <= secs(20) + millis(50), "{:?}", started.elapsed());
    assert_eq!((world.state("1").await, law(other.status().deliveries).done), (JobState::Done, 1));
}

#[tokio::test(start_paused = true)]
async fn its_actor_can_be_asked_for_the_same() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("1", [Act::Nap(3000)])).await;
    until(|| world.book.running() == 1).await;
    let status = soon(queue.actor().ask(GetStatus)).await.unwrap();
    assert_eq!((status.state, status.running.len(), status.owner), (JobQueueState::Open, 1, Some(owner(&queue))));
    soon(queue.actor().ask(Close)).await.unwrap();
    assert_eq!(queue.status().state, JobQueueState::Draining);
    let receipt = soon(queue.actor().ask(Drain { deadline: in_secs(20) })).await.unwrap();
    assert!(receipt.is_complete() && world.owners().await.is_empty(), "{receipt}");
    assert_eq!(world.state("1").await, JobState::Done);
}
