use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::delivery::LEAST_PAUSE;
use super::driver::{DeadReason, End};
use super::{Delivery, Failure, Job, Retries};
use crate::chain::chain;

/// What does jobs of one kind.
pub(super) struct Handler {
    pub(super) queue: String,
    pub(super) timeout: Duration,
    pub(super) retries: Retries,
    work: Work,
}

type Work = Box<dyn Fn(Delivery) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// By kind.
pub(super) type Handlers = HashMap<String, Arc<Handler>>;

impl Handler {
    /// For jobs of a type.
    pub(super) fn of<J: Job>(state: J::State) -> Self {
        let state = Arc::new(state);
        let work: Work = Box::new(move |delivery| {
            let state = Arc::clone(&state);
            Box::pin(do_job::<J>(delivery, state))
        });
        Self { queue: J::QUEUE.to_owned(), timeout: J::TIMEOUT, retries: J::retries(), work }
    }

    /// For deliveries as they are.
    pub(super) fn raw<F, Fut>(queue: String, timeout: Duration, f: F) -> Self
    where
        F: Fn(Delivery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let work: Work = Box::new(move |delivery| Box::pin(f(delivery)));
        Self { queue, timeout, retries: Retries::default(), work }
    }

    pub(super) fn begin(&self, delivery: Delivery) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        (self.work)(delivery)
    }
}

async fn do_job<J: Job>(mut delivery: Delivery, state: Arc<J::State>) {
    let done = match serde_json::from_str::<J>(delivery.payload()) {
        Ok(job) => job.run(&state, delivery.run()).await,
        Err(error) => Err(Failure::retry(format!("its payload can't be read: {error}"))),
    };
    let output = done.and_then(|output| {
        serde_json::to_string(&output)
            .map_err(|error| Failure::terminate(format!("its output can't be written: {error}")))
    });
    let end = match output {
        Ok(output) => End::Done { output: Some(output) },
        Err(Failure::Later(after)) => End::Released { after: after.max(LEAST_PAUSE) },
        Err(Failure::Terminate(error)) => End::Dead { reason: DeadReason::Terminated, error: chain(&*error) },
        Err(Failure::Retry { error, after }) => match delivery.obeyed(&*error) {
            Some(end) => end,
            None => delivery.failure(chain(&*error), after),
        },
    };
    delivery.settle(end);
}
