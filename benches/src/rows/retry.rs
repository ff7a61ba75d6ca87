//! Retry policies around a call that succeeds at once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use patterns_core::retry::Retry;
use tokio_retry2::RetryError;
use tokio_retry2::strategy::ExponentialBackoff;

use super::ct;
use crate::harness::{Row, Skipped, Target, calibrated};

pub(super) fn happy() -> Result<Row, Skipped> {
    let ours = calibrated(|calls| {
        let retry = Retry::exponential(Duration::from_millis(100)).max_attempts(3);
        ct().block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                let _ = black_box(black_box(&retry).run(fetch::<()>).await);
            }
            started.elapsed()
        })
    });
    let backon = calibrated(|calls| {
        let policy = ExponentialBuilder::default().with_max_times(2);
        ct().block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                let _ = black_box(fetch::<()>.retry(black_box(policy)).await);
            }
            started.elapsed()
        })
    });
    let tokio_retry2 = calibrated(|calls| {
        ct().block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                let delays = black_box(ExponentialBackoff::from_millis(100)).take(2);
                let _ = black_box(tokio_retry2::Retry::spawn(delays, fetch::<RetryError<()>>).await);
            }
            started.elapsed()
        })
    });
    let plain = calibrated(|calls| {
        ct().block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                let _ = black_box(fetch::<()>().await);
            }
            started.elapsed()
        })
    });
    Ok(Row::new("retry_happy", "ns/call", Target::Absolute(5.0))
        .ours("Retry::run", ours)
        .peer("backon", backon)
        .peer("tokio-retry2", tokio_retry2)
        .limit("plain call", plain))
}

/// The call: ready at once, and opaque to the optimizer.
async fn fetch<E>() -> Result<u64, E> {
    Ok(black_box(7))
}
