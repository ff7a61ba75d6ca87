//! `stream`: one part per kind of stream. Interruption at every poll is in `explored`.
mod batch;
mod explored;
mod generator;
mod link;
mod paginate;
mod prefetch;
mod pump;

use std::time::Duration;

use patterns_core::context;
use patterns_core::outcome::BoxError;
use patterns_core::stream::{Generator, generator};
use tokio::time::sleep;

use crate::support::Log;

/// Emits numbers until it is told to stop, then cleans up for a while.
fn numbers(log: &Log, cleanup: Duration) -> Generator<u32, BoxError> {
    let log = log.clone();
    generator(async move |mut yielder| {
        let mut number = 0;
        let stopped = loop {
            log.add(format!("makes {number}"));
            match yielder.emit(number).await {
                Ok(()) => log.add(format!("sent {number}")),
                Err(stopped) => break stopped,
            }
            number += 1;
        };
        log.add(if context::is_cancelled() { "told to stop" } else { "?" });
        sleep(cleanup).await;
        log.add("cleaned");
        Err(stopped.into())
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}
