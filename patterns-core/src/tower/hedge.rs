use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::slot::take_ready;
use crate::hedge::{AttemptFailure, FailedAttempt, Hedge, HedgeError};

/// Puts a [`Hedge`] around a service. Each attempt is a task with a clone of the request; the first has the instance
/// of the service that was made ready, the others have clones, which they make ready themselves.
#[derive(Clone, Debug)]
pub struct HedgeLayer {
    hedge: Hedge,
}

impl HedgeLayer {
    /// A layer of this policy. The services it makes share its latencies and counts.
    #[must_use]
    pub fn new(hedge: Hedge) -> Self {
        Self { hedge }
    }
}

impl<S> Layer<S> for HedgeLayer {
    type Service = HedgeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HedgeService { inner, hedge: self.hedge.clone() }
    }
}

/// A service under a [`Hedge`]. Made by [`HedgeLayer`].
#[derive(Clone, Debug)]
pub struct HedgeService<S> {
    inner: S,
    hedge: Hedge,
}

impl<S, Req> Service<Req> for HedgeService<S>
where
    S: Service<Req, Response: Send + 'static, Error: Send + 'static, Future: Send> + Clone + Send + 'static,
    Req: Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = HedgeError<S::Error>;
    type Future = BoxFuture<'static, Result<S::Response, HedgeError<S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(|error| {
            let failure = AttemptFailure::Failed(error);
            let (started, elapsed) = (Instant::now(), Duration::ZERO);
            HedgeError::Failed(vec![FailedAttempt { number: 1, started, elapsed, failure }])
        })
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let mut ready = Some(take_ready(&mut self.inner));
        let unready = self.inner.clone();
        let hedge = self.hedge.clone();
        Box::pin(async move {
            hedge
                .run(move |_| {
                    let request = request.clone();
                    let (mut service, is_ready) = match ready.take() {
                        Some(service) => (service, true),
                        None => (unready.clone(), false),
                    };
                    async move {
                        if !is_ready {
                            poll_fn(|cx| service.poll_ready(cx)).await?;
                        }
                        service.call(request).await
                    }
                })
                .await
        })
    }
}
