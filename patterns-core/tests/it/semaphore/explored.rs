//! The semaphore under every interruption.
use patterns_core::semaphore::{AdaptiveLimit, Algorithm, Semaphore};
use patterns_core::testing::Explorer;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::support::ms;

/// Nothing is held or offered, and all can be had.
async fn assert_whole(semaphore: &Semaphore, limit: usize) {
    let status = semaphore.status();
    assert_eq!((status.taken, status.offered, status.free), (0, 0, limit), "{status:?}");
    assert!(status.waiters.is_empty() && status.holders.is_empty(), "{status:?}");
    drop(semaphore.acquire_many(limit).await.expect("it is open"));
}

#[test]
fn a_waiter_that_is_cut_off_loses_no_permit_and_holds_nobody_up() {
    Explorer::new().no_task_left().run(
        async || Semaphore::new(2),
        async |semaphore: Semaphore| {
            let one = async |n, priority| {
                for _ in 0..2 {
                    let Ok(_permit) = semaphore.request(n).priority(priority).acquire().await else { return };
                    yield_now().await;
                    sleep(ms(3)).await;
                }
            };
            tokio::join!(one(1, 0), one(2, 0), one(1, 1), one(2, 0));
        },
        async |semaphore: &Semaphore| assert_whole(semaphore, 2).await,
    );
}

#[test]
fn resizing_and_impatience_in_between_lose_nothing() {
    Explorer::new().no_task_left().run(
        async || Semaphore::new(2),
        async |semaphore: Semaphore| {
            let impatient = async {
                for patience in [1, 2, 4, 8] {
                    if let Ok(Ok(_permit)) = timeout(ms(patience), semaphore.acquire_many(2)).await {
                        yield_now().await;
                    }
                }
            };
            let steady = async {
                for _ in 0..3 {
                    let Ok(_permit) = semaphore.acquire().await else { return };
                    sleep(ms(2)).await;
                }
            };
            let resizing = async {
                for limit in [1, 3, 2] {
                    sleep(ms(2)).await;
                    semaphore.resize(limit);
                }
            };
            tokio::join!(impatient, steady, resizing);
        },
        async |semaphore: &Semaphore| {
            semaphore.resize(2);
            assert_whole(semaphore, 2).await;
        },
    );
}

#[test]
fn an_adaptive_limit_that_is_cut_off_gives_its_place_back_and_learns_nothing_from_it() {
    Explorer::new().no_task_left().run(
        async || AdaptiveLimit::builder(Algorithm::aimd()).initial(2).max(4).build().expect("it is in order"),
        async |limit: AdaptiveLimit| {
            let call = async || {
                limit
                    .run(
                        async || {
                            sleep(ms(5)).await;
                            Ok::<_, ()>(())
                        },
                        |()| true,
                    )
                    .await
            };
            let _ = tokio::join!(call(), call(), call());
        },
        async |limit: &AdaptiveLimit| {
            let status = limit.status();
            assert_eq!((status.semaphore.taken, status.semaphore.offered, status.cuts), (0, 0, 0), "{status:?}");
            assert!((2..=4).contains(&status.limit), "{status:?}");
        },
    );
}
