use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, Stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use super::wind_down::adopter;
use crate::context::Context;
use crate::outcome::{Panic, catch_panics};
use crate::reaper::Reaper;

/// The stream of [`FlowExt::prefetch`](super::FlowExt::prefetch).
#[must_use = "streams do nothing unless polled"]
pub struct Prefetch<T> {
    /// Until the first poll.
    source: Option<BoxStream<'static, T>>,
    /// From the first poll to the end.
    running: Option<Running<T>>,
    ahead: usize,
    context: Context,
}

struct Running<T> {
    items: mpsc::Receiver<T>,
    task: JoinHandle<Result<(), Panic>>,
    runtime: Handle,
}

impl<T: Send + 'static> Prefetch<T> {
    pub(super) fn new(source: impl Stream<Item = T> + Send + 'static, ahead: usize) -> Self {
        assert!(ahead > 0, "reading nothing ahead would never read anything");
        let context = Context::current().named("prefetch");
        Self { source: Some(source.boxed()), running: None, ahead, context }
    }

    /// Stops reading ahead, waits until the source is gone, and returns what was read and not taken, in order.
    ///
    /// # Panics
    ///
    /// Where the source panicked.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what was read ahead is dropped with it. The reaper waits for the source all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use patterns_core::stream::FlowExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let mut numbers = stream::iter(1..).prefetch(3);
    /// assert_eq!(numbers.next().await, Some(1));
    /// tokio::task::yield_now().await;
    /// assert_eq!(numbers.close().await, [2, 3, 4]);
    /// # }
    /// ```
    pub async fn close(mut self) -> Vec<T> {
        let mut unread = Vec::new();
        if let Some(running) = &mut self.running {
            running.items.close();
            while let Some(item) = running.items.recv().await {
                unread.push(item);
            }
            let ended = (&mut running.task).await;
            self.running = None;
            resume(ended);
        }
        unread
    }
}

impl<T: Send + 'static> Running<T> {
    fn start(source: BoxStream<'static, T>, ahead: usize, context: &Context) -> Self {
        let (sender, items) = mpsc::channel(ahead);
        // What the source lets go of is waited for before the task counts as ended.
        let leftovers = Reaper::new();
        let runtime = Handle::current();
        let task = runtime.spawn(context.with_reaper(leftovers.clone()).scope(async move {
            let ended = catch_panics(read_ahead(source, sender)).await;
            leftovers.drained().await;
            ended
        }));
        Self { items, task, runtime }
    }
}

async fn read_ahead<T>(mut source: BoxStream<'static, T>, sender: mpsc::Sender<T>) {
    // A place first, so that nothing is read that has to wait for one.
    while let Ok(place) = sender.reserve().await {
        let item = tokio::select! {
            biased;
            () = sender.closed() => None,
            item = source.next() => item,
        };
        match item {
            Some(item) => place.send(item),
            None => return,
        }
    }
}

/// Goes on with a panic of the source.
fn resume(ended: Result<Result<(), Panic>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => panic.resume(),
        Err(error) => match error.try_into_panic() {
            Ok(payload) => Panic::from_payload(payload).resume(),
            // Not the end of the source, and there is no other way to say so.
            Err(_) => panic!("the runtime ended under a stream that was read ahead"),
        },
    }
}

impl<T: Send + 'static> Stream for Prefetch<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        if let Some(source) = this.source.take() {
            this.running = Some(Running::start(source, this.ahead, &this.context));
        }
        let Some(running) = &mut this.running else { return Poll::Ready(None) };
        if let Some(item) = ready!(running.items.poll_recv(cx)) {
            return Poll::Ready(Some(item));
        }
        let ended = ready!(Pin::new(&mut running.task).poll(cx));
        this.running = None;
        resume(ended);
        Poll::Ready(None)
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        let Some(Running { mut items, task, runtime }) = self.running.take() else { return };
        items.close();
        let path = self.context.path().clone();
        let log = path.clone();
        adopter(&self.context).adopt(&runtime, path, async move {
            if let Ok(Err(panic)) = task.await {
                tracing::error!(path = %log, %panic, "panicked while reading ahead for a consumer that had gone");
            }
        });
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch")
            .field("ahead", &self.ahead)
            .field("begun", &self.source.is_none())
            .field("unread", &self.running.as_ref().map_or(0, |running| running.items.len()))
            .finish_non_exhaustive()
    }
}
