use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{self, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::error::CloseError;
use super::hand::Hand;
use super::wind_down::wind_down;
use super::yielder::Yielder;
use crate::cancel::{CancelCause, CancelKind};
use crate::context::Context;
use crate::outcome::{BoxError, is_told_to_stop};

/// How long a producer that was asked to stop may go on, if not said otherwise.
const GRACE: Duration = Duration::from_secs(5);

/// A stream of the items that a producer emits; however its consumer stops, the producer is asked to stop
/// and its async cleanup is waited for.
///
/// The producer runs inside of the consumer's task, and only while the consumer waits for an item: it costs
/// no task, and it never runs ahead. [`emit`](Yielder::emit) returns once its item has been taken, so at
/// most one item is in between. An error that the producer returns is the last item.
///
/// When the consumer stops early, the producer's ambient token is cancelled, so that `emit` and whatever
/// else waits [interruptibly](crate::context::interruptible) ends with an error, and `?` unwinds to the
/// cleanup:
///
/// - [`close`](Generator::close) drives it to its end and returns what the cleanup failed with.
/// - Dropped, the rest of the producer goes to the [`Reaper`](crate::reaper::Reaper) of the context, which
///   waits for it. What it fails with is logged. This is why a producer must be `Send + 'static`.
///
/// A producer that does not stop within the [grace](Generator::grace) is dropped where it awaits. A
/// producer that was never polled has nothing to clean up and is dropped.
///
/// The producer runs in the context in which the generator was made: a timeout around one `next` ends that
/// wait, not the producer, and the next `next` goes on with it. However, whatever the producer holds across an
/// `emit` (a lock, a connection) it holds for as long as the consumer takes;
/// [`prefetch`](super::FlowExt::prefetch) gives it a task of its own.
///
/// # Comparison to Python's async generators
///
/// 1. A `break` in the consumer can't leave the rest of the generator to a garbage collector: somebody waits for it.
/// 2. The cleanup may await, also after a drop.
/// 3. A producer learns that its item was taken, and gets one that was not back ([`Yielder::emit_from`]).
///
/// # Defaults
///
/// A grace of 5 seconds.
///
/// # Panics
///
/// Where the producer does, at the `next` that it happens in; the stream has ended then.
///
/// # Cancel safety
///
/// Cancel safe: dropping `next` loses nothing.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use patterns_core::outcome::BoxError;
/// use patterns_core::stream::{Generator, generator};
/// use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// static CLOSED: AtomicBool = AtomicBool::new(false);
///
/// fn rows() -> Generator<u32, BoxError> {
///     generator(async |mut yielder| {
///         let mut row = 0;
///         let stopped = loop {
///             match yielder.emit(row).await {
///                 Ok(()) => row += 1,
///                 Err(stopped) => break stopped,
///             }
///         };
///         sleep(Duration::from_secs(1)).await; // Closes the cursor on the server, say.
///         CLOSED.store(true, SeqCst);
///         Err(stopped.into())
///     })
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), BoxError> {
/// let mut rows = rows();
/// while let Some(row) = rows.next().await {
///     if row? == 3 {
///         break;
///     }
/// }
/// rows.close().await?;
/// assert!(CLOSED.load(SeqCst));
///
/// let mut fails = generator(async |mut yielder| {
///     yielder.emit(1).await?;
///     Err::<(), BoxError>("connection lost".into())
/// });
/// assert_eq!(fails.next().await.unwrap()?, 1);
/// assert_eq!(fails.next().await.unwrap().unwrap_err().to_string(), "connection lost");
/// assert!(fails.next().await.is_none());
/// # Ok(()) }
/// ```
pub fn generator<T, E, F, Fut>(produce: F) -> Generator<T, E>
where
    F: FnOnce(Yielder<T>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    T: Send + 'static,
    E: Into<BoxError> + Send + 'static,
{
    let context = Context::current().named("generator");
    let context = context.with_token(context.token().child());
    let hand = Arc::new(Hand::new());
    let end = Arc::new(End { result: Mutex::new(None), abandoned: AtomicBool::new(false) });
    let yielder = Yielder::new(Arc::clone(&hand));
    let producer = {
        let end = Arc::clone(&end);
        async move { end.set(produce(yielder).await) }
    };
    Generator {
        producer: Some(Box::pin(context.scope(producer))),
        begun: false,
        hand,
        end,
        context,
        grace: GRACE,
        runtime: Handle::try_current().ok(),
    }
}

/// How the producer ended.
struct End<E> {
    result: Mutex<Option<Result<(), E>>>,
    /// Nobody will look at the result.
    abandoned: AtomicBool,
}

impl<E: Into<BoxError>> End<E> {
    fn set(&self, result: Result<(), E>) {
        if !self.abandoned.load(Ordering::Acquire) {
            *self.result.lock() = Some(result);
            return;
        }
        if let Err(error) = result.map_err(Into::<BoxError>::into)
            && !is_told_to_stop(&*error)
        {
            tracing::warn!(%error, "a generator failed after its consumer had gone");
        }
    }
}

/// The stream of [`generator`].
#[must_use = "streams do nothing unless polled"]
pub struct Generator<T, E> {
    /// `None` once it has ended, and while it is polled: one that panics is never polled again.
    producer: Option<BoxFuture<'static, ()>>,
    begun: bool,
    hand: Arc<Hand<T>>,
    end: Arc<End<E>>,
    context: Context,
    grace: Duration,
    runtime: Option<Handle>,
}

impl<T, E> Generator<T, E> {
    /// How long a producer that was asked to stop may go on before it is dropped where it awaits.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Asks the producer to stop, and waits until it has.
    ///
    /// An item that it wants to emit meanwhile is not taken. The wait is limited by the
    /// [grace](Self::grace), not by the ambient token and deadline, as cleanup has to finish.
    ///
    /// # Errors
    ///
    /// - [`CloseError::Failed`]: the producer failed, other than by being told to stop.
    /// - [`CloseError::Elapsed`]: the grace was over, and the producer was dropped where it awaited.
    ///
    /// # Panics
    ///
    /// Where the producer does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, the reaper waits for the rest.
    pub async fn close(mut self) -> Result<(), CloseError>
    where
        E: Into<BoxError>,
    {
        self.stop(CancelCause::new(CancelKind::Requested, "its consumer closed it"));
        if !self.begun {
            self.producer = None;
        }
        let grace = self.grace;
        if tokio::time::timeout(grace, poll_fn(|cx| self.poll_producer(cx))).await.is_err() {
            self.producer = None;
            return Err(CloseError::Elapsed(grace));
        }
        let end = self.end.result.lock().take();
        match end.and_then(Result::err).map(Into::<BoxError>::into) {
            Some(error) if !is_told_to_stop(&*error) => Err(CloseError::Failed(error)),
            _ => Ok(()),
        }
    }

    /// Drives the producer; ready once it has ended.
    fn poll_producer(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(mut producer) = self.producer.take() else { return Poll::Ready(()) };
        self.begun = true;
        if producer.as_mut().poll(cx).is_pending() {
            self.producer = Some(producer);
            return Poll::Pending;
        }
        self.hand.stop(CancelCause::new(CancelKind::ScopeDropped, "its generator had ended before"));
        Poll::Ready(())
    }

    fn stop(&self, cause: CancelCause) {
        self.context.token().cancel_with(cause.clone());
        self.hand.stop(cause);
    }
}

impl<T, E> Stream for Generator<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.hand.attend();
        let ended = this.poll_producer(cx);
        if let Poll::Ready(item) = this.hand.poll_take(cx) {
            return Poll::Ready(Some(Ok(item)));
        }
        ready!(ended);
        let end = this.end.result.lock().take();
        Poll::Ready(end.and_then(Result::err).map(Err))
    }
}

impl<T, E> Drop for Generator<T, E> {
    fn drop(&mut self) {
        self.stop(CancelCause::new(CancelKind::ScopeDropped, "its consumer has gone"));
        let Some(producer) = self.producer.take() else { return };
        if self.begun {
            self.end.abandoned.store(true, Ordering::Release);
            wind_down(producer, self.grace, &self.context, self.runtime.take());
        }
    }
}

impl<T, E> fmt::Debug for Generator<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("begun", &self.begun)
            .field("ended", &self.producer.is_none())
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
