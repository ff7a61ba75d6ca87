use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tower_layer::Layer;
use tower_service::Service;

use super::slot::take_ready;
use crate::fallback::Recover;
use crate::policy::{Policy, PolicyCause, PolicyError};

/// Puts a [`Policy`] without a retry around a service. As there is but one attempt, it gets the request itself, which
/// needn't be `Clone`.
///
/// With a policy that retries the layer makes no service:
///
/// ```compile_fail,E0277
/// # use patterns_core::{policy::Policy, retry::Retry, tower::OnceLayer};
/// # use tower_layer::Layer;
/// # use tower_service::Service;
/// # use std::time::Duration;
/// # fn is_service<S: Service<Req>, Req>(_: S) {}
/// # fn f<S>(inner: S) where S: Service<u32, Response: Send, Error: Send, Future: Send> + Clone + Send + 'static {
/// let policy = Policy::new().retry(Retry::fixed(Duration::from_secs(1)));
/// is_service::<_, u32>(OnceLayer::new(policy).layer(inner));
/// # }
/// ```
///
/// ```
/// # use patterns_core::{policy::Policy, tower::OnceLayer};
/// # use tower_layer::Layer;
/// # use tower_service::Service;
/// # use std::time::Duration;
/// # fn is_service<S: Service<Req>, Req>(_: S) {}
/// # fn f<S>(inner: S) where S: Service<u32, Response: Send, Error: Send, Future: Send> + Clone + Send + 'static {
/// let policy = Policy::new().timeout(Duration::from_secs(1));
/// is_service::<_, u32>(OnceLayer::new(policy).layer(inner));
/// # }
/// ```
pub struct OnceLayer<P> {
    policy: Arc<P>,
}

impl<P> OnceLayer<P> {
    /// A layer of this policy. The services it makes share it.
    #[must_use]
    pub fn new(policy: P) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl<P> Clone for OnceLayer<P> {
    fn clone(&self) -> Self {
        Self { policy: Arc::clone(&self.policy) }
    }
}

impl<P: fmt::Debug> fmt::Debug for OnceLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceLayer").field("policy", &self.policy).finish()
    }
}

impl<S, P> Layer<S> for OnceLayer<P> {
    type Service = OnceService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        OnceService { inner, policy: Arc::clone(&self.policy) }
    }
}

/// A service under a [`Policy`] without a retry. Made by [`OnceLayer`].
pub struct OnceService<S, P> {
    inner: S,
    policy: Arc<P>,
}

impl<S: Clone, P> Clone for OnceService<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: Arc::clone(&self.policy) }
    }
}

impl<S: fmt::Debug, P: fmt::Debug> fmt::Debug for OnceService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceService").field("inner", &self.inner).field("policy", &self.policy).finish()
    }
}

impl<S, Req, R, D> Service<Req> for OnceService<S, Policy<R, D>>
where
    S: Service<Req, Response: Send, Error: Send, Future: Send> + Clone + Send + 'static,
    Req: Send + 'static,
    R: 'static,
    D: Recover<S::Response, PolicyError<S::Error>, Future: Send> + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = PolicyError<S::Error>;
    type Future = BoxFuture<'static, Result<S::Response, PolicyError<S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(|error| PolicyCause::Failed(error).into())
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let once = Mutex::new(Some((take_ready(&mut self.inner), request)));
        let policy = Arc::clone(&self.policy);
        Box::pin(async move {
            policy
                .run(|| {
                    let (mut service, request) = once.lock().take().expect("without a retry there is one attempt");
                    service.call(request)
                })
                .await
        })
    }
}
