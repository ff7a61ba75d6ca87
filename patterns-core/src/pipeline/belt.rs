use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{self, Poll, ready};

use futures_util::Stream;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::report::Stage;
use crate::context::{self, Interrupt, interruptible};

/// An item with its number.
type Numbered<T> = (u64, T);

/// What lies between two stages: room for `buffer` items from `workers` workers.
pub(super) fn belt<T>(buffer: usize, workers: usize) -> (Outlet<T>, Intake<T>) {
    let (sender, receiver) = mpsc::channel(buffer);
    let working = Arc::new(AtomicUsize::new(workers));
    let intake = Intake { receiver, working: Arc::clone(&working), stage: None };
    (Outlet { sender, working }, intake)
}

/// Where a worker puts what it has made.
pub(super) struct Outlet<T> {
    sender: mpsc::Sender<Numbered<T>>,
    /// Workers that have not come to the end of their input.
    working: Arc<AtomicUsize>,
}

impl<T> Outlet<T> {
    /// Drives `fut`, unless nobody takes anything any more (`None`) or the work is to stop.
    pub(super) async fn wanted<F: Future>(&self, fut: F) -> Result<Option<F::Output>, Interrupt> {
        stop_if_told()?;
        interruptible(async {
            tokio::select! {
                biased;
                () = self.sender.closed() => None,
                value = fut => Some(value),
            }
        })
        .await
    }

    /// Waits for room for one item; `None` if nobody takes anything any more.
    pub(super) async fn place(&self) -> Option<mpsc::Permit<'_, Numbered<T>>> {
        self.sender.reserve().await.ok()
    }

    /// The worker has come to the end of its input. Whatever else drops an outlet is no end of the items.
    pub(super) fn finish(self) {
        self.working.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<T> Clone for Outlet<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), working: Arc::clone(&self.working) }
    }
}

/// Returns early where the work was told to stop: what waits already would otherwise still be worked off.
pub(super) fn stop_if_told() -> Result<(), Interrupt> {
    context::interrupted().map_or(Ok(()), Err)
}

/// What comes into a stage of [`Pipeline::through`](super::Pipeline::through): the items of the stage before,
/// as a stream.
///
/// It ends only where the items end: when a stage before it fails, it waits, and the whole
/// pipeline is about to be stopped. Dropping it says that no more is wanted.
#[must_use = "streams do nothing unless polled"]
pub struct Intake<T> {
    receiver: mpsc::Receiver<Numbered<T>>,
    working: Arc<AtomicUsize>,
    /// Who counts what is taken, if it is taken as a stream.
    stage: Option<Arc<Stage>>,
}

impl<T> Intake<T> {
    pub(super) fn counted_by(mut self, stage: Arc<Stage>) -> Self {
        self.stage = Some(stage);
        self
    }

    /// The next item; `None` at the end. Waits for ever after a failure: wait for it interruptibly.
    pub(super) async fn pull(&mut self) -> Option<Numbered<T>> {
        poll_fn(|cx| self.poll_pull(cx)).await
    }

    fn poll_pull(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<Numbered<T>>> {
        match ready!(self.receiver.poll_recv(cx)) {
            None if self.working.load(Ordering::Acquire) > 0 => Poll::Pending,
            next => Poll::Ready(next),
        }
    }
}

impl<T> Stream for Intake<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<T>> {
        let next = ready!(self.poll_pull(cx));
        if let (Some(_), Some(stage)) = (&next, &self.stage) {
            stage.took();
        }
        Poll::Ready(next.map(|(_, item)| item))
    }
}

impl<T> fmt::Debug for Intake<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("waiting", &self.receiver.len()).finish_non_exhaustive()
    }
}

/// What the workers of a stage take their items from.
pub(super) struct Input<T> {
    line: Mutex<Line<T>>,
    ordered: bool,
}

struct Line<T> {
    intake: Intake<T>,
    /// Tells that whoever took the last item has passed it on.
    last: Option<oneshot::Receiver<()>>,
}

impl<T> Input<T> {
    pub(super) fn new(intake: Intake<T>, ordered: bool) -> Self {
        Self { line: Mutex::new(Line { intake, last: None }), ordered }
    }

    /// The next item with the turn that its result has; `None` at the end.
    pub(super) async fn take(&self) -> Option<(u64, T, Turn)> {
        let mut line = self.line.lock().await;
        let (number, item) = line.intake.pull().await?;
        if !self.ordered {
            return Some((number, item, Turn { before: None, after: None }));
        }
        let (after, last) = oneshot::channel();
        let before = line.last.replace(last);
        Some((number, item, Turn { before, after: Some(after) }))
    }
}

/// When a result may be passed on: after that of the item before.
///
/// Each worker holds one item at most, and the oldest one waits for nobody, so an ordered stage needs no buffer
/// to put its results in order, and always moves.
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    after: Option<oneshot::Sender<()>>,
}

impl Turn {
    /// Waits for the turn; `false` where the item before was never passed on, and so this one can't be.
    pub(super) async fn comes(&mut self) -> bool {
        match &mut self.before {
            Some(before) => before.await.is_ok(),
            None => true,
        }
    }

    /// It is the next one's turn.
    pub(super) fn pass(self) {
        if let Some(after) = self.after {
            // Nobody there yet who waits for it: then `before` is ready at once.
            let _ = after.send(());
        }
    }
}
