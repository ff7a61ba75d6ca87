//! Random latencies against when the answer must come and what the delay must be.
use std::cell::Cell;
use std::io;

use patterns_core::hedge::Hedge;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::support::{ms, secs};

fn block_on<F: Future>(fut: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(fut)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_comes_as_early_as_any_attempt_gives_it_and_none_is_started_later(
        delay in 1_u64..100,
        latencies in prop::collection::vec(1_u64..500, 1..6),
    ) {
        let starts = || (0..).map(move |n: u64| n * delay).take(latencies.len());
        let earliest = starts().zip(&latencies).map(|(start, latency)| start + latency).min().unwrap();
        let (elapsed, calls) = block_on(async {
            let (begun, calls) = (Instant::now(), Cell::new(0));
            let hedge = Hedge::after(ms(delay)).max_attempts(u32::try_from(latencies.len()).unwrap());
            let call = hedge.run_borrowing(async |number| {
                calls.set(calls.get() + 1);
                sleep(ms(latencies[number as usize - 1])).await;
                Ok::<_, io::Error>(())
            });
            call.await.unwrap();
            (begun.elapsed(), calls.get())
        });
        prop_assert_eq!(elapsed, ms(earliest));
        prop_assert_eq!(calls, starts().filter(|start| *start < earliest).count());
    }

    #[test]
    fn the_delay_is_the_percentile_of_the_latest_calls(
        per_mille in 1_usize..1_000,
        latencies in prop::collection::vec(1_u64..1_000, 16..200),
    ) {
        let delay = block_on(async {
            let hedge = Hedge::percentile(per_mille as f64 / 1_000.0, secs(9)).max_attempts(1);
            for latency in &latencies {
                let call = hedge.run_borrowing(async |_| {
                    sleep(ms(*latency)).await;
                    Ok::<_, io::Error>(())
                });
                call.await.unwrap();
            }
            hedge.status().delay
        });
        let mut latest = latencies[latencies.len().saturating_sub(128)..].to_vec();
        latest.sort_unstable();
        // The smallest that so many of a thousand don't exceed.
        let enough = |within: &usize| within * 1_000 >= per_mille * latest.len();
        let rank = (1..=latest.len()).find(enough).unwrap();
        prop_assert_eq!(delay, ms(latest[rank - 1]));
    }
}
