//! Each job that was put is in exactly one place, and each delivery is accounted for, at every moment.

use actors::jobs::driver::{DeadReason, JobState, QueueCounts};
use actors::jobs::{DeliveryCounts, JobQueue};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::sleep;

use super::book::Act;
use super::flaky::{Call, Flaky};
use super::support::{World, deed, drain, id, law, millis, put, secs, soon};
use crate::recorder::Sums;

/// How many jobs are put.
const JOBS: u64 = 60;

/// What a job does, which ends at some time, if it is not stopped.
fn acts(dice: &mut SmallRng) -> Vec<Act> {
    let mut acts = Vec::new();
    for _ in 0..dice.random_range(0..4) {
        acts.push(match dice.random_range(0..8) {
            0 => Act::Fail("no".to_owned()),
            1 => Act::FailAfter(dice.random_range(0..5000)),
            2 => Act::Panic,
            3 => Act::Terminate("never".to_owned()),
            4 | 5 => Act::Later(dice.random_range(0..5000)),
            6 => Act::Nap(dice.random_range(0..9000)),
            _ => Act::Insist(dice.random_range(0..9000)),
        });
    }
    acts.push(Act::Done);
    acts
}

/// How a job ends that nobody stops, and with how many attempts.
fn expected(acts: &[Act]) -> (JobState, Option<DeadReason>, u32) {
    let mut failed = 0;
    for act in acts {
        match act {
            Act::Later(_) => {}
            Act::Terminate(_) => return (JobState::Dead, Some(DeadReason::Terminated), failed + 1),
            Act::Fail(_) | Act::FailAfter(_) | Act::Panic if failed == 2 => {
                return (JobState::Dead, Some(DeadReason::Exhausted), 3);
            }
            Act::Fail(_) | Act::FailAfter(_) | Act::Panic => failed += 1,
            _ => return (JobState::Done, None, failed + 1),
        }
    }
    unreachable!("the last one is done")
}

/// Asserts what holds at every moment, however the engine behaves.
async fn balance(world: &World, queues: &[JobQueue], put: u64) -> QueueCounts {
    for queue in queues {
        let status = queue.status();
        let (held, running) = (law(status.deliveries).held, status.running.len() as u64);
        // What is held is to be done, or its answer is to be written.
        assert!(running <= held && held <= running + status.unwritten as u64, "{status:?}");
    }
    let counts = world.counts().await;
    assert_eq!(counts.entered(), put, "{counts:?}");
    counts
}

/// Of all processes together.
fn sum(queues: &[JobQueue], of: impl Fn(&JobQueue) -> u64) -> u64 {
    queues.iter().map(of).sum()
}

/// What a recorder was told of the deliveries of a queue.
fn told(sums: &Sums, queue: &str) -> [u64; 6] {
    let outcomes = ["done", "retried", "dead", "cancelled", "released", "lost"];
    outcomes.map(|outcome| {
        let key = format!("actors_durable_jobs_deliveries_total{{queue={queue},outcome={outcome}}}");
        sums.get(&key) as u64
    })
}

#[tokio::test(start_paused = true)]
async fn with_an_engine_that_behaves_the_accounts_of_all_agree_at_every_moment() {
    for seed in 0..6 {
        let sums = Sums::default();
        let recorder = sums.clone();
        let _here = metrics::set_default_local_recorder(&recorder);
        let (world, mut dice) = (World::new(), SmallRng::seed_from_u64(seed));
        let queues = [
            world.start(world.queue("a", world.memory.clone()).concurrency(3)).await,
            world.start(world.queue("b", world.memory.clone()).concurrency(7)).await,
        ];
        let (mut expectations, mut stopped) = (Vec::new(), Vec::new());
        let mut moments = 0;
        loop {
            let entered = expectations.len() as u64;
            let counts = balance(&world, &queues, entered).await;
            // What the engine has with an owner, its process has.
            let held = sum(&queues, |queue| queue.status().deliveries.held);
            assert_eq!(held, counts.running, "seed {seed}: {counts:?}");
            for (queue, name) in queues.iter().zip(["a", "b"]) {
                let of = queue.status().deliveries;
                let outcomes = [of.done, of.retried, of.dead, of.cancelled, of.released, of.lost];
                assert_eq!(told(&sums, name), outcomes, "seed {seed}");
            }
            if entered < JOBS {
                let (name, acts) = (entered.to_string(), acts(&mut dice));
                put(&queues[dice.random_range(0..2)], deed(&name, acts.clone())).await;
                expectations.push((name, expected(&acts)));
                if dice.random_range(0..10) == 0 {
                    let other = dice.random_range(0..expectations.len());
                    soon(queues[0].cancel(id(&expectations[other].0))).await.unwrap();
                    stopped.push(other);
                }
            } else if counts.waiting + counts.running == 0 {
                break;
            }
            moments += 1;
            assert!(moments < 100_000, "seed {seed}: it does not end: {counts:?}");
            sleep(millis(dice.random_range(0..300))).await;
        }
        for (n, (name, expected)) in expectations.iter().enumerate() {
            let record = world.record(name).await;
            let found = (record.state, record.dead, record.attempt);
            let was_stopped = stopped.contains(&n) && record.state == JobState::Cancelled;
            assert!(was_stopped || found == *expected, "seed {seed}, {name}: {found:?}, expected {expected:?}");
        }
        let counts = world.counts().await;
        let of = |part: fn(&DeliveryCounts) -> u64| sum(&queues, |queue| part(&queue.status().deliveries));
        assert_eq!((of(|of| of.done), of(|of| of.dead)), (counts.done, counts.dead), "seed {seed}");
        assert_eq!((of(|of| of.lost), of(|of| of.held)), (0, 0), "seed {seed}");
        // All that was taken was begun, but for what was stopped before a worker had it.
        let (taken, begun) = (of(|of| of.taken), world.book.begun().len() as u64);
        assert!(begun <= taken && taken <= begun + of(|of| of.cancelled), "seed {seed}: {taken} taken, {begun} begun");
    }
}

