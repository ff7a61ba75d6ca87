//! Opening, checking and closing connections: each in a task of its own on the user's runtime, counted
//! in the pool's books until it is over.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::outcome::{Panic, catch_panic, catch_panics};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, debug_span};

use super::Plane;
use super::state::Conn;
use crate::chain::chain;
use crate::connection_pool::{ConnectError, ConnectionManager};

/// How a call of the manager failed.
enum Fault<E> {
    Failed(E),
    TimedOut(Duration),
    Panicked(Panic),
}

async fn limited<T, E>(limit: Duration, call: impl Future<Output = Result<T, E>>) -> Result<T, Fault<E>> {
    match timeout(limit, catch_panics(call)).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(Fault::Failed(error)),
        Ok(Err(panic)) => Err(Fault::Panicked(panic)),
        Err(_) => Err(Fault::TimedOut(limit)),
    }
}

/// What an error says: also where it panics over it.
fn words(error: &dyn Error) -> String {
    catch_panic(|| chain(error)).unwrap_or_else(|panic| format!("an error that can't be shown: {panic}"))
}

/// A failed attempt to connect, and whether others will fail in the same way.
struct Failed {
    error: ConnectError,
    permanent: bool,
}

impl<M: ConnectionManager> Plane<M> {
    /// Starts a task that opens a connection; it is already counted as opening.
    pub(super) fn open_one(self: &Arc<Self>) {
        let opening = Opening(Some(Arc::clone(self)));
        let context = self.context().named("connect");
        let span = debug_span!("connect", pool = %self.config.name);
        let open = async move {
            let opening = opening;
            let Some(plane) = &opening.0 else { return };
            let result = limited(plane.config.connect_timeout, plane.manager.connect()).await;
            let result = result.map(Box::new).map_err(|fault| plane.judge(fault));
            opening.end(result);
        };
        drop(self.runtime.spawn(context.scope(open.instrument(span))));
    }

    fn judge(&self, fault: Fault<M::Error>) -> Failed {
        match fault {
            Fault::Failed(error) => {
                let permanent = catch_panic(|| self.manager.is_permanent(&error)).unwrap_or(false);
                Failed { error: ConnectError::Failed(Box::new(error)), permanent }
            }
            Fault::TimedOut(limit) => Failed { error: ConnectError::TimedOut(limit), permanent: false },
            Fault::Panicked(panic) => Failed { error: ConnectError::Panicked(panic), permanent: false },
        }
    }

    fn opened(&self, result: Result<Box<M::Connection>, Failed>) {
        if let Err(Failed { error, permanent }) = &result {
            // It is tried for as long as that takes, and said once.
            let (pool, error) = (&self.config.name, words(error));
            match self.state.lock().last_failure(Instant::now()) {
                None => tracing::warn!(%pool, %error, permanent, "cannot connect"),
                Some(_) => tracing::debug!(%pool, %error, permanent, "still cannot connect"),
            }
        }
        let now = Instant::now();
        let lifetime = self.lifetime();
        let (waker, _over) = self.change(|state| match result {
            Ok(value) => state.connected(value, lifetime, &self.config, now),
            Err(Failed { error, permanent }) => {
                (None, state.connect_failed(Arc::new(error), permanent, &self.config, now))
            }
        });
        if let Some(waker) = waker {
            waker.wake();
        }
        self.changed.notify_waiters();
    }

    /// How long a connection that is opened now may live.
    fn lifetime(&self) -> Duration {
        let earlier = self.config.lifetime_jitter * rand::random::<f64>();
        let lifetime = Duration::try_from_secs_f64(self.config.max_lifetime.as_secs_f64() * (1.0 - earlier));
        lifetime.unwrap_or(self.config.max_lifetime)
    }

    /// Starts a task that checks a connection; it is already counted as being checked.
    pub(super) fn check_one(self: &Arc<Self>, conn: Conn<M::Connection>) {
        let checking = Checking { plane: Arc::clone(self), conn: Some(conn), passed: false };
        let context = self.context().named("check");
        let span = debug_span!("check", pool = %self.config.name);
        let check = async move {
            // Moved in as a whole, not field by field.
            let mut checking = checking;
            let plane = Arc::clone(&checking.plane);
            let Some(conn) = &mut checking.conn else { return };
            let result = limited(plane.config.check_timeout, plane.manager.check(&mut conn.value)).await;
            checking.passed = result.is_ok();
            let why = match result {
                Ok(()) => return,
                Err(Fault::Failed(error)) => words(&error),
                Err(Fault::TimedOut(limit)) => format!("no answer within {limit:?}"),
                Err(Fault::Panicked(panic)) => panic.to_string(),
            };
            tracing::debug!(pool = %plane.config.name, %why, "a connection did not pass its check");
        };
        drop(self.runtime.spawn(context.scope(check.instrument(span))));
    }

    /// Starts a task that closes a connection; it is already counted as closing.
    pub(super) fn close_one(self: &Arc<Self>, conn: Box<M::Connection>) {
        let closing = Closing(Arc::clone(self));
        let context = self.context().named("close");
        let span = debug_span!("close", pool = %self.config.name);
        let close = async move {
            let closing = closing;
            let plane = &closing.0;
            let close = async {
                plane.manager.close(*conn).await;
                Ok::<(), Infallible>(())
            };
            if limited(plane.config.close_timeout, close).await.is_err() {
                tracing::warn!(pool = %plane.config.name, "a connection could not be closed properly");
            }
        };
        drop(self.runtime.spawn(context.scope(close.instrument(span))));
    }
}

/// A slot that is being filled. Dropped, it is free.
struct Opening<M: ConnectionManager>(Option<Arc<Plane<M>>>);

impl<M: ConnectionManager> Opening<M> {
    fn end(mut self, result: Result<Box<M::Connection>, Failed>) {
        if let Some(plane) = self.0.take() {
            plane.opened(result);
        }
    }
}

impl<M: ConnectionManager> Drop for Opening<M> {
    fn drop(&mut self) {
        if let Some(plane) = self.0.take() {
            plane.opened(Err(Failed { error: ConnectError::CutOff, permanent: false }));
        }
    }
}

/// A connection that is being checked. Dropped, it is ready if it passed, and closed if not.
struct Checking<M: ConnectionManager> {
    plane: Arc<Plane<M>>,
    conn: Option<Conn<M::Connection>>,
    passed: bool,
}

impl<M: ConnectionManager> Drop for Checking<M> {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        let now = Instant::now();
        let waker = self.plane.change(|state| state.checked(conn, self.passed, now));
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A slot that is free once the connection in it is closed.
struct Closing<M: ConnectionManager>(Arc<Plane<M>>);

impl<M: ConnectionManager> Drop for Closing<M> {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.closing -= 1;
            state.counts.closed += 1;
            // There may be somebody who waits for the slot.
            state.attention = true;
        });
        self.0.changed.notify_waiters();
    }
}
