//! Random delays and failures against a plain simulation: order, bound, and when everything ends.
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use patterns_core::gather::{gather, gather_settled, map_concurrent, race, try_map_concurrent};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::support::ms;

#[derive(Clone, Copy, Debug)]
struct Item {
    /// Milliseconds.
    takes: u64,
    fails: bool,
}

async fn work(number: usize, item: Item) -> Result<usize, std::io::Error> {
    sleep(ms(item.takes)).await;
    if item.fails { Err(std::io::Error::other("failed")) } else { Ok(number) }
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let takes = prop_oneof![1 => Just(0), 4 => 1..50_u64];
    let item = (takes, prop::bool::weighted(0.1)).prop_map(|(takes, fails)| Item { takes, fails });
    prop::collection::vec(item, 0..40)
}

/// When each item ends, if the next is always begun as soon as one of `limit` places is free.
fn ends(items: &[Item], limit: usize) -> Vec<u64> {
    let mut places: BinaryHeap<_> = (0..limit).map(|_| Reverse(0)).collect();
    items
        .iter()
        .map(|item| {
            let Reverse(free) = places.pop().unwrap();
            places.push(Reverse(free + item.takes));
            free + item.takes
        })
        .collect()
}

/// What `fut` gives, and when, on a clock of its own.
fn run<T>(fut: impl Future<Output = T>) -> (T, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        (fut.await, start.elapsed())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn all_at_once_take_as_long_as_the_slowest_and_come_in_order(items in items()) {
        let parts = || items.iter().enumerate().map(|(number, item)| work(number, *item));
        let slowest = ms(items.iter().map(|item| item.takes).max().unwrap_or(0));

        let (results, took) = run(async { gather(parts()).await });
        prop_assert_eq!(took, slowest);
        let (outcomes, took) = run(async { gather_settled(parts()).await });
        prop_assert_eq!(took, slowest);
        prop_assert_eq!((results.len(), outcomes.len()), (items.len(), items.len()));
        for (number, (result, outcome)) in results.into_iter().zip(outcomes).enumerate() {
            let expected = (!items[number].fails).then_some(number);
            prop_assert_eq!((result.ok(), outcome.ok()), (expected, expected));
        }
    }

    #[test]
    fn a_race_ends_with_the_quickest(items in items()) {
        prop_assume!(!items.is_empty());
        let quickest = items.iter().map(|item| item.takes).min().unwrap();
        let parts = items.iter().enumerate().map(|(number, item)| work(number, *item));
        let ((_, index), took) = run(async { race(parts).await });
        prop_assert_eq!((items[index].takes, took), (quickest, ms(quickest)));
    }

    #[test]
    fn a_bounded_map_is_never_over_its_limit_and_never_idle(items in items(), limit in 1..6_usize) {
        let (inside, peak) = (Cell::new(0), Cell::new(0));
        let all = map_concurrent(items.iter().enumerate(), limit, |(number, item)| {
            let (inside, peak) = (&inside, &peak);
            async move {
                inside.set(inside.get() + 1);
                peak.set(peak.get().max(inside.get()));
                let result = work(number, *item).await;
                inside.set(inside.get() - 1);
                result
            }
        });
        let (results, took) = run(all);
        prop_assert!(peak.get() <= limit && inside.get() == 0);
        prop_assert_eq!(took, ms(ends(&items, limit).into_iter().max().unwrap_or(0)));
        let values: Vec<_> = results.into_iter().map(Result::ok).collect();
        let expected: Vec<_> = items.iter().enumerate().map(|(n, item)| (!item.fails).then_some(n)).collect();
        prop_assert_eq!(values, expected);
    }

    #[test]
    fn a_bounded_map_that_may_fail_ends_with_the_earliest_failure(items in items(), limit in 1..6_usize) {
        let ends = ends(&items, limit);
        let earliest = (0..items.len()).filter(|at| items[*at].fails).map(|at| ends[at]).min();
        let all = try_map_concurrent(items.iter().enumerate(), limit, |(number, item)| work(number, *item));
        let (result, took) = run(all);
        match (result, earliest) {
            (Err(error), Some(earliest)) => {
                prop_assert!(items[error.index].fails);
                prop_assert_eq!((ends[error.index], took), (earliest, ms(earliest)));
            }
            (Ok(values), None) => {
                prop_assert_eq!(took, ms(ends.into_iter().max().unwrap_or(0)));
                prop_assert_eq!(values, (0..items.len()).collect::<Vec<_>>());
            }
            (result, earliest) => prop_assert!(false, "{result:?}, expected a failure at {earliest:?}"),
        }
    }
}
