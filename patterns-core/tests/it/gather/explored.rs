//! The joins under every interruption: nothing that was begun stays behind.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use patterns_core::context::{self, Interrupt};
use patterns_core::gather::{gather, gather_settled, map_concurrent, try_gather, try_map_concurrent};
use patterns_core::testing::explore_cancellation;

use crate::support::ms;

/// How many are inside, and how many were at most.
#[derive(Clone, Default)]
struct Inside(Arc<(AtomicUsize, AtomicUsize)>);

struct Guard(Inside);

impl Inside {
    async fn nap(self, n: u64) -> Result<u64, Interrupt> {
        let inside = self.0.0.fetch_add(1, SeqCst) + 1;
        self.0.1.fetch_max(inside, SeqCst);
        let _guard = Guard(self);
        context::sleep(ms(n)).await?;
        Ok(n)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, SeqCst);
    }
}

fn assert_none_left(inside: &Inside) {
    assert_eq!(inside.0.0.load(SeqCst), 0, "left inside");
}

#[test]
fn no_part_outlives_its_join() {
    let explored = explore_cancellation(
        async || Inside::default(),
        async |inside: Inside| {
            let nap = |n: u64| inside.clone().nap(n);
            let naps = gather([3, 1, 2].map(nap)).await;
            assert!(naps.iter().any(Result::is_err) || naps.into_iter().map(Result::unwrap).eq([3, 1, 2]));
            gather_settled([2, 1].map(nap)).await;
            let _ = try_gather([1, 2].map(nap)).await;
        },
        async |inside| assert_none_left(inside),
    );
    assert!(explored.polls > 6, "{explored:?}");
}

#[test]
fn no_item_outlives_its_map_and_the_limit_holds() {
    let explored = explore_cancellation(
        async || Inside::default(),
        async |inside: Inside| {
            let nap = |n: u64| inside.clone().nap(n);
            assert_eq!(map_concurrent(1..5, 2, nap).await.len(), 4);
            let _ = try_map_concurrent(1..5, 2, nap).await;
        },
        async |inside| {
            assert_none_left(inside);
            assert!(inside.0.1.load(SeqCst) <= 2, "over the limit");
        },
    );
    assert!(explored.polls > 4, "{explored:?}");
}
