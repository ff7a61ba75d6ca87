//! The ambient context: reading the deadline, and entering a scope.

use std::future::ready;
use std::hint::black_box;
use std::time::{Duration, Instant};

use patterns_core::context::{self, Context};

use super::ct;
use crate::harness::{Row, Skipped, Target, calibrated};

/// `context::deadline()` inside of a scope that has one.
pub(super) fn read() -> Result<Row, Skipped> {
    let repeat = calibrated(|calls| {
        ct().block_on(async {
            let scope = Context::current().with_deadline(tokio::time::Instant::now() + Duration::from_secs(3600));
            scope.sync_scope(|| {
                let started = Instant::now();
                for _ in 0..calls {
                    black_box(context::deadline());
                }
                started.elapsed()
            })
        })
    });
    Ok(Row::new("context_read", "ns", Target::Absolute(2.0)).ours("context::deadline", repeat))
}

/// Entering a scope that is there, and leaving it: the context itself is made once.
pub(super) fn enter() -> Result<Row, Skipped> {
    tokio::task_local! {
        static BARE: u64;
    }
    let ours = calibrated(|calls| {
        ct().block_on(async {
            let scope = Context::current();
            let started = Instant::now();
            for _ in 0..calls {
                black_box(scope.scope(ready(black_box(7_u64))).await);
            }
            started.elapsed()
        })
    });
    let limit = calibrated(|calls| {
        ct().block_on(async {
            let started = Instant::now();
            for n in 0..calls {
                black_box(BARE.scope(n, ready(black_box(7_u64))).await);
            }
            started.elapsed()
        })
    });
    Ok(Row::new("context_enter", "ns", Target::Absolute(60.0))
        .ours("Context::scope", ours)
        .limit("task_local with a number", limit))
}
