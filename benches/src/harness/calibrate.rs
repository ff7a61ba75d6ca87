use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

/// Long enough that what others do on the machine can be seen in the system's counters, which tick a hundred
/// times a second.
const LONG_ENOUGH: Duration = Duration::from_millis(200);

/// Repeats `run`, which is told how many calls to make and says how long they took, with as many calls as
/// fill a repetition; the result is nanoseconds per call.
pub(crate) fn calibrated(mut run: impl FnMut(u64) -> Duration) -> impl FnMut() -> f64 {
    let mut calls = 1_000_u64;
    move || {
        loop {
            let took = run(calls);
            if took >= LONG_ENOUGH {
                return took.as_nanos() as f64 / calls as f64;
            }
            // A little more than needed, so that the next repetition takes one try.
            let missing = LONG_ENOUGH.as_secs_f64() / took.as_secs_f64().max(1e-9);
            calls = (calls as f64 * missing.min(100.0) * 1.2) as u64 + 1;
        }
    }
}

/// [`calibrated`] for something that is called in a loop.
pub(crate) fn ns_per_call(mut call: impl FnMut()) -> impl FnMut() -> f64 {
    calibrated(move |calls| {
        let started = Instant::now();
        for _ in 0..calls {
            call();
        }
        started.elapsed()
    })
}

/// [`ns_per_call`] for something that is awaited.
pub(crate) fn ns_per_future(runtime: Runtime, mut call: impl AsyncFnMut()) -> impl FnMut() -> f64 {
    calibrated(move |calls| {
        runtime.block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                call().await;
            }
            started.elapsed()
        })
    })
}
