//! The book's figures, each drawn from a run on virtual time, so that they are the same on every machine.
use std::time::Duration;

use patterns_core::outcome::BoxError;
use tokio::runtime::Builder;

use crate::figure::Figure;
use crate::listings::queue;
use crate::timeline::{Recording, Timeline};

/// A figure by the name of its file in `src/figures`.
pub type Drawing = (&'static str, fn() -> Result<String, BoxError>);

/// Every figure.
pub const ALL: &[Drawing] = &[
    ("queue-crawl", queue_crawl),
    ("queue-first-attempt", queue_first_attempt),
];

fn queue_first_attempt() -> Result<String, BoxError> {
    let recording =
        run(async { Ok(queue::first_attempt::with_a_bound_of_four().await) })?;
    let figure = Figure::new(
        "Two stages with bounded channels: both work, then each waits for the other for ever",
    );
    Ok(figure.until(Duration::from_millis(140)).draw(&recording))
}

fn queue_crawl() -> Result<String, BoxError> {
    let recording = run(queue::crawl::recorded())?;
    let figure = Figure::new(
        "Two workers on one queue: neither ever waits for room, and the crawl ends",
    );
    Ok(figure.draw(&recording))
}

fn run(
    listing: impl Future<Output = Result<Timeline, BoxError>>,
) -> Result<Recording, BoxError> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    // Outside of the runtime the clock would be the real one.
    runtime.block_on(async { Ok(listing.await?.recording()) })
}