#[tokio::test(start_paused = true)]
async fn with_an_engine_that_fails_at_random_nothing_is_lost_or_put_twice() {
    for seed in 0..6 {
        let (world, mut dice) = (World::new(), SmallRng::seed_from_u64(seed));
        let (mut queues, mut engines) = (Vec::new(), Vec::new());
        for name in ["a", "b", "c"] {
            let flaky = world.flaky();
            flaky.at_random(seed * 3 + engines.len() as u64, 100);
            queues.push(world.start(world.queue(name, flaky.clone()).concurrency(5).poison(1000)).await);
            engines.push(flaky);
        }
        // Who puts them has an engine that can be relied upon, so that it is known how many there are.
        let puts = world.start(JobQueue::builder(world.memory.clone()).name("puts")).await;
        for n in 0..JOBS {
            put(&puts, deed(&n.to_string(), acts(&mut dice))).await;
            balance(&world, &queues, n + 1).await;
            sleep(millis(dice.random_range(0..3000))).await;
        }
        for _ in 0..300 {
            balance(&world, &queues, JOBS).await;
            sleep(millis(dice.random_range(0..1000))).await;
        }
        engines.iter().for_each(Flaky::behave);
        soon(async {
            loop {
                let counts = balance(&world, &queues, JOBS).await;
                if counts.waiting + counts.running == 0 && sum(&queues, |queue| queue.status().deliveries.held) == 0 {
                    break;
                }
                sleep(millis(100)).await;
            }
        })
        .await;
        let counts = world.counts().await;
        // What a process was told of counts; of what it lost the engine may know more.
        let done = sum(&queues, |queue| queue.status().deliveries.done);
        let lost = sum(&queues, |queue| queue.status().deliveries.lost);
        assert!(done <= counts.done && counts.done <= done + lost, "seed {seed}: {done} and {lost}, {counts:?}");
        for n in 0..JOBS {
            let (record, begun) = (world.record(&n.to_string()).await, world.book.count(&n.to_string()));
            assert!(begun > 0 && record.owner.is_none(), "seed {seed}, {n}: begun {begun} times, {record:?}");
        }
        for (queue, flaky) in queues.iter().zip(&engines) {
            assert!(Call::OF_A_QUEUE.into_iter().all(|call| flaky.count(call) < 20_000), "seed {seed}");
            assert!(drain(queue, 60).await.is_complete(), "seed {seed}");
        }
        assert!(world.owners().await.is_empty(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_is_counted_with_the_end_that_it_follows() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    flaky.at_random(7, 200);
    let puts = world.start(JobQueue::builder(world.memory.clone()).name("puts")).await;
    for n in 0..20 {
        put(&puts, deed(&n.to_string(), [Act::Follow])).await;
    }
    soon(async {
        loop {
            // Each that is done has put one more, at once and once.
            let counts = world.counts().await;
            let done = of_the_first(&world).await;
            assert_eq!(counts.entered(), 20 + done, "{counts:?}");
            if counts.done == 40 {
                break;
            }
            sleep(millis(50)).await;
        }
    })
    .await;
    sleep(secs(120)).await;
    assert_eq!((world.counts().await.entered(), law(queue.status().deliveries).dead), (40, 0));
}

/// How many of the first twenty are done.
async fn of_the_first(world: &World) -> u64 {
    let mut done = 0;
    for n in 0..20 {
        done += u64::from(world.state(&n.to_string()).await == JobState::Done);
    }
    done
}
