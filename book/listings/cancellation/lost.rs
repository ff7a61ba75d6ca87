//! A loop over `select!` that loses an item, and one that doesn't.
use std::time::Duration;

use patterns_core::outcome::BoxError;
use patterns_core::queue::WorkQueue;
use tokio::time::{interval, sleep};

// ANCHOR: lost
async fn produce_carelessly(queue: &WorkQueue<u32>) -> Result<(), BoxError> {
    let mut ticks = interval(Duration::from_millis(20));
    for page in 1..=6 {
        tokio::select! {
            biased;
            put = queue.put(page) => { put?; }
            _ = ticks.tick() => println!("still here"),
        }
    }
    Ok(())
}
// ANCHOR_END: lost

// ANCHOR: kept
async fn produce(queue: &WorkQueue<u32>) -> Result<(), BoxError> {
    let mut ticks = interval(Duration::from_millis(20));
    for page in 1..=6 {
        let mut slot = Some(page);
        while slot.is_some() {
            tokio::select! {
                biased;
                put = queue.put_from(&mut slot) => { put?; }
                _ = ticks.tick() => println!("still here"),
            }
        }
    }
    Ok(())
}
// ANCHOR_END: kept

/// Takes an item every 25 milliseconds.
async fn consume(queue: &WorkQueue<u32>) -> Vec<u32> {
    let mut done = Vec::new();
    while let Ok(job) = queue.get().await {
        sleep(Duration::from_millis(25)).await;
        done.push(job.ack());
    }
    done
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() -> Result<(), BoxError> {
    let queue = WorkQueue::bounded(1);
    let producer = async {
        let produced = produce_carelessly(&queue).await;
        queue.close();
        produced
    };
    let (produced, done) = tokio::join!(producer, consume(&queue));
    produced?;
    println!("carelessly: {done:?}\n");

    let queue = WorkQueue::bounded(1);
    let producer = async {
        let produced = produce(&queue).await;
        queue.close();
        produced
    };
    let (produced, done) = tokio::join!(producer, consume(&queue));
    produced?;
    println!("with a slot: {done:?}");
    Ok(())
}
