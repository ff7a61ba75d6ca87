//! Tells connecting from waiting for an answer.
//!
//! The client's own read timeout runs from the start of the request, so that a slow name lookup eats
//! into the time the server has to answer. Here a layer around the connector notes in a task-local
//! when connecting began and ended, and the time for the answer runs from there.
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static PROGRESS: Arc<Progress>;
}

/// How far a request is with its connection.
#[derive(Default)]
struct Progress(Mutex<State>);

#[derive(Clone, Copy, Default)]
enum State {
    /// On a connection from the pool, as far as anybody knows.
    #[default]
    Pooled,
    Connecting,
    ConnectedAt(Instant),
}

impl Progress {
    fn set(&self, state: State) {
        *self.0.lock() = state;
    }
}

/// The server sent nothing for as long as it was allowed to.
#[derive(Debug)]
pub(super) struct Silent;

// ANCHOR: until_answered
/// Awaits `fut`, a request that waits for the head of its answer, for `limit` from the instant at
/// which its connection stands. How long that takes is not limited here.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is.
pub(super) async fn until_answered<F: Future>(limit: Duration, fut: F) -> Result<F::Output, Silent> {
    let progress = Arc::new(Progress::default());
    let mut fut = std::pin::pin!(PROGRESS.scope(Arc::clone(&progress), fut));
    let mut end = Instant::now() + limit;
    loop {
        tokio::select! {
            biased;
            answer = &mut fut => return Ok(answer),
            () = tokio::time::sleep_until(end) => {
                let state = *progress.0.lock();
                let until = match state {
                    State::Pooled => end,
                    // It ends no later than a connection that stands from now on allows.
                    State::Connecting => Instant::now() + limit,
                    State::ConnectedAt(since) => since + limit,
                };
                if until <= end {
                    return Err(Silent);
                }
                end = until;
            }
        }
    }
}
// ANCHOR_END: until_answered

/// The layer that goes around the connector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observe;

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed(inner)
    }
}

/// A connector that notes when it connects and when it has.
#[derive(Clone, Debug)]
pub(super) struct Observed<S>(S);

type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<S, R> Service<R> for Observed<S>
where
    S: Service<R, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        // Taken here, in the task of the request: the client may move the future elsewhere when a
        // pooled connection becomes free first.
        let progress = PROGRESS.try_with(Arc::clone).ok();
        if let Some(progress) = &progress {
            progress.set(State::Connecting);
        }
        let connect = self.0.call(target);
        Box::pin(async move {
            let connected = connect.await;
            if let Some(progress) = progress {
                progress.set(State::ConnectedAt(Instant::now()));
            }
            connected
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::time::sleep;

    use super::*;

    /// A connector that takes its time.
    #[derive(Clone)]
    struct Slow(Duration);

    impl Service<()> for Slow {
        type Response = ();
        type Error = Infallible;
        type Future = Connecting<(), Infallible>;

        fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            let time = self.0;
            Box::pin(async move {
                sleep(time).await;
                Ok(())
            })
        }
    }

    /// Connects for `connect`, then answers after `answer`, with 20 s for the answer.
    async fn answered(connect: u64, answer: u64) -> (bool, Duration) {
        let start = Instant::now();
        let mut connector = Observe.layer(Slow(Duration::from_secs(connect)));
        let answered = until_answered(Duration::from_secs(20), async {
            let Ok(()) = connector.call(()).await;
            sleep(Duration::from_secs(answer)).await;
        })
        .await;
        (answered.is_ok(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_for_the_answer_runs_from_the_connection() {
        assert_eq!(answered(9, 19).await, (true, Duration::from_secs(28)));
        assert_eq!(answered(9, 21).await, (false, Duration::from_secs(29)));
    }

    #[tokio::test(start_paused = true)]
    async fn connecting_is_not_limited_by_the_time_for_the_answer() {
        assert_eq!(answered(70, 19).await, (true, Duration::from_secs(89)));
        assert_eq!(answered(70, 21).await, (false, Duration::from_secs(90)));
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_pooled_connection_the_time_runs_from_the_start() {
        let start = Instant::now();
        until_answered(Duration::from_secs(20), std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(start.elapsed(), Duration::from_secs(20));
    }
}
