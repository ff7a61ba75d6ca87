//! The pool under every interruption of its callers: a drop, a cancellation, an abort and a panic at every poll.

use std::sync::mpsc;

use patterns_core::blocking::BlockingPool;
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;

use super::{gated, hold_clock, pool};
use crate::support::secs;

type State = (BlockingPool, mpsc::Sender<()>);

/// A new pool, on a clock that doesn't jump while its threads work.
async fn setup() -> State {
    (pool(1, 1), hold_clock())
}

/// Nobody is left, every job is accounted for, and every place is back.
async fn assert_whole(pool: &BlockingPool) {
    let receipt = pool.shutdown(secs(600)).await;
    assert!(receipt.stuck.is_empty(), "{receipt:?}");
    let status = pool.status();
    assert_eq!(status.accounted_for(), status.submitted, "{status:?}");
    assert_eq!((status.queued, status.threads, status.free_places), (0, 0, 1), "{status:?}");
}

#[test]
fn callers_who_wait_for_a_place_a_thread_and_a_value_lose_nothing() {
    explore_cancellation(
        setup,
        async |(pool, _held): State| {
            let (mut gate, first) = gated(|| 1);
            let Ok(first) = pool.submit(first).await else { return };
            // Cancelled by then, it never begins.
            if gate.begun().await.is_err() {
                return;
            }
            let (second, third) = (pool.run(|_| 2), pool.run(|_| 3));
            let open = async {
                yield_now().await;
                gate.open();
            };
            let (_, _, _, ()) = tokio::join!(first.into_future(), second, third, open);
        },
        async |(pool, _held): &State| assert_whole(pool).await,
    );
}

#[test]
fn a_caller_who_shuts_down_with_work_in_flight_loses_nothing() {
    explore_cancellation(
        setup,
        async |(pool, _held): State| {
            let (mut gate, first) = gated(|| 1);
            let Ok(mut first) = pool.submit(first).await else { return };
            let Ok(second) = pool.submit(|_| 2).await else { return };
            let _ = gate.begun().await;
            let open = async {
                yield_now().await;
                gate.open();
            };
            let (receipt, ()) = tokio::join!(pool.shutdown(secs(600)), open);
            drop(receipt);
            let _ = first.wait().await;
            drop(second);
        },
        async |(pool, _held): &State| assert_whole(pool).await,
    );
}
