//! Waiters that are alive and not polled.
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use patterns_core::semaphore::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{ms, polled, secs};

#[tokio::test(start_paused = true)]
async fn a_queued_acquire_that_nobody_polls_keeps_no_permit_where_tokios_keeps_it_for_ever() {
    let peer = tokio::sync::Semaphore::new(1);
    let held = peer.acquire().await.unwrap();
    let mut first = pin!(peer.acquire());
    assert!(polled(1, first.as_mut()).await.is_none());
    drop(held);
    assert!(timeout(secs(3600), peer.acquire()).await.is_err(), "tokio 1.54: the permit is lost with its waiter");

    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    let mut first = pin!(semaphore.acquire());
    assert!(polled(1, first.as_mut()).await.is_none());
    drop(held);
    let start = Instant::now();
    let second = semaphore.acquire().await.unwrap();
    assert!(start.elapsed() <= ms(20), "{:?}", start.elapsed());
    assert_eq!(semaphore.status().revoked, 1);
    drop(second);
    // It has kept its place.
    drop(first.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn one_that_sleeps_behind_an_unpolled_waiter_is_served_without_any_newcomer() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    let mut stalled = pin!(semaphore.acquire());
    assert!(polled(1, stalled.as_mut()).await.is_none());
    let behind = {
        let semaphore = semaphore.clone();
        tokio::spawn(async move {
            let _permit = semaphore.acquire().await.unwrap();
            Instant::now()
        })
    };
    tokio::task::yield_now().await;
    let freed = Instant::now();
    drop(held);
    let served = timeout(secs(1), behind).await.expect("it is woken").unwrap();
    assert!(served - freed <= ms(20));
}

#[tokio::test(start_paused = true)]
async fn a_permit_freed_outside_of_any_runtime_is_watched_too() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire_owned().await.unwrap();
    let mut stalled = pin!(semaphore.acquire());
    assert!(polled(1, stalled.as_mut()).await.is_none());
    let behind = {
        let semaphore = semaphore.clone();
        tokio::spawn(async move { semaphore.acquire().await.map(drop) })
    };
    tokio::task::yield_now().await;
    std::thread::spawn(move || drop(held)).join().unwrap();
    timeout(secs(1), behind).await.expect("it is woken").unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_one_that_was_passed_over_is_first_again_when_it_is_polled() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    let mut stalled = pin!(semaphore.acquire());
    assert!(polled(1, stalled.as_mut()).await.is_none());
    let mut second = pin!(semaphore.acquire());
    let mut third = pin!(semaphore.acquire());
    assert!(polled(1, second.as_mut()).await.is_none());
    assert!(polled(1, third.as_mut()).await.is_none());
    drop(held);
    let second = second.await.unwrap();
    assert!(polled(1, stalled.as_mut()).await.is_none());
    drop(second);
    assert!(polled(1, third.as_mut()).await.is_none(), "the stalled one has the offer");
    drop(stalled.await.unwrap());
    drop(third.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_watch_ends_with_the_last_offer() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    let mut stalled = Box::pin(semaphore.acquire());
    assert!(polled(1, stalled.as_mut()).await.is_none());
    let mut behind = Box::pin(semaphore.acquire());
    assert!(polled(1, behind.as_mut()).await.is_none());
    drop(held);
    drop(behind.await.unwrap());
    drop(stalled);
    sleep(ms(50)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_thousand_tasks_with_impatient_acquires_never_exceed_the_limit_and_all_finish() {
    const LIMIT: usize = 3;
    let semaphore = Semaphore::new(LIMIT);
    let (inside, most, done) = (Arc::default(), Arc::default(), Arc::default());
    let mut tasks = Vec::new();
    for n in 0..2_000_u64 {
        let semaphore = semaphore.clone();
        let (inside, most, done): (Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>) =
            (Arc::clone(&inside), Arc::clone(&most), Arc::clone(&done));
        tasks.push(tokio::spawn(async move {
            for round in 0..5 {
                // Every other acquire is dropped while it waits, or just as its turn comes.
                let _ = timeout(ms((n * 7 + round) % 23), semaphore.acquire()).await;
                let permit = semaphore.acquire().await.unwrap();
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                sleep(ms((n + round) % 3)).await;
                inside.fetch_sub(1, SeqCst);
                drop(permit);
                done.fetch_add(1, SeqCst);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((most.load(SeqCst), done.load(SeqCst)), (LIMIT, 10_000));
    let status = semaphore.status();
    assert_eq!((status.free, status.taken, status.offered, status.waiters.len()), (LIMIT, 0, 0, 0));
}
