//! Queues of capacity 100: put, get and acknowledge a million items.

use std::time::Instant;

use patterns_core::queue::WorkQueue;
use tokio::runtime::Runtime;

use crate::harness::{Row, Skipped, Target};

const CAPACITY: usize = 100;
const ITEMS: u64 = 1_000_000;

/// `each` producers and as many consumers.
pub(super) fn flow(name: &'static str, runtime: fn() -> Runtime, each: u64) -> Result<Row, Skipped> {
    Ok(Row::new(name, "ns/item", Target::Ratio(0.7))
        .ours("WorkQueue", repeated(runtime, move || ours(each)))
        .peer("async-channel", repeated(runtime, move || async_channel(each)))
        .limit("kanal", repeated(runtime, move || kanal(each))))
}

async fn ours(each: u64) -> u64 {
    let queue = WorkQueue::bounded(CAPACITY);
    let producers = shares(each).map(|share| {
        let queue = queue.clone();
        async move {
            for n in share {
                queue.put(n).await.expect("closed only at the end");
            }
        }
    });
    let consumers = (0..each).map(|_| {
        let queue = queue.clone();
        async move {
            let mut sum = 0;
            while let Ok(job) = queue.get().await {
                sum += job.ack();
            }
            sum
        }
    });
    run(producers.collect(), consumers.collect(), || queue.close()).await
}

async fn async_channel(each: u64) -> u64 {
    let (sender, receiver) = async_channel::bounded(CAPACITY);
    let producers = shares(each).map(|share| {
        let sender = sender.clone();
        async move {
            for n in share {
                sender.send(n).await.expect("a receiver is there");
            }
        }
    });
    let consumers = (0..each).map(|_| {
        let receiver = receiver.clone();
        async move {
            let mut sum = 0;
            while let Ok(n) = receiver.recv().await {
                sum += n;
            }
            sum
        }
    });
    run(producers.collect(), consumers.collect(), || _ = sender.close()).await
}

async fn kanal(each: u64) -> u64 {
    let (sender, receiver) = kanal::bounded_async(CAPACITY);
    let producers = shares(each).map(|share| {
        let sender = sender.clone();
        async move {
            for n in share {
                sender.send(n).await.expect("a receiver is there");
            }
        }
    });
    let producers = producers.collect();
    let consumers = (0..each).map(|_| {
        let receiver = receiver.clone();
        async move {
            let mut sum = 0;
            while let Ok(n) = receiver.recv().await {
                sum += n;
            }
            sum
        }
    });
    // Its `close` throws away what waits: the last sender's end is the right one here.
    run(producers, consumers.collect(), move || drop(sender)).await
}

fn shares(each: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    (0..each).map(move |nth| nth * ITEMS / each..(nth + 1) * ITEMS / each)
}

/// Runs all as tasks, closes when the last producer is done, and returns the sum of what was consumed.
async fn run<P, C>(producers: Vec<P>, consumers: Vec<C>, close: impl FnOnce()) -> u64
where
    P: Future<Output = ()> + Send + 'static,
    C: Future<Output = u64> + Send + 'static,
{
    let consumers: Vec<_> = consumers.into_iter().map(tokio::spawn).collect();
    let producers: Vec<_> = producers.into_iter().map(tokio::spawn).collect();
    for producer in producers {
        producer.await.expect("a producer doesn't panic");
    }
    close();
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await.expect("a consumer doesn't panic");
    }
    sum
}

fn repeated<F>(runtime: fn() -> Runtime, flow: impl Fn() -> F) -> impl FnMut() -> f64
where
    F: Future<Output = u64> + Send + 'static,
{
    let runtime = runtime();
    move || {
        let started = Instant::now();
        let sum = runtime.block_on(async { tokio::spawn(flow()).await.expect("a flow doesn't panic") });
        let took = started.elapsed();
        assert_eq!(sum, ITEMS * (ITEMS - 1) / 2, "items were lost or doubled");
        took.as_nanos() as f64 / ITEMS as f64
    }
}
