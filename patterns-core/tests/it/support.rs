//! What several tests use.
mod by_hand;
mod logged;

use std::sync::{Arc, Mutex};
use std::time::Duration;

#[allow(unused_imports, reason = "only some features' tests use it")]
pub(crate) use by_hand::ByHand;
pub(crate) use logged::Logged;

/// Things that happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn on_drop(&self, what: impl Into<String>) -> OnDrop {
        OnDrop(self.clone(), what.into())
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        self.0.lock().unwrap().iter().any(|have| have == what)
    }
}

/// Writes to the log in its destructor.
pub(crate) struct OnDrop(Log, String);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(self.1.clone());
    }
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Polls `fut` at most `polls` times; `None` if it was not ready by then.
pub(crate) async fn polled<F: Future>(polls: usize, fut: F) -> Option<F::Output> {
    let mut fut = Box::pin(fut);
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        let polled = fut.as_mut().poll(cx).map(Some);
        if polled.is_pending() && left == 0 {
            return std::task::Poll::Ready(None);
        }
        polled
    })
    .await
}

/// Lets so much time pass, and leaves nothing of the budget for whoever is polled after this.
pub(crate) async fn is_busy_for(time: Duration) {
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        while tokio::task::coop::has_budget_remaining() {
            tokio::task::coop::consume_budget().await;
        }
        tokio::time::advance(ms(100)).await;
    }
}

#[allow(dead_code, reason = "only some features' tests use it")]
/// Always finds something to do and lets others run when its budget is used up, like a loop over a channel that is
/// never empty. Two seconds pass meanwhile.
pub(crate) async fn is_never_out_of_work() {
    // Nothing of the budget is left for whoever is polled after this.
    for _ in 0..1_000 {
        if !tokio::task::coop::has_budget_remaining() {
            break;
        }
        tokio::task::coop::consume_budget().await;
    }
    tokio::time::advance(secs(2)).await;
    for _ in 0..10_000 {
        tokio::task::coop::consume_budget().await;
    }
}
