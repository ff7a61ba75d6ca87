//! Limits that find themselves.
use patterns_core::semaphore::{AdaptiveLimit, Algorithm, BuildError};
use tokio::time::sleep;

use crate::support::{ms, secs};

/// Runs rounds of as many calls at once as the limit allows; each takes as long as `server` says for that many.
async fn rounds(limit: &AdaptiveLimit, rounds: usize, server: impl Fn(usize) -> (u64, bool)) {
    for _ in 0..rounds {
        let at_once = limit.status().limit;
        let (took, ok) = server(at_once);
        let call = async || {
            let permit = limit.acquire().await.unwrap();
            sleep(ms(took)).await;
            if ok { permit.served() } else { permit.overloaded() }
        };
        futures_util::future::join_all((0..at_once).map(|_| call())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn additive_increase_finds_the_capacity_from_below_and_stays_near_it() {
    let limit = AdaptiveLimit::builder(Algorithm::aimd()).initial(5).max(200).build().unwrap();
    rounds(&limit, 200, |at_once| (10, at_once <= 40)).await;
    let status = limit.status();
    assert!((34..=41).contains(&status.limit), "{status:?}");
    assert!(status.cuts > 5);
}

#[tokio::test(start_paused = true)]
async fn a_round_of_overload_cuts_once_however_many_calls_see_it() {
    let limit = AdaptiveLimit::builder(Algorithm::aimd()).initial(100).build().unwrap();
    rounds(&limit, 1, |_| (10, false)).await;
    assert_eq!((limit.status().limit, limit.status().cuts), (90, 1));
}

#[tokio::test(start_paused = true)]
async fn slow_calls_are_overload_where_that_is_asked_for() {
    let algorithm = Algorithm::Aimd { decrease: 0.5, slow_after: Some(ms(100)) };
    let limit = AdaptiveLimit::builder(algorithm).initial(10).build().unwrap();
    rounds(&limit, 1, |_| (101, true)).await;
    assert_eq!(limit.status().limit, 5);
}

#[tokio::test(start_paused = true)]
async fn the_gradient_backs_off_from_a_queue_before_anything_fails() {
    let limit = AdaptiveLimit::builder(Algorithm::gradient()).initial(10).max(500).build().unwrap();
    // Up to 50 at once take 10 ms; beyond that they queue.
    let server = |at_once: usize| (10 * (at_once as u64).max(50) / 50, true);
    rounds(&limit, 300, server).await;
    let status = limit.status();
    assert!((50..=200).contains(&status.limit), "{} at once", status.limit);
    assert!(status.usual.unwrap() >= ms(10));
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_nobody_presses_against_stays() {
    let limit = AdaptiveLimit::builder(Algorithm::aimd()).initial(50).build().unwrap();
    for _ in 0..100 {
        limit.acquire().await.unwrap().served();
    }
    assert_eq!(limit.status().limit, 50);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_teaches_nothing() {
    let limit = AdaptiveLimit::builder(Algorithm::aimd()).initial(10).build().unwrap();
    for _ in 0..10 {
        let hangs = limit.run(async || std::future::pending::<Result<(), ()>>().await, |()| true);
        assert!(tokio::time::timeout(secs(1), hangs).await.is_err());
    }
    assert_eq!((limit.status().limit, limit.status().semaphore.taken), (10, 0));
}

#[test]
fn settings_that_make_no_limit_are_refused() {
    let limits =
        |min, initial, max| AdaptiveLimit::builder(Algorithm::aimd()).min(min).initial(initial).max(max).build();
    for (min, initial, max) in [(0, 1, 2), (3, 2, 4), (1, 5, 4)] {
        assert_eq!(limits(min, initial, max).unwrap_err(), BuildError::LimitsOutOfOrder { min, initial, max });
    }
    let wrong = [
        Algorithm::Aimd { decrease: 1.0, slow_after: None },
        Algorithm::Aimd { decrease: f64::NAN, slow_after: None },
        Algorithm::Gradient { tolerance: 0.5, smoothing: 0.2, queue: 4 },
        Algorithm::Gradient { tolerance: 1.5, smoothing: 0.0, queue: 4 },
    ];
    for algorithm in wrong {
        assert!(matches!(AdaptiveLimit::builder(algorithm).build(), Err(BuildError::OutOfRange { .. })));
    }
}
