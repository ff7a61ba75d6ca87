use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use super::slot::{Slot, take_ready};
use crate::fallback::Recover;
use crate::policy::{Policy, PolicyCause, PolicyError};
use crate::retry::{Backoff, Classify};

/// Puts a [`Policy`] around a service; each attempt gets a clone of the request.
///
/// # Examples
///
/// ```
/// use patterns_core::policy::Policy;
/// use patterns_core::retry::Retry;
/// use patterns_core::tower::PolicyLayer;
/// use std::future::{Ready, poll_fn, ready};
/// use std::io;
/// use std::task::{Context, Poll};
/// use std::time::Duration;
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// /// Fails every other time.
/// #[derive(Clone, Default)]
/// struct Flaky(bool);
///
/// impl Service<u32> for Flaky {
///     type Response = u32;
///     type Error = io::Error;
///     type Future = Ready<Result<u32, io::Error>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: u32) -> Self::Future {
///         self.0 = !self.0;
///         ready(if self.0 { Err(io::Error::other("reset")) } else { Ok(request * 2) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let mut once = PolicyLayer::new(Policy::new()).layer(Flaky::default());
/// poll_fn(|cx| Service::<u32>::poll_ready(&mut once, cx)).await.unwrap();
/// assert_eq!(once.call(21).await.unwrap_err().error().unwrap().to_string(), "reset");
///
/// let again = Policy::new().retry(Retry::fixed(Duration::from_millis(100)));
/// let mut again = PolicyLayer::new(again).layer(Flaky::default());
/// poll_fn(|cx| Service::<u32>::poll_ready(&mut again, cx)).await.unwrap();
/// assert_eq!(again.call(21).await.unwrap(), 42);
/// # }
/// ```
pub struct PolicyLayer<P> {
    policy: Arc<P>,
}

impl<P> PolicyLayer<P> {
    /// A layer of this policy. The services it makes share it.
    #[must_use]
    pub fn new(policy: P) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl<P> Clone for PolicyLayer<P> {
    fn clone(&self) -> Self {
        Self { policy: Arc::clone(&self.policy) }
    }
}

impl<P: fmt::Debug> fmt::Debug for PolicyLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyLayer").field("policy", &self.policy).finish()
    }
}

impl<S, P> Layer<S> for PolicyLayer<P> {
    type Service = PolicyService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService { inner, policy: Arc::clone(&self.policy) }
    }
}

/// A service under a [`Policy`]. Made by [`PolicyLayer`].
pub struct PolicyService<S, P> {
    inner: S,
    policy: Arc<P>,
}

impl<S: Clone, P> Clone for PolicyService<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: Arc::clone(&self.policy) }
    }
}

impl<S: fmt::Debug, P: fmt::Debug> fmt::Debug for PolicyService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyService").field("inner", &self.inner).field("policy", &self.policy).finish()
    }
}

impl<S, Req, R, D, B, C> Service<Req> for PolicyService<S, Policy<R, D, B, C>>
where
    S: Service<Req, Response: Send, Error: Send, Future: Send> + Clone + Send + 'static,
    Req: Clone + Send + Sync + 'static,
    R: 'static,
    D: Recover<S::Response, PolicyError<S::Error>, Future: Send> + Send + Sync + 'static,
    B: Backoff + Send + Sync + 'static,
    C: Classify<S::Error> + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = PolicyError<S::Error>;
    type Future = BoxFuture<'static, Result<S::Response, PolicyError<S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(|error| PolicyCause::Failed(error).into())
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let slot = Slot::new(take_ready(&mut self.inner));
        let policy = Arc::clone(&self.policy);
        Box::pin(async move { policy.run(|| slot.call(request.clone())).await })
    }
}
