//! Places, and the line in front of them.
use std::io;

use patterns_core::bulkhead::{BuildError, Bulkhead, EnterError};
use patterns_core::cancel::timeout;
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{ms, polled, secs};

#[tokio::test(start_paused = true)]
async fn so_many_are_inside_so_many_wait_and_the_others_are_turned_away_at_once() {
    let bulkhead = Bulkhead::builder(2).max_waiting(3).max_wait(secs(10)).build().unwrap();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            tokio::spawn(async move {
                let ran = bulkhead.run(async || {
                    sleep(secs(1)).await;
                    Ok::<_, io::Error>(())
                });
                ran.await.is_ok()
            })
        })
        .collect();
    yield_now().await;
    let status = bulkhead.status();
    assert_eq!((status.inside, status.waiting, status.rejected), (2, 3, 5));
    let mut made = 0;
    for call in calls {
        made += usize::from(call.await.unwrap());
    }
    let status = bulkhead.status();
    assert_eq!((made, status.inside, status.waiting), (5, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_longer_than_allowed() {
    let bulkhead = Bulkhead::builder(1).max_wait(ms(200)).build().unwrap();
    let _inside = bulkhead.try_enter().unwrap();
    let start = Instant::now();
    let late = bulkhead.enter().await.unwrap_err();
    assert!(matches!(late, EnterError::WaitedTooLong { limit, .. } if limit == ms(200)));
    assert_eq!(start.elapsed(), ms(200));
    assert!(late.is_full());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_or_panics_gives_its_place_back() {
    let bulkhead = Bulkhead::builder(1).max_waiting(0).build().unwrap();
    let failed = bulkhead.run(async || Err::<(), _>(io::Error::other("no"))).await.unwrap_err();
    assert_eq!(failed.into_inner().unwrap().to_string(), "no");
    let panics = {
        let bulkhead = bulkhead.clone();
        tokio::spawn(async move {
            let _ = bulkhead.run(async || -> Result<(), io::Error> { panic!("inside") }).await;
        })
    };
    assert!(panics.await.unwrap_err().is_panic());
    assert!(bulkhead.try_enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_leaves_makes_room_in_the_line() {
    let bulkhead = Bulkhead::builder(1).max_waiting(1).build().unwrap();
    let _inside = bulkhead.try_enter().unwrap();
    assert!(polled(1, bulkhead.enter()).await.is_none());
    assert_eq!(bulkhead.status().waiting, 0);
    // An outer deadline that comes first is not the bulkhead's own.
    assert!(timeout(ms(5), bulkhead.enter()).await.is_err());
    assert_eq!((bulkhead.status().waiting, bulkhead.status().rejected), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn closing_ends_waits_and_resizing_lets_waiters_in() {
    let bulkhead = Bulkhead::builder(1).max_waiting(5).max_wait(secs(60)).build().unwrap();
    let inside = bulkhead.try_enter().unwrap();
    let waits = |bulkhead: &Bulkhead| {
        let bulkhead = bulkhead.clone();
        tokio::spawn(async move { bulkhead.enter().await.map(drop) })
    };
    let first = waits(&bulkhead);
    yield_now().await;
    bulkhead.resize(2);
    first.await.unwrap().unwrap();
    let other = bulkhead.try_enter().unwrap();
    let second = waits(&bulkhead);
    yield_now().await;
    bulkhead.close();
    assert!(second.await.unwrap().unwrap_err().is_closed());
    assert!(bulkhead.enter().await.unwrap_err().is_closed());
    drop((inside, other));
    assert!(bulkhead.try_enter().unwrap_err().is_closed());
}

#[test]
fn settings_that_make_no_bulkhead_are_refused() {
    assert_eq!(Bulkhead::builder(0).build().unwrap_err(), BuildError::NoPlaces);
    assert_eq!(Bulkhead::builder(1).max_wait(secs(0)).build().unwrap_err(), BuildError::NoTime);
    assert!(Bulkhead::builder(1).max_wait(secs(0)).max_waiting(0).build().is_ok());
}

#[test]
fn the_counts_are_exact_after_every_interruption() {
    explore_cancellation(
        async || Bulkhead::builder(1).max_waiting(2).max_wait(ms(7)).build().unwrap(),
        async |bulkhead: Bulkhead| {
            let call = || {
                bulkhead.run(async || {
                    sleep(ms(5)).await;
                    Ok::<_, ()>(())
                })
            };
            let _ = tokio::join!(call(), call(), call(), call());
        },
        async |bulkhead: &Bulkhead| {
            let status = bulkhead.status();
            assert_eq!((status.inside, status.waiting), (0, 0), "{status:?}");
            assert!(bulkhead.try_enter().is_ok());
        },
    );
}
