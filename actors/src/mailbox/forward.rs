use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::ask::AskCell;
use super::reply::Failure;
use super::{AskError, Hub};
use crate::dead_letters::{DeadReason, Loss};

/// Relays one answer that a handler gives later, and accounts for its message.
///
/// It costs nothing while it waits: one per ask under way, polled only when something happened to it.
pub(crate) struct Forward<R> {
    replied: oneshot::Receiver<R>,
    cell: Arc<AskCell<R>>,
    hub: Arc<Hub>,
    incarnation: u64,
    /// Where a [`Reply`](super::Reply) says why it failed.
    failure: Option<Rc<Failure>>,
    message_type: &'static str,
    ended: bool,
}

impl<R> Forward<R> {
    pub(super) fn new(
        replied: oneshot::Receiver<R>,
        cell: Arc<AskCell<R>>,
        hub: Arc<Hub>,
        failure: Option<Rc<Failure>>,
        message_type: &'static str,
    ) -> Self {
        let incarnation = hub.life.incarnation();
        Self { replied, cell, hub, incarnation, failure, message_type, ended: false }
    }

    /// The handler's future is gone without an answer: says why.
    fn lost(&mut self) {
        self.ended = true;
        let failure = self.failure.as_ref().and_then(|failure| failure.take()).map(AskError::Panicked);
        let error = match failure.or_else(|| self.hub.lost_since(self.incarnation)) {
            Some(error) => error,
            None => {
                self.hub.handled();
                self.cell.answer(Err(AskError::Unanswered));
                return;
            }
        };
        let reason = match &error {
            AskError::Panicked(panic) | AskError::Crashed(panic) => DeadReason::Panicked(panic.clone()),
            _ => DeadReason::Stopped(self.hub.stop_reason()),
        };
        self.hub.lose(Loss::new(self.message_type, reason));
        self.cell.answer(Err(error));
    }
}

impl<R> Future for Forward<R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match Pin::new(&mut self.replied).poll(cx) {
            Poll::Ready(Ok(answer)) => {
                self.ended = true;
                self.hub.handled();
                self.cell.answer(Ok(answer));
                Poll::Ready(())
            }
            Poll::Ready(Err(_)) => {
                self.lost();
                Poll::Ready(())
            }
            // Nobody wants the answer any more. Dropping the receiver tells the handler's future.
            Poll::Pending if self.cell.poll_closed(cx).is_ready() => {
                self.ended = true;
                self.hub.handled();
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<R> Drop for Forward<R> {
    fn drop(&mut self) {
        if !self.ended {
            self.lost();
        }
    }
}
