//! Cancel tokens: what a busy loop pays for looking, and a request for a token of its own.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use patterns_core::cancel::CancelToken;
use tokio_util::sync::CancellationToken;

use crate::harness::{Row, Skipped, Target, calibrated, ns_per_call};

pub(super) fn check() -> Result<Row, Skipped> {
    let (ours, peer, limit) = (CancelToken::new(), CancellationToken::new(), AtomicBool::new(false));
    Ok(Row::new("cancel_check", "ns", Target::Absolute(2.0))
        .ours("CancelToken", ns_per_call(move || _ = black_box(black_box(&ours).is_cancelled())))
        .peer("CancellationToken", ns_per_call(move || _ = black_box(black_box(&peer).is_cancelled())))
        .limit("AtomicBool", ns_per_call(move || _ = black_box(black_box(&limit).load(Ordering::Acquire)))))
}

/// Each of two threads looks at the same token; the time is that of one thread's checks.
pub(super) fn check_2threads() -> Result<Row, Skipped> {
    let (ours, peer, limit) = (CancelToken::new(), CancellationToken::new(), AtomicBool::new(false));
    Ok(Row::new("cancel_check_2threads", "ns", Target::Absolute(2.0))
        .ours("CancelToken", on_two_threads(move || black_box(&ours).is_cancelled()))
        .peer("CancellationToken", on_two_threads(move || black_box(&peer).is_cancelled()))
        .limit("AtomicBool", on_two_threads(move || black_box(&limit).load(Ordering::Acquire))))
}

pub(super) fn child_create_drop() -> Result<Row, Skipped> {
    let (ours, peer) = (CancelToken::new(), CancellationToken::new());
    Ok(Row::new("cancel_child_create_drop", "ns", Target::Ratio(1.0))
        .ours("CancelToken::child", ns_per_call(move || drop(black_box(ours.child()))))
        .peer("CancellationToken::child_token", ns_per_call(move || drop(black_box(peer.child_token())))))
}

fn on_two_threads(check: impl Fn() -> bool + Sync) -> impl FnMut() -> f64 {
    calibrated(move |calls| {
        let start = Barrier::new(2);
        let one = || {
            start.wait();
            let started = Instant::now();
            for _ in 0..calls {
                black_box(check());
            }
            started.elapsed()
        };
        let times: [Duration; 2] = thread::scope(|scope| {
            let threads = [scope.spawn(one), scope.spawn(one)];
            threads.map(|thread| thread.join().expect("a check doesn't panic"))
        });
        times[0].max(times[1])
    })
}
