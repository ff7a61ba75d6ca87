//! What the scenarios share.
#[cfg(unix)]
pub(crate) mod machine;
pub(crate) mod nats;
pub(crate) mod reply;
pub(crate) mod server;
pub(crate) mod stalls;

use std::time::Duration;

/// Runs a scenario, which fails if it hangs.
pub(crate) async fn bounded<F: Future>(scenario: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), scenario).await.expect("the scenario hangs")
}
